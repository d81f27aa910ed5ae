/**
 * Statistics: the counters of a live heap as a plain object, for tables that are drawn again and again.
 *
 * Reads a few words for each thread, zone and cache, and none of the pages' own. Other threads go on while it
 * reads, so each number was right at some moment, and two of them need not have been at the same: that is what
 * a table can stand. Whatever is read is held against what it can be before it is used.
 */
import { type Geometry, HEADER, readGeometry } from '../layout/heap-header.js';
import { slotStart, zoneStart } from '../layout/heap-layout.js';
import { MAX_SHEAF_CAPACITY, SHEAF } from '../layout/sheaf-record.js';
import {
  CACHE_SLOT,
  CACHE_SLOT_WORDS,
  CALLBACK_LIST,
  NAME_WORDS,
  SLOT,
  SLOT_STATE,
  TURN_OPEN,
} from '../layout/thread-slot.js';
import { ZONE } from '../layout/zone-record.js';
import { BYTES_PER_WORD, PAGE_WORDS } from '../words/units.js';
import type { Words } from '../words/words.js';
import { periodsSince } from './sequence-numbers.js';

/** A thread that has joined the heap. */
export interface ThreadStats {
  readonly slot: number;
  readonly name: string;
  /** How many threads have had the slot so far, this one included. */
  readonly generation: number;
  readonly inTurn: boolean;
}

export interface HeapStats {
  /** Grace periods that have ended since the heap was made. */
  readonly gracePeriods: number;
  /** Objects freed after a grace period, by the way they took. */
  readonly freedThroughSheaf: number;
  readonly freedThroughList: number;
  /** Sheaves that went to a barn whole after their grace period. */
  readonly sheavesReused: number;
  /** Objects that wait for a grace period, those of threads that left included. */
  readonly objectsWaiting: number;
  /** `inUse`: slabs, blocks that were handed out, and blocks whose free was put off. */
  readonly pages: {
    readonly total: number;
    readonly free: number;
    readonly threadLists: number;
    readonly inUse: number;
    readonly metadata: number;
  };
  readonly threads: readonly ThreadStats[];
}

const decoder = new TextDecoder();

/** Reads the statistics of the heap in `words`. Any thread, any context: it neither waits nor fails. */
export function readStatistics(words: Words): HeapStats {
  const geometry = readGeometry(words);
  const sums = { freedThroughSheaf: 0, freedThroughList: 0, sheavesReused: 0 };
  let objectsWaiting = words.loadPlain(HEADER.orphanObjects);
  let threadLists = 0;
  const threads: ThreadStats[] = [];
  const claimed = Math.min(words.loadPlain(HEADER.slotsClaimed), geometry.slots);
  for (let slot = 0; slot < claimed; slot++) {
    const start = slotStart(geometry, slot);
    // A thread that has left still counts in the sums.
    sums.freedThroughSheaf += words.loadPlain(start + SLOT.freedThroughSheaf);
    sums.freedThroughList += words.loadPlain(start + SLOT.freedThroughList);
    sums.sheavesReused += words.loadPlain(start + SLOT.sheavesReused);
    objectsWaiting += readWaiting(words, geometry, start);
    threadLists += words.loadPlain(start + SLOT.listPages);
    if (words.loadPlain(start + SLOT.state) !== SLOT_STATE.free) threads.push(readThread(words, slot, start));
  }
  const sequence = words.loadPlain(HEADER.gracePeriodSequence);
  const gracePeriods = periodsSince(geometry.firstSequence, sequence);
  return { gracePeriods, ...sums, objectsWaiting, pages: readPages(words, geometry, threadLists), threads };
}

function readPages(words: Words, geometry: Geometry, threadLists: number): HeapStats['pages'] {
  let free = 0;
  for (let zone = 0; zone < geometry.zones; zone++) {
    free += words.loadPlain(zoneStart(geometry, zone) + ZONE.freePages);
  }
  const { totalPages, firstPage } = geometry;
  const inUse = Math.max(0, totalPages - firstPage - free - threadLists);
  return { total: totalPages, free, threadLists, inUse, metadata: firstPage };
}

/** What the slot has waiting: sealed sheaves, callbacks, and the sheaves that are still being filled. */
function readWaiting(words: Words, geometry: Geometry, start: number): number {
  let objects =
    words.loadPlain(start + SLOT.waitingObjects) +
    words.loadPlain(start + SLOT.callbacks + CALLBACK_LIST.length);
  const caches = Math.min(words.loadPlain(HEADER.cachesUsed), geometry.maxCaches);
  for (let id = 0; id < caches; id++) {
    const sheaf = words.loadPlain(start + SLOT.caches + id * CACHE_SLOT_WORDS + CACHE_SLOT.rcu);
    if (sheaf === HEADER.bootstrapSheaf) continue;
    objects += readCount(words, geometry, sheaf);
  }
  return objects;
}

/** A sheaf's count; 0 where the sheaf has gone elsewhere between two reads, and its words mean something else. */
function readCount(words: Words, geometry: Geometry, sheaf: number): number {
  if (sheaf < geometry.firstPage * PAGE_WORDS || sheaf >= geometry.totalPages * PAGE_WORDS) return 0;
  const count = words.loadPlain(sheaf + SHEAF.count);
  return count >= 0 && count <= MAX_SHEAF_CAPACITY ? count : 0;
}

function readThread(words: Words, slot: number, start: number): ThreadStats {
  const nameBytes = words.loadPlain(start + SLOT.nameBytes);
  const bytes = new Uint8Array(Math.min(Math.max(nameBytes, 0), NAME_WORDS * BYTES_PER_WORD));
  words.readBytesPlain(start + SLOT.name, bytes, bytes.length);
  return {
    slot,
    name: decoder.decode(bytes),
    generation: words.loadPlain(start + SLOT.generation),
    inTurn: (words.loadPlain(start + SLOT.turn) & TURN_OPEN) !== 0,
  };
}
