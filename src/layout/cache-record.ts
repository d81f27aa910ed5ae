/**
 * A slab cache: objects of one size. Cache 0 holds the sheaves of all others and has none itself; ids 1 to
 * SIZE_CLASSES are the kmalloc classes; above come caches that users name.
 *
 *     word 0   constants                  line 0, written once before the id is published (cachesUsed)
 *     word 16  listLock, partial slabs, deferred frees    line 1
 *     word 32  barnLock, barn             line 2
 *
 * Balance: totalObjects = slabs' objects = slabs << per-slab count
 *          objects in use on slabs = objects in sheaves (main, spare, rcu, barn, waiting) + objects held
 *
 * I1  Barn: fullSheaves and emptySheaves are at most barnSheaves each; a full sheaf holds at least one object.
 * I2  A slab is on the partial list exactly when it has a free object.
 * I3  A deferred object counts as in use on its slab until it is drained.
 * P1  Plain writes to slabs under listLock, to sheaves handed over under barnLock, are published by release.
 * P2  A deferred object's link is published by the compareExchange on `deferred`, observed by the exchange
 *     that takes the whole list.
 *
 * A type-stable cache, SLAB_TYPESAFE_BY_RCU: a reader may look at an object that was freed, and used again, before it
 * finds out. So no free object has anything of the allocator's where its user's words are, and pages leave the cache
 * only after a grace period. Two words behind the user's are the allocator's: the link, or an RcuHead.
 *
 *     ordinary      | user's words                    objectWords |      a free object's link is its first word
 *     type-stable   | user's words     linkOffset | link | (func) |
 *
 * Races by intent: the barn's heads and counts are looked at plainly before barnLock is taken, and again under it.
 */

export const CACHE = {
  /** 0 = this record is not made. */
  objectWords: 0,
  slabOrder: 1,
  slabObjects: 2,
  sheafCapacity: 3,
  /** Word of an object that links it while it is free. Not 0: the cache is type-stable. */
  linkOffset: 4,

  listLock: 16,
  /** First slab with a free object (page number). */
  partialHead: 17,
  partialSlabs: 18,
  /** All slabs of the cache. */
  slabs: 19,
  /** Slabs on the partial list of which no object is in use. */
  emptySlabs: 20,
  /** First object whose free was put off because the list lock was busy, linked as CACHE.linkOffset says. Atomic. */
  deferred: 21,
  /** Counter: objects that took the deferred way. */
  deferredFrees: 22,
  /** Objects on the slabs' free lists. */
  freeObjects: 23,
  /** Deferred objects that were taken off their list and are on no slab yet: all of them, and the one in hand. */
  draining: 24,
  drained: 25,
  /** The slab that is being changed (page number), for who finds the lock's owner dead; 0 = none. */
  busySlab: 26,
  /** The sheaf that is being filled from slabs, or emptied onto them; 0 = none. Under the lock. */
  busySheaf: 27,

  barnLock: 32,
  fullHead: 33,
  fullSheaves: 34,
  emptyHead: 35,
  emptySheaves: 36,
} as const;
export const CACHE_WORDS = 48;

/** What a type-stable cache has behind the user's words of an object: room for an RcuHead. */
export const TYPESAFE_WORDS = 2;

/** The cache of sheaves. */
export const SHEAF_CACHE = 0;
