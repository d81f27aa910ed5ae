import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usageOf, writeRecord } from '../../tests/support/group-words.js';
import { GROUP, GROUP_CLOSED } from '../layout/group-record.js';
import { NativeWords, reserveBuffer } from '../words/native-words.js';
import {
  chargePast,
  close,
  countFailure,
  EXACT_ROUNDS,
  isClosed,
  tryCharge,
  uncharge,
} from './group-counter.js';

const COMPANY = 16;
const CUSTOMERS = 32;
const TENANT = 48;

/** Three groups, one in the other. */
function threeGroups(company: number, customers: number, tenant: number): NativeWords {
  const words = new NativeWords(reserveBuffer(4096));
  writeRecord(words, COMPANY, company);
  writeRecord(words, CUSTOMERS, customers, COMPANY);
  writeRecord(words, TENANT, tenant, CUSTOMERS);
  return words;
}

function usages(words: NativeWords): number[] {
  return [COMPANY, CUSTOMERS, TENANT].map((record) => usageOf(words, record));
}

function peaks(words: NativeWords): number[] {
  return [COMPANY, CUSTOMERS, TENANT].map((record) => words.loadPlain(record + GROUP.peak));
}

test('tryCharge, charges a group and all that it is part of, up to the limit and not a granule more', () => {
  const words = threeGroups(100, 200, 10);
  assert.equal(tryCharge(words, TENANT, 10, true), 0);
  assert.deepEqual(usages(words), [10, 10, 10]);
  assert.equal(tryCharge(words, TENANT, 1, true), TENANT);
  assert.equal(tryCharge(words, CUSTOMERS, 90, true), 0);
  assert.equal(tryCharge(words, CUSTOMERS, 1, true), COMPANY);
  assert.deepEqual(usages(words), [100, 100, 10]);
});

test('tryCharge, leaves nothing charged where a group further up refuses, and names that group', () => {
  const words = threeGroups(5, 100, 100);
  assert.equal(tryCharge(words, TENANT, 6, true), COMPANY);
  assert.deepEqual(usages(words), [0, 0, 0]);
  assert.equal(tryCharge(words, TENANT, 5, true), 0);
});

test('tryCharge, does not overflow with the largest sizes there are', () => {
  const words = threeGroups(2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1);
  assert.equal(tryCharge(words, TENANT, 2 ** 31 - 1, true), 0);
  assert.equal(tryCharge(words, TENANT, 2 ** 30, true), TENANT);
  assert.deepEqual(usages(words), [2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1]);
});

/** Words in which another thread charges and uncharges a group before each compareExchange. */
class BusyWords extends NativeWords {
  tries = 0;

  override compareExchange(index: number, expected: number, value: number): number {
    if (index === TENANT + GROUP.usage && this.tries++ < 40) return expected + 1;
    return super.compareExchange(index, expected, value);
  }
}

test('tryCharge, gives up after EXACT_ROUNDS lost races where it may not spin, and goes on where it may', () => {
  const words = new BusyWords(reserveBuffer(4096));
  writeRecord(words, TENANT, 100);
  assert.equal(tryCharge(words, TENANT, 1, false), TENANT);
  assert.equal(words.tries, EXACT_ROUNDS);
  assert.equal(usageOf(words, TENANT), 0);
  assert.equal(tryCharge(words, TENANT, 1, true), 0);
  assert.equal(usageOf(words, TENANT), 1);
});

test('uncharge, takes back from every group that was charged, and the peak stays', () => {
  const words = threeGroups(100, 100, 100);
  tryCharge(words, TENANT, 40, true);
  uncharge(words, TENANT, 30);
  tryCharge(words, TENANT, 5, true);
  assert.deepEqual(usages(words), [15, 15, 15]);
  assert.deepEqual(peaks(words), [40, 40, 40]);
});

test('chargePast, goes above the limit and counts that for each group whose limit it passes', () => {
  const words = threeGroups(100, 7, 5);
  assert.equal(chargePast(words, TENANT, 6), 0);
  assert.equal(chargePast(words, TENANT, 2), 0);
  assert.deepEqual(usages(words), [8, 8, 8]);
  assert.deepEqual(
    [COMPANY, CUSTOMERS, TENANT].map((record) => words.loadPlain(record + GROUP.forced)),
    [0, 1, 2],
  );
});

test('countFailure, counts for each group from the one that was charged to the one that refused', () => {
  const words = threeGroups(100, 7, 5);
  countFailure(words, TENANT, CUSTOMERS);
  assert.deepEqual(
    [COMPANY, CUSTOMERS, TENANT].map((record) => words.loadPlain(record + GROUP.failures)),
    [0, 1, 1],
  );
});

test('close, refuses a group to which something is charged, and makes every later charge fail', () => {
  const words = threeGroups(100, 100, 100);
  tryCharge(words, TENANT, 1, true);
  assert.equal(close(words, TENANT), false);
  uncharge(words, TENANT, 1);
  assert.equal(close(words, TENANT), true);
  assert.equal(isClosed(words, TENANT), true);
  assert.equal(tryCharge(words, TENANT, 1, true), TENANT);
  assert.equal(chargePast(words, TENANT, 1), TENANT);
  assert.deepEqual(usages(words), [0, 0, GROUP_CLOSED]);
  assert.equal(isClosed(words, CUSTOMERS), false);
});
