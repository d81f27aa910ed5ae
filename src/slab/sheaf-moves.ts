/** Moving objects from sheaf to sheaf: array to array, no lock, and no line of an object is touched. */
import { SHEAF } from '../layout/sheaf-record.js';
import type { Words } from '../words/words.js';

/** How many objects a sheaf has room for. */
export function roomIn(words: Words, sheaf: number): number {
  return words.loadPlain(sheaf + SHEAF.capacity) - words.loadPlain(sheaf + SHEAF.count);
}

/** Moves as many objects as `to` has room for. */
export function moveObjects(words: Words, from: number, to: number): void {
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
