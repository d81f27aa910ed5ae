/**
 * The spin lock: one thread at a time inside, and what one leaves the next finds. Whoever is inside changes
 * plain words, so two at once, or a hand-over that orders nothing, is a data race by itself.
 *
 * One that has looked for long asks to be next (PENDING), and then others leave the lock to it for a while.
 *
 * Not shown here: that the waiting is short. A thread that spins is let go on when the lock word has changed,
 * or when nobody else can go on; how many rounds that takes on real processors is no matter of interleaving.
 */
import assert from 'node:assert/strict';
import { PENDING } from '../../src/layout/lock-record.js';
import { LockTimeoutError } from '../../src/locks/lock-errors.js';
import { ownerTag } from '../../src/locks/owner.js';
import { RawSpinLock } from '../../src/locks/raw-spin-lock.js';
import type { Words } from '../../src/words/words.js';
import { model, type Stage } from '../../tools/checker/model.js';

const LOCK = 8;
const COUNTER = 9;
/** Always ~COUNTER while nobody is inside. */
const COMPLEMENT = 10;
/** One word for each thread: 1 while it is inside. Its owner alone writes it; the invariants look at it. */
const INSIDE = 16;

/** More rounds than the lock word changes in any model here. */
const PATIENT = 20;
/** Fewer. */
const IMPATIENT = 1;

/** One thread's view of the lock, and what came of its attempts. */
interface Contender {
  readonly words: Words;
  readonly slot: number;
  readonly tag: number;
  readonly lock: RawSpinLock;
  entered: number;
  missed: number;
  /** Slot that the error of a timed-out acquire() names; -1: there was none. */
  timedOutOn: number;
}

function contend(words: Words, slot: number, rounds: number): Contender {
  const tag = ownerTag(slot, slot + 1);
  const lock = new RawSpinLock(words, LOCK, tag, rounds, 'tested');
  return { words, slot, tag, lock, entered: 0, missed: 0, timedOutOn: -1 };
}

/** The contenders of one execution. */
interface Contest {
  readonly words: Words;
  readonly all: readonly Contender[];
}

function contest(count: number, rounds = PATIENT): (stage: Stage) => Contest {
  return ({ words }) => {
    const all: Contender[] = [];
    for (let slot = 0; slot < count; slot++) all.push(contend(words, slot, rounds));
    return { words, all };
  };
}

function nameOf(index: number): string {
  if (index >= INSIDE) return `inside ${index - INSIDE}`;
  return { [LOCK]: 'lock', [COUNTER]: 'counter', [COMPLEMENT]: 'complement' }[index] ?? `word ${index}`;
}

function prepare(words: Words): void {
  words.storePlain(COMPLEMENT, ~0);
}

/** What each thread does inside, and then leaves: finds the last one's two words whole, and counts. */
function countAndRelease(contender: Contender): void {
  const { words, slot, lock } = contender;
  words.storePlain(INSIDE + slot, 1);
  const counter = words.loadPlain(COUNTER);
  assert.equal(words.loadPlain(COMPLEMENT), ~counter, 'what the last owner wrote is not all there');
  words.storePlain(COUNTER, counter + 1);
  words.storePlain(COMPLEMENT, ~(counter + 1));
  words.storePlain(INSIDE + slot, 0);
  lock.release();
  contender.entered++;
}

function acquireAndCount(contender: Contender): void {
  contender.lock.acquire();
  countAndRelease(contender);
}

/** Counts inside, or notes whom the error names. */
function acquireOrGiveUp(contender: Contender): void {
  try {
    contender.lock.acquire();
  } catch (error) {
    if (!(error instanceof LockTimeoutError)) throw error;
    contender.timedOutOn = error.ownerSlot;
    return;
  }
  countAndRelease(contender);
}

function tryAndCount(contender: Contender): void {
  if (!contender.lock.tryAcquire()) {
    contender.missed++;
    return;
  }
  countAndRelease(contender);
}

/** Whom the lock word names, whoever is next. */
function ownerOf(words: Words): number {
  return words.loadPlain(LOCK) & ~PENDING;
}

