/** Making a map: its root, its locks and its first buckets, in words that nobody else has seen yet. */
import type { MapMemory } from '../heap/map-memory.js';
import { BUCKET_LINK, BUCKET_LOCK_WORDS, END_LINK, MAP, MAP_WORDS } from '../layout/map-record.js';
import { BYTES_PER_WORD } from '../words/units.js';
import type { Words } from '../words/words.js';
import { MapTable } from './map-table.js';

/**
 * Makes an empty map with 2^geometry.mapBucketsLog2 buckets, all on the list.
 *
 * @returns address of its root, for SharedMap; to be published with an atomic store.
 *
 * Errors   OutOfMemoryError; then everything is given back.
 */
export function createMapRecord(memory: MapMemory): number {
  const taken: number[] = [];
  memory.turn.spend();
  try {
    return writeMap(memory, (words) => {
      const address = takeZeroed(memory, words);
      taken.push(address);
      return address;
    });
  } catch (error) {
    for (const address of taken) memory.free(address);
    throw error;
  }
}

/** Takes `count` zeroed words, in a turn that may be renewed. Throws OutOfMemoryError. */
export function takeZeroed(memory: MapMemory, count: number): number {
  const address = memory.alloc(count * BYTES_PER_WORD);
  memory.words.fillPlain(address, address + count, 0);
  return address;
}

function writeMap(memory: MapMemory, take: (words: number) => number): number {
  const { words, geometry } = memory;
  const level = geometry.mapBucketsLog2;
  const map = take(MAP_WORDS);
  words.storePlain(map + MAP.level, level);
  words.storePlain(map + MAP.firstLevel, level);
  words.storePlain(map + MAP.locks, take(BUCKET_LOCK_WORDS << level));
  for (let segment = 0; segment <= level; segment++) {
    const buckets = segment === 0 ? 1 : 1 << (segment - 1);
    words.storePlain(map + MAP.segments + segment, take(buckets));
  }
  linkFirstBuckets(words, map, level);
  return map;
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

/** Gives back what createMapRecord() took, for a map that nobody else has seen. */
export function discardMapRecord(memory: MapMemory, map: number): void {
  const { words } = memory;
  memory.turn.spend();
  for (let segment = words.loadPlain(map + MAP.level); segment >= 0; segment--) {
    memory.free(words.loadPlain(map + MAP.segments + segment));
  }
  memory.free(words.loadPlain(map + MAP.locks));
  memory.free(map);
}
