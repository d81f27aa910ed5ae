/**
 * The plain words of a heap that are meant to race: a thread looks at them without the lock, or the right, under
 * which others write them, and is right whatever it sees. Every other plain word of a heap must not.
 *
 *     page state      the buddy looks at a neighbour while the neighbour's owner writes what it is now: neither
 *                     the old value nor the new is `free` of the order asked for, which only zone.lock writes
 *     zone deferred   a stale 0 leaves the blocks to the next caller; the exchange decides
 *     deferred frees  of a cache: as of a zone
 *     zone belowHigh  a hint how large the lists of threads are to be
 *     orphans         a stale look at migrations, or at how many there are, leaves them to the end of the next turn
 *     requests        of a thread: as the orphans; whoever asks looks again himself
 *     barn            heads and counts are looked at before the lock is taken, and again under it
 */
import { CACHE, CACHE_WORDS } from '../../../src/layout/cache-record.js';
import { type Geometry, HEADER } from '../../../src/layout/heap-header.js';
import { DESCRIPTOR, DESCRIPTOR_WORDS } from '../../../src/layout/page-descriptor.js';
import { SLOT } from '../../../src/layout/thread-slot.js';
import { ZONE, ZONE_WORDS } from '../../../src/layout/zone-record.js';

const BARN_WORDS: readonly number[] = [
  CACHE.fullHead,
  CACHE.fullSheaves,
  CACHE.emptyHead,
  CACHE.emptySheaves,
];

/** True for the state word of a page. */
export function isPageState({ descriptorsStart, totalPages }: Geometry, word: number): boolean {
  const offset = word - descriptorsStart;
  if (offset < 0 || offset >= totalPages * DESCRIPTOR_WORDS) return false;
  return offset % DESCRIPTOR_WORDS === DESCRIPTOR.state;
}

/** True for the word of a zone that leads to its deferred blocks. */
export function isDeferredHead({ zonesStart, zones }: Geometry, word: number): boolean {
  const offset = word - zonesStart;
  return offset >= 0 && offset < zones * ZONE_WORDS && offset % ZONE_WORDS === ZONE.deferred;
}

/** True for the word of a zone that says that it is below its high mark. */
export function isBelowHigh({ zonesStart, zones }: Geometry, word: number): boolean {
  const offset = word - zonesStart;
  return offset >= 0 && offset < zones * ZONE_WORDS && offset % ZONE_WORDS === ZONE.belowHigh;
}

/** True for a head or a count of the barn of a cache. */
export function isBarnWord({ cachesStart, maxCaches }: Geometry, word: number): boolean {
  const offset = word - cachesStart;
  return offset >= 0 && offset < maxCaches * CACHE_WORDS && BARN_WORDS.includes(offset % CACHE_WORDS);
}

/** True for the word of a cache that leads to its deferred objects. */
export function isDeferredObject({ cachesStart, maxCaches }: Geometry, word: number): boolean {
  const offset = word - cachesStart;
  return offset >= 0 && offset < maxCaches * CACHE_WORDS && offset % CACHE_WORDS === CACHE.deferred;
}

/** True for what a thread looks at whenever a turn of it ends. */
export function isLookedAtBetweenTurns({ slotsStart, slots, slotWords }: Geometry, word: number): boolean {
  if (word === HEADER.migrations || word === HEADER.orphanObjects) return true;
  const offset = word - slotsStart;
  return offset >= 0 && offset < slots * slotWords && offset % slotWords === SLOT.requests;
}

/** True for any of them. */
export function isLookedAtUnlocked(geometry: Geometry, word: number): boolean {
  return (
    isPageState(geometry, word) ||
    isDeferredHead(geometry, word) ||
    isBelowHigh(geometry, word) ||
    isBarnWord(geometry, word) ||
    isDeferredObject(geometry, word) ||
    isLookedAtBetweenTurns(geometry, word)
  );
}
