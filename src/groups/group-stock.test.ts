import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ChargingParts,
  stockOf,
  usageOf,
  wireCharging,
  writeRecord,
} from '../../tests/support/group-words.js';
import { STOCK_GRANULES } from '../layout/group-record.js';
import { INTENT_KIND, SLOT, STOCK, STOCK_GROUPS } from '../layout/thread-slot.js';
import { NativeWords, reserveBuffer } from '../words/native-words.js';

const SLOT_START = 1024;
const GROUPS = Array.from({ length: STOCK_GROUPS + 2 }, (_, i) => 16 + i * 16);
const [ALPHA, BETA] = GROUPS as [number, number];

interface Scene extends ChargingParts {
  readonly words: NativeWords;
}

function scene(): Scene {
  const words = new NativeWords(reserveBuffer(8192));
  for (const group of GROUPS) writeRecord(words, group);
  return { words, ...wireCharging(words, SLOT_START) };
}

/** Charges `granules` to a group and puts them into the stock. */
function fill({ intents, ledger, stock }: Scene, group: number, granules: number): void {
  const frame = intents.open(INTENT_KIND.nothing, group);
  assert.equal(ledger.charge(frame, group, granules, true), 0);
  stock.put(frame, group, granules);
  intents.close(frame);
}

/** Takes `granules` of a group out of the stock, for the test itself. */
function consume({ intents, stock }: Scene, group: number, granules: number): boolean {
  const frame = intents.open(INTENT_KIND.nothing, group);
  const isTaken = stock.consume(frame, group, granules);
  intents.close(frame);
  return isTaken;
}

test('GroupStock.consume, takes what is there of a group, and nothing where it is not enough', () => {
  const at = scene();
  fill(at, ALPHA, 10);
  assert.equal(consume(at, ALPHA, 4), true);
  assert.equal(consume(at, ALPHA, 7), false);
  assert.equal(consume(at, BETA, 1), false);
  assert.equal(stockOf(at.words, SLOT_START, ALPHA), 6);
  assert.equal(usageOf(at.words, ALPHA), 10);
});

test('GroupStock.put, keeps STOCK_GRANULES of a group at most, and uncharges half when that is passed', () => {
  const at = scene();
  fill(at, ALPHA, STOCK_GRANULES);
  assert.equal(stockOf(at.words, SLOT_START, ALPHA), STOCK_GRANULES);
  fill(at, ALPHA, 1);
  assert.equal(stockOf(at.words, SLOT_START, ALPHA), STOCK_GRANULES / 2);
  assert.equal(usageOf(at.words, ALPHA), STOCK_GRANULES / 2);
  fill(at, BETA, STOCK_GRANULES + 1);
  assert.equal(usageOf(at.words, BETA), 0);
});

test('GroupStock.put, brings the group to the front, where a charge finds it at once', () => {
  const at = scene();
  const front = SLOT_START + SLOT.stock;
  fill(at, ALPHA, 1);
  fill(at, BETA, 2);
  assert.equal(at.words.loadPlain(front + STOCK.group), BETA);
  assert.equal(consume(at, ALPHA, 1), true);
  assert.equal(at.words.loadPlain(front + STOCK.group), ALPHA);
  assert.equal(stockOf(at.words, SLOT_START, BETA), 2);
});

test('GroupStock.put, gives up another group where all places are taken, and uncharges what it held', () => {
  const at = scene();
  for (const group of GROUPS) fill(at, group, 5);
  let held = 0;
  let charged = 0;
  for (const group of GROUPS) {
    held += stockOf(at.words, SLOT_START, group);
    charged += usageOf(at.words, group);
  }
  assert.equal(held, STOCK_GROUPS * 5);
  assert.equal(charged, held);
});

test('GroupStock.drain, uncharges everything and leaves nothing', () => {
  const at = scene();
  fill(at, ALPHA, 7);
  fill(at, BETA, 8);
  assert.equal(at.stock.drain(), 15);
  assert.equal(usageOf(at.words, ALPHA) + usageOf(at.words, BETA), 0);
  assert.equal(at.stock.drain(), 0);
});

test('GroupStock, that is entered again while it is in use, is left alone: a charge misses, a put is uncharged', () => {
  const at = scene();
  fill(at, ALPHA, 10);
  at.lock.acquire();
  assert.equal(consume(at, ALPHA, 1), false);
  fill(at, ALPHA, 5);
  assert.equal(at.stock.drain(), 0);
  at.lock.release();
  assert.equal(stockOf(at.words, SLOT_START, ALPHA), 10);
  assert.equal(usageOf(at.words, ALPHA), 10);
});
