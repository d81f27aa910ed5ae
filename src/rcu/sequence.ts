/**
 * Arithmetic of grace-period numbers: a counter above two phase bits, in a word that wraps.
 *
 *     31 ............ 2   1 0
 *    +----------------+-----+
 *    |    counter     |phase|     phase 0 = no grace period runs, 1 = one runs
 *    +----------------+-----+
 *
 * A cookie is the number that the sequence will have reached when a whole grace period has passed since the
 * cookie was taken. Comparisons are by difference, so they hold across the wrap as long as a cookie is not
 * kept for 2^29 grace periods.
 *
 * Follows kernel/rcu/rcu.h (rcu_seq_start, rcu_seq_end, rcu_seq_snap, rcu_seq_done).
 */

const PHASE_MASK = 3;

/** True while a grace period runs. */
export function isRunning(sequence: number): boolean {
  return (sequence & PHASE_MASK) !== 0;
}

/** The number at the end of the grace period that `sequence` is in, or that starts next. */
export function endOf(sequence: number): number {
  return ((sequence | PHASE_MASK) + 1) | 0;
}

/**
 * The cookie for a wait that starts now. From idle that is the end of the next grace period; while one runs,
 * the end of the one after it, for the running one may have begun before the caller's update.
 */
export function snapOf(sequence: number): number {
  return ((sequence + 2 * PHASE_MASK + 1) & ~PHASE_MASK) | 0;
}

/** True when `sequence` has reached `cookie`. */
export function isDone(sequence: number, cookie: number): boolean {
  return ((sequence - cookie) | 0) >= 0;
}
