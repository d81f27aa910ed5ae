/**
 * The mutex: one thread at a time inside, every waiter gets in, and what one leaves the next finds, wherever a thread
 * is killed. Patient threads sleep without a limit, so a wake-up that is lost is a deadlock.
 *
 * Not shown here: the async side, whose steps are the same, with the event loop between them; a reaper that is killed.
 */
import assert from 'node:assert/strict';
import { CONSISTENCY, LOCK, LOCK_KIND } from '../../src/layout/lock-record.js';
import { LockTimeoutError, NotRecoverableError } from '../../src/locks/lock-errors.js';
import { Mutex, type MutexGuard } from '../../src/locks/mutex.js';
import type { Words } from '../../src/words/words.js';
import { model, type Stage } from '../../tools/checker/model.js';
import { LockMemory } from '../support/lock-stage.js';
import { begunInside, dieInside, guardedMemory, LockScene } from './support/lock-scene.js';

/** One thread of a model, and what came of its attempts. */
interface Actor {
  readonly slot: number;
  readonly mutex: Mutex;
  entered: number;
  missed: number;
  /** How often it was told that the last owner died. */
  told: number;
  /** How often it was told that nobody can use the mutex any more. */
  refused: number;
}

interface Contest {
  readonly scene: LockScene;
  /** By slot. */
  readonly actors: readonly Actor[];
}

/** A memory for the threads `names`, in slots by their order; those in `timed` sleep as long as the code says. */
function contest(names: readonly string[], timed: readonly string[] = []) {
  // The last slot is of a thread that is not there, or has died.
  const memory = new LockMemory({ kind: LOCK_KIND.mutex, threads: names.length + 1 });
  return {
    memory,
    ...guardedMemory(memory),
    setup(stage: Stage): Contest {
      const scene = new LockScene(stage, memory);
      const actors = names.map((name, slot) => ({
        ...{ slot, entered: 0, missed: 0, told: 0, refused: 0 },
        mutex: new Mutex(scene.thread(name, slot, !timed.includes(name)), memory.record, 'tested'),
      }));
      return { scene, actors };
    },
  };
}

/** contest() that begins when the first thread is inside; it leaves by `guard`. */
function heldContest(names: readonly string[], timed: readonly string[] = []) {
  const made = contest(names, timed);
  return { ...made, setup: begunInside(made.setup, ({ actors }) => actors[0]!.mutex.lockSync()) };
}

type HeldContest = Contest & { readonly guard: MutexGuard };

/** contest() over a mutex whose owner has died inside, after it changed one of the two words. */
function deadOwnersContest(names: readonly string[]) {
  const made = contest(names);
  const { memory, prepare } = made;
  return {
    ...made,
    prepare(words: Words): void {
      prepare(words);
      dieInside(words, memory, names.length);
    },
  };
}

const LATE = { timeoutMillis: 5 };
/** So often a waiter looks, is woken in vain, and sleeps again, before it is to be next. */
const MOST_SLEEPS = 3;

/** Counts inside, repairs what a dead owner left, and leaves. */
function countAndRelease({ scene }: Contest, actor: Actor, guard: MutexGuard): void {
  scene.count(actor.slot, guard.ownerDied);
  if (guard.ownerDied) {
    actor.told++;
    guard.markConsistent();
  }
  actor.entered++;
  guard.release();
}

function lockAndCount(state: Contest, slot: number): void {
  const actor = state.actors[slot]!;
  countAndRelease(state, actor, actor.mutex.lockSync());
}

/** Counts inside where a dead owner left no more than it should, and repairs nothing. */
function lockAndLeave(state: Contest, slot: number): void {
  const actor = state.actors[slot]!;
  try {
    const guard = actor.mutex.lockSync();
    if (guard.ownerDied) actor.told++;
    actor.entered++;
    guard.release();
  } catch (error) {
    if (!(error instanceof NotRecoverableError)) throw error;
    actor.refused++;
  }
}

/** Waits for the end of the thread of slot 0; where it was killed, does as heap.watch() does. */
function reap({ scene, actors }: Contest, slot: number): void {
  if (!scene.findDead('victim', 0)) return;
  actors[slot]!.mutex.forgetDead(0);
  assert.equal(scene.place(0), 0, 'the dead is still in the queue');
}

