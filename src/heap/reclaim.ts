/**
 * Reclaim: what a thread that may wait does before it gives up on memory.
 *
 *     free what is done -> give back what this thread and the barns keep -> take what idle threads keep
 *       -> wait for a grace period, and the last two again -> give up
 *
 * Where the caller holds raw addresses (the turn is pinned) the turn cannot be ended, so what waits for a grace
 * period that began in it cannot be had.
 *
 * Follows mm/page_alloc.c (__alloc_pages_direct_reclaim): bounded rounds, then an error that says who holds what.
 */
import { canLeaveAll } from '../words/host.js';
import type { HeapParts } from './heap-parts.js';

/** Longest wait for other threads' turns before an allocation fails. */
const GRACE_PERIOD_MILLIS = 100;

/** Tries `alloc` again after each way of getting memory back; 0 when none has brought any. */
export function reclaimFor(parts: HeapParts, alloc: () => number): number {
  const { turn, driver } = parts;
  // Sealed before the turn ends: what is sealed after waits for the turn that starts then.
  driver.seal();
  if (turn.isOpen() && !turn.pinned) turn.quiesce();
  else driver.flush();
  let p = alloc();
  if (p !== 0) return p;
  p = drainAndTry(parts, alloc);
  return p !== 0 || !waitForGracePeriod(parts) ? p : drainAndTry(parts, alloc);
}

function drainAndTry(parts: HeapParts, alloc: () => number): number {
  const { caches, pages, idlePages } = parts;
  reclaim(parts, () => {
    caches.shrink();
    pages.drain();
    return 0;
  });
  const p = alloc();
  if (p !== 0) return p;
  // Last, since those threads have to refill their lists.
  return reclaim(parts, () => idlePages.drain()) === 0 ? 0 : alloc();
}

function reclaim({ turn, fittings }: HeapParts, shrink: () => number): number {
  fittings.enterReclaim();
  try {
    return turn.run(shrink);
  } finally {
    fittings.exitReclaim();
  }
}

function waitForGracePeriod({ turn, host, rcu, driver }: HeapParts): boolean {
  // Another attachment of this thread may hold addresses: then its turn stays, and waiting for it would not end.
  if (host.waitRight !== 'may-wait' || !canLeaveAll(host)) return false;
  const passed = rcu.synchronizeSync(GRACE_PERIOD_MILLIS);
  driver.flush();
  turn.spend();
  return passed;
}
