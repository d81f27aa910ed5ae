/** The name of a slot's thread, in its slot: UTF-8 behind a word that counts its bytes. And how messages call it. */

import { BYTES_PER_WORD } from '../words/units.js';
import { decodeUtf8 } from '../words/utf8.js';
import type { Words } from '../words/words.js';
import { NAME_WORDS, SLOT } from './thread-slot.js';

/**
 * The name as it stands there now: who had the slot before may have had another.
 *
 * @param slot word index of any slot
 */
export function readThreadName(words: Words, slot: number): string {
  const length = words.loadPlain(slot + SLOT.nameBytes);
  const bytes = new Uint8Array(Math.min(Math.max(length, 0), NAME_WORDS * BYTES_PER_WORD));
  words.readBytesPlain(slot + SLOT.name, bytes, bytes.length);
  return decodeUtf8(bytes);
}

/** How messages call the thread of slot number `slot`. */
export function threadTitle(name: string, slot: number): string {
  return `thread '${name}' (slot ${slot})`;
}
