/**
 * What reclaim in the heap and reclaim in a memory group do alike: they free what is through with its grace period, and
 * wait for the next one.
 *
 * Who may call: the slot's thread, outside of every lock.
 */
import { INTENT_KIND, SLOT } from '../layout/thread-slot.js';
import { Intents } from '../threads/intents.js';
import { canLeaveAll } from '../words/host.js';
import type { HeapParts } from './heap-parts.js';

/** Longest wait for other threads' turns before an allocation fails. */
export const GRACE_PERIOD_MILLIS = 100;

/** Intents of an operation that reclaims for an allocation of its own. */
const OWN_INTENTS = 1;

/**
 * True where the allocation is of a function that reclaim has called, a callback or a listener, in the middle of an operation:
 * it does not reclaim in its turn, so that all that is begun at one time has room in the slot (intents.ts).
 */
export function isInsideReclaim({ words, membership }: HeapParts): boolean {
  return words.loadPlain(membership.start + SLOT.intentDepth) > OWN_INTENTS;
}

/** Runs what may allocate for others: what that has in hand is not what the allocation that is reclaimed for has. */
export function apart<T>({ words, membership }: HeapParts, act: () => T): T {
  const intents = new Intents(words, membership.start);
  const frame = intents.open(INTENT_KIND.nothing, 0);
  try {
    return act();
  } finally {
    intents.close(frame);
  }
}

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
