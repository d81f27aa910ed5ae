/** The name records of a live heap, and the name in a record: its bytes are UTF-8, behind a word that counts them. */
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { NAME } from '../layout/name-record.js';
import { BYTES_PER_WORD, wordsFor } from '../words/units.js';
import { decodeUtf8 } from '../words/utf8.js';
import type { Words } from '../words/words.js';
import { liesOnPages, readBetween } from './plausible.js';

/** Longer names are cut: a count that is no count ends here. */
const MAX_NAME_BYTES = 1024;
/** More names than this are not walked: a torn list ends here. */
const MAX_NAMES = 100_000;

/** Addresses of the name records of a kind, newest first. They are never taken away. */
export function readNameRecords(words: Words, geometry: Geometry, kind: number): number[] {
  const records: number[] = [];
  // name-record:P1: observes the records that the list leads to.
  let record = words.load(HEADER.registryHead);
  for (let seen = 0; seen < MAX_NAMES && liesOnPages(geometry, record, NAME.name + 1); seen++) {
    if (words.loadPlain(record + NAME.kind) === kind) records.push(record);
    record = words.loadPlain(record + NAME.next);
  }
  return records;
}

/** @param nameBytes index of the word that counts; @param start index of the name's first word */
export function readName(words: Words, geometry: Geometry, nameBytes: number, start: number): string {
  const bytes = readBetween(words, nameBytes, 0, MAX_NAME_BYTES);
  if (!liesOnPages(geometry, start, wordsFor(bytes))) return '';
  const copy = new Uint8Array(wordsFor(bytes) * BYTES_PER_WORD);
  words.readBytesPlain(start, copy, bytes);
  return decodeUtf8(copy.subarray(0, bytes));
}
