/**
 * trySet and tryDelete, for who may not spin: true and done, or false and nothing has changed, whatever others do to
 * the same bucket, and wherever they are stopped.
 *
 * That nobody spins shows where the other writer is killed: a spinning call would end in LockTimeoutError.
 */
import assert from 'node:assert/strict';
import { MAP } from '../../src/layout/map-record.js';
import { GFP_NOWAIT } from '../../src/pages/gfp.js';
import { model } from '../../tools/checker/checker.js';
import { assertBalanced } from '../support/balanced.js';
import { contentsOf, keysWhere, mapModelMemory, REUSING, reclaim } from './support/map-stage.js';
import { isLookedAtUnlocked } from './support/unlocked-looks.js';

const [LOW] = keysWhere('000', 1) as [number];
const [TOP] = keysWhere('011', 1) as [number];
/** One bucket at every level of these models. */
const [FIRST, SECOND] = keysWhere('0000', 2) as [number, number];

/** Bytes of the segments of levels 2 and 3. */
const SEGMENTS = [8, 16];

const one = mapModelMemory({ stock: SEGMENTS, fill: (map) => map.set(FIRST, 1) });

export const insertsBesideSet = model({
  name: 'trySet() of a key beside set() of another: the key is there exactly when it said so, and the other always',
  lengthWords: one.lengthWords,
  prepare: one.prepare,
  nameOf: one.nameOf,
  mayRace: one.mayRace,
  setup: (stage) => ({
    trier: one.wire(stage, 'trier', 0),
    writer: one.wire(stage, 'writer', 1),
    results: [] as boolean[],
  }),
  threads: {
    trier({ trier, results }) {
      results.push(trier.map.trySet(SECOND, 2));
    },
    writer({ writer }) {
      writer.map.set(LOW, 3);
    },
  },
  final({ trier: { parts }, results }) {
    const contents = contentsOf(parts.words, one.root());
    assert.equal(contents.has(SECOND), results[0]);
    assert.equal(contents.size, results[0] ? 3 : 2);
    assert.equal(contents.get(LOW), 3);
    assertBalanced(parts);
  },
});

const replaced = mapModelMemory({ heap: REUSING, fill: (map) => map.set(FIRST, 1) });

export const replacesUnderReader = model({
  name: 'a reader sees one value of trySet() or the next, while what was replaced is used again',
  lengthWords: replaced.lengthWords,
  prepare: replaced.prepare,
  nameOf: replaced.nameOf,
  setup: (stage) => ({
    trier: replaced.wire(stage, 'trier', 0),
    reader: replaced.wire(stage, 'reader', 1),
    seen: [] as unknown[],
  }),
  threads: {
    trier({ trier }) {
      assert.ok(trier.map.trySet(FIRST, 2), 'nobody else writes');
      reclaim(trier);
      assert.ok(trier.map.trySet(FIRST, 3), 'nobody else writes');
    },
    reader({ reader, seen }) {
      seen.push(reader.map.get(FIRST), reader.map.get(FIRST));
    },
  },
  final({ trier: { parts }, seen: [first, second] }) {
    assert.ok(Number(first) >= 1 && Number(second) >= Number(first), `read ${first}, then ${second}`);
    assertBalanced(parts);
  },
});

const contested = mapModelMemory({ fill: (map) => map.set(FIRST, 1) });

export const deletesBesideSet = model({
  name: 'tryDelete() beside set() of the same key: it takes out what was there before or after, or changes nothing',
  lengthWords: contested.lengthWords,
  prepare: contested.prepare,
  nameOf: contested.nameOf,
  mayRace: contested.mayRace,
  setup: (stage) => ({
    trier: contested.wire(stage, 'trier', 0),
    writer: contested.wire(stage, 'writer', 1),
    results: [] as unknown[],
  }),
  threads: {
    trier({ trier, results }) {
      results.push(trier.map.tryDelete(FIRST), trier.map.get(FIRST));
    },
    writer({ writer }) {
      writer.map.set(FIRST, 2);
    },
  },
  final({ trier: { parts }, results: [deleted, seen] }) {
    const left = contentsOf(parts.words, contested.root()).get(FIRST);
    if (deleted === true) assert.ok(seen === undefined || seen === 2, `read ${seen} after it was taken out`);
    else assert.ok(left === 2 && seen !== undefined, `left ${left}, read ${seen}`);
    if (left === undefined) assert.equal(seen, undefined);
    assertBalanced(parts);
  },
});

