/**
 * The most objects that may wait for grace periods: those retired during the last two, and those that lay in the sheaf
 * in hand when the first of them began.
 *
 *     retired   | before mark        | after mark                                  |
 *     periods   ... n   (n + 1 ended)       (n + 2 ended)                      now
 *                   ^ mark: the last look with two ended grace periods less than now
 *
 * What was retired before the mark began to wait while at most one grace period ran that it cannot count on; the next
 * one is over now.
 */
interface Look {
  readonly retired: number;
  readonly gracePeriods: number;
}

/** Grace periods that what waits may have to see the end of: the one that runs, and the next. */
const PERIODS = 2;

export class WaitingBound {
  /** Oldest first; the first is the mark, or nothing has been retired for so long. */
  readonly #looks: Look[] = [{ retired: 0, gracePeriods: Number.NEGATIVE_INFINITY }];
  readonly #sheafObjects: number;

  /** @param sheafObjects  that a sheaf holds which is not sealed yet. */
  constructor(sheafObjects: number) {
    this.#sheafObjects = sheafObjects;
  }

  /**
   * Takes a look.
   *
   * @param retired       objects that were retired so far.
   * @param gracePeriods  that have ended so far.
   * @returns             how many objects may wait once what is done by now is freed.
   */
  after(retired: number, gracePeriods: number): number {
    const looks = this.#looks;
    looks.push({ retired, gracePeriods });
    while (looks[1]!.gracePeriods <= gracePeriods - PERIODS) looks.shift();
    return retired - looks[0]!.retired + this.#sheafObjects;
  }
}
