/**
 * A sheaf: an array of objects of one cache, passed about whole.
 *
 *     word 0  count      objects[0 .. count-1] are in the sheaf: the count is the truth
 *     word 1  capacity
 *     word 2  next       next sheaf on the same list (barn, waiting, orphans)
 *     word 3  cookie     grace period that a sealed rcu sheaf waits for
 *     word 4  cache      id of the cache; in a sheaf that waits SHEAF_CACHE, where it holds blocks of pages
 *     word 5  holder     whose it is (SHEAF_HOLDER): written before the sheaf is taken from where all find it, and
 *                        cleared after it is back there
 *     word 6  objects
 *
 * I1  An object is put into its new place before it is taken out of the old one; where both have it, the sheaf
 *     wins. So a thread that stops between two words loses nothing.
 * I2  An object of the cache of sheaves that is free has holder 0. So a sheaf of a dead thread is found by its holder,
 *     whatever list it is on, or none.
 * I3  A sheaf with capacity 0 is bare: it holds nothing, whatever its count says, which may be a link of its slab's, or of
 *     the deferred list. Sheaves are bare from before they go there until they are made a cache's.
 */

export const SHEAF = { count: 0, capacity: 1, next: 2, cookie: 3, cache: 4, holder: 5, objects: 6 } as const;

/** Sheaves are objects of SHEAF_WORDS words, whatever their capacity: four 64-byte lines. */
export const SHEAF_WORDS = 64;
export const MAX_SHEAF_CAPACITY = SHEAF_WORDS - SHEAF.objects;

/**
 * holder = 0: the barns', the orphans', or free; else slot + 1, with `waiting` where readers may look at its objects, so that
 * they wait for a grace period.
 */
export const SHEAF_HOLDER = { nobody: 0, waiting: 1 << 8, slotMask: 0xff } as const;

/** SHEAF.holder of a sheaf of slot number `slot`. */
export function sheafHolder(slot: number): number {
  return slot + 1;
}

/** The same, of one that holds objects which wait. */
export function waitingHolder(slot: number): number {
  return sheafHolder(slot) | SHEAF_HOLDER.waiting;
}
