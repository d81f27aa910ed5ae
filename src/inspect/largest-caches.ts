/** The slab caches that hold most pages: for a report of who holds what. Any thread, any context: no lock, no wait. */
import { CACHE } from '../layout/cache-record.js';
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { cacheStart, slotStart } from '../layout/heap-layout.js';
import { CACHE_SLOT, CACHE_SLOT_WORDS, SLOT } from '../layout/thread-slot.js';
import type { Words } from '../words/words.js';
import { readCacheNames } from './cache-names.js';
import { readBetween, readCaches, readSheaf, readSlots } from './plausible.js';

/** What one cache holds. */
export interface CacheHolding {
  readonly id: number;
  readonly name: string;
  readonly pages: number;
  readonly slabs: number;
  /** On the slabs, in use or not. */
  readonly objects: number;
  /** Those that somebody has: on no free list, and in no main, spare or full sheaf. */
  readonly inUse: number;
}

export interface LargestCaches {
  /** Most pages first. */
  readonly largest: readonly CacheHolding[];
  /** What is left out. */
  readonly others: { readonly caches: number; readonly pages: number };
}

/** The `most` largest caches of those that have a page. */
export function largestCaches(words: Words, geometry: Geometry, most: number): LargestCaches {
  const caches = readCaches(words, geometry);
  const names = readCacheNames(words, geometry, caches);
  const holdings: CacheHolding[] = [];
  for (let id = 0; id < caches; id++) {
    const holding = readHolding(words, geometry, id, names[id] ?? '');
    if (holding.pages > 0) holdings.push(holding);
  }
  holdings.sort((a, b) => b.pages - a.pages || a.id - b.id);
  const rest = holdings.slice(most);
  const pages = rest.reduce((sum, holding) => sum + holding.pages, 0);
  return { largest: holdings.slice(0, most), others: { caches: rest.length, pages } };
}

function readHolding(words: Words, geometry: Geometry, id: number, name: string): CacheHolding {
  const record = cacheStart(geometry, id);
  const slabs = readBetween(words, record + CACHE.slabs, 0, geometry.totalPages);
  const objects = slabs * words.loadPlain(record + CACHE.slabObjects);
  const idle =
    words.loadPlain(record + CACHE.freeObjects) +
    words.loadPlain(record + CACHE.fullSheaves) * words.loadPlain(record + CACHE.sheafCapacity) +
    inThreadSheaves(words, geometry, id);
  const pages = slabs << words.loadPlain(record + CACHE.slabOrder);
  return { id, name, pages, slabs, objects, inUse: Math.min(Math.max(0, objects - idle), objects) };
}

function inThreadSheaves(words: Words, geometry: Geometry, id: number): number {
  const slots = readSlots(words, geometry);
  let objects = 0;
  for (let slot = 0; slot < slots; slot++) {
    const place = slotStart(geometry, slot) + SLOT.caches + id * CACHE_SLOT_WORDS;
    for (const which of [CACHE_SLOT.main, CACHE_SLOT.spare]) {
      const sheaf = words.loadPlain(place + which);
      if (sheaf !== HEADER.bootstrapSheaf) objects += readSheaf(words, geometry, sheaf);
    }
  }
  return objects;
}
