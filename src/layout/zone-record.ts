/**
 * A zone: a run of pages with a lock of its own. Free blocks lie on one doubly linked list per order.
 *
 *     word 0   lock                       line 0
 *     word 16  startPage endPage ...      line 1, written under the lock
 *     word 20  per order 0 to 10: head (page number), blocks
 *     word 42  wmarkMin wmarkLow wmarkHigh, constant; belowHigh
 *     word 48  deferred                   line 3: blocks freed where the lock could not be had
 *
 * Balance: freePages = sum over orders of blocks << order
 *          endPage - startPage = freePages + pages of blocks in every other kind
 *
 * I1  No two free buddies of the same order below MAX_ORDER: they would have merged.
 * P1  Plain writes to descriptors and lists under the lock are published by the lock's release.
 * P2  A deferred block's next word is published by the compareExchange on `deferred`, observed by the one that takes
 *     the whole list, or its first block. Whether there is one to take is looked at plainly first, which races by intent:
 *     a stale 0 leaves it to the next caller.
 */

export const ZONE = {
  lock: 0,
  startPage: 16,
  endPage: 17,
  freePages: 18,
  freeArea: 20,
  /** Watermarks in pages, constant: free pages that only stronger rights go below. */
  wmarkMin: 42,
  wmarkLow: 43,
  wmarkHigh: 44,
  /** 1 while freePages is below wmarkHigh, as far as was noticed. Races by intent: a hint. */
  belowHigh: 45,
  deferred: 48,
  /** Counter: blocks that took the deferred way. */
  deferredFrees: 49,
  /** Deferred blocks that were taken off the list and are not in the buddy yet: all of them, and the one in hand. Under the lock. */
  draining: 50,
  drained: 51,
} as const;
export const ZONE_WORDS = 64;

/** Offsets in one order's free area. */
export const FREE_AREA = { head: 0, blocks: 1 } as const;
export const FREE_AREA_WORDS = 2;
