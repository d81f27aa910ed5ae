/**
 * The condition: who waits when it is notified goes on, one for each notification, wherever a thread is killed.
 * Patient threads sleep without a limit, so a notification that is lost is a deadlock.
 *
 *     items   how many there are to take; changed plainly, with the mutex
 *     left    1 as long as somebody may bring one
 *
 * Not shown here: async tasks, several of which may wait in one thread; a reaper that is killed; that the order is that
 * of the waiters.
 */
import assert from 'node:assert/strict';
import { GRANTED_ONE, LOCK, LOCK_KIND } from '../../src/layout/lock-record.js';
import { CondVar } from '../../src/locks/cond-var.js';
import { Mutex, type MutexGuard } from '../../src/locks/mutex.js';
import { model, type Stage } from '../../tools/checker/model.js';
import { LockMemory } from '../support/lock-stage.js';
import { LockScene, nameOfGuarded } from './support/lock-scene.js';

/** One thread of a model, and what came of its waits. */
interface Actor {
  readonly slot: number;
  readonly mutex: Mutex;
  readonly condition: CondVar;
  taken: number;
  /** Waits that were not notified in time. */
  missed: number;
  /** Whether its waits had begun when a notifyOne() of it found nobody. */
  unheard: number;
}

interface Party {
  readonly scene: LockScene;
  readonly items: number;
  /** By slot. */
  readonly actors: readonly Actor[];
}

/** A memory for the threads `names`, in slots by their order; those in `timed` sleep as long as the code says. */
function party(names: readonly string[], timed: readonly string[] = []) {
  const shapes = { kind: LOCK_KIND.mutex, more: [{ kind: LOCK_KIND.condVar }], threads: names.length };
  const memory = new LockMemory(shapes);
  const [mutexRecord, conditionRecord] = memory.records as [number, number];
  return {
    lengthWords: memory.lengthWords,
    prepare: memory.prepare,
    nameOf: (index: number) => ['items', 'second'][index - memory.spare] ?? nameOfGuarded(memory, index),
    setup(stage: Stage): Party {
      const scene = new LockScene(stage, memory);
      const actors: Actor[] = [];
      for (let slot = 0; slot < names.length; slot++) {
        const name = names[slot]!;
        const thread = scene.thread(name, slot, !timed.includes(name));
        const mutex = new Mutex(thread, mutexRecord, 'guarding');
        const condition = new CondVar(thread, conditionRecord, 'tested');
        actors.push({ slot, mutex, condition, taken: 0, missed: 0, unheard: 0 });
      }
      return { scene, items: memory.spare, actors };
    },
  };
}

const LATE = { timeoutMillis: 5 };
/** Behind the items: 1 once a second notification is on its way. */
const SECOND = 1;

/** Locks, and repairs what a dead owner left: an item more or less is as good. */
function lock({ mutex }: Actor): MutexGuard {
  const guard = mutex.lockSync();
  repair(guard);
  return guard;
}

function repair(guard: MutexGuard): void {
  if (guard.ownerDied) guard.markConsistent();
}

/** Takes an item, waiting for one as long as it takes. */
function take({ scene, items, actors }: Party, slot: number): void {
  const { words } = scene;
  const actor = actors[slot]!;
  const guard = lock(actor);
  while (words.loadPlain(items) === 0) {
    actor.condition.waitSync(guard);
    repair(guard);
  }
  words.storePlain(items, words.loadPlain(items) - 1);
  actor.taken++;
  guard.release();
}

/** Waits until there is an item, and leaves it where it is. */
function see({ scene, items, actors }: Party, slot: number): void {
  const actor = actors[slot]!;
  const guard = lock(actor);
  while (scene.words.loadPlain(items) === 0) {
    actor.condition.waitSync(guard);
    repair(guard);
  }
  actor.taken++;
  guard.release();
}

/** see(), and tells the next, who waits for the same. */
function seeAndTell(state: Party, slot: number): void {
  see(state, slot);
  state.actors[slot]!.condition.notifyOne();
}

