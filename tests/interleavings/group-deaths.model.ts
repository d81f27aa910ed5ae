/**
 * A thread that dies anywhere while it charges a group, or gives back, leaves charged what somebody has, once a reaper
 * has been there: also where others go on charging the same groups meanwhile, and where the reaper dies as well.
 *
 *     company <- red       killed   takes memory that is charged, or gives it back ... --X
 *             <- blue      beta     charges, and gives back
 *                          reaper   awaits the end, and reaps
 *
 * Memory is a word that names who pays. That reapers take turns is their lock's business: here one comes after the other.
 */
import assert from 'node:assert/strict';
import { CHARGE, type ChargeWay, type GroupCharges } from '../../src/groups/group-charges.js';
import { ledgersOf, STOCK_GRANULES } from '../../src/layout/group-record.js';
import { SLOT, SLOT_STATE } from '../../src/layout/thread-slot.js';
import { ownerTag } from '../../src/locks/owner.js';
import { NativeWords, reserveBuffer } from '../../src/words/native-words.js';
import type { Words } from '../../src/words/words.js';
import { model, type Stage } from '../../tools/checker/model.js';
import { reapCharges, slotGeometry } from '../support/charge-reaper.js';
import { stockOf, usageOf, wireCharging } from '../support/group-words.js';
import { diesIn, stopAt } from '../support/stopping-words.js';
import {
  BLUE,
  COMPANY,
  FIRST_SLOT,
  giveBack,
  LENGTH_WORDS,
  type Limits,
  nameOfGroupWord,
  type Payer,
  type Payers,
  payers,
  prepareGroups,
  RED,
  SLOT_WORDS,
  take,
} from './support/group-scene.js';

const SLOTS = 2;
const GEOMETRY = slotGeometry(SLOTS, FIRST_SLOT, SLOT_WORDS);
const REAPER_TAG = ownerTag(SLOTS, 1);
/** The word that names who pays for the killed thread's memory, and what that costs. */
const MEMORY = 8;
const COST = 9;

interface Scene extends Payers {
  readonly stage: Stage;
}

/** What there is before the threads start. */
type Before = (words: Words, killed: GroupCharges) => void;

function prepareSlots(limits: Limits, before: Before): (words: Words) => void {
  return (words) => {
    prepareGroups(limits)(words);
    for (let slot = 0; slot < SLOTS; slot++) {
      words.storePlain(FIRST_SLOT + slot * SLOT_WORDS + SLOT.state, SLOT_STATE.live);
      words.storePlain(FIRST_SLOT + slot * SLOT_WORDS + SLOT.generation, 1);
    }
    before(words, wireCharging(words, FIRST_SLOT, 0).charges);
  };
}

function over(limits: Limits, before: Before = () => {}) {
  return {
    lengthWords: LENGTH_WORDS,
    prepare: prepareSlots(limits, before),
    nameOf: nameOfGroupWord,
    setup: (stage: Stage): Scene => ({ ...payers(stage), stage }),
    final: assertWhatSomebodyHas,
  };
}

/** Takes the memory, and charges a group for it. */
function takeMemory(charges: GroupCharges, record: number, way: ChargeWay): boolean {
  const frame = charges.open(record);
  const isCharged = charges.charge(frame, record, COST, way);
  if (isCharged) charges.name(frame, record, MEMORY, MEMORY);
  charges.close(frame);
  return isCharged;
}

function giveMemory(words: Words, charges: GroupCharges): void {
  const record = words.loadPlain(MEMORY);
  const frame = charges.openNamed(record, MEMORY, COST);
  charges.unname(MEMORY);
  charges.uncharge(frame, record, COST);
  charges.close(frame);
}

function reap({ words }: Scene): void {
  while (!reapCharges(words, GEOMETRY, 0, REAPER_TAG)) words.pause();
}

/** Outlives the killed thread. */
function reapKilled(state: Scene): void {
  if (!state.stage.awaitEnd('killed')) reap(state);
}

