/**
 * RobustOwner: the owner word of a lock that survives its owner.
 *
 *     0 --tryTake--> tag --release--> 0                        nobody waits
 *     tag | WAITERS --release--> WAITERS --> first waiter: tag | WAITERS      WAITERS alone: free, and waited for
 *     dead tag --whoever finds it--> tag, and consistency = ownerDied
 *
 * consistent --an owner died--> ownerDied --markConsistent--> consistent
 *                                   \--released as it is--> notRecoverable, for good
 *
 * Who may call: the thread of the tag. Nothing here waits.
 *
 * I1  consistency is written by the owner, while it has the word.
 * I2  WAITERS is set while anybody sleeps in the queue; it may be set while nobody does.
 * P1  release's store publishes every plain write of the owner; observed by the compareExchange of the next.
 * P2  (wait-queue:P1) release changes the word, THEN looks for waiters; a waiter stores its place, THEN looks at
 *     the word, and sets WAITERS where it finds an owner.
 * P3  (owner:P1) a dead owner's plain writes are observed by who finds its slot marked dead.
 *
 * Follows kernel/locking/mutex.c (owner word with flags), and kernel/futex (robust lists, EOWNERDEAD) in what becomes
 * of a dead owner's lock; there the kernel walks a list of the dead, here the next in line looks.
 */
import { CONSISTENCY, LOCK, WAITERS } from '../layout/lock-record.js';
import type { Words } from '../words/words.js';
import type { LockThread } from './lock-thread.js';
import { isDead } from './owner.js';
import type { WaitQueue } from './wait-queue.js';

export class RobustOwner {
  private readonly _words: Words;
  private readonly _thread: LockThread;
  private readonly _tag: number;
  private readonly _word: number;
  private readonly _record: number;
  private readonly _queue: WaitQueue;
  private readonly _marksDeath: boolean;

  /** @param marksDeath false where an owner may not be inside yet: then whoever goes in writes consistency */
  constructor(thread: LockThread, record: number, queue: WaitQueue, marksDeath = true) {
    this._words = thread.words;
    this._thread = thread;
    this._tag = thread.tag;
    this._word = record + LOCK.owner;
    this._record = record;
    this._queue = queue;
    this._marksDeath = marksDeath;
  }

  /** The tag of the owner, 0 where there is none. A look, which may be stale at once. */
  owner(): number {
    // Publishes nothing: a look, after which whoever wants it takes it.
    return this._words.load(this._word) & ~WAITERS;
  }

  /** True where it has no owner and nobody waits for it. A look. */
  isIdle(): boolean {
    // Publishes nothing: as owner().
    return this._words.load(this._word) === 0;
  }

  /** Takes it where it is free and nobody waits: one operation, which costs the owner nothing where it is not. */
  takeIdle(): boolean {
    // P1: observes what the last owner wrote.
    return this._words.compareExchange(this._word, 0, this._tag) === 0;
  }

  /** Takes it where it is free, or its owner dead, unless a waiter is to be next. */
  tryTake(): boolean {
    return this.takeIdle() || this._takeAs(this._tag, false);
  }

  /** tryTake() for one that is in the queue: false only where a release will look for waiters. */
  takeQueued(): boolean {
    return this._takeAs(this._tag | WAITERS, true);
  }

  /** Lets it go and wakes the first waiter. */
  release(): void {
    const words = this._words;
    // P1: publishes everything written by the owner.
    if (words.compareExchange(this._word, this._tag, 0) === this._tag) return;
    // P1, P2: as well; then the waiters are looked for. Nobody else changes the word while it has an owner and WAITERS.
    words.store(this._word, WAITERS);
    this.wakeNext();
  }

  /** Wakes the first waiter of a free lock; where nobody waits, the word says so. */
  wakeNext(): void {
    if (this._queue.wakeFirst()) return;
    // P2: who joins after the look finds it free, and takes it.
    this._words.compareExchange(this._word, WAITERS, 0);
  }

  /**
   * For who leaves the queue without it, or takes a dead thread out: whoever else waits is not forgotten. Where it
   * is free, or its owner dead, the first waiter looks now; else the owner's release will look for waiters.
   */
  passOn(): void {
    const words = this._words;
    for (;;) {
      // P2: looked at after the place is cleared.
      const found = words.load(this._word);
      const owner = found & ~WAITERS;
      if (owner === 0) {
        this.wakeNext();
        return;
      }
      if (owner !== this._tag && isDead(words, this._thread.geometry, owner)) {
        this._queue.wakeFirst();
        return;
      }
      // P2: from now on a release looks for waiters.
      if ((found & WAITERS) !== 0 || words.compareExchange(this._word, found, found | WAITERS) === found)
        return;
    }
  }

  /** CONSISTENCY of what it guards. For the owner. */
  consistency(): number {
    return this._words.loadPlain(this._record + LOCK.consistency);
  }

  /** For the owner. */
  setConsistency(consistency: number): void {
    this._words.storePlain(this._record + LOCK.consistency, consistency);
  }

  private _takeAs(tag: number, mustBeWoken: boolean): boolean {
    const words = this._words;
    for (;;) {
      // P2: looked at after the place is stored.
      const found = words.load(this._word);
      const owner = found & ~WAITERS;
      if (owner === 0) {
        if (!this._queue.mayGo()) return false;
        // P1: observes what the last owner wrote.
        if (words.compareExchange(this._word, found, tag | found) === found) return true;
        continue;
      }
      if (isDead(words, this._thread.geometry, owner)) {
        // P3: observes what the dead owner wrote.
        if (words.compareExchange(this._word, found, tag | (found & WAITERS)) !== found) continue;
        if (this._marksDeath && this.consistency() === CONSISTENCY.consistent)
          this.setConsistency(CONSISTENCY.ownerDied);
        return true;
      }
      if (!mustBeWoken || (found & WAITERS) !== 0) return false;
      // P2: from now on a release looks for waiters.
      if (words.compareExchange(this._word, found, found | WAITERS) === found) return false;
    }
  }
}
