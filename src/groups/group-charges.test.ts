import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  chargeHeld,
  stockOf,
  unchargeHeld,
  usageOf,
  wireCharging,
  writeRecord,
} from '../../tests/support/group-words.js';
import { GROUP, STOCK_GRANULES } from '../layout/group-record.js';
import { NativeWords, reserveBuffer } from '../words/native-words.js';
import { CHARGE, type GroupCharges } from './group-charges.js';

const SLOT_START = 1024;
const PARENT = 16;
const GROUP_A = 32;

function scene(max: number, parentMax = 2 ** 30): { words: NativeWords; charges: GroupCharges } {
  const words = new NativeWords(reserveBuffer(8192));
  writeRecord(words, PARENT, parentMax);
  writeRecord(words, GROUP_A, max, PARENT);
  return { words, charges: wireCharging(words, SLOT_START).charges };
}

test('GroupCharges.charge, of who may spin, charges 64 pages at once and serves the next from the stock', () => {
  const { words, charges } = scene(2 ** 20);
  assert.equal(chargeHeld(charges, GROUP_A, 9, CHARGE.ahead), true);
  assert.equal(usageOf(words, GROUP_A), STOCK_GRANULES);
  assert.equal(chargeHeld(charges, GROUP_A, 9, CHARGE.ahead), true);
  assert.equal(usageOf(words, GROUP_A), STOCK_GRANULES);
  assert.equal(stockOf(words, SLOT_START, GROUP_A), STOCK_GRANULES - 18);
});

test('GroupCharges.charge, of who may not spin, charges exactly what is asked, and uses the stock', () => {
  const { words, charges } = scene(2 ** 20);
  assert.equal(chargeHeld(charges, GROUP_A, 9, CHARGE.exact), true);
  assert.equal(usageOf(words, GROUP_A), 9);
  unchargeHeld(charges, GROUP_A, 9);
  assert.equal(chargeHeld(charges, GROUP_A, 4, CHARGE.exact), true);
  assert.equal(usageOf(words, GROUP_A), 9);
  assert.equal(stockOf(words, SLOT_START, GROUP_A), 5);
});

test('GroupCharges.charge, where 64 pages are too much for the limit, charges exactly what is asked', () => {
  const { words, charges } = scene(100);
  assert.equal(chargeHeld(charges, GROUP_A, 60, CHARGE.ahead), true);
  assert.equal(usageOf(words, GROUP_A), 60);
  assert.equal(chargeHeld(charges, GROUP_A, 41, CHARGE.ahead), false);
  assert.deepEqual([charges.refusedBy, charges.refused], [GROUP_A, GROUP_A]);
  assert.equal(usageOf(words, GROUP_A), 60);
});

test('GroupCharges.charge, says which group refused to who gives up, once, and counts that', () => {
  const { words, charges } = scene(2 ** 20, 100);
  assert.equal(chargeHeld(charges, GROUP_A, 101, CHARGE.exact), false);
  assert.equal(words.loadPlain(GROUP_A + GROUP.failures), 0);
  assert.equal(charges.takeRefusal(), PARENT);
  assert.equal(charges.takeRefusal(), 0);
  assert.equal(words.loadPlain(GROUP_A + GROUP.failures), 1);
  assert.equal(words.loadPlain(PARENT + GROUP.failures), 1);
  assert.equal(chargeHeld(charges, GROUP_A, 101, CHARGE.ahead), false);
  assert.equal(words.loadPlain(GROUP_A + GROUP.failures), 1);
});

test('GroupCharges.charge, that must not fail, goes past the limit and is counted', () => {
  const { words, charges } = scene(100);
  assert.equal(chargeHeld(charges, GROUP_A, 101, CHARGE.past), true);
  assert.equal(usageOf(words, GROUP_A), 101);
  assert.equal(words.loadPlain(GROUP_A + GROUP.forced), 1);
  charges.mustSucceed = true;
  assert.equal(chargeHeld(charges, GROUP_A, 1, CHARGE.ahead), true);
  assert.equal(words.loadPlain(GROUP_A + GROUP.forced), 2);
});

test('GroupCharges.drain, gives back what was charged ahead, so that usage is what is held', () => {
  const { words, charges } = scene(2 ** 20);
  chargeHeld(charges, GROUP_A, 9, CHARGE.ahead);
  assert.equal(charges.drainAll(), STOCK_GRANULES - 9);
  assert.equal(usageOf(words, GROUP_A), 9);
  assert.equal(usageOf(words, PARENT), 9);
});
