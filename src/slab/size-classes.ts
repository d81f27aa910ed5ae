/**
 * Size classes: the object sizes that kmalloc serves. Steps of 8 bytes up to 64, then eight steps to each
 * doubling, so that above 64 bytes at most 1/9 of an object is waste (a request of 2^k + 1 bytes gets
 * 2^k + 2^k / 8). Larger requests than MAX_CLASS_BYTES are whole blocks of pages.
 *
 *     8 16 24 32 40 48 56 64 | 72 80 88 96 104 112 120 128 | 144 160 ... 256 | ... | 4608 ... 8192
 */
import { MAX_SLAB_ORDER } from '../layout/page-descriptor.js';
import { BYTES_PER_WORD, MAX_ORDER, PAGE_BYTES, PAGE_WORDS } from '../words/units.js';

export const MAX_CLASS_BYTES = 8192;
/** The largest request: one block of the largest order. */
export const MAX_KMALLOC_BYTES = PAGE_BYTES << MAX_ORDER;
const GRANULE_BYTES = 8;
const STEPS_TO_A_DOUBLING = 8;

/** Bytes of each class; the class's cache id is its place here plus 1. */
export const CLASS_BYTES: readonly number[] = listClasses();

/** Cache id for a request of up to `8 * index` bytes; entry 0 is unused. */
export const CLASS_OF_GRANULES: Uint8Array = tabulateClasses();

/** Enough objects to a slab that a refill rarely needs a second one. */
const WANTED_OBJECTS = 16;

function listClasses(): number[] {
  const classes: number[] = [];
  for (let bytes = GRANULE_BYTES; bytes <= 64; bytes += GRANULE_BYTES) classes.push(bytes);
  for (let base = 64; base < MAX_CLASS_BYTES; base *= 2) {
    const step = base / STEPS_TO_A_DOUBLING;
    for (let bytes = base + step; bytes <= 2 * base; bytes += step) classes.push(bytes);
  }
  return classes;
}

function tabulateClasses(): Uint8Array {
  const table = new Uint8Array(MAX_CLASS_BYTES / GRANULE_BYTES + 1);
  let granule = 1;
  for (let i = 0; i < CLASS_BYTES.length; i++) {
    for (; granule * GRANULE_BYTES <= CLASS_BYTES[i]!; granule++) table[granule] = i + 1;
  }
  return table;
}

/**
 * Order of the slabs for objects of `objectWords` words: the smallest that holds 16 objects with at most 1/16
 * left over at the end, else the one up to 3 that leaves the smallest part over. Where a slab may hold fewer
 * objects than that, the smallest order that holds them.
 */
export function slabOrderFor(objectWords: number, maxObjects = WANTED_OBJECTS): number {
  let best = MAX_SLAB_ORDER;
  let bestShare = 1;
  for (let order = 0; order <= MAX_SLAB_ORDER; order++) {
    const slabWords = PAGE_WORDS << order;
    const objects = Math.floor(slabWords / objectWords);
    const share = (slabWords - objects * objectWords) / slabWords;
    if (objects >= WANTED_OBJECTS ? share <= 1 / 16 : objects >= maxObjects) return order;
    if (objects > 0 && share < bestShare) [best, bestShare] = [order, share];
  }
  return best;
}

/** Words of an object that holds `bytes` bytes, a multiple of 8 bytes. */
export function objectWordsFor(bytes: number): number {
  return (Math.ceil(bytes / GRANULE_BYTES) * GRANULE_BYTES) / BYTES_PER_WORD;
}

/** `bytes` as a whole number; throws RangeError for what is no size. */
export function requireBytes(bytes: number): number {
  if (typeof bytes === 'number' && bytes > 0 && bytes <= MAX_KMALLOC_BYTES) return Math.ceil(bytes);
  throw new RangeError(
    `allocated ${String(bytes)} bytes; an allocation is a number of bytes above 0, up to ${MAX_KMALLOC_BYTES}`,
  );
}
