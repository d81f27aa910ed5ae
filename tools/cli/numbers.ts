/**
 * Numbers as the tables print them. One place, so that two columns never disagree on how a thousand looks.
 */

const COUNT = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** A count or a rate, rounded, with a comma at the thousands: `1,234,567`. */
export function formatCount(count: number): string {
  return COUNT.format(count);
}

/** A number of things with its noun: `1 key`, `2 keys`. */
export function formatCounted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/**
 * A latency with three digits at most: `420 ns`, `1.3 µs`, `25 ms`. A dash where nothing was measured.
 *
 * @param nanos  nanoseconds, 0 or more; 0 means that nothing was measured.
 */
export function formatNanos(nanos: number): string {
  if (nanos <= 0) return '-';
  if (nanos < 1000) return `${Math.round(nanos)} ns`;
  const [amount, unit] =
    nanos < 1e6 ? [nanos / 1e3, 'µs'] : nanos < 1e9 ? [nanos / 1e6, 'ms'] : [nanos / 1e9, 's'];
  return `${amount < 10 ? amount.toFixed(1) : Math.round(amount)} ${unit}`;
}

/** Seconds with one digit behind the point: `3.2 s`. */
export function formatSeconds(millis: number): string {
  return `${(millis / 1000).toFixed(1)} s`;
}

/** A share of 1 as a percentage without needless digits: `5 %`, `0.5 %`. */
export function formatShare(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}