function tryAndCount(state: Contest, slot: number): void {
  const actor = state.actors[slot]!;
  const guard = actor.mutex.tryLock();
  if (guard === undefined) actor.missed++;
  else countAndRelease(state, actor, guard);
}

/** Counts inside, or gives up. */
function lockInTime(state: Contest, slot: number): void {
  const actor = state.actors[slot]!;
  let guard: MutexGuard;
  try {
    guard = actor.mutex.lockSync(LATE);
  } catch (error) {
    if (!(error instanceof LockTimeoutError)) throw error;
    actor.missed++;
    return;
  }
  countAndRelease(state, actor, guard);
}

/** While a thread is inside, the owner word names it. */
function ownerIsNamed({ scene, actors }: Contest): void {
  scene.assertInsideIsNamed(actors.length);
}

function assertFree({ scene }: Contest): void {
  const owner = scene.words.loadPlain(scene.memory.record + LOCK.owner);
  assert.equal(owner, 0, 'the mutex is free, and nobody waits for it, when all have left');
  scene.assertNobodyWaits();
}

function toldInAll({ actors }: Contest): number {
  let told = 0;
  for (const actor of actors) told += actor.told;
  return told;
}

/**
 * After the thread of slot 0 may have been killed: the others have left, and one more gets in as well. One in all
 * was told where the killed was inside, and at most one elsewhere.
 */
function assertOutlived(state: Contest, late: number): void {
  const { scene, actors } = state;
  tryAndCount(state, late);
  assert.equal(actors[late]!.entered, 1, 'the mutex is not to be had when all have left or are dead');
  const told = toldInAll(state) - actors[0]!.told;
  assert.ok(told === 1 || (told === 0 && !scene.isInside(0)), `${told} were told that the owner died`);
  assertFree(state);
}

function assertCounted(state: Contest): void {
  assertFree(state);
  let entered = 0;
  for (const actor of state.actors) entered += actor.entered;
  assert.equal(state.scene.counted(), entered);
}

export const keepsTwoApart = model<Contest>({
  name: 'two threads that lock it twice each are never inside together, and each finds what the last left',
  ...contest(['alpha', 'beta']),
  threads: {
    alpha(state) {
      lockAndCount(state, 0);
      lockAndCount(state, 0);
    },
    beta(state) {
      lockAndCount(state, 1);
      lockAndCount(state, 1);
    },
  },
  invariant: ownerIsNamed,
  final(state) {
    assertCounted(state);
    assert.equal(state.scene.counted(), 4);
  },
  bounds: { preemptions: 3 },
});

/** The thread that has it in the beginning counts and leaves, and comes again in passing. */
function leaveAndBarge(state: HeldContest): void {
  countAndRelease(state, state.actors[0]!, state.guard);
  tryAndCount(state, 0);
}

export const letsEveryWaiterIn = model<HeldContest>({
  name: 'all who wait get in, though the owner comes again in passing, and none is left asleep',
  ...heldContest(['owner', 'alpha', 'beta']),
  threads: {
    owner: leaveAndBarge,
    alpha: (state) => lockAndCount(state, 1),
    beta: (state) => lockAndCount(state, 2),
  },
  final(state) {
    assertCounted(state);
    assert.equal(state.actors[1]!.entered, 1);
    assert.equal(state.actors[2]!.entered, 1);
  },
  bounds: { preemptions: 2 },
});

export const triesWithoutWaiting = model<Contest>({
  name: 'tryLock() never waits, keeps others out like any owner, and forgets nobody who waits',
  ...contest(['alpha', 'beta']),
  threads: {
    alpha(state) {
      tryAndCount(state, 0);
      tryAndCount(state, 0);
    },
    beta(state) {
      lockAndCount(state, 1);
      tryAndCount(state, 1);
    },
  },
  invariant: ownerIsNamed,
  final(state) {
    assertCounted(state);
    const [alpha, beta] = state.actors;
    assert.equal(alpha!.entered + alpha!.missed, 2);
    assert.equal(beta!.entered + beta!.missed, 2);
    assert.ok(beta!.entered > 0);
  },
});

