/**
 * A mempool: elements that are kept for allocations that must not fail. A record of its own, found by name.
 *
 *     word 0   lock
 *     word 1   kind, size, minimum        constant: what an element is, and how many are kept
 *     word 16  elements, deferred, returns, drained
 *     word 32  objects[0 .. elements - 1]
 *
 * Balance: elements + length of the deferred list + elements that were taken from here and not given back = minimum,
 *          or more: whatever else was allocated through the pool comes back here first.
 *
 * I1  objects[0 .. elements - 1] are the pool's: the number is the truth. 0 <= elements <= minimum.
 * I2  An element on the deferred list is the pool's, and no other is.
 * I3  `drained` is 0 while nobody has the lock. Under it, it is in objects[], or on the deferred list, or about to go from
 *     there into objects[], where there is room.
 * P1  Plain writes under the lock are published by its release. `elements` is stored atomically under the lock, and
 *     looked at without it by who gives an element back: what it has taken itself is missing from that number.
 * P2  A deferred element's first word is published by the compareExchange on `deferred`, observed by who loads
 *     its address there: under the lock.
 * P3  Who gives back adds the element, THEN adds to `returns`, THEN notifies. Who waits loads `returns`, THEN looks
 *     for an element, THEN sleeps while `returns` is what it loaded.
 */

export const MEMPOOL = {
  lock: 0,
  /** MEMPOOL_KIND. */
  kind: 1,
  /** Bytes of an element, its order, or the id of its cache. */
  size: 2,
  /** How many elements are kept. */
  minimum: 3,
  /** How many are in objects[]. */
  elements: 16,
  /** First of those that were given back while the lock was busy, linked through their first words. */
  deferred: 17,
  /** Counts what was given back: what waiters sleep on. Wraps. */
  returns: 18,
  /** The deferred element that is being taken in. Under the lock. */
  drained: 19,
  objects: 32,
} as const;

export const MEMPOOL_KIND = { bytes: 1, order: 2, cache: 3 } as const;

/** So many fit into one block of the largest order with room to spare, and are more than anybody should keep. */
export const MAX_MEMPOOL_ELEMENTS = 65_536;

/** Words of a record that keeps `minimum` elements. */
export function mempoolRecordWords(minimum: number): number {
  return MEMPOOL.objects + minimum;
}
