/**
 * Writers of one map: one lock for all that a bucket of the first level is ever split into, and for the number of
 * its entries. Readers take none, so nothing of what they do depends on who holds it, or has died with it.
 *
 * Store buffers let only the link of a new entry arrive too late, where it is published plainly: its other words are
 * written before the lock is taken, and taking it empties the buffer. That processors with weaker stores need the
 * atomic store for those too is beyond these models; the data race that is reported covers it.
 */
import assert from 'node:assert/strict';
import { LockTimeoutError } from '../../src/locks/lock-errors.js';
import { model } from '../../tools/checker/checker.js';
import { assertBalanced } from '../support/balanced.js';
import { contentsOf, hashOf, keysWhere, mapModelMemory } from './support/map-stage.js';

// Keys of one bucket of level 4, to which five entries of one lock make a table grow. Two more belong into one place
// among them, and differ in the last bit of their hashes, which chooses nothing.
const BUCKET = keysWhere('0000', 12);
const PLACE = BUCKET.findIndex(
  (key, i) => i > 0 && i < 8 && (hashOf(key) + hashOf(BUCKET[i + 1]!)) % 2 === 1,
);
const EVEN = BUCKET[PLACE]!;
const ODD = BUCKET[PLACE + 1]!;
const THERE = BUCKET.filter((key) => key !== EVEN && key !== ODD).slice(0, 5);
const [FIRST] = THERE as [number];
const [APART] = keysWhere('0111', 1) as [number];
const [OTHER] = keysWhere('1', 1) as [number];

const bucket = mapModelMemory({
  fill: (map) => {
    for (const key of THERE) map.set(key, key);
  },
});

export const insertsIntoOneBucket = model({
  name: 'two threads insert into one bucket: both keys are there, in their places, and counted',
  lengthWords: bucket.lengthWords,
  prepare: bucket.prepare,
  nameOf: bucket.nameOf,
  mayRace: bucket.mayRace,
  setup: (stage) => ({ one: bucket.wire(stage, 'one', 0), two: bucket.wire(stage, 'two', 1) }),
  threads: {
    one({ one }) {
      one.map.set(EVEN, EVEN);
    },
    two({ two }) {
      two.map.set(ODD, ODD);
    },
  },
  final({ one: { parts } }) {
    const keys = [...contentsOf(parts.words, bucket.root()).keys()];
    assert.deepEqual(
      keys,
      [...THERE, EVEN, ODD].sort((a, b) => hashOf(a) - hashOf(b)),
    );
    assertBalanced(parts);
  },
});

export const countsOfOneLock = model({
  name: 'a lock counts right what two threads put into and take out of two of its buckets',
  lengthWords: bucket.lengthWords,
  prepare: bucket.prepare,
  nameOf: bucket.nameOf,
  mayRace: bucket.mayRace,
  setup: (stage) => ({ one: bucket.wire(stage, 'one', 0), two: bucket.wire(stage, 'two', 1) }),
  threads: {
    one({ one }) {
      one.map.set(APART, 1);
      one.map.set(APART, 2);
    },
    two({ two }) {
      two.map.delete(FIRST);
      two.map.delete(FIRST);
    },
  },
  final({ one: { parts } }) {
    const contents = contentsOf(parts.words, bucket.root());
    assert.equal(contents.size, THERE.length);
    assert.equal(contents.get(APART), 2);
  },
});

export const insertIsSeenWholeOrNot = model({
  name: 'a reader sees an entry that is inserted whole, or not yet, and does not lose those round it',
  lengthWords: bucket.lengthWords,
  prepare: bucket.prepare,
  nameOf: bucket.nameOf,
  setup: (stage) => ({
    writer: bucket.wire(stage, 'writer', 0),
    reader: bucket.wire(stage, 'reader', 1),
    seen: [] as unknown[],
  }),
  threads: {
    writer({ writer }) {
      writer.map.set(EVEN, EVEN);
    },
    reader({ reader, seen }) {
      for (const key of [EVEN, EVEN, THERE[4]!]) seen.push(reader.map.get(key));
    },
  },
  final({ seen: [first, second, behind] }) {
    assert.ok(first === undefined || first === EVEN, `read ${first}`);
    assert.ok(second === EVEN || second === first, `read ${first}, then ${second}`);
    assert.equal(behind, THERE[4]);
  },
});

const colliding = mapModelMemory({
  hashMask: 0,
  fill: (map) => {
    for (const key of THERE) map.set(key, key);
  },
});

export const insertsOfOneHash = model({
  name: 'two threads insert two keys of one hash: both are there, and found with their own values',
  lengthWords: colliding.lengthWords,
  prepare: colliding.prepare,
  nameOf: colliding.nameOf,
  mayRace: colliding.mayRace,
  setup: (stage) => ({
    one: colliding.wire(stage, 'one', 0),
    two: colliding.wire(stage, 'two', 1),
    seen: [[], []] as unknown[][],
  }),
  threads: {
    one({ one, seen }) {
      one.map.set(EVEN, EVEN);
      seen[0]!.push(one.map.get(EVEN), one.map.get(FIRST));
    },
    two({ two, seen }) {
      two.map.set(ODD, ODD);
      seen[1]!.push(two.map.get(ODD), two.map.get(FIRST));
    },
  },
  final({ one: { parts }, seen }) {
    assert.deepEqual(seen, [
      [EVEN, FIRST],
      [ODD, FIRST],
    ]);
    assert.equal(contentsOf(parts.words, colliding.root()).size, THERE.length + 2);
    assertBalanced(parts);
  },
});

