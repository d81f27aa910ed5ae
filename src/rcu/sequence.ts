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
/** No cookie of now is farther ahead of the sequence than this. */
const GUARD = 2 * PHASE_MASK + 1;

declare const cookie: unique symbol;

/** Where the grace periods stand, to be asked for later. */
export type RcuCookie = number & { readonly [cookie]: true };

/** The cookie of what was done long ago: every grace period that it could need is over. */
export const COMPLETED = 1 as RcuCookie;

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

/**
 * isDone() for a cookie that may have been kept for any time: one that seems farther ahead than any can be is so old
 * that the number has gone round since.
 */
export function isDoneExact(sequence: number, cookie: number): boolean {
  return isDone(sequence, cookie) || ((sequence - cookie + GUARD) | 0) < 0;
}

/** True for what snapOf() may have returned, and for COMPLETED. */
export function isCookie(value: unknown): value is RcuCookie {
  return (
    typeof value === 'number' && (value | 0) === value && ((value & PHASE_MASK) === 0 || value === COMPLETED)
  );
}
