/**
 * Statistics: the counters of a live heap as a plain object, for tables that are drawn again and again, and what the
 * kernel's files in /proc print, by the kernel's names (a reader for each: buddyinfo.ts, zoneinfo.ts, ...).
 *
 * Reads a few words for each thread, zone, cache and group, and none of the pages' own. Other threads go on while it
 * reads, so each number was right at some moment, and two of them need not have been at the same: that is what
 * a table can stand. Whatever is read is held against what it can be before it is used (plausible.ts).
 */
import { type Geometry, HEADER, readGeometry } from '../layout/heap-header.js';
import { slotStart, zoneStart } from '../layout/heap-layout.js';
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
import { BYTES_PER_WORD } from '../words/units.js';
import { decodeUtf8 } from '../words/utf8.js';
import type { Words } from '../words/words.js';
import { type AllocInfo, readAllocinfo } from './allocinfo.js';
import { type BuddyInfo, readBuddyinfo } from './buddyinfo.js';
import { type GroupStat, readMemoryStat } from './memory-stat.js';
import { readBetween, readCaches, readObjects, readSheaf, readSlots } from './plausible.js';
import { periodsSince } from './sequence-numbers.js';
import { readSlabinfo, type SlabInfo, slabPagesOf } from './slabinfo.js';
import { readVmEvents, type VmStat } from './vmstat.js';
import { freePagesOf, readZoneinfo, type ZoneInfo } from './zoneinfo.js';

/** A thread that has joined the heap. */
export interface ThreadStats {
  readonly slot: number;
  readonly name: string;
  /** How many threads have had the slot so far, this one included. */
  readonly generation: number;
  readonly inTurn: boolean;
}

/** The counters alone. */
export interface CounterStats {
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

/** The counters, and what the kernel's files print: formatProc() makes their text of it. */
export interface HeapStats extends CounterStats {
  readonly buddyinfo: readonly BuddyInfo[];
  readonly zoneinfo: ZoneInfo;
  readonly slabinfo: readonly SlabInfo[];
  readonly vmstat: VmStat;
  readonly allocinfo: readonly AllocInfo[];
  readonly memoryStat: readonly GroupStat[];
}

/** Reads the statistics of the heap in `words`. Any thread, any context: it neither waits nor fails. */
export function readStatistics(words: Words): HeapStats {
  const geometry = readGeometry(words);
  const counters = readCounters(words, geometry);
  const { pages, objectsWaiting, gracePeriods, threads } = counters;
  const zoneinfo = readZoneinfo(words, geometry, threads);
  const slabinfo = readSlabinfo(words, geometry);
  const slabPages = slabPagesOf(slabinfo);
  const vmstat = {
    nr_free_pages: freePagesOf(zoneinfo),
    nr_pcp_pages: pages.threadLists,
    nr_slab_unreclaimable: slabPages,
    nr_memmap_boot_pages: pages.metadata,
    nr_rcu_waiting: objectsWaiting,
    rcu_gp: gracePeriods,
    ...readVmEvents(words, geometry),
  };
  return {
    ...counters,
    buddyinfo: readBuddyinfo(words, geometry),
    zoneinfo,
    slabinfo,
    vmstat,
    allocinfo: readAllocinfo(words, geometry, slabinfo, Math.max(0, pages.inUse - slabPages)),
    memoryStat: readMemoryStat(words, geometry),
  };
}

/** Reads the counters alone, as readStatistics(). */
export function readCounters(words: Words, geometry: Geometry): CounterStats {
  const sums = { freedThroughSheaf: 0, freedThroughList: 0, sheavesReused: 0 };
  let objectsWaiting = readObjects(words, geometry, HEADER.orphanObjects);
  let threadLists = 0;
  const threads: ThreadStats[] = [];
  const claimed = readSlots(words, geometry);
  for (let slot = 0; slot < claimed; slot++) {
    const start = slotStart(geometry, slot);
    // A thread that has left still counts in the sums.
    sums.freedThroughSheaf += words.loadPlain(start + SLOT.freedThroughSheaf) >>> 0;
    sums.freedThroughList += words.loadPlain(start + SLOT.freedThroughList) >>> 0;
    sums.sheavesReused += words.loadPlain(start + SLOT.sheavesReused) >>> 0;
    objectsWaiting += readWaiting(words, geometry, start);
    threadLists += readBetween(words, start + SLOT.listPages, 0, geometry.totalPages);
    if (words.loadPlain(start + SLOT.state) !== SLOT_STATE.free) threads.push(readThread(words, slot, start));
  }
  const sequence = words.loadPlain(HEADER.gracePeriodSequence);
  const gracePeriods = periodsSince(geometry.firstSequence, sequence);
  return { gracePeriods, ...sums, objectsWaiting, pages: readPages(words, geometry, threadLists), threads };
}

function readPages(words: Words, geometry: Geometry, threadLists: number): HeapStats['pages'] {
  let free = 0;
  for (let zone = 0; zone < geometry.zones; zone++) {
    free += readBetween(words, zoneStart(geometry, zone) + ZONE.freePages, 0, geometry.zonePages);
  }
  const { totalPages, firstPage } = geometry;
  const inUse = Math.max(0, totalPages - firstPage - free - threadLists);
  return { total: totalPages, free, threadLists, inUse, metadata: firstPage };
}

/** What the slot has waiting: sealed sheaves, callbacks, and the sheaves that are still being filled. */
function readWaiting(words: Words, geometry: Geometry, start: number): number {
  let objects =
    readObjects(words, geometry, start + SLOT.waitingObjects) +
    readObjects(words, geometry, start + SLOT.callbacks + CALLBACK_LIST.length);
  const caches = readCaches(words, geometry);
  for (let id = 0; id < caches; id++) {
    const sheaf = words.loadPlain(start + SLOT.caches + id * CACHE_SLOT_WORDS + CACHE_SLOT.rcu);
    if (sheaf === HEADER.bootstrapSheaf) continue;
    objects += readSheaf(words, geometry, sheaf);
  }
  return objects;
}

function readThread(words: Words, slot: number, start: number): ThreadStats {
  const nameBytes = words.loadPlain(start + SLOT.nameBytes);
  const bytes = new Uint8Array(Math.min(Math.max(nameBytes, 0), NAME_WORDS * BYTES_PER_WORD));
  words.readBytesPlain(start + SLOT.name, bytes, bytes.length);
  return {
    slot,
    name: decodeUtf8(bytes),
    generation: words.loadPlain(start + SLOT.generation) >>> 0,
    inTurn: (words.loadPlain(start + SLOT.turn) & TURN_OPEN) !== 0,
  };
}
