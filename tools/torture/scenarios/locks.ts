/**
 * Locks, as locktorture has them: words that show when two are inside at once, counters that only hold together inside, and
 * owners that die.
 *
 *     block:  per place two counters, which agree whenever nobody is inside        flags: SEAT.inside of each seat
 *
 * A flag that is up while another takes the lock is of a dead owner: main takes it down when the owner's end is known, before
 * the heap is told of it. So whoever finds one up has got in where somebody is.
 *
 * Follows kernel/locking/locktorture.c (lock_is_write_held, lock_is_read_held).
 */
import { __GFP_ZERO, type Address, LockTimeoutError, OwnerDiedError } from '../../../src/index.js';
import { SEAT } from '../control.js';
import { slotsLeftInLocks } from '../left-in-locks.js';
import type { Operation, Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';

const PLACE = { mutex: 0, other: 1, rwLock: 2, semaphore: 3 } as const;
const PLACES = 4;
const READING = 8;
const COUNTER_WORDS = 2;
const BYTES_PER_WORD = 4;
const PERMITS = 2;
const SEQ_WORDS = 8;
const FACTOR = 0x9e3779b1;
const WAIT = { timeoutMillis: 20_000 };

interface Releasable {
  readonly ownerDied?: boolean;
  markConsistent?(): void;
  release(): void;
}

/** How many other seats have the flag up. */
function others(stage: Stage, flag: number): number {
  let inside = 0;
  for (let seat = 0; seat < stage.seats; seat++) {
    if (seat !== stage.seat) inside += stage.of(seat, SEAT.inside + flag);
  }
  return inside;
}

function pause(stage: Stage): void {
  let left = stage.random.oneIn(64) ? stage.random.below(20_000) : stage.random.below(50);
  while (--left > 0) stage.own(SEAT.heartbeat);
}

/** Says so where others are inside whom this lock keeps out. */
function lookAround(stage: Stage, place: number): void {
  if (others(stage, place) > 0) stage.wrong(`two were inside lock ${place} at once`);
  if (place === PLACE.rwLock && others(stage, READING) > 0) {
    stage.wrong('a writer was inside the rwlock with a reader');
  }
}

/** Inside alone: counts, and puts right what a dead owner left half counted. */
function stayAlone(stage: Stage, block: number, place: number, guard: Releasable): void {
  const { words } = stage;
  const counters = block + place * COUNTER_WORDS;
  stage.show(SEAT.inside + place);
  try {
    lookAround(stage, place);
    const first = words.loadPlain(counters);
    if (guard.ownerDied === true) {
      stage.count(SEAT.deadOwners);
      words.storePlain(counters + 1, first);
      guard.markConsistent?.();
    } else if (words.loadPlain(counters + 1) !== first) {
      stage.wrong(`lock ${place} guards counters that do not agree, and nobody was told of a death`);
    }
    words.storePlain(counters, first + 1);
    pause(stage);
    lookAround(stage, place);
    words.storePlain(counters + 1, first + 1);
  } finally {
    stage.setOwn(SEAT.inside + place, 0);
    guard.release();
  }
}

function stayWithReaders(stage: Stage, guard: Releasable): void {
  stage.show(SEAT.inside + READING);
  try {
    if (others(stage, PLACE.rwLock) > 0) stage.wrong('a reader was inside the rwlock with a writer');
    pause(stage);
  } finally {
    stage.setOwn(SEAT.inside + READING, 0);
    guard.release();
  }
}

function stayWithPermit(stage: Stage, guard: Releasable): void {
  stage.show(SEAT.inside + PLACE.semaphore);
  try {
    if (others(stage, PLACE.semaphore) >= PERMITS) {
      stage.wrong(`more than ${PERMITS} had a permit of the semaphore`);
    }
    pause(stage);
  } finally {
    stage.setOwn(SEAT.inside + PLACE.semaphore, 0);
    guard.release();
  }
}

function fillSeq(current: Int32Array): void {
  const next = (current[0]! + 1) | 0;
  for (let i = 0; i < current.length; i++) current[i] = Math.imul(next, i === 0 ? 1 : FACTOR + 2 * i);
}

function checkSeq(stage: Stage, found: Int32Array): void {
  const first = found[0]!;
  for (let i = 1; i < found.length; i++) {
    if (found[i] !== Math.imul(first, FACTOR + 2 * i) && first !== 0) {
      stage.wrong('a seqlock gave words that do not belong together');
      return;
    }
  }
}

function readSeq(stage: Stage): void {
  try {
    checkSeq(stage, stage.heap.seqLock('torture seqlock', SEQ_WORDS).read());
  } catch (error) {
    if (!(error instanceof OwnerDiedError)) throw error;
    // A write makes it whole.
    stage.count(SEAT.deadOwners);
    stage.heap.seqLock('torture seqlock', SEQ_WORDS).write(fillSeq);
  }
}

function operationsOf(stage: Stage, block: number): Operation[] {
  const { heap } = stage;
  const mutex = heap.mutex('torture mutex');
  const other = heap.mutex('torture mutex of two');
  const rwLock = heap.rwLock('torture rwlock');
  const semaphore = heap.semaphore('torture semaphore', PERMITS);
  const alone = (place: number, guard: Releasable | undefined) => {
    if (guard !== undefined) stayAlone(stage, block, place, guard);
  };
  return [
    { name: 'mutex.lockSync', weight: 6, run: () => alone(PLACE.mutex, mutex.lockSync(WAIT)) },
    { name: 'mutex.tryLock', weight: 6, run: () => alone(PLACE.other, other.tryLock()) },
    { name: 'rwLock.writeSync', weight: 3, run: () => alone(PLACE.rwLock, rwLock.writeSync(WAIT)) },
    { name: 'rwLock.readSync', weight: 6, run: () => stayWithReaders(stage, rwLock.readSync(WAIT)) },
    {
      name: 'semaphore.acquireSync',
      weight: 4,
      run: () => stayWithPermit(stage, semaphore.acquireSync(WAIT)),
    },
    {
      name: 'seqLock.write',
      weight: 5,
      run: () => heap.seqLock('torture seqlock', SEQ_WORDS).write(fillSeq),
    },
    { name: 'seqLock.read', weight: 8, run: () => readSeq(stage) },
  ];
}

export const LOCKS: Scenario = {
  name: 'locks',
  summary: 'mutexes, readers-writer locks, semaphores and seqlocks, whose owners die inside',
  prepare: ({ heap }) => [heap.kmalloc(PLACES * COUNTER_WORDS * BYTES_PER_WORD, __GFP_ZERO)],
  operations: (stage, shared) => operationsOf(stage, shared[0]!),
  settle({ heap, findings }) {
    const left = slotsLeftInLocks(heap.words, heap.geometry);
    if (left.length > 0) findings.problem(`slot ${left.join(', ')} is free, and a lock still waits for it`);
  },
  finish({ heap, findings }, shared) {
    const attempts: [string, () => Releasable][] = [
      ['the mutex', () => heap.mutex('torture mutex').lockSync({ timeoutMillis: 1000 })],
      ['the other mutex', () => heap.mutex('torture mutex of two').lockSync({ timeoutMillis: 1000 })],
      ['the rwlock', () => heap.rwLock('torture rwlock').writeSync({ timeoutMillis: 1000 })],
    ];
    for (let i = 0; i < PERMITS; i++) {
      const semaphore = heap.semaphore('torture semaphore', PERMITS);
      attempts.push(['the semaphore', () => semaphore.acquireSync({ timeoutMillis: 1000 })]);
    }
    const held: Releasable[] = [];
    for (const [what, attempt] of attempts) {
      try {
        const guard = attempt();
        guard.markConsistent?.();
        held.push(guard);
      } catch (error) {
        if (!(error instanceof LockTimeoutError)) throw error;
        findings.locksStuck++;
        findings.problem(`at the end nobody runs, and ${what} cannot be had: ${error.message}`);
      }
    }
    for (const guard of held) guard.release();
    heap.seqLock('torture seqlock', SEQ_WORDS).write(new Int32Array(SEQ_WORDS));
    heap.kfree(shared[0]! as Address);
  },
};
