/**
 * A shared map laid down word by word, without the code that makes maps: what an audit says of a map rests on
 * layout/map-record.ts alone.
 *
 *     level 2, first level 1:  [bucket 0] -> e0 -> e1 -> [bucket 1] -> e2 -> [bucket 2] -> e3 -> e4 -> end
 *
 * Bucket 3 is not linked yet; e4 is to be its first entry.
 */
import {
  BUCKET_LINK,
  BUCKET_LOCK,
  BUCKET_LOCK_WORDS,
  END_LINK,
  ENTRY,
  firstSegmentOffset,
  KEY_KIND,
  MAP,
  MAP_WORDS,
  mapRecordWords,
  ORDER_FLIP,
  SHAPE_LENGTH_SHIFT,
  VALUE_KIND,
} from '../../src/layout/map-record.js';
import { BYTES_PER_WORD } from '../../src/words/units.js';
import type { Words } from '../../src/words/words.js';

const HASHES = [0x10000000, 0x20000000, 0x50000000, 0x90000000, 0xe0000000];
const LEVEL = 2;
const FIRST_LEVEL = 1;
const ENTRY_WORDS = ENTRY.key + 2;

export interface HandMadeMap {
  readonly root: number;
  readonly locks: number;
  /** Segments 0 to 2: word of bucket 0; of bucket 2; of buckets 1 and 3. */
  readonly segments: readonly number[];
  readonly entries: readonly number[];
  /** The words of the four buckets. */
  readonly buckets: readonly number[];
}

/** @param alloc takes memory of so many bytes */
export function makeMapByHand(words: Words, alloc: (bytes: number) => number): HandMadeMap {
  const take = (wordCount: number): number => {
    const start = alloc(wordCount * BYTES_PER_WORD);
    words.fillPlain(start, start + wordCount, 0);
    return start;
  };
  const root = take(mapRecordWords(FIRST_LEVEL));
  const locks = root + MAP_WORDS;
  const segments = [
    root + firstSegmentOffset(FIRST_LEVEL, 0),
    root + firstSegmentOffset(FIRST_LEVEL, 1),
    take(2),
  ];
  const buckets = [segments[0]!, segments[2]!, segments[1]!, segments[2]! + 1];
  words.storePlain(root + MAP.level, LEVEL);
  words.storePlain(root + MAP.firstLevel, FIRST_LEVEL);
  words.storePlain(root + MAP.locks, locks);
  for (let l = 0; l < segments.length; l++) words.storePlain(root + MAP.segments + l, segments[l]!);
  words.storePlain(locks + BUCKET_LOCK.entries, 3);
  words.storePlain(locks + BUCKET_LOCK_WORDS + BUCKET_LOCK.entries, 2);

  const entries: number[] = [];
  for (let i = 0; i < HASHES.length; i++) entries.push(makeEntry(words, take(ENTRY_WORDS), i));
  const [e0, e1, e2, e3, e4] = entries as [number, number, number, number, number];
  words.storePlain(buckets[0]!, e0);
  words.storePlain(e0 + ENTRY.next, e1);
  words.storePlain(e1 + ENTRY.next, buckets[1]! | BUCKET_LINK);
  words.storePlain(buckets[1]!, e2);
  words.storePlain(e2 + ENTRY.next, buckets[2]! | BUCKET_LINK);
  words.storePlain(buckets[2]!, e3);
  words.storePlain(e3 + ENTRY.next, e4);
  words.storePlain(e4 + ENTRY.next, END_LINK);
  return { root, locks, segments, entries, buckets };
}

/** An entry with a one-letter key and a small number. */
function makeEntry(words: Words, entry: number, number: number): number {
  words.storePlain(entry + ENTRY.order, HASHES[number]! ^ ORDER_FLIP);
  words.storePlain(entry + ENTRY.keyShape, KEY_KIND.latin1 | (1 << SHAPE_LENGTH_SHIFT));
  words.storePlain(entry + ENTRY.valueShape, VALUE_KIND.int32);
  words.storePlain(entry + ENTRY.key, 0x61 + number);
  words.storePlain(entry + ENTRY.key + 1, number);
  return entry;
}
