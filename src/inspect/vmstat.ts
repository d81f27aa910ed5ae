/**
 * What /proc/vmstat prints: where the pages are, and how often what has happened since the heap was made. A name
 * is the kernel's where the kernel counts the same; docs/stat.md says which is whose.
 */
import type { Geometry } from '../layout/heap-header.js';
import { SLOT } from '../layout/thread-slot.js';
import type { Words } from '../words/words.js';
import { sumOfSlots } from './plausible.js';

/** Events, and the counter of a thread's slot that counts each. */
const EVENTS = {
  pgalloc: SLOT.pagesAllocated,
  pgfree: SLOT.pagesFreed,
  allocstall: SLOT.allocStalls,
  pgscan_direct: SLOT.scanned,
  pgsteal_direct: SLOT.reclaimed,
  drain_all_pages: SLOT.drains,
  oom_kill: SLOT.outOfMemory,
  zone_lock: SLOT.zoneLocks,
  alloc_pages_nolock: SLOT.nolockPages,
  alloc_pages_nolock_fail: SLOT.nolockPagesRefused,
  free_pages_deferred: SLOT.pagesDeferred,
  kmalloc_nolock: SLOT.nolockObjects,
  kmalloc_nolock_fail: SLOT.nolockObjectsRefused,
  kfree_deferred: SLOT.objectsDeferred,
  barn_get: SLOT.sheavesFromBarn,
  barn_put: SLOT.sheavesToBarn,
  sheaf_refill: SLOT.sheavesFilled,
  sheaf_flush: SLOT.sheavesFlushed,
  free_rcu_sheaf: SLOT.freedThroughSheaf,
  free_rcu_sheaf_fail: SLOT.freedThroughList,
  rcu_sheaf_reuse: SLOT.sheavesReused,
  fail_page_alloc: SLOT.pageFaults,
  failslab: SLOT.slabFaults,
  rcu_callback: SLOT.callbacksInvoked,
  rcu_callback_error: SLOT.callbackErrors,
  rcu_synchronize: SLOT.synchronized,
  rcu_synchronize_expedited: SLOT.expedited,
  debug_hook_skip: SLOT.hooksSkipped,
} as const;

/** Where the heap's pages are, and what waits. */
export interface PageCounts {
  readonly nr_free_pages: number;
  /** Pages on threads' lists. */
  readonly nr_pcp_pages: number;
  readonly nr_slab_unreclaimable: number;
  /** Pages of the heap's own records. */
  readonly nr_memmap_boot_pages: number;
  /** Objects that wait for a grace period. */
  readonly nr_rcu_waiting: number;
  /** Callbacks that wait for one, or to be called; and those whose function no thread has. */
  readonly nr_rcu_callbacks: number;
  readonly nr_rcu_stranded: number;
  /** Grace periods that have ended. */
  readonly rcu_gp: number;
}

export type VmEvents = Readonly<Record<keyof typeof EVENTS, number>>;
export type VmStat = PageCounts & VmEvents;

export function readVmEvents(words: Words, geometry: Geometry): VmEvents {
  const events: Record<string, number> = {};
  const names = Object.keys(EVENTS) as (keyof typeof EVENTS)[];
  for (let i = 0; i < names.length; i++) {
    events[names[i]!] = sumOfSlots(words, geometry, EVENTS[names[i]!]);
  }
  return events as VmEvents;
}

/** A name and a number to a line, as the kernel's. */
export function formatVmstat(vmstat: VmStat): string {
  return Object.entries(vmstat)
    .map(([name, count]) => `${name} ${count}\n`)
    .join('');
}
