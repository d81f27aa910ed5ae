/** A slab cache, read from the heap's words. */
import { CACHE } from '../../src/layout/cache-record.js';
import { cacheStart } from '../../src/layout/heap-layout.js';
import { SHEAF } from '../../src/layout/sheaf-record.js';
import { CACHE_SLOT, CACHE_SLOT_WORDS, SLOT } from '../../src/layout/thread-slot.js';
import type { Heap } from '../../src/shared-heap.js';
import { CLASS_OF_GRANULES } from '../../src/slab/size-classes.js';
import { partsOf } from './stage.js';

/** Id of the cache that serves requests of `bytes` bytes. */
export function classOf(bytes: number): number {
  return CLASS_OF_GRANULES[(bytes + 7) >> 3]!;
}

/** One word of a cache's record. */
export function cacheWord(heap: Heap, cache: number, field: keyof typeof CACHE): number {
  return heap.words.loadPlain(cacheStart(heap.geometry, cache) + CACHE[field]);
}

/** Index of one word of a cache's record. */
export function cacheIndex(heap: Heap, cache: number, field: keyof typeof CACHE): number {
  return cacheStart(heap.geometry, cache) + CACHE[field];
}

/** Address of the sheaf that this thread has at a place; 0 where it has none. */
export function sheafAt(heap: Heap, cache: number, place: keyof typeof CACHE_SLOT): number {
  const slot = partsOf(heap).membership.start + SLOT.caches + cache * CACHE_SLOT_WORDS;
  return heap.words.loadPlain(slot + CACHE_SLOT[place]);
}

/** The objects in a sheaf. */
export function objectsOf(heap: Heap, sheaf: number): number[] {
  if (sheaf === 0) return [];
  const count = heap.words.loadPlain(sheaf + SHEAF.count);
  return Array.from({ length: count }, (_, i) => heap.words.loadPlain(sheaf + SHEAF.objects + i));
}
