import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  allocFactorAfterFree,
  decayed,
  freeCountAfterAlloc,
  freeCountAfterFree,
  isFixed,
  MAX_SCALE,
  pagesToGiveBack,
  refillBlocks,
  type Tuning,
} from './page-list-tuning.js';

/** Lists of a heap of 1 GiB and 4 threads, empty, at their smallest. */
const SMALLEST: Tuning = {
  batch: 63,
  highMin: 252,
  highMax: 8192,
  count: 0,
  high: 252,
  allocFactor: 0,
  freeCount: 0,
};

/** Runs `step` on lists like SMALLEST with `changes`; returns what it returns, and high and allocFactor after it. */
function after(step: (tuning: Tuning) => number, changes: Partial<Tuning> = {}): number[] {
  const tuning = { ...SMALLEST, ...changes };
  const result = step(tuning);
  assert.ok(tuning.high >= tuning.highMin && tuning.high <= tuning.highMax, `high is ${tuning.high}`);
  return [result, tuning.high, tuning.allocFactor];
}

const refill = (order: number, isLow: boolean) => (tuning: Tuning) => refillBlocks(tuning, order, isLow);
const giveBack = (isLow: boolean) => (tuning: Tuning) => pagesToGiveBack(tuning, isLow);

for (const [what, changes, order, isLow, expected] of [
  ['a first refill takes a batch, and raises high by it', {}, 0, false, [63, 315, 1]],
  ['the next takes twice as many', { allocFactor: 1, high: 315 }, 0, false, [126, 441, 2]],
  ['and so on', { allocFactor: 4, high: 1197 }, 0, false, [1008, 2205, 5]],
  ['up to 2^MAX_SCALE batches', { allocFactor: 5, high: 4000 }, 0, false, [2016, 6016, 5]],
  ['high stops at highMax', { allocFactor: 5, high: 8000 }, 0, false, [2016, 8192, 5]],
  ['a zone that is low raises nothing', { allocFactor: 1 }, 0, true, [126, 252, 2]],
  ['and caps the refill at what high has room for', { allocFactor: 4 }, 0, true, [189, 252, 4]],
  ['what is kept already counts against high', { allocFactor: 2, count: 100 }, 0, true, [89, 252, 2]],
  ['a batch is always to be had', { allocFactor: 3, count: 252 }, 0, true, [63, 252, 3]],
  ['other orders take a batch of pages', { allocFactor: 3 }, 1, false, [31, 315, 3]],
  ['of order 3', {}, 3, true, [7, 252, 0]],
  ['two blocks where a batch is less', { batch: 15 }, 3, true, [2, 252, 0]],
  ['one where a batch is one page', { batch: 1 }, 3, true, [1, 252, 0]],
  ['a slot that was never used starts at highMin', { high: 0 }, 0, true, [63, 252, 1]],
] as const) {
  test(`refillBlocks, ${what}`, () => {
    assert.deepEqual(after(refill(order, isLow), changes), expected);
  });
}

for (const [what, changes, isLow, expected] of [
  ['nothing goes back up to high', { count: 252, freeCount: 252 }, false, [0, 252, 0]],
  [
    'above it as many as were freed in a row',
    { count: 400, high: 399, freeCount: 100 },
    false,
    [100, 399, 0],
  ],
  ['at least a batch', { count: 400, high: 399, freeCount: 8 }, false, [63, 399, 0]],
  ['high leaves room for a batch', { count: 253, freeCount: 252 }, false, [189, 315, 0]],
  ['high grows with what is freed in a row', { count: 253, freeCount: 2016 }, false, [189, 2079, 0]],
  ['up to highMax', { count: 8193, high: 8192, freeCount: 9000 }, false, [8129, 8192, 0]],
  ['a low zone has high shrink by a batch', { count: 100, high: 400 }, true, [0, 337, 0]],
  ['or by what was freed in a row', { count: 100, high: 1000, freeCount: 500 }, true, [0, 500, 0]],
  ['down to highMin', { count: 100, high: 300, freeCount: 500 }, true, [0, 252, 0]],
  ['and more than that goes back', { count: 300, high: 400, freeCount: 80 }, true, [80, 320, 0]],
  ['what frees without a lock have left goes back too', { count: 900 }, false, [648, 252, 0]],
  ['but no more than the largest burst', { count: 9000, high: 300 }, false, [2016, 300, 0]],
  [
    'one page where high is smaller than two batches',
    { highMin: 100, high: 100, count: 101 },
    false,
    [1, 100, 0],
  ],
] as const) {
  test(`pagesToGiveBack, ${what}`, () => {
    assert.deepEqual(after(giveBack(isLow), changes), expected);
  });
}

