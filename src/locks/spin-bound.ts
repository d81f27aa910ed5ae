/**
 * SpinBound: how often a thread looks at a raw lock that is taken, before it gives up. One for all its locks: less where what it
 * does can as well be done later, and others are not to wait for it.
 */

/** Who can do it later, or in another way, waits that many times less long. */
export const HASTE = 16;

export class SpinBound {
  /** Looks before LockTimeoutError. */
  rounds: number;

  constructor(rounds: number) {
    this.rounds = rounds;
  }

  /** Runs `act`, in which each lock is looked at HASTE times less often. */
  hurry<T>(act: () => T): T {
    const { rounds } = this;
    this.rounds = Math.ceil(rounds / HASTE);
    try {
      return act();
    } finally {
      this.rounds = rounds;
    }
  }
}
