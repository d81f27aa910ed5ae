/** Whose waits may time out at any moment, and how many of them: `Bounds.timeouts`. */
import type { Bounds } from '../model.js';

/** One that waits, times out and waits again would else never come to its end. */
const MOST_TIMEOUTS = 1;

/**
 * How many waits of each thread may time out while others go on, by its number.
 *
 * Errors   Error for a name that no thread has.
 */
export function timeoutsOf({ timeouts = [] }: Bounds, threads: readonly string[]): number[] {
  if (timeouts === true) return threads.map(() => MOST_TIMEOUTS);
  const unknown = timeouts.find((name) => !threads.includes(name));
  if (unknown !== undefined) {
    throw new Error(
      `bounds.timeouts names thread '${unknown}', which the model does not have; it has ${threads.join(', ')}`,
    );
  }
  return threads.map((name) => (timeouts.includes(name) ? MOST_TIMEOUTS : 0));
}