/** Brings an item, and says so to one once it has let the mutex go. */
function bring({ scene, items, actors }: Party, slot: number): void {
  const { words } = scene;
  const actor = actors[slot]!;
  const guard = lock(actor);
  words.storePlain(items, words.loadPlain(items) + 1);
  guard.release();
  if (!actor.condition.notifyOne()) actor.unheard++;
}

/** Counts of the thread of a slot. */
function countsOf({ memory }: LockScene, slot: number): number {
  return memory.records[1]! + LOCK.waiters + memory.geometry.slots + slot;
}

/** Goes on once the thread of `slot` waits for the condition. */
function awaitWaiter({ scene }: Party, slot: number): void {
  while (scene.words.load(countsOf(scene, slot)) === 0) scene.words.pause();
}

/** How many are granted and have not taken it off yet. For who looks on. */
function granted({ scene }: Party): number {
  let sum = 0;
  for (let slot = 0; slot < scene.memory.geometry.slots; slot++) {
    sum += Math.floor(scene.words.loadPlain(countsOf(scene, slot)) / GRANTED_ONE);
  }
  return sum;
}

/** Waits for the end of the thread of slot 0; where it was killed, does as heap.watch() does. */
function reap({ scene, actors }: Party, slot: number): void {
  if (!scene.findDead('victim', 0)) return;
  actors[slot]!.mutex.forgetDead(0);
  actors[slot]!.condition.forgetDead(0);
}

function assertNobodyWaits({ scene, actors }: Party): void {
  const { words, memory } = scene;
  for (let slot = 0; slot < memory.geometry.slots; slot++) {
    assert.equal(words.loadPlain(countsOf(scene, slot)), 0, `the thread of slot ${slot} still waits`);
    const place = words.loadPlain(memory.records[1]! + LOCK.waiters + slot);
    assert.equal(place, 0, `the thread of slot ${slot} still has a place`);
  }
  const guard = actors.at(-1)!.mutex.tryLock();
  assert.ok(guard !== undefined, 'the mutex is free in the end');
  guard.release();
}

function itemsLeft({ scene, items }: Party): number {
  return scene.words.loadPlain(items);
}

export const losesNoNotification = model<Party>({
  name: 'who waits for what another brings and notifies of goes on, and has the mutex',
  ...party(['waiter', 'notifier']),
  threads: {
    waiter: (state) => take(state, 0),
    notifier: (state) => bring(state, 1),
  },
  final(state) {
    assertNobodyWaits(state);
    assert.equal(itemsLeft(state), 0);
    assert.equal(state.actors[0]!.taken, 1);
  },
});

export const wakesOneForEach = model<Party>({
  name: 'two that wait are each woken by one of two notifications, and none is for the wrong one',
  ...party(['alpha', 'beta', 'notifier']),
  threads: {
    alpha: (state) => take(state, 0),
    beta: (state) => take(state, 1),
    notifier(state) {
      bring(state, 2);
      bring(state, 2);
    },
  },
  final(state) {
    assertNobodyWaits(state);
    assert.equal(itemsLeft(state), 0);
  },
  bounds: { preemptions: 2 },
  // Some ten times as long.
  nightly: { preemptions: 3 },
});

export const wakesOnlyOne = model<Party>({
  name: 'notifyOne() wakes one of those who wait, and the other sleeps until it is notified',
  ...party(['alpha', 'beta', 'notifier']),
  threads: {
    alpha: (state) => see(state, 0),
    beta: (state) => see(state, 1),
    notifier(state) {
      awaitWaiter(state, 0);
      awaitWaiter(state, 1);
      bring(state, 2);
      assert.equal(state.actors[2]!.unheard, 0, 'notifyOne() says that nobody waits');
      state.scene.words.store(state.items + SECOND, 1);
      assert.ok(state.actors[2]!.condition.notifyOne(), 'the second is not found');
    },
  },
  invariant(state) {
    const given = 1 + state.scene.words.loadPlain(state.items + SECOND);
    assert.ok(granted(state) <= given, `${granted(state)} were notified by ${given}`);
  },
  final(state) {
    assertNobodyWaits(state);
    assert.equal(state.actors[0]!.taken + state.actors[1]!.taken, 2);
  },
  bounds: { preemptions: 2 },
  // Some ten times as long.
  nightly: { preemptions: 3 },
});