const dying = mapModelMemory({ heap: { spinRounds: 10 }, stock: SEGMENTS, fill: (map) => map.set(FIRST, 1) });

export const killedWriterHoldsNobodyUp = model({
  name: 'trySet() and tryDelete() return at once though a writer was killed with the lock in its hands',
  lengthWords: dying.lengthWords,
  prepare: dying.prepare,
  nameOf: dying.nameOf,
  mayRace: dying.mayRace,
  setup: (stage) => ({
    writer: dying.wire(stage, 'writer', 0),
    trier: dying.wire(stage, 'trier', 1),
    results: [] as unknown[],
  }),
  threads: {
    writer({ writer }) {
      writer.map.set(LOW, 3);
    },
    trier({ trier: { map }, results }) {
      const made = map.trySet(SECOND, 2);
      assert.equal(map.get(SECOND), made ? 2 : undefined);
      const gone = map.tryDelete(FIRST);
      assert.equal(map.get(FIRST), gone ? undefined : 1);
      results.push(made, gone);
    },
  },
  final({ results }) {
    assert.equal(results.length, 2);
  },
  // What matters is where the writer stands when it is killed.
  bounds: { kills: ['writer'], preemptions: 1 },
});

const split = mapModelMemory({ stock: SEGMENTS, fill: (map) => map.set(TOP, 1) });

export const findsThroughTriedGrowth = model({
  name: 'a key that is there throughout is found while trySet() doubles the table, whose new buckets set() links',
  lengthWords: split.lengthWords,
  prepare: split.prepare,
  nameOf: split.nameOf,
  mayRace: split.mayRace,
  setup: (stage) => ({
    trier: split.wire(stage, 'trier', 0),
    other: split.wire(stage, 'other', 1),
    seen: [] as unknown[],
  }),
  threads: {
    trier({ trier, seen }) {
      seen.push(trier.map.trySet(LOW, 2));
    },
    other({ other, seen }) {
      seen.push(other.map.get(TOP));
      other.map.set(TOP, 1);
      seen.push(other.map.get(TOP));
    },
  },
  final({ trier: { parts }, seen }) {
    const found = seen.filter((value) => typeof value === 'number');
    assert.deepEqual(found, [1, 1]);
    const contents = contentsOf(parts.words, split.root());
    const made = seen.includes(true);
    assert.equal(contents.size, made ? 2 : 1);
    assert.equal(parts.words.loadPlain(split.root() + MAP.level), made ? 2 : 1);
    assertBalanced(parts);
  },
});

// What the sheaves hold is of another size: each entry, and each segment of the table, is of a page that may fail.
const short = mapModelMemory({ entryBytes: 64, fill: (map) => map.set(TOP, 1) });

export const failsWhole = model({
  name: 'trySet() where a page is not to be had has set the key or changed nothing, and says which; a map may stay small',
  lengthWords: short.lengthWords,
  prepare: short.prepare,
  nameOf: short.nameOf,
  mayRace: (word) => short.mayRace(word) || isLookedAtUnlocked(short.heap.geometry, word),
  setup: (stage) => ({
    trier: short.wire(stage, 'trier', 0),
    other: short.wire(stage, 'other', 1),
    results: [] as boolean[],
  }),
  threads: {
    trier({ trier: { map }, results }) {
      for (const key of [LOW, SECOND]) {
        const isSet = map.trySet(key, 2);
        assert.equal(map.get(key), isSet ? 2 : undefined);
        results.push(isSet);
      }
    },
    other({ other: { map, parts } }) {
      assert.equal(map.get(TOP), 1);
      // Takes the locks and the pages that trySet() needs.
      parts.kmalloc.free(parts.kmalloc.alloc(32, GFP_NOWAIT));
    },
  },
  final({ trier: { parts }, results }) {
    const contents = contentsOf(parts.words, short.root());
    assert.deepEqual([contents.has(LOW), contents.has(SECOND)], results);
    assert.equal(contents.get(TOP), 1);
    assertBalanced(parts);
  },
  bounds: { failures: true, preemptions: 1 },
  nightly: { preemptions: 2 },
});
