/** One entry of a shared map, for an audit: do its shapes make sense, and do key and value fit its object. */
import { ENTRY, KEY_KIND, SHAPE_KIND_MASK, SHAPE_LENGTH_SHIFT, VALUE_KIND } from '../layout/map-record.js';
import { BYTES_PER_WORD, wordsFor } from '../words/units.js';
import type { Books } from './books.js';
import { roomWords } from './reach.js';

const BYTES_PER_UNIT = 2;

/**
 * Looks at the entry at `entry`, an object in use.
 *
 * @param equals the entries before it that have the same order; none may have the same key
 */
export function checkEntry(books: Books, entry: number, equals: readonly number[], map: string): void {
  const keyShape = books.words.loadPlain(entry + ENTRY.keyShape);
  const valueShape = books.words.loadPlain(entry + ENTRY.valueShape);
  const keyWords = wordsOfKey(keyShape);
  const valueWords = wordsOfValue(valueShape);
  if (keyWords < 0) {
    books.report(
      `entry ${entry} of ${map} has a key of kind ${keyShape & SHAPE_KIND_MASK}, kinds are 1 to 5`,
    );
  } else if (valueWords < 0) {
    books.report(
      `entry ${entry} of ${map} has a value of kind ${valueShape & SHAPE_KIND_MASK}, kinds are 1 to 10`,
    );
  } else {
    const bytes = (ENTRY.key + keyWords + valueWords) * BYTES_PER_WORD;
    const room = roomWords(books, entry) * BYTES_PER_WORD;
    if (bytes > room) {
      books.report(`entry ${entry} of ${map} takes ${bytes} bytes, its object has ${room}`);
    } else {
      compareKeys(books, entry, equals, keyWords, map);
    }
  }
}

function compareKeys(
  books: Books,
  entry: number,
  equals: readonly number[],
  keyWords: number,
  map: string,
): void {
  for (const other of equals) {
    if (!hasKeyOf(books, entry, other, keyWords)) continue;
    books.report(`entries ${other} and ${entry} of ${map} have the same key`);
    return;
  }
}

function hasKeyOf(books: Books, entry: number, other: number, keyWords: number): boolean {
  const { words } = books;
  if (words.loadPlain(entry + ENTRY.keyShape) !== words.loadPlain(other + ENTRY.keyShape)) return false;
  for (let i = ENTRY.key; i < ENTRY.key + keyWords; i++) {
    if (words.loadPlain(entry + i) !== words.loadPlain(other + i)) return false;
  }
  return true;
}

/** Words that a key of this shape takes; -1 where there is no such kind. */
function wordsOfKey(shape: number): number {
  const length = shape >>> SHAPE_LENGTH_SHIFT;
  switch (shape & SHAPE_KIND_MASK) {
    case KEY_KIND.latin1:
    case KEY_KIND.bytes:
      return wordsFor(length);
    case KEY_KIND.utf16:
      return wordsFor(length * BYTES_PER_UNIT);
    case KEY_KIND.int32:
      return 1;
    case KEY_KIND.float64:
      return 2;
    default:
      return -1;
  }
}

/** Words that a value of this shape takes; -1 where there is no such kind. */
function wordsOfValue(shape: number): number {
  const length = shape >>> SHAPE_LENGTH_SHIFT;
  switch (shape & SHAPE_KIND_MASK) {
    case VALUE_KIND.true:
    case VALUE_KIND.false:
    case VALUE_KIND.null:
      return 0;
    case VALUE_KIND.int32:
      return 1;
    case VALUE_KIND.float64:
      return 2;
    case VALUE_KIND.latin1:
    case VALUE_KIND.jsonLatin1:
    case VALUE_KIND.bytes:
      return wordsFor(length);
    case VALUE_KIND.utf16:
    case VALUE_KIND.jsonUtf16:
      return wordsFor(length * BYTES_PER_UNIT);
    default:
      return -1;
  }
}