export const wakesAll = model<Party>({
  name: 'notifyAll() wakes everyone that waits',
  ...party(['alpha', 'beta', 'notifier']),
  threads: {
    alpha: (state) => see(state, 0),
    beta: (state) => see(state, 1),
    notifier({ scene, items, actors }) {
      const { mutex, condition } = actors[2]!;
      const guard = mutex.lockSync();
      scene.words.storePlain(items, 1);
      condition.notifyAll();
      guard.release();
    },
  },
  final: assertNobodyWaits,
  bounds: { preemptions: 2 },
});

/** Waits once, for a moment; where it is notified, it lets another know. */
function waitForAMoment({ scene, items, actors }: Party, slot: number): void {
  const actor = actors[slot]!;
  const guard = lock(actor);
  if (scene.words.loadPlain(items) === 0) {
    if (!actor.condition.waitSync(guard, LATE)) actor.missed++;
    else {
      assert.ok(scene.words.loadPlain(items) > 0, 'notified, and nothing is there');
      actor.condition.notifyOne();
    }
  }
  guard.release();
}

export const givesUpWithoutHarm = model<Party>({
  name: 'a waiter that gives up, at whatever moment, takes no notification with it that it does not know of',
  ...party(['impatient', 'patient', 'notifier'], ['impatient']),
  threads: {
    impatient: (state) => waitForAMoment(state, 0),
    patient: (state) => see(state, 1),
    notifier: (state) => bring(state, 2),
  },
  final(state) {
    assertNobodyWaits(state);
    assert.equal(state.actors[1]!.taken, 1);
  },
  bounds: { timeouts: ['impatient'], preemptions: 2 },
});

export const passesOnWhatTheDeadWasTold = model<Party>({
  name: 'where a waiter is killed, told or not, the others that wait come to know',
  ...party(['victim', 'other', 'notifier', 'reaper']),
  threads: {
    victim: (state) => seeAndTell(state, 0),
    other: (state) => seeAndTell(state, 1),
    notifier: (state) => bring(state, 2),
    reaper: (state) => reap(state, 3),
  },
  final(state) {
    assertNobodyWaits(state);
    assert.equal(state.actors[1]!.taken, 1);
  },
  bounds: { kills: ['victim'], preemptions: 1 },
  // Some thirty times as long.
  nightly: { preemptions: 2 },
});

/** Brings what the dead has not brought; tells nobody where it has. */
function bringInstead({ scene, items, actors }: Party, slot: number): void {
  const actor = actors[slot]!;
  const guard = lock(actor);
  if (scene.words.loadPlain(items) === 0) {
    scene.words.storePlain(items, 1);
    actor.condition.notifyOne();
  }
  guard.release();
}

export const wakesWhereTheNotifierDies = model<Party>({
  name: 'where a notifier is killed after what it brings is there, and before it said so, who waits is woken',
  ...party(['victim', 'waiter', 'reaper']),
  threads: {
    victim: (state) => bring(state, 0),
    waiter: (state) => see(state, 1),
    reaper(state) {
      reap(state, 2);
      bringInstead(state, 2);
    },
  },
  final(state) {
    assertNobodyWaits(state);
    assert.equal(state.actors[1]!.taken, 1);
  },
  bounds: { kills: ['victim'], preemptions: 2 },
});

export const findsAGrantByItself = model<Party>({
  name: 'a waiter that was granted, and whom nobody woke, finds it out by itself',
  ...party(['victim', 'waiter', 'reaper'], ['waiter']),
  threads: {
    victim: (state) => void state.actors[0]!.condition.notifyOne(),
    waiter: (state) => see(state, 1),
    // Proof of death, and what was to be brought.
    reaper(state) {
      state.scene.findDead('victim', 0);
      awaitWaiter(state, 1);
      const guard = lock(state.actors[2]!);
      state.scene.words.storePlain(state.items, 1);
      guard.release();
      if (state.scene.words.load(countsOf(state.scene, 1)) < GRANTED_ONE)
        state.actors[2]!.condition.notifyOne();
    },
  },
  final: (state) => assert.equal(state.actors[1]!.taken, 1),
  bounds: { kills: ['victim'], preemptions: 2 },
});
