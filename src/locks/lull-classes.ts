/**
 * The classes of Lull's own locks, in the order in which they may be taken: from the lowest rank to the highest.
 *
 * The allocator's locks are of wait type `config`: the words spin, but a platform on which nobody may spin would
 * have them wait. So taking one under a raw lock is a mistake, although it happens to work; who is in that
 * place asks with GFP_NOLOCK, which only tries.
 */
import { type LockClass, lockClass, WAIT } from './lock-class.js';

/** A section in which what was read stays allocated: turn(fn). Not a lock: nobody waits for it by its word. */
export const RCU_READ = lockClass('rcu read section', WAIT.config, { rank: 10, outer: WAIT.free });
export const REGISTRY_LOCK = lockClass('registry lock', WAIT.config, { rank: 20 });
export const MAP_GROW_LOCK = lockClass('map growth', WAIT.config, { rank: 30 });
export const MAP_BUCKET_LOCK = lockClass('map bucket', WAIT.config, { rank: 40 });
export const GRACE_PERIOD_LOCK = lockClass('grace period', WAIT.spin, { rank: 50 });
export const ORPHAN_LOCK = lockClass('orphans', WAIT.spin, { rank: 60 });
/** Reclaim, as an allocation that may reclaim enters it: whoever holds a lock that reclaim takes must not. */
export const RECLAIM = lockClass('reclaim', WAIT.none, { rank: 70 });
export const MEMPOOL_LOCK = lockClass('mempool', WAIT.config, { rank: 75 });
export const SLAB_LIST_LOCK = lockClass('slabs', WAIT.config, { rank: 80 });
export const BARN_LOCK = lockClass('barn', WAIT.config, { rank: 90 });
export const THREAD_PAGES_LOCK = lockClass('thread pages', WAIT.config, { rank: 100, kind: 'percpu' });
export const ZONE_LOCK = lockClass('zone', WAIT.config, { rank: 110 });

/** What each guards, for whoever reads the order. */
const GUARDS: ReadonlyMap<LockClass, string> = new Map([
  [RCU_READ, 'what a turn(fn) has read: it stays allocated until fn returns'],
  [REGISTRY_LOCK, 'the list of names, and the number of caches'],
  [MAP_GROW_LOCK, 'the doubling of a map’s table'],
  [MAP_BUCKET_LOCK, 'the entries of one bucket of the first level'],
  [GRACE_PERIOD_LOCK, 'the start and the end of a grace period'],
  [ORPHAN_LOCK, 'what waits for a grace period and whose thread has left'],
  [RECLAIM, 'nothing: it stands for all that reclaiming memory may take'],
  [MEMPOOL_LOCK, 'the elements that a mempool keeps'],
  [SLAB_LIST_LOCK, 'a cache’s slabs and the objects on their free lists'],
  [BARN_LOCK, 'a cache’s full and empty sheaves'],
  [THREAD_PAGES_LOCK, 'a thread’s own page lists, against its own callbacks'],
  [ZONE_LOCK, 'a zone’s free blocks'],
]);

/** All of them, by rank. */
export const LULL_CLASSES: readonly LockClass[] = [...GUARDS.keys()];

/** What a lock of a class guards, in words. */
export function guardedBy(lock: LockClass): string {
  return GUARDS.get(lock) ?? '';
}
