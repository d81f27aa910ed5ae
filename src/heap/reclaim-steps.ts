/**
 * What reclaim in the heap and reclaim in a memory group do alike: they free what is through with its grace period, and
 * wait for the next one.
 *
 * Who may call: the slot's thread, outside of every lock.
 */
import { canLeaveAll } from '../words/host.js';
import type { HeapParts } from './heap-parts.js';

/** Longest wait for other threads' turns before an allocation fails. */
export const GRACE_PERIOD_MILLIS = 100;

/** Frees what is through with its grace period; ends this thread's turn where no address is held in it. */
export function freeDone({ turn, driver }: HeapParts): void {
  // Sealed before the turn ends: what is sealed after waits for the turn that starts then.
  driver.seal();
  if (turn.isOpen() && !turn.pinned) turn.quiesce();
  else driver.flush();
}

/** Waits for a grace period, and frees what waited for it; false where this thread may not, or it did not end in time. */
export function awaitGracePeriod(
  { turn, host, context, rcu, driver }: HeapParts,
  limitMillis: number,
): boolean {
  // Another attachment of this thread may hold addresses: then its turn stays, and waiting for it would not end.
  if (context.waitRight() !== 'may-wait' || !canLeaveAll(host)) return false;
  const passed = rcu.synchronizeSync(limitMillis);
  driver.flush();
  turn.spend();
  return passed;
}
