/**
 * The semaphore: never more inside than there are permits, every waiter gets one, and what a dead thread had is free
 * again, wherever it was killed. Patient threads sleep without a limit, so a wake-up that is lost is a deadlock.
 *
 * Not shown here: the async side, whose steps are the same, with the event loop between them; a reaper that is killed.
 */
import assert from 'node:assert/strict';
import { LOCK, LOCK_KIND } from '../../src/layout/lock-record.js';
import { LockTimeoutError } from '../../src/locks/lock-errors.js';
import { type Permit, Semaphore } from '../../src/locks/semaphore.js';
import { model, type Stage } from '../../tools/checker/model.js';
import { LockMemory } from '../support/lock-stage.js';
import { guardedMemory, LockScene } from './support/lock-scene.js';

/** Words of which each thread marks its own while it has a permit. */
const MARK = 32;
const LATE = { timeoutMillis: 5 };
/** So often a waiter looks, is woken in vain, and sleeps again, before it is to be next. */
const MOST_SLEEPS = 3;

/** One thread of a model, and what came of its attempts. */
interface Actor {
  readonly slot: number;
  readonly semaphore: Semaphore;
  entered: number;
  missed: number;
}

interface Contest {
  readonly scene: LockScene;
  readonly size: number;
  /** By slot. */
  readonly actors: readonly Actor[];
  /** What the last thread has from the start. */
  readonly permits: readonly Permit[];
}

/** What else a model says of its threads. */
interface Manners {
  /** Sleep as long as the code says. */
  readonly timed?: readonly string[];
  /** True where the last of them has every permit from the start. */
  readonly isHeld?: boolean;
}

/** A memory for the threads `names`, in slots by their order, and a semaphore of `size` permits. */
function contest(names: readonly string[], size: number, { timed = [], isHeld = false }: Manners = {}) {
  const memory = new LockMemory({ kind: LOCK_KIND.semaphore, size, threads: names.length });
  return {
    ...guardedMemory(memory),
    setup(stage: Stage): Contest {
      const scene = new LockScene(stage, memory);
      const actors: Actor[] = [];
      for (const name of names) {
        const thread = scene.thread(name, actors.length, !timed.includes(name));
        const semaphore = new Semaphore(thread, memory.record, 'tested');
        actors.push({ slot: actors.length, semaphore, entered: 0, missed: 0 });
      }
      const permits: Permit[] = [];
      while (isHeld && permits.length < size) permits.push(actors.at(-1)!.semaphore.tryAcquire()!);
      return { scene, size, actors, permits };
    },
  };
}

/** Counts, where there is one permit, and else marks that it is inside; then leaves. */
function stayAndRelease({ scene, size }: Contest, actor: Actor, permit: Permit, mayBeTorn = false): void {
  const mark = scene.memory.spare + MARK + actor.slot;
  scene.words.storePlain(mark, 1);
  if (size === 1) scene.count(actor.slot, mayBeTorn);
  scene.words.storePlain(mark, 0);
  actor.entered++;
  permit.release();
}

function acquireAndStay(state: Contest, slot: number, mayBeTorn = false): void {
  const actor = state.actors[slot]!;
  stayAndRelease(state, actor, actor.semaphore.acquireSync(), mayBeTorn);
}

function tryAndStay(state: Contest, slot: number): void {
  const actor = state.actors[slot]!;
  const permit = actor.semaphore.tryAcquire();
  if (permit === undefined) actor.missed++;
  else stayAndRelease(state, actor, permit);
}

/** Waits as the code says, and stays where it gets a permit in time. */
function acquireInTime(state: Contest, slot: number): void {
  const actor = state.actors[slot]!;
  let permit: Permit;
  try {
    permit = actor.semaphore.acquireSync(LATE);
  } catch (error) {
    if (!(error instanceof LockTimeoutError)) throw error;
    actor.missed++;
    return;
  }
  stayAndRelease(state, actor, permit);
}

/** Waits for the end of the victim; where it was killed, does as heap.watch() does. */
function reap({ scene, actors }: Contest, slot: number): void {
  if (scene.findDead('victim', 0)) actors[slot]!.semaphore.forgetDead(0);
}

/** How many threads of `slots` say that they are inside. */
function inside({ scene }: Contest, slots: readonly number[]): number {
  let found = 0;
  for (const slot of slots) found += scene.words.loadPlain(scene.memory.spare + MARK + slot);
  return found;
}

