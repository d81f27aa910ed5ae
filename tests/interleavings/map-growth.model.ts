/**
 * Growing: the table doubles under readers and writers, and no entry moves.
 *
 *     level 1:  [bucket 0] -> N -> K -> [bucket 1] -> end          N begins with bits 00, K with 01
 *     level 2:  [bucket 0] -> N -> [bucket 1] -> K -> [bucket 2] -> end
 *
 * A reader that looked for K by level 1 meets the word of the new bucket 1 in front of K. That it has not come to
 * the end of its bucket it learns from its second look at the level (MapTable.find()): of the hundreds of steps of
 * an insert only those between the reader's two looks matter, which is why real threads rarely show it.
 *
 * Where one thread writes, no word of the map may race; where two do, those of MapModelMemory.mayRace.
 *
 * Not shown here: that the second look comes after the link on hardware that reorders loads (map-table:P2).
 */
import assert from 'node:assert/strict';
import { MAP } from '../../src/layout/map-record.js';
import type { Words } from '../../src/words/words.js';
import { model } from '../../tools/checker/checker.js';
import { assertBalanced } from '../support/balanced.js';
import { contentsOf, keysWhere, mapModelMemory } from './support/map-stage.js';

const [LOW] = keysWhere('000', 1) as [number];
const [MIDDLE] = keysWhere('001', 1) as [number];
const [UPPER] = keysWhere('010', 1) as [number];
const [TOP, TOPMOST] = keysWhere('011', 2) as [number, number];

const [OTHER] = keysWhere('110', 1) as [number];

/** Bytes of the segments of levels 2 and 3. */
const SEGMENTS = [8, 16];

function levelOf(words: Words, root: number): number {
  return words.loadPlain(root + MAP.level);
}

const split = mapModelMemory({ stock: SEGMENTS, fill: (map) => map.set(TOP, 1) });

export const findsThroughGrowth = model({
  name: 'a key that is there throughout is found while its bucket is split in front of it',
  lengthWords: split.lengthWords,
  prepare: split.prepare,
  nameOf: split.nameOf,
  setup: (stage) => ({
    grower: split.wire(stage, 'grower', 0),
    reader: split.wire(stage, 'reader', 1),
    seen: [] as unknown[],
  }),
  threads: {
    grower({ grower }) {
      grower.map.set(LOW, 2);
    },
    reader({ reader, seen }) {
      seen.push(reader.map.get(TOP), reader.map.has(TOP));
    },
  },
  final({ grower: { parts }, seen }) {
    assert.deepEqual(seen, [1, true]);
    assert.equal(levelOf(parts.words, split.root()), 2);
    assert.equal(contentsOf(parts.words, split.root()).size, 2);
    assertBalanced(parts);
  },
});

export const findsThroughTwoGrowths = model({
  name: 'a key that is there throughout is found while the table doubles twice',
  lengthWords: split.lengthWords,
  prepare: split.prepare,
  nameOf: split.nameOf,
  setup: (stage) => ({
    grower: split.wire(stage, 'grower', 0),
    reader: split.wire(stage, 'reader', 1),
    seen: [] as unknown[],
  }),
  threads: {
    grower({ grower }) {
      grower.map.set(LOW, 2);
      grower.map.set(UPPER, 3);
    },
    reader({ reader, seen }) {
      seen.push(reader.map.get(TOP));
    },
  },
  final({ grower: { parts }, seen }) {
    assert.deepEqual(seen, [1]);
    assert.equal(levelOf(parts.words, split.root()), 3);
    assert.equal(contentsOf(parts.words, split.root()).size, 3);
  },
});