/** Usage, and the ledgers, are what threads hold, have in stock, and what the memory costs; a whole has what its parts have. */
function assertWhatSomebodyHas({ words, all }: Scene): void {
  for (const record of [RED, BLUE]) {
    let sum = words.loadPlain(MEMORY) === record ? COST : 0;
    for (const { slot, held } of all) sum += (held.get(record) ?? 0) + stockOf(words, slot, record);
    assert.equal(usageOf(words, record), sum, `what is charged to ${record === RED ? 'red' : 'blue'}`);
    assert.equal(ledgersSum(words, record), sum, `the ledgers of ${record === RED ? 'red' : 'blue'}`);
  }
  const parts = usageOf(words, RED) + usageOf(words, BLUE);
  assert.equal(usageOf(words, COMPANY), parts, 'what is charged to company');
  assert.equal(ledgersSum(words, COMPANY), parts, 'the ledgers of company');
}

function ledgersSum(words: Words, record: number): number {
  let sum = 0;
  for (let slot = 0; slot < SLOTS; slot++) sum += words.loadPlain(ledgersOf(words, record) + slot);
  return sum;
}

function spend(beta: Payer, record: number): void {
  if (take(beta, record, 3, CHARGE.exact)) giveBack(beta, record);
  beta.charges.drain();
}

export const chargesAndDies = model<Scene>({
  name: 'a thread that dies while it charges leaves nothing charged that nobody has, though another charges the same group',
  ...over([3 * STOCK_GRANULES, 2 * STOCK_GRANULES, 100]),
  threads: {
    killed: ({ all: [killed] }) => void takeMemory(killed!.charges, RED, CHARGE.ahead),
    beta: ({ all: [, beta] }) => spend(beta!, RED),
    reaper: reapKilled,
  },
  bounds: { kills: ['killed'], preemptions: 1 },
  nightly: { preemptions: 2 },
});

export const isRefusedAndDies = model<Scene>({
  name: 'a thread that dies while the whole refuses its charge leaves nothing charged, and no other part without its room',
  ...over([5, 100, 100]),
  threads: {
    killed: ({ all: [killed] }) => void takeMemory(killed!.charges, RED, CHARGE.exact),
    beta: ({ all: [, beta] }) => spend(beta!, BLUE),
    reaper: reapKilled,
  },
  bounds: { kills: ['killed'], preemptions: 1 },
  nightly: { preemptions: 2 },
});

export const givesBackAndDies = model<Scene>({
  name: 'a thread that dies while it gives back a charge, and its stock, has given it back once',
  ...over([3 * STOCK_GRANULES, 2 * STOCK_GRANULES, 100], (_words, killed) => {
    takeMemory(killed, RED, CHARGE.exact);
  }),
  threads: {
    killed({ words, all: [killed] }) {
      giveMemory(words, killed!.charges);
      killed!.charges.drain();
    },
    beta: ({ all: [, beta] }) => spend(beta!, RED),
    reaper: reapKilled,
  },
  bounds: { kills: ['killed'], preemptions: 1 },
  nightly: { preemptions: 2 },
});

/** The thread stops in the middle of changing the numbers: red is charged for it, and company not. */
const STOPS_AT = stopBetweenGroups();

function stopBetweenGroups(): number {
  for (let left = 0; ; left++) {
    const buffer = reserveBuffer(4096);
    const words = new NativeWords(buffer);
    prepareSlots([100, 100, 100], (_words, charges) => void charges)(words);
    stopAt(words, left);
    diesIn(() => takeMemory(wireCharging(words, FIRST_SLOT, 0).charges, RED, CHARGE.exact));
    const seen = new NativeWords(buffer);
    if (usageOf(seen, RED) !== 0 && usageOf(seen, COMPANY) === 0) return left;
  }
}

export const isReapedByTwo = model<Scene>({
  name: 'a reaper that dies in the middle has taken off nothing that the next one takes off again',
  ...over([100, 100, 100], (words) => {
    const accesses = Object.create(words) as Words;
    stopAt(accesses, STOPS_AT);
    diesIn(() => takeMemory(wireCharging(accesses, FIRST_SLOT, 0).charges, RED, CHARGE.exact));
    assert.equal(usageOf(words, RED), COST);
    assert.equal(usageOf(words, COMPANY), 0);
  }),
  threads: {
    first: reap,
    beta: ({ all: [, beta] }) => void take(beta!, RED, 3, CHARGE.exact),
    second(state) {
      if (!state.stage.awaitEnd('first')) reap(state);
    },
  },
  bounds: { kills: ['first'], preemptions: 1 },
  nightly: { preemptions: 2 },
});
