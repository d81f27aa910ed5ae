/**
 * Making a map: its root, its locks and its first buckets, in one object that nobody else has seen yet.
 *
 *     | root | locks, 2^level | segment 0 | segment 1 | .. | segment level |
 *
 * One object, so that a map is there or is not, whenever the thread that makes it stops.
 */
import type { MapMemory } from '../heap/map-memory.js';
import {
  BUCKET_LINK,
  END_LINK,
  firstSegmentOffset,
  MAP,
  MAP_WORDS,
  mapRecordWords,
} from '../layout/map-record.js';
import { BYTES_PER_WORD } from '../words/units.js';
import type { Words } from '../words/words.js';
import { MapTable } from './map-table.js';

/**
 * Makes an empty map with 2^geometry.mapBucketsLog2 buckets, all on the list.
 *
 * @returns address of its root, for SharedMap; to be published with an atomic store, or given back with memory.free().
 *
 * Errors   OutOfMemoryError; then nothing is taken.
 */
export function createMapRecord(memory: MapMemory): number {
  const { words, geometry } = memory;
  const level = geometry.mapBucketsLog2;
  memory.turn.spend();
  const map = takeZeroed(memory, mapRecordWords(level));
  words.storePlain(map + MAP.level, level);
  words.storePlain(map + MAP.firstLevel, level);
  words.storePlain(map + MAP.locks, map + MAP_WORDS);
  for (let segment = 0; segment <= level; segment++) {
    words.storePlain(map + MAP.segments + segment, map + firstSegmentOffset(level, segment));
  }
  linkFirstBuckets(words, map, level);
  return map;
}

/** Takes `count` zeroed words, in a turn that may be renewed. Throws OutOfMemoryError. */
export function takeZeroed(memory: MapMemory, count: number): number {
  const address = memory.alloc(count * BYTES_PER_WORD);
  memory.words.fillPlain(address, address + count, 0);
  return address;
}

function linkFirstBuckets(words: Words, map: number, level: number): void {
  const table = new MapTable(words, map);
  let link = END_LINK;
  for (let bucket = (1 << level) - 1; bucket >= 0; bucket--) {
    const word = table.wordOf(level, bucket);
    words.storePlain(word, link);
    link = word | BUCKET_LINK;
  }
}
