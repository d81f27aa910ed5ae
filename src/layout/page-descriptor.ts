/**
 * One descriptor per page, apart from the page. Its state word is the truth: it says what the page is and
 * whose, and every list and counter over pages can be rebuilt from it.
 *
 *     word 0  state      kind:4 | order:4 | (2 bits) | tail:3 | owner:19
 *     word 1  next       page number of the next block on the same list, 0 = last
 *     word 2  previous   page number, 0 = first (free blocks and slabs)
 *     word 3  freelist   slab: address of its first free object, 0 = none
 *     word 4  inUse      slab: objects that are not on the freelist
 *     word 5  objects    slab: how many it holds
 *     word 6  listed     slab: LISTED: on its cache's partial list, full, or in a thread's hands
 *     word 7  group      allocated: record of the memory group it is charged to, 0 = none
 *
 * Guards: free: zone.lock. threadList: the slot's owner. slab: the cache's listLock; state never changes while
 * the slab lives, so kfree reads it plain. deferred: next is published by the zone's deferred word.
 * Races by intent: who holds zone.lock looks at the state of a neighbour that its owner may be writing. Only
 * `free` counts there, and only who holds zone.lock writes that.
 *
 * I1  The first page of a block carries its kind and order; the others are `tail` (0), but a slab's, which
 *     carry the slab's state with their own number in `tail`.
 * I2  A block of order o starts at a multiple of 2^o.
 * I3  Walking down from the largest order, the first block start whose block covers a page is the page's block:
 *     a start is either the start of a block or inside a larger one that was met before.
 * I4  inUse + length of freelist = objects.
 */

export const DESCRIPTOR = {
  state: 0,
  next: 1,
  previous: 2,
  freelist: 3,
  inUse: 4,
  objects: 5,
  listed: 6,
  group: 7,
} as const;
export const DESCRIPTOR_WORDS = 8;
/** page << DESCRIPTOR_SHIFT is the offset of its descriptor. */
export const DESCRIPTOR_SHIFT = 3;

export const PAGE_KIND = {
  tail: 0,
  free: 1,
  threadList: 2,
  allocated: 3,
  slab: 4,
  deferred: 5,
} as const;

export const KIND_MASK = 0xf;
/** tail << TAIL_SHIFT is the page's offset in its slab, in words: kfree adds the two without shifting. */
export const TAIL_SHIFT = 10;
export const OWNER_SHIFT = 13;
/** A slab's block is at most 2^MAX_SLAB_ORDER pages: 3 bits of tail. */
export const MAX_SLAB_ORDER = 3;

/**
 * Of a slab. `no`: in its cache's books, and without a free object. `yes`: on the partial list. From `held` on it is in no
 * book: held + slot for one that the thread of the slot makes, or takes apart; `carved`: its objects are in use as sheaves,
 * and the first that comes back brings it into the books.
 */
export const LISTED = { no: 0, yes: 1, carved: 2, held: 4 } as const;

/** @param owner thread slot, cache id, or 0, by kind: of `threadList` and `deferred` the slot of who has it in hand. */
export function pageState(kind: number, order: number, owner: number, tail = 0): number {
  return kind | (order << 4) | (tail << TAIL_SHIFT) | (owner << OWNER_SHIFT);
}

export function pageKind(state: number): number {
  return state & KIND_MASK;
}

export function pageOrder(state: number): number {
  return (state >>> 4) & 0xf;
}

export function pageTail(state: number): number {
  return (state >>> TAIL_SHIFT) & 0x7;
}

export function pageOwner(state: number): number {
  return state >>> OWNER_SHIFT;
}
