/**
 * The adaptive spin lock: one thread at a time inside, every waiter gets in, whether it looks or sleeps, and wherever a
 * thread is killed. Patient threads sleep without a limit, so a wake-up that is lost is a deadlock.
 *
 * Not shown here: how long a thread looks before it sleeps, which is a matter of processors.
 */
import assert from 'node:assert/strict';
import { LOCK_KIND } from '../../src/layout/lock-record.js';
import { LockTimeoutError } from '../../src/locks/lock-errors.js';
import { SpinLock } from '../../src/locks/spin-lock.js';
import { model, type Stage } from '../../tools/checker/model.js';
import { LockMemory } from '../support/lock-stage.js';
import { guardedMemory, LockScene, nameOfGuarded } from './support/lock-scene.js';

/** The lock word, behind what LockScene guards. */
const WORD = 8;
/** Looks of a thread that may not sleep: more than the lock word changes in any model here. */
const PATIENT = 20;
/**
 * Looks of a thread that may sleep. One that pauses is let go on when the word has changed, so with any look at all it
 * would hardly ever be asleep when the owner releases.
 */
const SLEEPS_AT_ONCE = 0;

/** One thread of a model, and what came of its attempts. */
interface Actor {
  readonly slot: number;
  readonly lock: SpinLock;
  entered: number;
  missed: number;
  /** How often it was told that the last owner died. */
  told: number;
  /** Slot that the error of a timed-out acquire() names; -1: there was none. */
  timedOutOn: number;
}

interface Contest {
  readonly scene: LockScene;
  readonly word: number;
  readonly tags: readonly number[];
  /** By slot. */
  readonly actors: readonly Actor[];
}

/** What the threads of a model are, beside patient. */
interface Manners {
  /** Sleep as long as the code says. */
  readonly timed?: readonly string[];
  /** Are in a turn. */
  readonly inTurn?: readonly string[];
}

/** A memory for the threads `names`, in slots by their order. */
function contest(names: readonly string[], { timed = [], inTurn = [] }: Manners = {}) {
  const memory = new LockMemory({ kind: LOCK_KIND.mutex, threads: names.length });
  const word = memory.spare + WORD;
  return {
    ...guardedMemory(memory),
    nameOf: (index: number) => (index === word ? 'lock' : nameOfGuarded(memory, index)),
    setup(stage: Stage): Contest {
      const scene = new LockScene(stage, memory);
      const tags: number[] = [];
      const actors = names.map((name, slot) => {
        const thread = scene.thread(name, slot, !timed.includes(name));
        thread.isInTurn = inTurn.includes(name);
        tags.push(thread.tag);
        const lock = new SpinLock(thread, word, thread.isInTurn ? PATIENT : SLEEPS_AT_ONCE, 'tested');
        return { slot, lock, entered: 0, missed: 0, told: 0, timedOutOn: -1 };
      });
      return { scene, word, tags, actors };
    },
  };
}

/** contest() that begins when the thread of slot `owner` is inside. */
function heldContest(names: readonly string[], owner: number) {
  const made = contest(names);
  return {
    ...made,
    setup(stage: Stage): Contest {
      const state = made.setup(stage);
      state.actors[owner]!.lock.acquire();
      return state;
    },
  };
}

/** Counts inside, and leaves. */
function countAndRelease({ scene }: Contest, actor: Actor): void {
  const ownerDied = actor.lock.ownerDied();
  if (ownerDied) actor.told++;
  scene.count(actor.slot, ownerDied);
  actor.entered++;
  actor.lock.release();
}

function acquireAndCount(state: Contest, slot: number): void {
  const actor = state.actors[slot]!;
  actor.lock.acquire();
  countAndRelease(state, actor);
}

function tryAndCount(state: Contest, slot: number): void {
  const actor = state.actors[slot]!;
  if (actor.lock.tryAcquire()) countAndRelease(state, actor);
  else actor.missed++;
}

/** Counts inside, or notes whom the error names. */
function acquireOrGiveUp(state: Contest, slot: number): void {
  const actor = state.actors[slot]!;
  try {
    actor.lock.acquire();
  } catch (error) {
    if (!(error instanceof LockTimeoutError)) throw error;
    actor.timedOutOn = error.ownerSlot;
    return;
  }
  countAndRelease(state, actor);
}

