/** Opens the slab caches that users name: makes them where they are new, and refuses what they were not made for. */
import { NAME_KIND } from '../layout/name-record.js';
import { MAX_CLASS_BYTES, objectWordsFor } from '../slab/size-classes.js';
import { shown } from '../words/shown.js';
import { BYTES_PER_WORD } from '../words/units.js';
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

function makeCache(
  { caches, geometry }: HeapParts,
  name: string,
  objectWords: number,
  isTypesafe: boolean,
): number {
  if (caches.hasRoom()) return caches.create(objectWords, isTypesafe);
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
