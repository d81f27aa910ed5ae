/** Read sides that are wrong on purpose: what the tests of RCU must find out. */
import type { Turn } from '../../../src/threads/turn.js';
import type { ReadSide, Synchronizer } from './read-side.js';

/** A grace period that waits for nobody. */
export class UnwaitingReadSide implements ReadSide {
  readLock(): void {}
  readUnlock(): void {}
  synchronize(): void {}
}

/** The end of an inner section ends the outer one. */
export class UnnestedReadSide implements ReadSide {
  private readonly _turn: Turn | undefined;
  private readonly _synchronizer: Synchronizer;

  constructor(turn: Turn | undefined, synchronizer: Synchronizer) {
    this._turn = turn;
    this._synchronizer = synchronizer;
  }

  readLock(): void {
    this._turn!.pin();
  }

  readUnlock(): void {
    this._turn!.leave();
  }

  synchronize(): void {
    this._synchronizer.synchronize();
  }
}
