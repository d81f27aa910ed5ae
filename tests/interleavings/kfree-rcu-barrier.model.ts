/**
 * kfreeRcuBarrier(): what was given to kfreeRcu() before it is free when it returns, whoever has it in hand.
 *
 *     poster    gives an object, says so ... is in a turn, or idle, or leaves ... its timer comes
 *     waiter    was it said? asks everybody to seal, drives, looks round: so many are free
 *
 * A thread that is idle does nothing but by its timers, which come here as long as it has something in hand. The waiter
 * looks at the counts of who frees plainly: a barrier that counts right and orders nothing is a data race.
 */
import assert from 'node:assert/strict';
import { slotStart } from '../../src/layout/heap-layout.js';
import { CACHE_SLOT, CACHE_SLOT_WORDS, SLOT } from '../../src/layout/thread-slot.js';
import { type Model, model } from '../../tools/checker/checker.js';
import type { Stage } from '../../tools/checker/model.js';
import {
  assertAllFreed,
  freedObjects,
  type ModelHeap,
  noteOf,
  retiredObjectMemory,
} from './support/retired-objects.js';

interface Scene {
  readonly poster: ModelHeap;
  readonly waiter: ModelHeap;
}

const MEMORY = retiredObjectMemory({ threads: 2 });
const { geometry } = MEMORY;
/** How many objects were given, as far as it was said. */
const GIVEN = noteOf(0);

function setup(stage: Stage): Scene {
  return { poster: MEMORY.wire(stage, 'poster', 0), waiter: MEMORY.wire(stage, 'waiter', 1) };
}

/** Gives objects up to `count`, and says so. */
function give({ poster }: Scene, from: number, count: number): void {
  for (let n = from; n < count; n++) {
    poster.retire(n);
    poster.words.store(GIVEN, n + 1);
  }
}

/** The poster's timers come as long as it has anything. */
function idleOn({ poster }: Scene): void {
  const { driver } = poster.wiring();
  poster.host.runMicrotasks();
  while (!driver.isIdle()) {
    poster.host.fireTimers();
    poster.words.pause();
  }
}

/** A barrier; what was given before it is free after it. */
function wait({ waiter }: Scene): void {
  const given = waiter.words.load(GIVEN);
  waiter.kfreeRcuBarrierSync();
  if (given === 0) return;
  const freed = freedObjects(waiter.words, geometry);
  assert.ok(
    freed >= given,
    `of ${given} objects that were given before a barrier ${freed} are free after it`,
  );
}

/** The sheaves in hand of others are looked at between two looks at their turn words, which say whether to believe it. */
function isInHand(word: number): boolean {
  for (let slot = 0; slot < geometry.slots; slot++) {
    const offset = word - slotStart(geometry, slot) - SLOT.caches;
    if (offset < 0 || offset >= geometry.maxCaches * CACHE_SLOT_WORDS) continue;
    if (offset % CACHE_SLOT_WORDS === CACHE_SLOT.rcu) return true;
  }
  return false;
}

interface BarrierClaim {
  readonly name: string;
  readonly setup?: (stage: Stage) => Scene;
  readonly poster: (state: Scene) => void;
  readonly freed: number;
  readonly staying?: (state: Scene) => ModelHeap[];
}

function barrierModel(claim: BarrierClaim): Model<Scene> {
  const { staying = ({ poster, waiter }: Scene) => [poster, waiter] } = claim;
  return model<Scene>({
    name: claim.name,
    lengthWords: MEMORY.lengthWords,
    prepare: MEMORY.prepare,
    nameOf: MEMORY.nameOf,
    mayRace: (word) => MEMORY.mayRace(word) || isInHand(word) || isSheafCount(word),
    setup: claim.setup ?? setup,
    threads: { poster: claim.poster, waiter: wait },
    final: (state) => assertAllFreed(staying(state), claim.freed),
    bounds: { preemptions: 1 },
    // Some ten times as long.
    nightly: { preemptions: 2 },
  });
}

/** How many objects a sheaf holds. */
function isSheafCount(word: number): boolean {
  return MEMORY.nameOf(word).endsWith('count');
}

export const waitsForAnIdleThread = barrierModel({
  name: 'a barrier waits for what lies in the sheaf in hand of a thread that is idle',
  setup: (stage) => {
    const state = setup(stage);
    give(state, 0, 1);
    state.poster.host.runMicrotasks();
    return state;
  },
  poster: idleOn,
  freed: 1,
});

export const waitsForABusyThread = barrierModel({
  name: 'a barrier waits for what a thread gives in a turn, and in the turns before it',
  poster: (state) => {
    give(state, 0, 1);
    state.poster.wiring().turn.quiesce();
    give(state, 1, 2);
    idleOn(state);
  },
  freed: 2,
});

export const waitsForWhoLeaves = barrierModel({
  name: 'a barrier waits for what a thread had in hand that leaves',
  setup: (stage) => {
    const state = setup(stage);
    give(state, 0, 1);
    state.poster.host.runMicrotasks();
    return state;
  },
  poster: ({ poster }) => poster.handOver(),
  freed: 1,
  staying: ({ waiter }) => [waiter],
});
