/**
 * Words of a live heap, held against what they can be: other threads write while these are read, so a number may
 * come from another moment than the one beside it. Nothing here waits, and nothing fails.
 */
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { MAX_SHEAF_CAPACITY, SHEAF, SHEAF_WORDS } from '../layout/sheaf-record.js';
import { PAGE_WORDS } from '../words/units.js';
import type { Words } from '../words/words.js';

/** The number in a word, or the bound that it lies beyond. */
export function readBetween(words: Words, index: number, least: number, most: number): number {
  return Math.min(Math.max(words.loadPlain(index), least), most);
}

/** A number of objects: none is smaller than 8 bytes. */
export function readObjects(words: Words, geometry: Geometry, index: number): number {
  return readBetween(words, index, 0, (geometry.totalPages * PAGE_WORDS) / 2);
}

/** How many slots were ever claimed. */
export function readSlots(words: Words, geometry: Geometry): number {
  return readBetween(words, HEADER.slotsClaimed, 0, geometry.slots);
}

/** How many caches are made. */
export function readCaches(words: Words, geometry: Geometry): number {
  return readBetween(words, HEADER.cachesUsed, 0, geometry.maxCaches);
}

/** A counter's sum over all slots, those of threads that have left too. Each may wrap at 2^32, the sum does not. */
export function sumOfSlots(words: Words, geometry: Geometry, counter: number): number {
  const slots = readSlots(words, geometry);
  let sum = 0;
  for (let slot = 0; slot < slots; slot++) {
    sum += words.loadPlain(slotStart(geometry, slot) + counter) >>> 0;
  }
  return sum;
}

/** True where a record of `recordWords` words at `address` lies on the pages that are handed out. */
export function liesOnPages(geometry: Geometry, address: number, recordWords: number): boolean {
  return (
    address >= geometry.firstPage * PAGE_WORDS && address + recordWords <= geometry.totalPages * PAGE_WORDS
  );
}

/** A sheaf's count; 0 where the sheaf has gone elsewhere between two reads, and its words mean something else. */
export function readSheaf(words: Words, geometry: Geometry, sheaf: number): number {
  if (!liesOnPages(geometry, sheaf, SHEAF_WORDS)) return 0;
  const count = words.loadPlain(sheaf + SHEAF.count);
  return count >= 0 && count <= MAX_SHEAF_CAPACITY ? count : 0;
}