/** While a thread is inside, the lock word names it. */
function ownerIsNamed({ words, all }: Contest): void {
  for (const { slot, tag } of all) {
    if (words.loadPlain(INSIDE + slot) === 0) continue;
    assert.equal(ownerOf(words), tag, `thread of slot ${slot} is inside, and the lock is not its own`);
  }
}

function assertCounted({ words, all }: Contest): void {
  let entered = 0;
  for (const contender of all) entered += contender.entered;
  assert.equal(words.loadPlain(COUNTER), entered);
  assert.equal(words.loadPlain(COMPLEMENT), ~entered);
  assert.equal(words.loadPlain(LOCK), 0, 'the lock is free when all have left');
}

export const keepsTwoApart = model<Contest>({
  name: 'two threads that take the lock twice each are never inside together, and each finds what the last left',
  prepare,
  nameOf,
  setup: contest(2),
  threads: {
    alpha({ all: [alpha] }) {
      acquireAndCount(alpha!);
      acquireAndCount(alpha!);
    },
    beta({ all: [, beta] }) {
      acquireAndCount(beta!);
      acquireAndCount(beta!);
    },
  },
  invariant: ownerIsNamed,
  final(state) {
    assertCounted(state);
    for (const { entered } of state.all) assert.equal(entered, 2);
  },
});

export const letsEveryWaiterIn = model<Contest>({
  name: 'three threads that want the lock twice all get it',
  prepare,
  nameOf,
  setup: contest(3),
  threads: {
    alpha({ all: [alpha] }) {
      acquireAndCount(alpha!);
      acquireAndCount(alpha!);
    },
    beta({ all: [, beta] }) {
      acquireAndCount(beta!);
      acquireAndCount(beta!);
    },
    gamma({ all: [, , gamma] }) {
      acquireAndCount(gamma!);
      acquireAndCount(gamma!);
    },
  },
  invariant: ownerIsNamed,
  final(state) {
    assertCounted(state);
    for (const { entered } of state.all) assert.equal(entered, 2);
  },
  bounds: { preemptions: 3 },
  // Some ten times as long.
  nightly: { preemptions: 4 },
});

export const triesWithoutWaiting = model<Contest>({
  name: 'tryAcquire() enters or says no, and says no only while another is inside',
  prepare,
  nameOf,
  setup: contest(2),
  threads: {
    alpha({ all: [alpha] }) {
      tryAndCount(alpha!);
      tryAndCount(alpha!);
    },
    beta({ all: [, beta] }) {
      tryAndCount(beta!);
      tryAndCount(beta!);
    },
  },
  invariant: ownerIsNamed,
  final(state) {
    assertCounted(state);
    const [alpha, beta] = state.all;
    assert.equal(alpha!.entered + alpha!.missed, 2);
    assert.equal(beta!.entered + beta!.missed, 2);
    // A thread that found the lock taken met the other inside, and that one then got in.
    assert.ok(alpha!.missed === 0 || beta!.entered > 0);
    assert.ok(beta!.missed === 0 || alpha!.entered > 0);
  },
});

export const leavesALockItDidNotGet = model<Contest>({
  name: 'a thread that gives up waiting leaves the lock with its owner, and names it',
  prepare,
  nameOf,
  setup: contest(2, IMPATIENT),
  threads: {
    alpha({ all: [alpha] }) {
      acquireOrGiveUp(alpha!);
      acquireOrGiveUp(alpha!);
    },
    beta({ all: [, beta] }) {
      acquireOrGiveUp(beta!);
      acquireOrGiveUp(beta!);
    },
  },
  invariant: ownerIsNamed,
  final(state) {
    assertCounted(state);
    const [alpha, beta] = state.all;
    assert.ok(alpha!.timedOutOn === -1 || alpha!.timedOutOn === beta!.slot);
    assert.ok(beta!.timedOutOn === -1 || beta!.timedOutOn === alpha!.slot);
  },
});

