/** The errors of locks. */
import type { HolderState, LockHolder } from './lock-holder.js';

/** What to do where the holder of a lock of Lull's own lives, as far as is known. */
const AWAIT_NEWS =
  'If its worker was terminated, the thread that started it has not heard of that yet, for which it must return to its ' +
  'event loop: await heap.terminate(worker), or the exit of a worker that heap.watch() was told of, and try again.';
/** What to do where its end is known. */
const AWAIT_REAPER = 'What it had is being taken over: return to the event loop, and try again.';
/** What to do where others hold it by turns. */
const TRY_AGAIN = 'Try again; it is held for a moment at a time.';
/** What to do where one task of a thread waits for another. */
const LET_GO_FIRST = 'Let it go there first, or wait for longer.';
/** Owner tag that no thread has. */
const NOBODY = 0;

const ADVICE: Readonly<Record<HolderState, string>> = {
  alive: AWAIT_NEWS,
  dead: AWAIT_REAPER,
  left: TRY_AGAIN,
  unknown: TRY_AGAIN,
};
const STANDING: Readonly<Record<HolderState, string>> = {
  alive: 'not known to have ended',
  dead: 'which has ended',
  left: 'which has left the heap since',
  unknown: '',
};

/** How messages call a lock: those that users name say their kind, as in mutex 'orders'; of others, it is "lock zone 3". */
export function titleOf(lockName: string): string {
  return lockName.endsWith("'") ? lockName : `lock ${lockName}`;
}

/** How messages call who holds a lock: thread slot 4 ('worker 2', not known to have ended). */
function holderTitle({ slot, name, state }: LockHolder): string {
  const known = [name === '' ? '' : `'${name}'`, STANDING[state]].filter((part) => part !== '');
  return known.length === 0 ? `thread slot ${slot}` : `thread slot ${slot} (${known.join(', ')})`;
}

/** A lock was not to be had within the bound: its owner is neither alive nor reaped, or holds it far too long. */
export class LockTimeoutError extends Error {
  override readonly name = 'LockTimeoutError';
  /** Of a lock that users name with its kind: mutex 'orders'. */
  readonly lockName: string;
  /** Slot number of the thread that holds the lock; -1 where there is not one. */
  readonly ownerSlot: number;
  /** What the thread that holds the lock is called; empty where that is not known. */
  readonly ownerName: string;
  /** Whether that thread is known to have ended. */
  readonly ownerState: HolderState;

  /**
   * @param holder of the lock, when it was looked at last
   * @param waited for how long, with its unit
   * @param advice what to do about it, where that does not follow from the holder's state
   * @param ownTag the waiting thread's tag, where another task of that thread may be the holder
   */
  constructor(
    lockName: string,
    holder: LockHolder,
    waited: string,
    advice: string = ADVICE[holder.state],
    ownTag: number = NOBODY,
  ) {
    let cause = `${holderTitle(holder)} holds it. ${advice}`;
    if (holder.tag === NOBODY) cause = `others hold it. ${advice}`;
    else if (holder.tag === ownTag) cause = `another task of this thread holds it. ${LET_GO_FIRST}`;
    super(`gave up waiting for ${titleOf(lockName)} after ${waited}: ${cause}`);
    this.lockName = lockName;
    this.ownerSlot = holder.slot;
    this.ownerName = holder.name;
    this.ownerState = holder.state;
  }
}

/** The error of one try at what others have, for who comes back to it. */
export function notToBeHad(what: string): LockTimeoutError {
  return new LockTimeoutError(what, { tag: NOBODY, slot: -1, name: '', state: 'unknown' }, 'one try');
}

/** The error of who takes, awaits or notifies by a lock whose heap its thread has left: nobody minds what it does. */
export function usedAfterDetach(operation: string, lockName: string): Error {
  return new Error(
    `used a lock of a heap after detach(): called ${operation} of ${lockName}; attach to the heap again, and take the ` +
      'lock from the new Heap object',
  );
}

/** What the lock guards was left half changed by a thread that died, and who got the lock next did not repair it. */
export class NotRecoverableError extends Error {
  override readonly name = 'NotRecoverableError';
  readonly lockName: string;

  constructor(lockName: string) {
    super(
      `locked ${lockName}, which can no longer be used: a thread died while holding it, and the next owner released ` +
        'it without markConsistent(). Make what it guards anew, under a lock of another name.',
    );
    this.lockName = lockName;
  }
}

/** A thread died in the middle of changing what was to be read. */
export class OwnerDiedError extends Error {
  override readonly name = 'OwnerDiedError';
  readonly lockName: string;

  constructor(lockName: string) {
    super(
      `read ${lockName}, whose last writer died in the middle of a write: some of its words are new, some old. ` +
        'Write it again: write(values) makes it whole, write(callback) is told of it.',
    );
    this.lockName = lockName;
  }
}