const dying = mapModelMemory({ stock: [8], fill: (map) => map.set(FIRST, 1) });

export const killedWriterHoldsUpNoReader = model({
  name: 'who reads is held up by no writer that was killed, wherever it was, and finds what was there',
  lengthWords: dying.lengthWords,
  prepare: dying.prepare,
  nameOf: dying.nameOf,
  setup: (stage) => ({
    writer: dying.wire(stage, 'writer', 0),
    reader: dying.wire(stage, 'reader', 1),
    seen: [] as unknown[],
    keys: [] as number[],
  }),
  threads: {
    writer({ writer }) {
      // Makes the table grow.
      writer.map.set(APART, 2);
    },
    reader({ reader, seen, keys }) {
      seen.push(reader.map.get(FIRST), reader.map.get(APART));
      for (const key of reader.map.keys()) keys.push(key);
    },
  },
  final({ seen, keys }) {
    const [first, apart] = seen;
    assert.equal(first, 1);
    assert.ok(apart === undefined || apart === 2, `read ${apart}`);
    assert.ok(keys.includes(FIRST) && new Set(keys).size === keys.length, `keys ${keys}`);
    assert.ok(apart === undefined || keys.includes(APART), `keys ${keys}`);
  },
  bounds: { kills: ['writer'] },
});

const locked = mapModelMemory({
  heap: { spinRounds: 10 },
  fill: (map) => {
    for (const key of THERE) map.set(key, key);
  },
});

export const killedWriterHoldsUpOneLock = model({
  name: 'a writer that was killed holds up writers of its own lock alone, who are told and have changed nothing',
  lengthWords: locked.lengthWords,
  prepare: locked.prepare,
  nameOf: locked.nameOf,
  mayRace: locked.mayRace,
  setup: (stage) => ({
    writer: locked.wire(stage, 'writer', 0),
    other: locked.wire(stage, 'other', 1),
    seen: [] as unknown[],
  }),
  threads: {
    writer({ writer }) {
      writer.map.set(EVEN, EVEN);
    },
    other({ other, seen }) {
      other.map.set(OTHER, 3);
      seen.push(other.map.get(OTHER));
      let made: unknown = 0;
      try {
        other.map.set(FIRST, 0);
      } catch (error) {
        assert.ok(error instanceof LockTimeoutError && error.ownerSlot === 0, String(error));
        made = FIRST;
      }
      seen.push(made, other.map.get(FIRST), other.map.get(THERE[4]!));
    },
  },
  final({ seen: [mine, made, first, last] }) {
    assert.equal(mine, 3);
    assert.equal(first, made);
    assert.equal(last, THERE[4]);
  },
  bounds: { kills: ['writer'] },
});

const growing = mapModelMemory({
  heap: { spinRounds: 10 },
  stock: [8, 16],
  fill: (map) => map.set(FIRST, 1),
});

export const insertsAreMadeWhileOneGrows = model({
  name: 'a thread that was killed while it doubled the table keeps no insert waiting but those of a lock it held',
  lengthWords: growing.lengthWords,
  prepare: growing.prepare,
  nameOf: growing.nameOf,
  mayRace: growing.mayRace,
  setup: (stage) => ({
    writer: growing.wire(stage, 'writer', 0),
    other: growing.wire(stage, 'other', 1),
    seen: [] as unknown[],
  }),
  threads: {
    writer({ writer }) {
      writer.map.set(APART, 2);
    },
    other({ other, seen }) {
      try {
        other.map.set(EVEN, 3);
      } catch (error) {
        assert.ok(
          error instanceof LockTimeoutError && error.lockName.startsWith('map bucket'),
          String(error),
        );
        seen.push('not made');
      }
      seen.push(other.map.get(EVEN));
    },
  },
  final({ seen }) {
    assert.ok(seen[0] === 3 || (seen[0] === 'not made' && seen[1] === undefined), `${seen}`);
  },
  // All of it is that of insertAgainstGrowth for each place where the writer is killed.
  bounds: { kills: ['writer'], preemptions: 1 },
  // About 20 s.
  nightly: { preemptions: 2 },
});

const three = mapModelMemory({
  heap: { threads: 3 },
  fill: (map) => {
    for (const key of THERE) map.set(key, key);
  },
});

export const threeWritersOfOneBucket = model({
  name: 'three threads insert, replace and delete in one bucket: each does what it would do alone',
  lengthWords: three.lengthWords,
  prepare: three.prepare,
  nameOf: three.nameOf,
  mayRace: three.mayRace,
  setup: (stage) => ({
    one: three.wire(stage, 'one', 0),
    two: three.wire(stage, 'two', 1),
    three: three.wire(stage, 'three', 2),
  }),
  threads: {
    one({ one }) {
      one.map.set(EVEN, EVEN);
    },
    two({ two }) {
      two.map.set(THERE[2]!, 0);
    },
    three({ three }) {
      three.map.delete(THERE[1]!);
    },
  },
  final({ one: { parts } }) {
    const contents = contentsOf(parts.words, three.root());
    const keys = [...THERE.filter((key) => key !== THERE[1]), EVEN];
    assert.deepEqual(new Set(contents.keys()), new Set(keys));
    for (const [key, value] of contents) assert.equal(value, key === THERE[2] ? 0 : key);
  },
});