/** Waits for the end of the victim; where it was killed, does as heap.watch() does. */
function reap({ scene, actors }: Contest, slot: number): void {
  if (scene.findDead('victim', 0)) actors[slot]!.lock.forgetDead();
}

/** While a thread is inside, the lock word names it. */
function ownerIsNamed({ scene, word, tags }: Contest): void {
  for (const [slot, tag] of tags.entries()) {
    if (!scene.isInside(slot)) continue;
    assert.equal(
      scene.words.load(word) & 0x7fffffff,
      tag,
      `thread of slot ${slot} is inside, and not the owner`,
    );
  }
}

/** While a thread that lives is inside: who was killed there is no owner any more. */
function livingOwnerIsNamed({ scene, word, tags }: Contest): void {
  for (const slot of [1, 2]) {
    if (!scene.isInside(slot)) continue;
    assert.equal(scene.words.load(word) & 0x7fffffff, tags[slot], `thread of slot ${slot} is not the owner`);
  }
}

function assertCounted({ scene, word, actors }: Contest): void {
  let entered = 0;
  for (const actor of actors) entered += actor.entered;
  assert.equal(scene.counted(), entered);
  assert.equal(scene.words.load(word), 0, 'the lock is free when all have left');
}

export const keepsTwoApart = model<Contest>({
  name: 'two threads that take the lock again and again are never inside together, and no wake-up is lost',
  ...contest(['alpha', 'beta']),
  threads: {
    alpha(state) {
      acquireAndCount(state, 0);
      acquireAndCount(state, 0);
    },
    beta: (state) => acquireAndCount(state, 1),
  },
  invariant: ownerIsNamed,
  final(state) {
    assertCounted(state);
    assert.deepEqual(
      state.actors.map(({ entered, told }) => [entered, told]),
      [
        [2, 0],
        [1, 0],
      ],
    );
  },
});

export const wakesEverySleeper = model<Contest>({
  name: 'three threads that want the lock all get it, one after the other, without a time-out',
  ...contest(['alpha', 'beta', 'gamma']),
  threads: {
    alpha: (state) => acquireAndCount(state, 0),
    beta: (state) => acquireAndCount(state, 1),
    gamma: (state) => acquireAndCount(state, 2),
  },
  invariant: ownerIsNamed,
  final(state) {
    assertCounted(state);
    for (const { entered } of state.actors) assert.equal(entered, 1);
  },
  bounds: { preemptions: 4 },
});

export const passesNoSleeperBy = model<Contest>({
  name: 'one that looks on and takes the lock in passing leaves nobody asleep',
  ...contest(['alpha', 'beta', 'gamma'], { inTurn: ['gamma'] }),
  threads: {
    alpha: (state) => acquireAndCount(state, 0),
    beta: (state) => acquireAndCount(state, 1),
    gamma(state) {
      acquireAndCount(state, 2);
      tryAndCount(state, 2);
    },
  },
  invariant: ownerIsNamed,
  final(state) {
    assertCounted(state);
    const [alpha, beta, gamma] = state.actors;
    assert.deepEqual([alpha!.entered, beta!.entered, gamma!.entered + gamma!.missed], [1, 1, 2]);
    assert.equal(state.scene.sleeps[2], undefined, 'a thread in a turn has slept');
  },
  bounds: { preemptions: 3 },
  // Some five times as long.
  nightly: { preemptions: 5 },
});

export const triesWithoutWaiting = model<Contest>({
  name: 'tryAcquire() enters or says no, and says no only while another is inside',
  ...contest(['alpha', 'beta']),
  threads: {
    alpha(state) {
      tryAndCount(state, 0);
      tryAndCount(state, 0);
    },
    beta(state) {
      tryAndCount(state, 1);
      tryAndCount(state, 1);
    },
  },
  invariant: ownerIsNamed,
  final(state) {
    assertCounted(state);
    const [alpha, beta] = state.actors;
    assert.equal(alpha!.entered + alpha!.missed, 2);
    assert.equal(beta!.entered + beta!.missed, 2);
    assert.ok(alpha!.missed === 0 || beta!.entered > 0);
    assert.ok(beta!.missed === 0 || alpha!.entered > 0);
    assert.deepEqual(state.scene.sleeps, []);
  },
});

