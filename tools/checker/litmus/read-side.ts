/**
 * ReadSide: what a process does with one domain of readers, RCU or an srcu_struct. Here bound to Lull's own: a
 * section is a turn, entered and left; a grace period is GracePeriod, driven until it is over.
 */
import type { GracePeriod } from '../../../src/rcu/grace-period.js';
import type { Turn } from '../../../src/threads/turn.js';
import type { Words } from '../../../src/words/words.js';

export interface ReadSide {
  readLock(): void;
  readUnlock(): void;
  /** Returns when every section that was open at the call has ended. Throws SelfDeadlockError inside of one. */
  synchronize(): void;
}

/** A process waits for a grace period inside a section of its own: it would wait for ever. */
export class SelfDeadlockError extends Error {
  override readonly name = 'SelfDeadlockError';

  constructor() {
    super('waits for a grace period inside a read-side critical section of its own');
  }
}

/** A section was ended that is not open. */
export class UnbalancedSectionError extends Error {
  override readonly name = 'UnbalancedSectionError';

  constructor() {
    super('ended a read-side critical section without having begun one');
  }
}

/**
 * Waits for a grace period as Rcu.synchronizeSync() does, but without its sleep between two looks: that makes ten
 * times as many schedules, and tests/interleavings/grace-period.model.ts has them.
 */
export class Synchronizer {
  private readonly _words: Words;
  private readonly _gracePeriod: GracePeriod;

  constructor(words: Words, gracePeriod: GracePeriod) {
    this._words = words;
    this._gracePeriod = gracePeriod;
  }

  synchronize(): void {
    const cookie = this._gracePeriod.snap();
    while (!this._gracePeriod.drive(cookie)) this._words.pause();
  }
}

export class LullReadSide implements ReadSide {
  private readonly _turn: Turn | undefined;
  private readonly _synchronizer: Synchronizer;
  private _nesting = 0;

  /** @param turn absent for a process that has no section of this domain */
  constructor(turn: Turn | undefined, synchronizer: Synchronizer) {
    this._turn = turn;
    this._synchronizer = synchronizer;
  }

  readLock(): void {
    if (this._nesting === 0) this._turn!.pin();
    this._nesting++;
  }

  readUnlock(): void {
    if (this._nesting === 0) throw new UnbalancedSectionError();
    this._nesting--;
    if (this._nesting === 0) this._turn!.leave();
  }

  synchronize(): void {
    if (this._nesting > 0) throw new SelfDeadlockError();
    this._synchronizer.synchronize();
  }
}
