import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reapCharges, slotGeometry } from '../../tests/support/charge-reaper.js';
import { stockOf, usageOf, wireCharging, writeRecord } from '../../tests/support/group-words.js';
import { diesIn, type StopCounter, stopAt } from '../../tests/support/stopping-words.js';
import { GROUP, ledgersOf, STOCK_GRANULES } from '../layout/group-record.js';
import { HEADER } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { SLOT, SLOT_STATE, STOCK_GROUPS } from '../layout/thread-slot.js';
import { ownerTag } from '../locks/owner.js';
import { NativeWords, reserveBuffer } from '../words/native-words.js';
import { CHARGE, type ChargeWay } from './group-charges.js';
import { IdleStocks } from './idle-stocks.js';

const SLOTS = 3;
const DEAD = 1;
const LENDER = 2;
const GEOMETRY = slotGeometry(SLOTS, 1024, 256);
const DEAD_START = slotStart(GEOMETRY, DEAD);
const REAPER_TAG = ownerTag(0, 1);
const DEAD_TAG = ownerTag(DEAD, 1);
const PARENT = 256;
const GROUPS = Array.from({ length: STOCK_GROUPS + 2 }, (_, i) => PARENT + 16 + i * 16);
const [RED, BLUE] = GROUPS as [number, number];
/** Words that say who pays for memory, and what that costs. */
const MEMORY: readonly (readonly [word: number, granules: number])[] = [
  [3000, 9],
  [3001, 512],
];

interface Scene {
  readonly buffer: SharedArrayBuffer;
  /** Words that no thread's stop concerns. */
  readonly words: NativeWords;
  /** Those of the thread that dies. */
  readonly own: NativeWords;
  readonly at: ReturnType<typeof wireCharging>;
}

function scene(): Scene {
  const buffer = reserveBuffer(16384);
  const words = new NativeWords(buffer);
  writeRecord(words, PARENT, 3 * STOCK_GRANULES);
  for (const group of GROUPS) writeRecord(words, group, 2 * STOCK_GRANULES, PARENT);
  words.store(HEADER.slotsClaimed, SLOTS);
  for (let slot = 0; slot < SLOTS; slot++) {
    words.store(slotStart(GEOMETRY, slot) + SLOT.state, SLOT_STATE.live);
    words.store(slotStart(GEOMETRY, slot) + SLOT.generation, 1);
  }
  const own = new NativeWords(buffer);
  return { buffer, words, own, at: wireCharging(own, DEAD_START, DEAD) };
}

/** Memory that is taken and charged, as an allocator does; where `isShort` there is none, and the charge is given back. */
function take(
  { at: { charges } }: Scene,
  record: number,
  which: number,
  way: ChargeWay,
  isShort = false,
): boolean {
  const [word, granules] = MEMORY[which]!;
  const frame = charges.open(record);
  const isCharged = charges.charge(frame, record, granules, way);
  if (isCharged && isShort) charges.uncharge(frame, record, granules);
  else if (isCharged) charges.name(frame, record, word, word);
  charges.close(frame);
  return isCharged;
}

function give({ own, at: { charges } }: Scene, which: number): void {
  const [word, granules] = MEMORY[which]!;
  const record = own.loadPlain(word);
  const frame = charges.openNamed(record, word, granules);
  charges.unname(word);
  charges.uncharge(frame, record, granules);
  charges.close(frame);
}

/** What stocks, and memory, have of a group and those below it. */
function owned(words: NativeWords, record: number): number {
  let sum = 0;
  for (let group = PARENT; group <= GROUPS.at(-1)!; group += 16) {
    if (group !== record && record !== PARENT) continue;
    for (const [word, granules] of MEMORY) if (words.loadPlain(word) === group) sum += granules;
    for (let slot = 0; slot < SLOTS; slot++) sum += stockOf(words, slotStart(GEOMETRY, slot), group);
  }
  return sum;
}

function ledgerSum(words: NativeWords, record: number): number {
  let sum = 0;
  for (let slot = 0; slot < SLOTS; slot++) sum += words.loadPlain(ledgersOf(words, record) + slot);
  return sum;
}

function assertRight(words: NativeWords): void {
  for (const record of [PARENT, ...GROUPS]) {
    assert.equal(usageOf(words, record), owned(words, record), `usage of ${record}`);
    assert.equal(ledgerSum(words, record), owned(words, record), `ledgers of ${record}`);
  }
  assert.equal(words.load(DEAD_START + SLOT.charging) & 1, 0);
  assert.equal(stockOf(words, DEAD_START, RED) + stockOf(words, DEAD_START, BLUE), 0);
}

interface Story {
  readonly prepare?: (on: Scene) => void;
  readonly act: (on: Scene) => void;
}

/** The lender idles, with something in stock of two groups. */
function lend({ words }: Scene): void {
  const { charges } = wireCharging(words, slotStart(GEOMETRY, LENDER), LENDER);
  for (const group of [RED, BLUE]) {
    const frame = charges.open(group);
    assert.ok(charges.charge(frame, group, 40, CHARGE.exact));
    charges.uncharge(frame, group, 40);
    charges.close(frame);
  }
}

const ahead = (record: number) => (on: Scene) => void take(on, record, 0, CHARGE.ahead);

