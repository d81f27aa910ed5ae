/**
 * Numbers from rounds: median, interquartile spread, and ratios taken round by round.
 *
 * Subjects of a comparison take turns, so the rounds with the same index saw the same machine. A ratio is
 * therefore computed for each round, and its median is what a goal is judged by: a slow minute then hits both
 * sides of each ratio, instead of one side of the medians.
 */

/** The middle of a set of numbers, and the quartiles round it. */
export interface Summary {
  readonly median: number;
  /** A quarter of the numbers lie below. */
  readonly low: number;
  /** A quarter of the numbers lie above. */
  readonly high: number;
}

/** The number below which the part `part`, 0 to 1, of the numbers lies; between two it interpolates. */
export function quantile(numbers: readonly number[], part: number): number {
  if (numbers.length === 0) throw new RangeError('quantile() of no numbers; at least one round is needed');
  const sorted = numbers.toSorted((a, b) => a - b);
  const place = part * (sorted.length - 1);
  const below = sorted[Math.floor(place)]!;
  const above = sorted[Math.ceil(place)]!;
  return below + (above - below) * (place - Math.floor(place));
}

/** Median and quartiles of at least one number. */
export function summarize(numbers: readonly number[]): Summary {
  return { median: quantile(numbers, 0.5), low: quantile(numbers, 0.25), high: quantile(numbers, 0.75) };
}

/**
 * Divides round by round.
 *
 * @param above  one number a round.
 * @param below  the other subject's, of the same rounds.
 * @returns      above / below for each round.
 *
 * Errors    RangeError: the two have different numbers of rounds.
 */
export function ratiosByRound(above: readonly number[], below: readonly number[]): number[] {
  if (above.length !== below.length) {
    throw new RangeError(
      `ratios of ${above.length} rounds to ${below.length}; both subjects need the same rounds`,
    );
  }
  return above.map((value, round) => value / below[round]!);
}
