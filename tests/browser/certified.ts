/**
 * Certified objects: each says what it must hold, so that any thread can tell an object that is whole from one that
 * was freed too early, is half-written, or belongs to somebody else.
 *
 *     words 0, 1   left alone: they are the RcuHead once kfreeRcu has the object
 *     word  2      length in words         3   seed         4..   each follows from the seed and its place
 */
import type { Words } from '../../src/index.js';

const LENGTH = 2;
const SEED = 3;
const FIRST = 4;

/** The smallest object that can be certified. */
export const LEAST_BYTES = 32;

/** Within 30 bits: a larger integer is an object to some engines, and would hide what the heap itself allocates. */
function wordOf(seed: number, place: number): number {
  return ((seed & 0xfffff) * 739 + place * 40_503) & 0x3fffffff;
}

/** Fills an object that no other thread can reach. */
export function certify(words: Words, p: number, bytes: number, seed: number): void {
  const length = bytes >> 2;
  words.storePlain(p + LENGTH, length);
  words.storePlain(p + SEED, seed);
  for (let place = FIRST; place < length; place++) words.storePlain(p + place, wordOf(seed, place));
}

/** True when the object is whole and has this seed, or any where none is given. */
export function isWhole(words: Words, p: number, wanted = 0): boolean {
  const length = words.loadPlain(p + LENGTH);
  const seed = words.loadPlain(p + SEED);
  if (wanted !== 0 && seed !== wanted) return false;
  if (length < FIRST || length > 1024) return false;
  for (let place = FIRST; place < length; place++) {
    if (words.loadPlain(p + place) !== wordOf(seed, place)) return false;
  }
  return true;
}
