/**
 * Whether a callback that must be synchronous has returned a promise, or what `await` takes for one: it would go on after
 * what it was called for is over.
 */
export function isThenable(value: unknown): boolean {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
