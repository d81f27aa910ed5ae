/**
 * Grace-period numbers, as far as an audit reads them: a counter above two phase bits, compared by difference
 * because it wraps.
 */
export const PHASE_MASK = 3;

/** The highest number that any wait can have been given while the sequence stood at `sequence`. */
export function latestCookie(sequence: number): number {
  return ((sequence + 2 * PHASE_MASK + 1) & ~PHASE_MASK) | 0;
}

/** True when `a` comes after `b`. */
export function isLater(a: number, b: number): boolean {
  return ((a - b) | 0) > 0;
}

/** How many grace periods have ended since the sequence stood at `first`. */
export function periodsSince(first: number, sequence: number): number {
  return (sequence - first) >>> 2;
}
