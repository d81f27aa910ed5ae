/**
 * Moving objects from sheaf to sheaf: array to array, no lock, and no line of an object is touched.
 *
 * Who may call: whose sheaves they are. `slot` is the index of a cache's part of its slot.
 */
import { SHEAF } from '../layout/sheaf-record.js';
import { CACHE_SLOT } from '../layout/thread-slot.js';
import type { Words } from '../words/words.js';

/** How many objects a sheaf has room for. */
function roomIn(words: Words, sheaf: number): number {
  return words.loadPlain(sheaf + SHEAF.capacity) - words.loadPlain(sheaf + SHEAF.count);
}

/** Puts an object into a sheaf that has room for it. */
export function putObject(words: Words, sheaf: number, object: number): void {
  const count = words.loadPlain(sheaf + SHEAF.count);
  words.storePlain(sheaf + SHEAF.objects + count, object);
  words.storePlain(sheaf + SHEAF.count, count + 1);
}

/** Moves as many objects as `to` has room for. */
function moveObjects(words: Words, from: number, to: number): void {
  const left = words.loadPlain(from + SHEAF.count);
  const count = words.loadPlain(to + SHEAF.count);
  const moved = Math.min(left, roomIn(words, to));
  // The bootstrap sheaf has no room, and is never written to.
  if (moved === 0) return;
  for (let i = 0; i < moved; i++) {
    const object = words.loadPlain(from + SHEAF.objects + left - 1 - i);
    words.storePlain(to + SHEAF.objects + count + i, object);
  }
  // sheaf-record:I1: in the new place first.
  words.storePlain(to + SHEAF.count, count + moved);
  words.storePlain(from + SHEAF.count, left - moved);
}

/** How many objects main and spare could take; 0 where a slow path has main in hand. */
export function roomOfThread(words: Words, slot: number): number {
  if (words.loadPlain(slot + CACHE_SLOT.inHand) !== 0) return 0;
  const spare = words.loadPlain(slot + CACHE_SLOT.spare);
  const inSpare = spare === 0 ? 0 : roomIn(words, spare);
  return roomIn(words, words.loadPlain(slot + CACHE_SLOT.main)) + inSpare;
}

/** Moves objects of a sheaf that is nobody's into main and spare, as far as they have room. */
export function moveToThread(words: Words, sheaf: number, slot: number): void {
  if (words.loadPlain(slot + CACHE_SLOT.inHand) !== 0) return;
  moveObjects(words, sheaf, words.loadPlain(slot + CACHE_SLOT.main));
  const spare = words.loadPlain(slot + CACHE_SLOT.spare);
  if (spare !== 0) moveObjects(words, sheaf, spare);
}