export const wakesOneForARelease = model<HeldContest>({
  name: 'a release wakes one of those who wait, and the next only once that one has left the queue',
  ...heldContest(['owner', 'alpha', 'beta']),
  threads: {
    owner({ scene, guard }) {
      scene.awaitWaiter(1);
      scene.awaitWaiter(2);
      guard.release();
    },
    alpha: (state) => lockAndCount(state, 1),
    beta: (state) => lockAndCount(state, 2),
  },
  invariant: ({ scene }) => assert.ok(scene.woken() <= 1, `${scene.woken()} are awake at once`),
  final: assertCounted,
  bounds: { preemptions: 2 },
});

/** Locks in passing as often as it gets it, and never in front of who is to be next. */
function barge({ scene, actors: [barger] }: Contest): void {
  const next = scene.words.load(scene.memory.record + LOCK.handoff);
  const guard = barger!.mutex.tryLock();
  if (guard === undefined) return;
  assert.ok(next === 0 || scene.counted() === 1, 'a barger got in before the one that is to be next');
  guard.release();
}

export const isNextWhenWokenInVain = model<HeldContest>({
  name: 'a waiter that was woken in vain is the next to get it, however often others come in passing',
  ...heldContest(['barger', 'waiter']),
  threads: {
    barger(state) {
      state.scene.awaitWaiter(1);
      state.guard.release();
      for (let times = 0; times <= MOST_SLEEPS; times++) barge(state);
    },
    waiter: (state) => lockAndCount(state, 1),
  },
  final(state) {
    assertFree(state);
    const sleeps = state.scene.sleeps[1] ?? 0;
    assert.ok(sleeps <= MOST_SLEEPS, `the waiter went to sleep ${sleeps} times`);
  },
  bounds: { preemptions: 3 },
});

export const givesUpWithoutHarm = model<HeldContest>({
  name: 'a thread that gives up, at whatever moment, takes neither the mutex nor the wake-up of another with it',
  ...heldContest(['owner', 'impatient', 'patient'], ['impatient']),
  threads: {
    owner: leaveAndBarge,
    impatient: (state) => lockInTime(state, 1),
    patient: (state) => lockAndCount(state, 2),
  },
  invariant: ownerIsNamed,
  final(state) {
    assertCounted(state);
    const [, impatient, patient] = state.actors;
    assert.equal(impatient!.entered + impatient!.missed, 1);
    assert.equal(patient!.entered, 1);
  },
  bounds: { timeouts: ['impatient'], preemptions: 2 },
});

export const outlivesAKilledThread = model<Contest>({
  name: 'wherever a thread is killed, the others get in, and one is told where it died inside',
  ...contest(['victim', 'alpha', 'beta', 'reaper']),
  threads: {
    victim: (state) => lockAndCount(state, 0),
    alpha: (state) => lockAndCount(state, 1),
    beta: (state) => lockAndCount(state, 2),
    reaper: (state) => reap(state, 3),
  },
  invariant: ({ scene }) => scene.assertNextWaits(),
  final(state) {
    assert.equal(state.actors[1]!.entered, 1);
    assert.equal(state.actors[2]!.entered, 1);
    assertOutlived(state, 3);
  },
  bounds: { kills: ['victim'], preemptions: 1 },
});

export const outlivesAKilledOwner = model<HeldContest>({
  name: 'where the owner is killed on its way out, those who wait get in',
  ...heldContest(['victim', 'alpha', 'beta', 'reaper']),
  threads: {
    victim: (state) => countAndRelease(state, state.actors[0]!, state.guard),
    alpha: (state) => lockAndCount(state, 1),
    beta: (state) => lockAndCount(state, 2),
    reaper: (state) => reap(state, 3),
  },
  invariant: ({ scene }) => scene.assertNextWaits(),
  final(state) {
    assert.equal(state.actors[1]!.entered, 1);
    assert.equal(state.actors[2]!.entered, 1);
    assertOutlived(state, 3);
  },
  bounds: { kills: ['victim'], preemptions: 1 },
});

