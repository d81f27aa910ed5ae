/**
 * Replacing the value of a key that is there: one store puts the new entry in the place of the old one.
 *
 *     before -> old -> next     becomes     before -> new -> next       old keeps its link, is freed, is used again
 *
 * A read of freed memory needs no assertion: who uses an entry's words again writes them plainly, so a reader that
 * no grace period has waited for races with it.
 *
 * Not shown here: that the reader's plain reads come after the load of the link on hardware that reorders loads.
 * That rests on the address dependency (docs/memory-model.md); the checker takes it for granted.
 */
import assert from 'node:assert/strict';
import { model } from '../../tools/checker/checker.js';
import { assertBalanced } from '../support/balanced.js';
import { contentsOf, keysWhere, mapModelMemory, REUSING, reclaim } from './support/map-stage.js';

const [FIRST, SECOND, THIRD] = keysWhere('0000', 3) as [number, number, number];

// Values of two words, both of which a reader looks at.
const OLD = 'old. old';
const NEW = 'new. new';
const NEWEST = 'then.the';
const VALUES = [OLD, NEW, NEWEST];

const oneKey = mapModelMemory({ heap: REUSING, entryBytes: 40, fill: (map) => map.set(FIRST, OLD) });

export const readsOneValueOrTheOther = model({
  name: 'a reader sees one value or the next, whole, while what was replaced is used again',
  lengthWords: oneKey.lengthWords,
  prepare: oneKey.prepare,
  nameOf: oneKey.nameOf,
  setup: (stage) => ({
    writer: oneKey.wire(stage, 'writer', 0),
    reader: oneKey.wire(stage, 'reader', 1),
    seen: [] as unknown[],
  }),
  threads: {
    writer({ writer }) {
      writer.map.set(FIRST, NEW);
      reclaim(writer);
      writer.map.set(FIRST, NEWEST);
    },
    reader({ reader, seen }) {
      seen.push(reader.map.get(FIRST), reader.map.get(FIRST));
    },
  },
  final({ seen }) {
    const [first, second] = seen.map((value) => VALUES.indexOf(value as string));
    assert.ok(first! >= 0 && second! >= first!, `read ${seen.join(', then ')}`);
  },
});

const chain = mapModelMemory({
  heap: REUSING,
  fill: (map) => map.set(FIRST, 1).set(SECOND, 2).set(THIRD, 3),
});

export const passesThroughWhatIsReplaced = model({
  name: 'a reader finds a key behind an entry that is replaced under it, and used again for another key',
  lengthWords: chain.lengthWords,
  prepare: chain.prepare,
  nameOf: chain.nameOf,
  setup: (stage) => ({
    writer: chain.wire(stage, 'writer', 0),
    reader: chain.wire(stage, 'reader', 1),
    seen: [] as unknown[],
  }),
  threads: {
    writer({ writer }) {
      writer.map.set(FIRST, 10);
      reclaim(writer);
      writer.map.set(THIRD, 30);
    },
    reader({ reader, seen }) {
      seen.push(reader.map.get(SECOND), reader.map.has(SECOND));
    },
  },
  final({ writer, seen }) {
    assert.deepEqual(seen, [2, true]);
    const contents = contentsOf(writer.parts.words, chain.root());
    assert.deepEqual(contents, new Map([FIRST, SECOND, THIRD].map((key, i) => [key, [10, 2, 30][i]!])));
  },
});

const replaced = mapModelMemory({ fill: (map) => map.set(FIRST, 0) });

export const oneOfTwoReplacementsStays = model({
  name: 'of two threads that replace one value the later stays, and the entries of all others are freed once',
  lengthWords: replaced.lengthWords,
  prepare: replaced.prepare,
  nameOf: replaced.nameOf,
  setup: (stage) => ({
    one: replaced.wire(stage, 'one', 0),
    two: replaced.wire(stage, 'two', 1),
    seen: [] as unknown[],
  }),
  threads: {
    one({ one, seen }) {
      one.map.set(FIRST, 1);
      seen.push(one.map.get(FIRST));
    },
    two({ two }) {
      two.map.set(FIRST, 2);
    },
  },
  final({ one, seen }) {
    const last = contentsOf(one.parts.words, replaced.root()).get(FIRST);
    // Whoever reads its own value last was last.
    assert.ok(last === 1 ? seen[0] === 1 : last === 2 && seen[0] !== 0, `read ${seen[0]}, left ${last}`);
    assertBalanced(one.parts);
  },
});

