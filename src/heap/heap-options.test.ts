import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Heap } from '../shared-heap.js';
import {
  type HeapOptions,
  requestedSize,
  resolveOptions,
  resolveSizedOptions,
  TINY,
} from './heap-options.js';

/** Every number that may be set, with the least and the most that it may be. */
const RANGES = {
  threads: [1, 255],
  maxCaches: [66, 1024],
  sheafCapacity: [1, 58],
  barnSheaves: [0, 1000],
  minPartialSlabs: [0, 1000],
  maxSlabObjects: [1, 32767],
  pageListFloor: [0, 65536],
  reservedSheaves: [0, 1000],
  turnOperations: [1, 1_000_000],
  drainMillis: [0, 60_000],
  pollMillis: [1, 1000],
  spinRounds: [1, 2_000_000_000],
  mapBucketsLog2: [1, 12],
  firstSequence: [-(2 ** 31), 2 ** 31 - 1],
} as const satisfies Partial<Record<keyof HeapOptions, readonly [number, number]>>;

const SIZES = { bytes: [1, 2 ** 32], pages: [1, 2 ** 20] } as const;

for (const [name, [least, most]] of [...Object.entries(RANGES), ...Object.entries(SIZES)]) {
  test(`${name} outside ${least}..${most} is refused with a RangeError that states the range`, () => {
    const wrong = [least - 1, most + 1, least + 0.5, Number.NaN, Number.POSITIVE_INFINITY, 'many', null, {}];
    for (const value of wrong) {
      // Null is taken for an option that is not set.
      if (value === null) continue;
      const options = { bytes: 2 ** 20, [name]: value } as unknown as HeapOptions;
      assert.throws(() => Heap.create(options), {
        name: 'RangeError',
        message: `created a heap with ${name}: ${String(value)}; it is an integer in ${least}..${most}`,
      });
    }
  });
}

test('resolveOptions() takes both ends of every range', () => {
  for (const [name, [least, most]] of Object.entries(RANGES)) {
    for (const value of [least, most]) {
      const resolved: Record<string, number> = resolveOptions({ [name]: value });
      const expected = name === 'firstSequence' ? value & ~3 : value;
      assert.equal(resolved[name === 'threads' ? 'slots' : name], expected, name);
    }
  }
});

test('resolveOptions() has a default for every option, which lies in its range', () => {
  const resolved = resolveOptions({});
  const { pointerPageSource, ...rest } = resolved;
  assert.deepEqual(resolved, resolveOptions(rest));
  assert.equal(pointerPageSource, 0);
  const { slots, sheafCapacity, turnOperations, firstSequence } = resolved;
  assert.deepEqual([slots, sheafCapacity, turnOperations, firstSequence], [64, 58, 1000, -1200]);
  assert.ok(Object.values(resolved).every(Number.isInteger));
});

test('resolveOptions() rounds firstSequence down to the start of a grace period', () => {
  for (const [given, taken] of [
    [0, 0],
    [3, 0],
    [4, 4],
    [-1, -4],
    [2 ** 31 - 1, 2 ** 31 - 4],
  ] as const) {
    assert.equal(resolveOptions({ firstSequence: given }).firstSequence, taken);
  }
});

test('requestedSize() takes pages before bytes, and 256 MiB where neither is given', () => {
  assert.deepEqual(requestedSize({}), { bytes: 256 * 2 ** 20 });
  assert.deepEqual(requestedSize({ bytes: 5 }), { bytes: 5 });
  assert.deepEqual(requestedSize({ bytes: 5, pages: 7 }), { pages: 7 });
});

test('TINY is a configuration like any other: 16 pages, and two of everything that is counted', () => {
  const { sheafCapacity, barnSheaves, maxSlabObjects } = resolveOptions(TINY);
  const { pageListHighMin, pageListHighMax: pageListHigh, pageListBatch } = resolveSizedOptions(TINY, 16, 4);
  assert.equal(pageListHighMin, pageListHigh);
  assert.deepEqual(
    [sheafCapacity, barnSheaves, maxSlabObjects, pageListHigh, pageListBatch],
    [2, 2, 2, 2, 2],
  );
  assert.deepEqual(requestedSize(TINY), { pages: 16 });
  const { totalPages, firstPage } = Heap.create(TINY).geometry;
  assert.equal(totalPages - firstPage, 16);
});