for (const [what, changes, expected] of [
  ['an eighth of high goes', { count: 500, high: 1600 }, [0, 1400, 0]],
  ['what is above it goes back', { count: 1500, high: 1600 }, [100, 1400, 0]],
  ['the largest burst is the most', { count: 8000, high: 8000 }, [1000, 7000, 0]],
  ['also where more is kept', { count: 12_000, high: 4000, highMax: 16_384 }, [2016, 9984, 0]],
  ['highMin stays', { count: 300, high: 260 }, [48, 252, 0]],
] as const) {
  test(`decayed, ${what}`, () => {
    assert.deepEqual(after(decayed, changes), expected);
  });
}

test('isFixed, is true where the sizes were given: then nothing is tuned', () => {
  assert.equal(isFixed(SMALLEST), false);
  const fixed = { ...SMALLEST, highMin: 100, highMax: 100, high: 100, allocFactor: 4, freeCount: 500 };
  assert.equal(isFixed(fixed), true);
  assert.deepEqual(after(refill(0, false), fixed), [63, 100, 4]);
  assert.deepEqual(after(refill(2, false), fixed), [15, 100, 4]);
  assert.deepEqual(after(giveBack(false), { ...fixed, count: 100 }), [0, 100, 4]);
  assert.deepEqual(after(giveBack(false), { ...fixed, count: 101 }), [63, 100, 4]);
  assert.deepEqual(after(giveBack(true), { ...fixed, count: 100 }), [0, 100, 4]);
  assert.deepEqual(after(decayed, { ...fixed, count: 100 }), [0, 100, 4]);
});

test('freeCountAfterAlloc, halves; allocFactorAfterFree, halves; freeCountAfterFree, counts pages up to the largest burst', () => {
  assert.deepEqual([7, 1, 0].map(freeCountAfterAlloc), [3, 0, 0]);
  assert.deepEqual([5, 1, 0].map(allocFactorAfterFree), [2, 0, 0]);
  assert.equal(freeCountAfterFree(10, 0, 63), 11);
  assert.equal(freeCountAfterFree(10, 3, 63), 18);
  assert.equal(freeCountAfterFree(63 << MAX_SCALE, 0, 63), 63 << MAX_SCALE);
});

test('refillBlocks and pagesToGiveBack, have a burst of frees and one of allocations meet the zone ever less often', () => {
  const tuning = { ...SMALLEST };
  let refills = 0;
  for (let i = 0; i < 5000; i++) {
    if (tuning.count === 0) {
      tuning.count += refillBlocks(tuning, 0, false);
      refills++;
    }
    tuning.count--;
    tuning.freeCount = freeCountAfterAlloc(tuning.freeCount);
  }
  assert.ok(refills < 10, `${refills} refills for 5000 pages`);
  let returns = 0;
  for (let i = 0; i < 5000; i++) {
    tuning.count++;
    tuning.allocFactor = allocFactorAfterFree(tuning.allocFactor);
    tuning.freeCount = freeCountAfterFree(tuning.freeCount, 0, tuning.batch);
    const pages = pagesToGiveBack(tuning, false);
    if (pages > 0) returns++;
    tuning.count -= pages;
  }
  assert.ok(returns < 10, `${returns} returns for 5000 pages`);
});