const STORIES: Readonly<Record<string, Story>> = {
  'charges ahead': { act: ahead(RED) },
  'charges exactly, what no stock has': { act: (on) => void take(on, RED, 1, CHARGE.exact) },
  'charges from its stock': { prepare: ahead(RED), act: (on) => void take(on, RED, 1, CHARGE.exact) },
  'charges another group than the last': {
    prepare: (on) => {
      take(on, RED, 0, CHARGE.ahead);
      give(on, 0);
      take(on, BLUE, 0, CHARGE.ahead);
    },
    act: (on) => void take(on, RED, 1, CHARGE.ahead),
  },
  'is refused by the whole': {
    prepare: ({ words }) => words.store(PARENT + GROUP.max, 100),
    act: (on) => void take(on, RED, 1, CHARGE.ahead),
  },
  'charges past the limit': {
    prepare: ({ words }) => words.store(PARENT + GROUP.max, 100),
    act: (on) => void take(on, RED, 1, CHARGE.past),
  },
  'charges, and gets no memory': { act: (on) => void take(on, RED, 1, CHARGE.exact, true) },
  'gives back to its stock': { prepare: ahead(RED), act: (on) => give(on, 0) },
  'gives back what is too much for its stock': {
    prepare: (on) => {
      take(on, RED, 1, CHARGE.exact);
      take(on, RED, 0, CHARGE.ahead);
      on.words.storePlain(DEAD_START + SLOT.stock + 1, STOCK_GRANULES);
      for (const group of [RED, PARENT]) {
        on.words.add(group + GROUP.usage, 9);
        on.words.add(ledgersOf(on.words, group) + DEAD, 9);
      }
    },
    act: (on) => give(on, 1),
  },
  'gives back to a stock that is full of other groups': {
    prepare: (on) => {
      take(on, RED, 0, CHARGE.exact);
      for (const group of GROUPS.slice(1)) {
        take(on, group, 1, CHARGE.exact);
        give(on, 1);
      }
    },
    act: (on) => give(on, 0),
  },
  'drains its stock': { prepare: ahead(RED), act: ({ at }) => void at.charges.drain() },
  'takes the stock of an idle thread': {
    prepare: lend,
    act: ({ own, at }) => void new IdleStocks(own, GEOMETRY, DEAD, DEAD_TAG, at.ledger).drain(),
  },
};

/** Plays a story until access `left`, and then a reaper, of which each dies at access `reaperLeft`. */
function play({ prepare, act }: Story, left: number, reaperLeft: number): boolean {
  const on = scene();
  prepare?.(on);
  const stop = stopAt(on.own, left);
  if (!diesIn(() => act(on))) return false;
  reapInSteps(on.buffer, reaperLeft);
  assertRight(on.words);
  assert.equal(stop.left < 0, true);
  return true;
}

/** Reapers that die one access later each time; the last comes to its end. */
function reapInSteps(buffer: SharedArrayBuffer, first: number): void {
  for (let left = first; ; left += 7) {
    const reaper = new NativeWords(buffer);
    const stop: StopCounter = stopAt(reaper, left);
    let isDone = false;
    const died = diesIn(() => {
      isDone = reapCharges(reaper, GEOMETRY, DEAD, REAPER_TAG);
    });
    if (died) continue;
    assert.ok(isDone && stop.left >= 0);
    return;
  }
}

for (const [what, story] of Object.entries(STORIES)) {
  test(`repairCharges, of a thread that ${what}, stopped anywhere, leaves charged what somebody has`, () => {
    let accesses = 0;
    while (play(story, accesses, Number.POSITIVE_INFINITY)) accesses++;
    assert.ok(accesses > 10, `${accesses} accesses`);
  });

  test(`repairCharges, of a thread that ${what}, is stopped itself, and another goes on`, () => {
    for (let left = 0; play(story, left, left % 5); left++);
  });
}

/** A thread that was stopped after it has charged a group, and not the whole yet. */
function diesCharging(): Scene {
  for (let left = 0; ; left++) {
    const on = scene();
    stopAt(on.own, left);
    assert.ok(diesIn(() => take(on, RED, 0, CHARGE.ahead)));
    if (usageOf(on.words, RED) !== 0) return on;
  }
}

test('repairNumbers, gives up where a living thread is in the middle of changing numbers, and changes nothing', () => {
  const on = diesCharging();
  on.words.store(slotStart(GEOMETRY, LENDER) + SLOT.charging, 1);
  assert.equal(reapCharges(on.words, GEOMETRY, DEAD, REAPER_TAG), false);
  on.words.store(slotStart(GEOMETRY, LENDER) + SLOT.charging, 2);
  assert.equal(reapCharges(on.words, GEOMETRY, DEAD, REAPER_TAG), true);
  assertRight(on.words);
});

test('repairNumbers, of two threads that died in the same group, puts right what each has left', () => {
  for (let first = 0; first < 60; first++) {
    const on = scene();
    const other = new NativeWords(on.buffer);
    const lender = wireCharging(other, slotStart(GEOMETRY, LENDER), LENDER);
    stopAt(on.own, first);
    stopAt(other, 60 - first);
    diesIn(() => take(on, RED, 0, CHARGE.ahead));
    diesIn(() => take({ ...on, own: other, at: lender }, RED, 1, CHARGE.exact));
    on.words.store(slotStart(GEOMETRY, LENDER) + SLOT.state, SLOT_STATE.zombie);
    for (const slot of [DEAD, LENDER]) assert.ok(reapCharges(on.words, GEOMETRY, slot, REAPER_TAG));
    assertRight(on.words);
  }
});
