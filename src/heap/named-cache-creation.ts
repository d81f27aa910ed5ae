/**
 * Opens the slab caches that users name: makes them where they are new, and refuses what they were not made for.
 *
 * I1  A cache is named before it counts as made (cachesUsed), both under the lock of names: so none is made that nobody can
 *     find. Who finds one that does not count yet, since its maker is at it or has died there, counts it (confirmCaches).
 */
import { HEADER } from '../layout/heap-header.js';
import { NAME, NAME_KIND } from '../layout/name-record.js';
import { CLASS_BYTES, MAX_CLASS_BYTES, objectWordsFor } from '../slab/size-classes.js';
import type { SlabCaches } from '../slab/slab-caches.js';
import { shown } from '../words/shown.js';
import { BYTES_PER_WORD } from '../words/units.js';
import type { Words } from '../words/words.js';
import type { HeapParts } from './heap-parts.js';
import { type HardAllocator, NamedCache } from './named-cache.js';

/** What heap.slabCache() takes. */
export interface SlabCacheOptions {
  /** Readers may look at its objects after they were freed. */
  readonly typesafeByRcu?: boolean;
}

/** Finds what a name stands for; made by `make` where it is new. */
export type NameFinder = (kind: number, name: string, make: () => number) => number;

/** The cache of this name; errors as heap.slabCache(). */
export function openSlabCache(
  hard: HardAllocator,
  parts: HeapParts,
  findOrMake: NameFinder,
  name: string,
  bytes: number,
  options: SlabCacheOptions,
): NamedCache {
  const isTypesafe = requireOptions(name, options);
  if (!(Number.isInteger(bytes) && bytes >= 1 && bytes <= MAX_CLASS_BYTES)) {
    throw new RangeError(
      `opened slab cache ${name} for objects of ${String(bytes)} bytes; a size is an integer in 1..${MAX_CLASS_BYTES}`,
    );
  }
  const objectWords = objectWordsFor(bytes);
  const make = () => makeCache(parts, name, objectWords + parts.fittings.shellWords, isTypesafe);
  const id = findOrMake(NAME_KIND.slabCache, name, make);
  parts.caches.confirm(id);
  requireSame(parts, name, id, objectWords, isTypesafe);
  return new NamedCache(hard, parts, id, name, objectWords);
}

/** Whether the cache is to be type-stable; TypeError for what says neither. */
function requireOptions(name: string, options: SlabCacheOptions): boolean {
  const isObject = typeof options === 'object' && options !== null;
  const { typesafeByRcu: wanted = false }: { typesafeByRcu?: unknown } = isObject ? options : {};
  if (isObject && typeof wanted === 'boolean') return wanted;
  throw new TypeError(
    `opened slab cache ${name} with ${isObject ? `typesafeByRcu ${shown(wanted)}` : `options ${shown(options)}`}; ` +
      'its options are an object with typesafeByRcu, true or false',
  );
}

/** Counts all caches that names and groups lead to; the caller has the lock of names. */
export function confirmCaches(words: Words, caches: SlabCaches): void {
  // slab-caches:P1, and written under this lock.
  const accounted = words.load(HEADER.accountedCaches);
  if (accounted !== 0) caches.confirm(accounted + CLASS_BYTES.length - 1);
  // name-record:P1: observes the record; names are linked newest first, and so are the caches' ids.
  let at = words.dereference(HEADER.registryHead);
  while (at !== 0 && words.loadPlain(at + NAME.kind) !== NAME_KIND.slabCache) {
    at = words.loadPlain(at + NAME.next);
  }
  if (at !== 0) caches.confirm(words.loadPlain(at + NAME.target));
}

function makeCache(
  { words, caches, geometry }: HeapParts,
  name: string,
  objectWords: number,
  isTypesafe: boolean,
): number {
  confirmCaches(words, caches);
  if (caches.hasRoom()) return caches.write(caches.used(), objectWords, isTypesafe);
  throw new RangeError(
    `made slab cache ${name} in a heap with all ${geometry.maxCaches} caches made; create the heap with a larger maxCaches`,
  );
}

function requireSame(
  { caches, fittings }: HeapParts,
  name: string,
  id: number,
  objectWords: number,
  isTypesafe: boolean,
): void {
  const made = caches.view(id).objectWords - fittings.shellWords;
  if (made !== objectWords) {
    throw new RangeError(
      `opened slab cache ${name} for objects of ${objectWords * BYTES_PER_WORD} bytes; ` +
        `it was made for ${made * BYTES_PER_WORD}`,
    );
  }
  const madeTypesafe = caches.linkOffset(id) !== 0;
  if (madeTypesafe === isTypesafe) return;
  throw new RangeError(
    `opened slab cache ${name} with typesafeByRcu ${isTypesafe}; it was made with ${madeTypesafe}, which all its users ` +
      'rely on',
  );
}