export const outlivesAKilledBarger = model<Contest>({
  name: 'a thread that is killed in tryLock(), or on its way out, leaves nobody asleep',
  ...contest(['victim', 'alpha', 'reaper']),
  threads: {
    victim(state) {
      tryAndCount(state, 0);
      tryAndCount(state, 0);
    },
    alpha: (state) => lockAndCount(state, 1),
    reaper: (state) => reap(state, 2),
  },
  invariant: ({ scene }) => scene.assertNextWaits(),
  final(state) {
    assert.equal(state.actors[1]!.entered, 1);
    assertOutlived(state, 2);
  },
  bounds: { kills: ['victim'] },
});

export const outlivesWhoGivesUp = model<Contest>({
  name: 'a thread that is killed while it gives up leaves nobody asleep',
  ...contest(['victim', 'alpha', 'beta', 'reaper'], ['victim']),
  threads: {
    victim: (state) => lockInTime(state, 0),
    alpha: (state) => lockAndCount(state, 1),
    beta: (state) => lockAndCount(state, 2),
    reaper: (state) => reap(state, 3),
  },
  invariant: ({ scene }) => scene.assertNextWaits(),
  final(state) {
    assert.equal(state.actors[1]!.entered, 1);
    assert.equal(state.actors[2]!.entered, 1);
    assertOutlived(state, 3);
  },
  bounds: { kills: ['victim'], timeouts: ['victim'], preemptions: 1 },
});

export const findsADeadOwnerByItself = model<Contest>({
  name: 'a waiter whom nobody wakes finds by itself that the owner is dead, or that the mutex is free',
  ...contest(['victim', 'waiter', 'reaper'], ['waiter']),
  threads: {
    victim: (state) => lockAndCount(state, 0),
    waiter: (state) => lockAndCount(state, 1),
    // Proof of death, and no more.
    reaper: ({ scene }) => void scene.findDead('victim', 0),
  },
  final: ({ actors }) => assert.equal(actors[1]!.entered, 1),
  bounds: { kills: ['victim'] },
});

export const isRepairedOnce = model<Contest>({
  name: 'who gets the mutex of a dead owner first is told, and once it says that all is whole nobody else is',
  ...deadOwnersContest(['alpha', 'beta', 'gamma']),
  threads: {
    alpha: (state) => lockAndCount(state, 0),
    beta: (state) => lockAndCount(state, 1),
    gamma: (state) => tryAndCount(state, 2),
  },
  final(state) {
    assertFree(state);
    assert.equal(toldInAll(state), 1);
    const { memory, words } = state.scene;
    assert.equal(words.loadPlain(memory.record + LOCK.consistency), CONSISTENCY.consistent);
  },
  bounds: { preemptions: 2 },
});

export const tellsAgainWhereTheRepairerDies = model<Contest>({
  name: 'where a thread is killed while it repairs, the next is told, and finds nothing half changed untold',
  ...deadOwnersContest(['victim', 'alpha', 'reaper']),
  threads: {
    victim: (state) => lockAndCount(state, 0),
    alpha: (state) => lockAndCount(state, 1),
    reaper: (state) => reap(state, 2),
  },
  invariant: ({ scene }) => scene.assertNextWaits(),
  final(state) {
    assert.equal(state.actors[1]!.entered, 1);
    // Whoever comes in untold finds whole what is guarded.
    tryAndCount(state, 2);
    assert.equal(state.actors[2]!.entered, 1);
    assertFree(state);
  },
  bounds: { kills: ['victim'] },
});

export const isLostWhereNobodyRepairs = model<Contest>({
  name: 'released unrepaired, the mutex is refused to everyone, also to who sleeps',
  ...deadOwnersContest(['alpha', 'beta', 'gamma']),
  threads: {
    alpha: (state) => lockAndLeave(state, 0),
    beta: (state) => lockAndLeave(state, 1),
    gamma: (state) => lockAndLeave(state, 2),
  },
  final(state) {
    assertFree(state);
    assert.equal(toldInAll(state), 1);
    for (const { entered, told, refused } of state.actors) {
      assert.equal(entered, told);
      assert.equal(entered + refused, 1);
    }
    assert.throws(() => state.actors[0]!.mutex.tryLock(), NotRecoverableError);
  },
  bounds: { preemptions: 2 },
});