export const absentKeyStaysAbsent = model({
  name: 'a key that is never there is never found, and looking for it ends, while the table doubles',
  lengthWords: split.lengthWords,
  prepare: split.prepare,
  nameOf: split.nameOf,
  setup: (stage) => ({
    grower: split.wire(stage, 'grower', 0),
    reader: split.wire(stage, 'reader', 1),
    seen: [] as unknown[],
  }),
  threads: {
    grower({ grower }) {
      grower.map.set(LOW, 2);
    },
    reader({ reader, seen }) {
      seen.push(reader.map.has(MIDDLE), reader.map.has(TOPMOST));
    },
  },
  final({ seen }) {
    assert.deepEqual(seen, [false, false]);
  },
});

export const insertAgainstGrowth = model({
  name: 'two inserts that both find the table full lose no key, and double it once or twice',
  lengthWords: split.lengthWords,
  prepare: split.prepare,
  nameOf: split.nameOf,
  mayRace: split.mayRace,
  setup: (stage) => ({
    one: split.wire(stage, 'one', 0),
    two: split.wire(stage, 'two', 1),
  }),
  threads: {
    one({ one }) {
      one.map.set(LOW, 2);
    },
    two({ two }) {
      two.map.set(UPPER, 3);
    },
  },
  final({ one: { parts } }) {
    const expected = [
      [LOW, 2],
      [UPPER, 3],
      [TOP, 1],
    ] as const;
    assert.deepEqual(contentsOf(parts.words, split.root()), new Map(expected));
    const level = levelOf(parts.words, split.root());
    assert.ok(level === 2 || level === 3, `level ${level}`);
  },
});

/** Three bits of the hash count: TOP and TOPMOST collide, in the first order of a bucket that level 3 adds. */
const exact = mapModelMemory({
  stock: SEGMENTS,
  hashMask: 0xe0000000 | 0,
  fill: (map) => map.set(TOP, 1).set(TOPMOST, 2),
});

export const findsFirstOfNewBucket = model({
  name: 'keys of one hash, the first that a new bucket takes, are found while the bucket is put in front of them',
  lengthWords: exact.lengthWords,
  prepare: exact.prepare,
  nameOf: exact.nameOf,
  setup: (stage) => ({
    grower: exact.wire(stage, 'grower', 0),
    reader: exact.wire(stage, 'reader', 1),
    seen: [] as unknown[],
  }),
  threads: {
    grower({ grower }) {
      grower.map.set(LOW, 3);
    },
    reader({ reader, seen }) {
      seen.push(reader.map.get(TOP), reader.map.get(TOPMOST));
    },
  },
  final({ grower: { parts }, seen }) {
    assert.deepEqual(seen, [1, 2]);
    assert.equal(contentsOf(parts.words, exact.root()).size, 3);
  },
});

const fresh = mapModelMemory({ stock: SEGMENTS });

export const doublesOnceForOneFullTable = model({
  name: 'a table that two inserts together have filled is doubled once',
  lengthWords: fresh.lengthWords,
  prepare: fresh.prepare,
  nameOf: fresh.nameOf,
  mayRace: fresh.mayRace,
  setup: (stage) => ({
    one: fresh.wire(stage, 'one', 0),
    two: fresh.wire(stage, 'two', 1),
  }),
  threads: {
    one({ one }) {
      one.map.set(LOW, 1);
    },
    two({ two }) {
      two.map.set(TOP, 2);
    },
  },
  final({ one: { parts } }) {
    const expected = [
      [LOW, 1],
      [TOP, 2],
    ] as const;
    assert.deepEqual(contentsOf(parts.words, fresh.root()), new Map(expected));
    assert.equal(levelOf(parts.words, fresh.root()), 2);
    assertBalanced(parts);
  },
});