const counter = mapModelMemory({ fill: (map) => map.set(FIRST, 0) });
const added = (by: number) => (value: number | string | undefined) => Number(value ?? 0) + by;

export const updateLosesNoStep = model({
  name: 'update() by two threads at once counts both: reading and writing are one step',
  lengthWords: counter.lengthWords,
  prepare: counter.prepare,
  nameOf: counter.nameOf,
  setup: (stage) => ({
    one: counter.wire(stage, 'one', 0),
    two: counter.wire(stage, 'two', 1),
    results: [[], []] as unknown[][],
  }),
  threads: {
    one({ one, results }) {
      results[0]!.push(one.map.update(FIRST, added(1)));
    },
    two({ two, results }) {
      results[1]!.push(two.map.update(FIRST, added(10)));
    },
  },
  final({ one, results }) {
    assert.equal(contentsOf(one.parts.words, counter.root()).get(FIRST), 11);
    const [[one1], [two1]] = results as [[number], [number]];
    assert.ok(one1 === 1 ? two1 === 11 : two1 === 10 && one1 === 11, `returned ${one1} and ${two1}`);
    assertBalanced(one.parts);
  },
});

const reused = mapModelMemory({ heap: REUSING, fill: (map) => map.set(FIRST, 0) });

export const updateTakesNoNewEntryForOld = model({
  name: 'update() is not fooled by an entry that is replaced, freed and used again for the same key',
  lengthWords: reused.lengthWords,
  prepare: reused.prepare,
  nameOf: reused.nameOf,
  setup: (stage) => ({
    one: reused.wire(stage, 'one', 0),
    two: reused.wire(stage, 'two', 1),
    results: [] as unknown[],
  }),
  threads: {
    one({ one, results }) {
      results.push(one.map.update(FIRST, added(1)));
    },
    two({ two }) {
      two.map.set(FIRST, 10);
      reclaim(two);
      two.map.set(FIRST, 20);
    },
  },
  final({ one, results }) {
    const last = contentsOf(one.parts.words, reused.root()).get(FIRST);
    const [result] = results;
    assert.ok(
      last === 20 ? result === 1 || result === 11 : last === 21 && result === 21,
      `${result}, ${last}`,
    );
    assertBalanced(one.parts);
  },
});

const empty = mapModelMemory();

export const updateOfAbsentKey = model({
  name: 'update() of a key that is not there, by two threads at once, inserts it once and counts both',
  lengthWords: empty.lengthWords,
  prepare: empty.prepare,
  nameOf: empty.nameOf,
  mayRace: empty.mayRace,
  setup: (stage) => ({
    one: empty.wire(stage, 'one', 0),
    two: empty.wire(stage, 'two', 1),
  }),
  threads: {
    one({ one }) {
      one.map.update(FIRST, added(1));
    },
    two({ two }) {
      two.map.update(FIRST, added(10));
    },
  },
  final({ one }) {
    assert.deepEqual(contentsOf(one.parts.words, empty.root()), new Map([[FIRST, 11]]));
    assertBalanced(one.parts);
  },
});

export const firstToInsertWins = model({
  name: 'getOrInsert() by two threads at once gives both the same value, and keeps one entry',
  lengthWords: empty.lengthWords,
  prepare: empty.prepare,
  nameOf: empty.nameOf,
  mayRace: empty.mayRace,
  setup: (stage) => ({
    one: empty.wire(stage, 'one', 0),
    two: empty.wire(stage, 'two', 1),
    results: [[], []] as unknown[][],
  }),
  threads: {
    one({ one, results }) {
      results[0]!.push(one.map.getOrInsert(FIRST, 1));
    },
    two({ two, results }) {
      results[1]!.push(two.map.getOrInsert(FIRST, 2));
    },
  },
  final({ one, results }) {
    const contents = contentsOf(one.parts.words, empty.root());
    assert.equal(contents.size, 1);
    const kept = contents.get(FIRST);
    assert.deepEqual(results.flat(), [kept, kept]);
    assertBalanced(one.parts);
  },
});