function neverTooMany(state: Contest): void {
  const slots = state.actors.map(({ slot }) => slot);
  assert.ok(inside(state, slots) <= state.size, 'more threads are inside than there are permits');
}

/** A thread that was killed inside is not there any more. */
function neverTooManyOfTheLiving(state: Contest): void {
  assert.ok(inside(state, [1, 2]) <= state.size, 'more threads are inside than there are permits');
}

/** Permits that somebody has, as the words say. */
function taken({ scene, size }: Contest): number {
  const { record, geometry } = scene.memory;
  let found = 0;
  for (let i = 0; i < size; i++) {
    if (scene.words.load(record + LOCK.waiters + geometry.slots + i) !== 0) found++;
  }
  return found;
}

function assertAllLeft(state: Contest): void {
  assert.equal(taken(state), 0, 'a permit is lost');
  state.scene.assertNobodyWaits();
}

export const keepsTwoApart = model<Contest>({
  name: 'of one permit two threads are never inside together, each finds what the last left, and none sleeps on',
  ...contest(['alpha', 'beta'], 1),
  threads: {
    alpha(state) {
      acquireAndStay(state, 0);
      acquireAndStay(state, 0);
    },
    beta: (state) => acquireAndStay(state, 1),
  },
  invariant: neverTooMany,
  final(state) {
    assertAllLeft(state);
    assert.deepEqual(
      state.actors.map(({ entered }) => entered),
      [2, 1],
    );
    assert.equal(state.scene.counted(), 3);
  },
  bounds: { preemptions: 4 },
});

export const givesOutItsPermits = model<Contest>({
  name: 'of two permits at most two of three threads are inside, and all get in',
  ...contest(['alpha', 'beta', 'gamma'], 2),
  threads: {
    alpha: (state) => acquireAndStay(state, 0),
    beta: (state) => acquireAndStay(state, 1),
    gamma: (state) => acquireAndStay(state, 2),
  },
  invariant: neverTooMany,
  final(state) {
    assertAllLeft(state);
    for (const { entered } of state.actors) assert.equal(entered, 1);
  },
  bounds: { preemptions: 3 },
});

export const wakesOneForEachRelease = model<Contest>({
  name: 'two waiters get the two permits that are released, also where one of them was woken in vain before',
  ...contest(['alpha', 'beta', 'owner'], 2, { isHeld: true }),
  threads: {
    alpha: (state) => acquireAndStay(state, 0),
    beta: (state) => acquireAndStay(state, 1),
    owner(state) {
      const [first, second] = state.permits;
      first!.release();
      tryAndStay(state, 2);
      second!.release();
    },
  },
  invariant: neverTooMany,
  final(state) {
    assertAllLeft(state);
    const [alpha, beta] = state.actors;
    assert.deepEqual([alpha!.entered, beta!.entered], [1, 1]);
  },
  bounds: { preemptions: 2 },
  nightly: { preemptions: 3 },
});

export const wakesWhoWaitsForTheNext = model<Contest>({
  name: 'a waiter that could not go while another was to be next is woken when that one has gone',
  ...contest(['alpha', 'beta', 'owner'], 2, { isHeld: true }),
  threads: {
    // Keep what they get: nobody releases any more who could wake the other.
    alpha({ actors: [alpha] }) {
      alpha!.semaphore.acquireSync();
      alpha!.entered++;
    },
    beta({ actors: [, beta] }) {
      beta!.semaphore.acquireSync();
      beta!.entered++;
    },
    owner({ permits: [first, second], actors: [, , owner] }) {
      first!.release();
      const again = owner!.semaphore.tryAcquire();
      again?.release();
      second!.release();
    },
  },
  final(state) {
    const [alpha, beta] = state.actors;
    assert.deepEqual([alpha!.entered, beta!.entered, taken(state)], [1, 1, 2]);
    state.scene.assertNobodyWaits();
  },
  bounds: { preemptions: 2 },
  // Some five times as long.
  nightly: { preemptions: 3 },
});

