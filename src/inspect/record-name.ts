/** The name in a record of a live heap: its bytes are UTF-8, behind a word that counts them. */
import type { Geometry } from '../layout/heap-header.js';
import { BYTES_PER_WORD, wordsFor } from '../words/units.js';
import { decodeUtf8 } from '../words/utf8.js';
import type { Words } from '../words/words.js';
import { liesOnPages, readBetween } from './plausible.js';

/** Longer names are cut: a count that is no count ends here. */
const MAX_NAME_BYTES = 1024;

/** @param nameBytes index of the word that counts; @param start index of the name's first word */
export function readName(words: Words, geometry: Geometry, nameBytes: number, start: number): string {
  const bytes = readBetween(words, nameBytes, 0, MAX_NAME_BYTES);
  if (!liesOnPages(geometry, start, wordsFor(bytes))) return '';
  const copy = new Uint8Array(wordsFor(bytes) * BYTES_PER_WORD);
  words.readBytesPlain(start, copy, bytes);
  return decodeUtf8(copy.subarray(0, bytes));
}
