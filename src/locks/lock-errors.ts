/** The errors of locks. */
import { slotOfTag } from './owner.js';

/** What to do about a lock of Lull's own. */
const CREATE_ANEW = 'If that thread was terminated, the heap can no longer be used; create a new one.';
/** What to do where one task of a thread waits for another. */
const LET_GO_FIRST = 'Let it go there first, or wait for longer.';
/** Owner tag that no thread has. */
const NOBODY = 0;

/** How messages call a lock: those that users name say their kind, as in mutex 'orders'; of others, it is "lock zone 3". */
export function titleOf(lockName: string): string {
  return lockName.endsWith("'") ? lockName : `lock ${lockName}`;
}

/** A lock was not to be had within the bound: its owner is neither alive nor reaped, or holds it far too long. */
export class LockTimeoutError extends Error {
  override readonly name = 'LockTimeoutError';
  /** Of a lock that users name with its kind: mutex 'orders'. */
  readonly lockName: string;
  /** Slot number of the thread that holds the lock; -1 where there is not one. */
  readonly ownerSlot: number;

  /**
   * @param ownerTag 0 where it is not one thread that holds it
   * @param waited   for how long, with its unit
   * @param advice   what to do about it
   * @param ownTag   the waiting thread's tag, where another task of that thread may be the holder
   */
  constructor(
    lockName: string,
    ownerTag: number,
    waited: string,
    advice: string = CREATE_ANEW,
    ownTag: number = NOBODY,
  ) {
    const slot = slotOfTag(ownerTag);
    let cause = `thread slot ${slot} holds it. ${advice}`;
    if (ownerTag === NOBODY) cause = `others hold it. ${advice}`;
    else if (ownerTag === ownTag) cause = `another task of this thread holds it. ${LET_GO_FIRST}`;
    super(`gave up waiting for ${titleOf(lockName)} after ${waited}: ${cause}`);
    this.lockName = lockName;
    this.ownerSlot = slot;
  }
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