export const keepsOthersOutOfADeadOwnersLock = model<Contest>({
  name: 'where the owner was killed inside, the others end in LockTimeoutError and never enter',
  prepare,
  nameOf,
  setup: contest(3),
  threads: {
    owner: ({ all: [owner] }) => acquireOrGiveUp(owner!),
    alpha: ({ all: [, alpha] }) => acquireOrGiveUp(alpha!),
    beta: ({ all: [, , beta] }) => acquireOrGiveUp(beta!),
  },
  invariant: ownerIsNamed,
  final({ words, all: [owner, ...others] }) {
    const holder = ownerOf(words);
    assert.ok(holder === 0 || holder === owner!.tag, 'nobody else is left inside');
    for (const { entered, timedOutOn } of others) {
      if (entered === 1) continue;
      assert.equal(holder, owner!.tag, 'a thread gave up on a lock that is free in the end');
      assert.equal(timedOutOn, owner!.slot);
    }
  },
  bounds: { kills: ['owner'] },
});

export const goesRoundWhereItMayNotSpin = model<Contest>({
  name: 'acquireIf(false) never waits: not for an owner that was killed either',
  prepare,
  nameOf,
  setup: contest(2),
  threads: {
    owner: ({ all: [owner] }) => acquireAndCount(owner!),
    realtime({ all: [, realtime] }) {
      if (!realtime!.lock.acquireIf(false)) {
        realtime!.missed++;
        return;
      }
      countAndRelease(realtime!);
    },
  },
  invariant: ownerIsNamed,
  final({ all: [, realtime] }) {
    assert.equal(realtime!.entered + realtime!.missed, 1);
  },
  bounds: { kills: ['owner'] },
});

/** What a thread does that takes the lock over and over: enters, and looks whether another asked to be next. */
function countAndLook(contender: Contender): boolean {
  // Publishes nothing: a look.
  const isClaimed = (contender.words.load(LOCK) & PENDING) !== 0;
  countAndRelease(contender);
  return isClaimed;
}

export const leavesTheLockToWhoIsNext = model<Contest>({
  name: 'a thread that tries over and over is refused once it is let go while another has asked to be next',
  prepare,
  nameOf,
  setup: contest(2),
  threads: {
    hog({ words, all: [hog] }) {
      let isClaimed = false;
      for (let tries = 0; tries < 4; tries++) {
        if (!hog!.lock.tryAcquire()) {
          isClaimed = false;
          continue;
        }
        if (isClaimed) {
          const entered = words.loadPlain(COUNTER);
          assert.notEqual(entered, hog!.entered, 'it has the lock again at once, and another was next');
        }
        isClaimed = countAndLook(hog!);
      }
    },
    waiter: ({ all: [, waiter] }) => acquireAndCount(waiter!),
  },
  invariant: ownerIsNamed,
  final(state) {
    assertCounted(state);
    assert.equal(state.all[1]!.entered, 1, 'the waiter has come in');
  },
});

export const needsNoRepairOfAClaim = model<Contest>({
  name: 'one that asked to be next and was killed keeps out nobody for long: not who spins, nor who only tries',
  prepare,
  nameOf,
  setup: contest(3),
  threads: {
    holder({ all: [holder] }) {
      acquireOrGiveUp(holder!);
      acquireOrGiveUp(holder!);
    },
    claimant: ({ all: [, claimant] }) => acquireOrGiveUp(claimant!),
    late({ all: [, , late] }) {
      acquireOrGiveUp(late!);
      acquireOrGiveUp(late!);
    },
  },
  invariant: ownerIsNamed,
  final({ words, all: [holder, claimant, late] }) {
    if (ownerOf(words) !== 0) {
      assert.equal(ownerOf(words), claimant!.tag, 'a lock that was let go of has an owner');
      return;
    }
    assert.deepEqual([holder!.entered, late!.entered], [2, 2], 'the lock is free, and somebody gave it up');
    const isRefused = words.loadPlain(LOCK) === PENDING && !late!.lock.tryAcquire();
    assert.ok(!isRefused || late!.lock.tryAcquire(), 'who only tries is kept out by the dead');
  },
  bounds: { kills: ['claimant'], preemptions: 3 },
});
