/**
 * Placed memory: taken and given back together with the one word of the heap that leads to it, as one operation as far as
 * the death of its thread goes. Whatever the thread stops at, from when it is reaped on the word leads to memory in use, or
 * holds NONE and nothing is lost.
 *
 *     allocAt:  intent: publish -> take memory -> store its address at `place` -> done
 *     freeAt:   intent: free    -> store NONE at `place` -> give the memory back -> done
 *     retireAt: intent: retire  -> store NONE at `place` -> kfreeRcu -> done
 *
 * Who may call: the slot's thread, in a turn that is pinned. `place` is written by one thread at a time.
 *
 * P1  The store of the address publishes the memory; observed by dereferencing the word.
 */
import { INTENT_KIND } from '../layout/thread-slot.js';
import { Intents } from '../threads/intents.js';
import type { Words } from '../words/words.js';
import type { HeapParts } from './heap-parts.js';

/** Has `alloc` take memory for the word `place`; stores what it returns there, unless that is 0. */
export function allocAt({ words, membership }: HeapParts, place: number, alloc: () => number): number {
  const intents = new Intents(words, membership.start);
  requireEmpty(words, place);
  const frame = intents.open(INTENT_KIND.publish, place);
  try {
    const p = alloc();
    intents.take(frame, p);
    // P1: publishes what the memory holds; observed by who dereferences the word, and by who reaps this thread.
    if (p !== 0) words.store(place, p);
    return p;
  } finally {
    intents.close(frame);
  }
}

/** Gives back what the word `place` leads to, and stores 0 there. Returns false where it held 0. */
export function freeAt({ words, membership, kmalloc }: HeapParts, place: number): boolean {
  const p = requirePlace(words, place);
  if (p === 0) return false;
  // Before anything is changed: an address that is none is refused.
  kmalloc.cacheOf(p);
  const intents = new Intents(words, membership.start);
  const frame = intents.open(INTENT_KIND.free, place, p);
  try {
    // Publishes nothing: a reader that finds it has no business with the memory any more.
    words.store(place, 0);
    kmalloc.free(p);
  } finally {
    intents.close(frame);
  }
  return true;
}

/** freeAt() after a grace period, by an RcuHead at word `headOffset` of the memory where it needs one. */
export function retireAt(
  { words, membership, kfreeRcu }: HeapParts,
  place: number,
  headOffset: number,
): boolean {
  const p = requirePlace(words, place);
  if (p === 0) return false;
  kfreeRcu.requireHead(p, headOffset);
  const intents = new Intents(words, membership.start);
  const frame = intents.open(INTENT_KIND.retire, place, p, headOffset);
  try {
    // Publishes nothing: it unlinks. Who begins a turn after this does not find the memory.
    words.store(place, 0);
    kfreeRcu.post(p, headOffset);
  } finally {
    intents.close(frame);
  }
  return true;
}

/** What the word holds. Throws RangeError where it is no word of the heap. */
function requirePlace(words: Words, place: number): number {
  if (Number.isInteger(place) && place > 0 && place < words.lengthWords) {
    // Publishes nothing: the word is this thread's to change.
    return words.load(place);
  }
  throw new RangeError(
    `named word ${String(place)} as the place of an address; a place is the index of a word of the heap, 1 to ` +
      `${words.lengthWords - 1}, such as an object's address plus a word offset`,
  );
}

function requireEmpty(words: Words, place: number): void {
  const p = requirePlace(words, place);
  if (p === 0) return;
  throw new Error(
    `allocated memory for word ${place}, which leads to address ${p} already: free that first, with kfreeAt(), or store 0`,
  );
}
