/**
 * The hard way of kfreeRcuMightsleep(): no sheaf was to be had by trying, and the object has no RcuHead.
 *
 *     a sheaf, locks and a light reclaim for it  -->  wait for a grace period here, and free
 *
 * Who may call: the slot's thread, where it may wait, outside of turn(fn) and of read sections.
 *
 * Follows mm/slab_common.c (add_ptr_to_bulk_krc_lock, kvfree_call_rcu without a head).
 */
import { __GFP_NORETRY, __GFP_NOWARN, GFP_KERNEL } from '../pages/gfp.js';
import { ContextError } from '../threads/context.js';
import { Turn } from '../threads/turn.js';
import type { HeapParts } from './heap-parts.js';
import { reclaimFor } from './reclaim.js';

const LIGHT = GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN;
const CALL = 'called kfreeRcuMightsleep()';
const WAY_OUT = 'use kfreeRcu(p, headOffset), which never waits';

/** Throws ContextError where this thread may not wait, Error where it was promised not to: whether it would have to or not. */
export function requireMightSleep({ host, context }: HeapParts): void {
  if (context.waitRight() !== 'may-wait') {
    throw new ContextError(`${CALL} ${context.where()}, which may not wait; ${WAY_OUT}`);
  }
  for (const entered of host.entered) {
    if (!(entered instanceof Turn && entered.isReading())) continue;
    throw new Error(
      `${CALL} inside turn(fn) or a read section, which promised to keep what it read; ${WAY_OUT}, or return from it first`,
    );
  }
}

/** Frees what KfreeRcu.postHeadless() returned. What a shrinker throws is thrown after that. */
export function postOrWait(parts: HeapParts, p: number): void {
  let sheaf = 0;
  try {
    sheaf = takeSheaf(parts, p);
  } finally {
    if (sheaf !== 0) parts.kfreeRcu.postWith(p, sheaf);
    else waitAndFree(parts, p);
  }
}

function takeSheaf(parts: HeapParts, p: number): number {
  const take = () => parts.kfreeRcu.takeSheaf(p, LIGHT);
  const sheaf = take();
  return sheaf !== 0 ? sheaf : reclaimFor(parts, LIGHT, take);
}

function waitAndFree({ rcu, turn, kfreeRcu }: HeapParts, p: number): void {
  rcu.synchronizeSync();
  turn.run(() => kfreeRcu.freeWaited(p));
}
