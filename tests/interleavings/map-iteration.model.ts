/**
 * Iterating: batches of 64 entries in the order of the hashes, each one walk in one turn. No address is kept from
 * one batch to the next, so what is freed in between is not looked at.
 *
 *     batch 1: orders up to o ---- the turn may end, entries come, go and are used again ---- batch 2: above o
 *
 * What a claim about batches needs is more than 64 entries, which nobody touches but the reader: they cost time,
 * and no schedules.
 */
import assert from 'node:assert/strict';
import { ORDER_FLIP } from '../../src/layout/map-record.js';
import { model } from '../../tools/checker/checker.js';
import {
  contentsOf,
  keysWhere,
  type MapModelMemory,
  type MapThread,
  mapModelMemory,
  REUSING,
  reclaim,
} from './support/map-stage.js';

const [LOW] = keysWhere('000', 1) as [number];
const [UPPER] = keysWhere('010', 1) as [number];
const [TOP, TOPMOST] = keysWhere('011', 2) as [number, number];
const [OTHER] = keysWhere('110', 1) as [number];

function keysOf({ map, parts }: MapThread): number[] {
  const seen: number[] = [];
  for (const key of map.keys()) {
    // An iterator may be left lying: the turn of its first batch ends.
    if (seen.length === 0) parts.turn.leave();
    seen.push(key);
  }
  return seen;
}

/** Keys that an iterator yields whose batches so far ended before `order`. */
function keysFrom({ map }: MapThread, order: number): number[] {
  const seen: number[] = [];
  const keys = map.keys();
  (keys as unknown as { _from: number })._from = order;
  for (const key of keys) seen.push(key);
  return seen;
}

/** Each of `keys` comes once, and no key twice. */
function assertOnce(seen: readonly number[], keys: readonly number[]): void {
  assert.equal(new Set(seen).size, seen.length, `a key came twice: ${seen}`);
  for (const key of keys) assert.ok(seen.includes(key), `key ${key} did not come: ${seen}`);
}

function iterating(memory: MapModelMemory) {
  return {
    lengthWords: memory.lengthWords,
    prepare: memory.prepare,
    nameOf: memory.nameOf,
    setup: (stage: Parameters<MapModelMemory['wire']>[0]) => ({
      writer: memory.wire(stage, 'writer', 0),
      reader: memory.wire(stage, 'reader', 1),
      seen: [] as number[][],
    }),
  };
}

const growing = mapModelMemory({ stock: [8, 16], fill: (map) => map.set(TOP, 1).set(OTHER, 2) });

export const onceThroughGrowth = model({
  ...iterating(growing),
  name: 'each entry that is there throughout comes once while the table doubles twice',
  threads: {
    writer({ writer }) {
      writer.map.set(LOW, 3);
      writer.map.set(UPPER, 4);
    },
    reader({ reader, seen }) {
      seen.push(keysOf(reader));
    },
  },
  final({ writer: { parts }, seen }) {
    assertOnce(seen[0]!, [TOP, OTHER]);
    assert.equal(contentsOf(parts.words, growing.root()).size, 4);
  },
});

/** Begins the hashes of bits 01. */
const IN_THE_MIDDLE = 0x40000000 ^ ORDER_FLIP;

export const onceFromTheMiddle = model({
  ...iterating(growing),
  name: 'a batch that begins in a bucket that is not on the list yet misses nothing, and takes nothing before it',
  threads: {
    writer({ writer }) {
      writer.map.set(LOW, 3);
      writer.map.set(UPPER, 4);
    },
    reader({ reader, seen }) {
      seen.push(keysFrom(reader, IN_THE_MIDDLE));
    },
  },
  final({ seen }) {
    assertOnce(seen[0]!, [TOP, OTHER]);
    assert.ok(!seen[0]!.includes(LOW), `LOW came: ${seen[0]}`);
  },
});

const changing = mapModelMemory({
  heap: REUSING,
  fill: (map) => map.set(LOW, 1).set(UPPER, 2).set(TOP, 3),
});

export const oncePastChanges = model({
  ...iterating(changing),
  name: 'each entry that is there throughout comes once, whole, while others are replaced, deleted and used again',
  threads: {
    writer({ writer }) {
      writer.map.set(LOW, 10);
      writer.map.delete(UPPER);
      reclaim(writer);
      writer.map.set(TOPMOST, 4);
    },
    reader({ reader, seen }) {
      for (const [key, value] of reader.map) seen.push([key, Number(value)]);
    },
  },
  final({ seen }) {
    const keys = seen.map(([key]) => key!);
    assertOnce(keys, [LOW, TOP]);
    const values = new Map(seen as [number, number][]);
    assert.ok(values.get(LOW) === 1 || values.get(LOW) === 10, `LOW has ${values.get(LOW)}`);
    assert.equal(values.get(UPPER) ?? 2, 2);
    assert.equal(values.get(TOP), 3);
    assert.equal(values.get(TOPMOST) ?? 4, 4);
  },
});

/** 70 keys in the order of their hashes, of which the first batch copies 64. */
const MANY = keysWhere('', 70);
const BATCH = 64;

/** The map is one object, of a size whose slabs are the largest there are. */
const MANY_SIZES = { ...REUSING, pages: 24, maxSlabObjects: 128, mapBucketsLog2: 6 } as const;

const batches = mapModelMemory({
  heap: MANY_SIZES,
  fill: (map) => {
    for (const key of MANY) if (key !== MANY[BATCH]) map.set(key, key);
  },
});

export const onceAcrossBatches = model({
  ...iterating(batches),
  name: 'entries where two batches meet are deleted, replaced and inserted: all that stay come once',
  threads: {
    writer({ writer }) {
      writer.map.set(MANY[BATCH + 1]!, 1);
      writer.map.delete(MANY[BATCH - 1]!);
      reclaim(writer);
      // Takes the memory of what was replaced, where that is free by now.
      writer.map.set(MANY[BATCH]!, 2);
    },
    reader({ reader, seen }) {
      seen.push(keysOf(reader));
    },
  },
  final({ seen }) {
    const others = MANY.filter((_, i) => i !== BATCH - 1 && i !== BATCH);
    assertOnce(seen[0]!, others);
  },
});

/** Five bits of the hash count: several entries of each order, and a batch that cannot stop after 64. */
const COLLIDING = 0xf8000000 | 0;
const colliding = mapModelMemory({
  heap: MANY_SIZES,
  hashMask: COLLIDING,
  fill: (map) => {
    for (const key of MANY) map.set(key, key);
  },
});

export const onceAmongCollisions = model({
  ...iterating(colliding),
  name: 'entries of one order stay in one batch: each comes once, though one of them is replaced meanwhile',
  threads: {
    writer({ writer }) {
      writer.map.set(MANY[BATCH]!, 1);
      writer.map.delete(MANY[1]!);
    },
    reader({ reader, seen }) {
      seen.push(keysOf(reader));
    },
  },
  final({ seen }) {
    assertOnce(
      seen[0]!,
      MANY.filter((_, i) => i !== 1),
    );
  },
});
