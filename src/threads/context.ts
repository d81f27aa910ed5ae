/** What this thread may do where it runs, and the error for asking more of it. */
import type { Host } from '../words/host.js';

/** An operation that waits was called where waiting is forbidden. */
export class ContextError extends Error {
  override readonly name = 'ContextError';
}

/** Throws ContextError unless this thread may wait. `operation` is named in the message. */
export function requireMayWait(host: Host, operation: string): void {
  if (host.waitRight === 'may-wait') return;
  const where = host.waitRight === 'may-spin' ? "a browser's main thread" : 'an audio worklet';
  throw new ContextError(
    `called ${operation} on ${where}, which may not wait; use the async form, or call it from a worker`,
  );
}