export const triesWithoutWaiting = model<Contest>({
  name: 'tryAcquire() enters or says no, and says no only while another has the permit',
  ...contest(['alpha', 'beta'], 1),
  threads: {
    alpha(state) {
      tryAndStay(state, 0);
      tryAndStay(state, 0);
    },
    beta(state) {
      tryAndStay(state, 1);
      tryAndStay(state, 1);
    },
  },
  invariant: neverTooMany,
  final(state) {
    assertAllLeft(state);
    const [alpha, beta] = state.actors;
    assert.ok(alpha!.missed === 0 || beta!.entered > 0);
    assert.ok(beta!.missed === 0 || alpha!.entered > 0);
    assert.equal(alpha!.entered + alpha!.missed + beta!.entered + beta!.missed, 4);
  },
});

export const letsAWaiterGoNext = model<Contest>({
  name: 'a waiter is passed by no more than a few who come later',
  ...contest(['waiter', 'owner'], 1, { isHeld: true }),
  threads: {
    waiter: (state) => acquireAndStay(state, 0),
    owner(state) {
      state.scene.awaitWaiter(0);
      state.permits[0]!.release();
      for (let i = 0; i < 5; i++) tryAndStay(state, 1);
    },
  },
  invariant: neverTooMany,
  final(state) {
    assertAllLeft(state);
    const slept = state.scene.sleeps[0] ?? 0;
    assert.ok(slept <= MOST_SLEEPS, `it slept ${slept} times`);
  },
  bounds: { preemptions: 3 },
  // Some 5 s.
  nightly: { preemptions: 4 },
});

export const outlivesItsOwner = model<Contest>({
  name: 'where the thread that had the permit was killed, and its slot found dead, a waiter gets it',
  ...contest(['victim', 'waiter', 'reaper'], 1),
  threads: {
    victim: (state) => acquireAndStay(state, 0),
    waiter: (state) => acquireAndStay(state, 1, true),
    reaper: (state) => reap(state, 2),
  },
  invariant: neverTooManyOfTheLiving,
  final(state) {
    assert.equal(state.actors[1]!.entered, 1);
    assertAllLeft(state);
  },
  bounds: { kills: ['victim'], preemptions: 2 },
});

export const outlivesAWaiter = model<Contest>({
  name: 'where a waiter was killed, also one that was woken just now, the other gets the permit',
  ...contest(['victim', 'waiter', 'owner'], 1, { isHeld: true }),
  threads: {
    victim: (state) => acquireAndStay(state, 0),
    waiter: (state) => acquireAndStay(state, 1, true),
    owner(state) {
      state.permits[0]!.release();
      reap(state, 2);
    },
  },
  invariant: neverTooManyOfTheLiving,
  final(state) {
    assert.equal(state.actors[1]!.entered, 1);
    assertAllLeft(state);
  },
  bounds: { kills: ['victim'], preemptions: 1 },
  // Some 16 s.
  nightly: { preemptions: 2 },
});

export const takesFromTheDeadOnce = model<Contest>({
  name: 'of two that find a thread dead one takes its permit over, and the other waits for it',
  ...contest(['alpha', 'beta', 'victim'], 1, { isHeld: true }),
  threads: {
    alpha: (state) => acquireAndStay(state, 0),
    beta: (state) => acquireAndStay(state, 1),
    // Is its own reaper: what it does after it has died is done in its place.
    victim({ scene, actors }) {
      scene.memory.markDead(scene.words, 2);
      actors[2]!.semaphore.forgetDead(2);
    },
  },
  invariant: neverTooMany,
  final(state) {
    const [alpha, beta] = state.actors;
    assert.deepEqual([alpha!.entered, beta!.entered], [1, 1]);
    assertAllLeft(state);
  },
  bounds: { preemptions: 2 },
});

export const givesUpCleanly = model<Contest>({
  name: 'a waiter that gives up, at any moment, loses no permit and keeps nobody from it',
  ...contest(['late', 'waiter', 'owner'], 1, { isHeld: true, timed: ['late'] }),
  threads: {
    late: (state) => acquireInTime(state, 0),
    waiter: (state) => acquireAndStay(state, 1),
    owner: ({ permits }) => permits[0]!.release(),
  },
  invariant: neverTooMany,
  final(state) {
    assertAllLeft(state);
    const [late, waiter] = state.actors;
    assert.deepEqual([late!.entered + late!.missed, waiter!.entered], [1, 1]);
  },
  bounds: { timeouts: ['late'], preemptions: 2 },
  nightly: { timeouts: ['late'], preemptions: 3 },
});
