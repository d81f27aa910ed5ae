/**
 * A sheaf: an array of objects of one cache, passed about whole.
 *
 *     word 0  count      objects[0 .. count-1] are in the sheaf: the count is the truth
 *     word 1  capacity
 *     word 2  next       next sheaf on the same list (barn, waiting, orphans)
 *     word 3  cookie     grace period that a sealed rcu sheaf waits for
 *     word 4  cache      id of the cache; in a sheaf that waits SHEAF_CACHE, where it holds blocks of pages
 *     word 5  (free)
 *     word 6  objects
 *
 * I1  An object is put into its new place before it is taken out of the old one; where both have it, the sheaf
 *     wins. So a thread that stops between two words loses nothing.
 */

export const SHEAF = { count: 0, capacity: 1, next: 2, cookie: 3, cache: 4, objects: 6 } as const;

/** Sheaves are objects of SHEAF_WORDS words, whatever their capacity: four 64-byte lines. */
export const SHEAF_WORDS = 64;
export const MAX_SHEAF_CAPACITY = SHEAF_WORDS - SHEAF.objects;