export const outlivesItsOwner = model<Contest>({
  name: 'where the owner was killed, and its slot found dead, the next gets in, and is told once if it died inside',
  ...contest(['victim', 'sleeper', 'reaper']),
  threads: {
    victim: (state) => acquireAndCount(state, 0),
    sleeper(state) {
      acquireAndCount(state, 1);
      acquireAndCount(state, 1);
    },
    reaper: (state) => reap(state, 2),
  },
  invariant: livingOwnerIsNamed,
  final({ scene, actors, word }) {
    const [, sleeper] = actors;
    assert.equal(sleeper!.entered, 2);
    const owner = scene.words.load(word) & 0x7fffffff;
    if (owner !== 0) assert.equal(sleeper!.told, 0, 'the victim came last');
    else if (scene.isInside(0)) assert.equal(sleeper!.told, 1, 'it died inside, and nobody was told');
  },
  bounds: { kills: ['victim'] },
});

export const outlivesAWaiter = model<Contest>({
  name: 'where a waiter was killed, also one that was woken just now, the other gets in',
  ...heldContest(['victim', 'waiter', 'owner'], 2),
  threads: {
    victim: (state) => acquireAndCount(state, 0),
    waiter: (state) => acquireAndCount(state, 1),
    owner(state) {
      countAndRelease(state, state.actors[2]!);
      reap(state, 2);
    },
  },
  invariant: livingOwnerIsNamed,
  final({ actors }) {
    for (const { entered } of actors.slice(1)) assert.equal(entered, 1);
  },
  bounds: { kills: ['victim'], preemptions: 2 },
  // Some five times as long.
  nightly: { preemptions: 3 },
});

export const takesOverOnce = model<Contest>({
  name: 'of two that find the owner dead one takes the lock over, and the other waits for it',
  ...contest(['victim', 'alpha', 'beta'], { inTurn: ['beta'] }),
  threads: {
    // Is its own reaper: what it does after it took the lock is done in its place.
    victim({ actors: [victim], scene }) {
      victim!.lock.acquire();
      scene.memory.markDead(scene.words, 0);
      victim!.lock.forgetDead();
    },
    alpha: (state) => acquireAndCount(state, 1),
    beta: (state) => acquireAndCount(state, 2),
  },
  invariant: livingOwnerIsNamed,
  final({ scene, actors, word }) {
    const [, alpha, beta] = actors;
    assert.deepEqual([alpha!.entered, beta!.entered, scene.counted()], [1, 1, 2]);
    const owner = scene.words.load(word) & 0x7fffffff;
    assert.ok(
      alpha!.told + beta!.told + (owner === 0 ? 0 : 1) === 1,
      'one was told, unless the dead came last',
    );
  },
  bounds: { preemptions: 3 },
  // Some three times as long.
  nightly: { preemptions: 5 },
});

export const endsWhereNobodyReaps = model<Contest>({
  name: 'where the owner was killed and nobody finds it dead, who sleeps and who looks end in LockTimeoutError',
  ...contest(['owner', 'sleeper', 'looker'], { timed: ['sleeper'], inTurn: ['looker'] }),
  threads: {
    owner: (state) => acquireAndCount(state, 0),
    sleeper: (state) => acquireOrGiveUp(state, 1),
    looker: (state) => acquireOrGiveUp(state, 2),
  },
  invariant: ownerIsNamed,
  final({ scene, word, actors: [, ...others], tags }) {
    const holder = scene.words.load(word) & 0x7fffffff;
    assert.ok(holder === 0 || holder === tags[0], 'nobody else is left inside');
    for (const { entered, timedOutOn } of others) {
      if (entered === 1) continue;
      assert.deepEqual(
        [holder, timedOutOn],
        [tags[0], 0],
        'a thread gave up on a lock that is free in the end',
      );
    }
  },
  bounds: { kills: ['owner'], preemptions: 2 },
});

export const survivesTimeOuts = model<Contest>({
  name: 'a sleeper whose slice may be over at any moment misses no wake-up that was meant for it',
  ...contest(['alpha', 'beta', 'gamma'], { timed: ['beta'] }),
  threads: {
    alpha: (state) => acquireAndCount(state, 0),
    beta: (state) => acquireAndCount(state, 1),
    gamma: (state) => acquireAndCount(state, 2),
  },
  invariant: ownerIsNamed,
  final(state) {
    assertCounted(state);
    for (const { entered } of state.actors) assert.equal(entered, 1);
  },
  bounds: { timeouts: ['beta'], preemptions: 3 },
});