export const deleteAgainstGrowth = model({
  name: 'a key that is deleted while its bucket is split in front of it is gone, and its neighbours are there',
  lengthWords: split.lengthWords,
  prepare: split.prepare,
  nameOf: split.nameOf,
  mayRace: split.mayRace,
  setup: (stage) => ({
    grower: split.wire(stage, 'grower', 0),
    deleter: split.wire(stage, 'deleter', 1),
    results: [] as unknown[],
  }),
  threads: {
    grower({ grower }) {
      grower.map.set(LOW, 2);
    },
    deleter({ deleter, results }) {
      results.push(deleter.map.delete(TOP), deleter.map.has(TOP));
    },
  },
  final({ grower: { parts }, results }) {
    assert.deepEqual(results, [true, false]);
    assert.deepEqual(contentsOf(parts.words, split.root()), new Map([[LOW, 2]]));
    assertBalanced(parts);
  },
});

const cleared = mapModelMemory({
  stock: SEGMENTS,
  fill: (map) => map.set(TOP, 1).set(OTHER, 2),
});

export const clearAgainstGrowth = model({
  name: 'clear() takes out all that was there when it began, while the table doubles, and frees each entry once',
  lengthWords: cleared.lengthWords,
  prepare: cleared.prepare,
  nameOf: cleared.nameOf,
  mayRace: cleared.mayRace,
  setup: (stage) => ({
    grower: cleared.wire(stage, 'grower', 0),
    clearer: cleared.wire(stage, 'clearer', 1),
    seen: [] as unknown[],
  }),
  threads: {
    grower({ grower }) {
      grower.map.set(UPPER, 3);
    },
    clearer({ clearer, seen }) {
      clearer.map.clear();
      seen.push(clearer.map.get(TOP), clearer.map.get(OTHER));
    },
  },
  final({ grower: { parts }, seen }) {
    assert.deepEqual(seen, [undefined, undefined]);
    const contents = contentsOf(parts.words, cleared.root());
    if (contents.size > 0) assert.deepEqual(contents, new Map([[UPPER, 3]]));
    assertBalanced(parts);
  },
});

const unstocked = mapModelMemory({ fill: (map) => map.set(TOP, 1) });

export const insertsThoughItCannotGrow = model({
  name: 'an insert is made, and every key is found, where there is no memory to grow',
  lengthWords: unstocked.lengthWords,
  prepare: unstocked.prepare,
  nameOf: unstocked.nameOf,
  setup: (stage) => ({
    grower: unstocked.wire(stage, 'grower', 0),
    reader: unstocked.wire(stage, 'reader', 1),
    seen: [] as unknown[],
  }),
  threads: {
    grower({ grower }) {
      grower.map.set(LOW, 2);
      grower.map.set(UPPER, 3);
    },
    reader({ reader, seen }) {
      seen.push(reader.map.get(TOP));
    },
  },
  final({ grower: { parts }, seen }) {
    assert.deepEqual(seen, [1]);
    assert.equal(contentsOf(parts.words, unstocked.root()).size, 3);
    assertBalanced(parts);
  },
  bounds: { failures: true },
});

const three = mapModelMemory({ heap: { threads: 3 }, stock: SEGMENTS, fill: (map) => map.set(TOP, 1) });

export const findsAmongTwoGrowers = model({
  name: 'a key that is there throughout is found while two threads split its bucket',
  lengthWords: three.lengthWords,
  prepare: three.prepare,
  nameOf: three.nameOf,
  mayRace: three.mayRace,
  setup: (stage) => ({
    one: three.wire(stage, 'one', 0),
    two: three.wire(stage, 'two', 1),
    reader: three.wire(stage, 'reader', 2),
    seen: [] as unknown[],
  }),
  threads: {
    one({ one }) {
      one.map.set(LOW, 2);
    },
    two({ two }) {
      two.map.set(UPPER, 3);
    },
    reader({ reader, seen }) {
      seen.push(reader.map.get(TOP));
    },
  },
  final({ one: { parts }, seen }) {
    assert.deepEqual(seen, [1]);
    assert.equal(contentsOf(parts.words, three.root()).size, 3);
  },
  // The dearest claim of all: some 10 seconds. A third preemption takes minutes.
  bounds: { preemptions: 2 },
});
