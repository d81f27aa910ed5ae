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
import { SLOT } from '../layout/thread-slot.js';
import { ZONE } from '../layout/zone-record.js';
import { PAGE_WORDS } from '../words/units.js';
import type { Words } from '../words/words.js';
import { type AllocInfo, readAllocinfo } from './allocinfo.js';
import { type BuddyInfo, readBuddyinfo } from './buddyinfo.js';
import { type CallbackStat, countStranded, readCallbacks } from './callback-stats.js';
import { type GroupStat, readMemoryStat } from './memory-stat.js';
import { readBetween, readObjects, readSlots } from './plausible.js';
import { periodsSince } from './sequence-numbers.js';
import { readSlabinfo, type SlabInfo, slabPagesOf } from './slabinfo.js';
import { readSlotHolding, readThread, type ThreadStats } from './thread-holdings.js';
import { readVmEvents, type VmStat } from './vmstat.js';
import { freePagesOf, readZoneinfo, type ZoneInfo } from './zoneinfo.js';

/** The counters alone. */
export interface CounterStats {
  /** Grace periods that have ended since the heap was made. */
  readonly gracePeriods: number;
  /** Objects freed after a grace period, by the way they took. */
  readonly freedThroughSheaf: number;
  readonly freedThroughList: number;
  /** Those of them that kfreeRcuMightsleep() freed after waiting itself. */
  readonly freedWaited: number;
  /** Sheaves that went to a barn whole after their grace period. */
  readonly sheavesReused: number;
  /** Objects that wait for a grace period, those of threads that left included. */
  readonly objectsWaiting: number;
  /** Words that they take, but for those in hand and those of threads that left: what a thread is slowed down for. */
  readonly waitingWords: number;
  /** Times that a thread was slowed down. */
  readonly throttled: number;
  /** Callbacks that wait for a grace period or to be called, as objectsWaiting; that were called; and that threw. */
  readonly callbacksWaiting: number;
  readonly callbacksInvoked: number;
  readonly callbackErrors: number;
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
  /** What was registered with rcu.register(). */
  readonly callbacks: readonly CallbackStat[];
}

/** Reads the statistics of the heap in `words`. Any thread, any context: it neither waits nor fails. */
export function readStatistics(words: Words): HeapStats {
  const geometry = readGeometry(words);
  const counters = readCounters(words, geometry);
  const { pages, objectsWaiting, callbacksWaiting, gracePeriods, threads } = counters;
  const zoneinfo = readZoneinfo(words, geometry, threads);
  const slabinfo = readSlabinfo(words, geometry);
  const slabPages = slabPagesOf(slabinfo);
  const callbacks = readCallbacks(words, geometry);
  const vmstat = {
    nr_free_pages: freePagesOf(zoneinfo),
    nr_pcp_pages: pages.threadLists,
    nr_slab_unreclaimable: slabPages,
    nr_memmap_boot_pages: pages.metadata,
    nr_rcu_waiting: objectsWaiting,
    nr_rcu_callbacks: callbacksWaiting,
    nr_rcu_stranded: countStranded(callbacks),
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
    callbacks,
  };
}

/** Reads the counters alone, as readStatistics(). */
export function readCounters(words: Words, geometry: Geometry): CounterStats {
  const sums = {
    freedThroughSheaf: 0,
    freedThroughList: 0,
    freedWaited: 0,
    waitingWords: 0,
    throttled: 0,
    sheavesReused: 0,
    callbacksInvoked: 0,
    callbackErrors: 0,
  };
  let objectsWaiting = readObjects(words, geometry, HEADER.orphanObjects);
  let callbacksWaiting = readObjects(words, geometry, HEADER.orphanCallbackCount);
  let threadLists = 0;
  const threads: ThreadStats[] = [];
  const claimed = readSlots(words, geometry);
  for (let slot = 0; slot < claimed; slot++) {
    const start = slotStart(geometry, slot);
    // A thread that has left still counts in the sums.
    sums.freedThroughSheaf += words.loadPlain(start + SLOT.freedThroughSheaf) >>> 0;
    sums.freedThroughList += words.loadPlain(start + SLOT.freedThroughList) >>> 0;
    sums.freedWaited += words.loadPlain(start + SLOT.freedWaited) >>> 0;
    sums.waitingWords += readBetween(words, start + SLOT.waitingWords, 0, geometry.totalPages * PAGE_WORDS);
    sums.throttled += words.loadPlain(start + SLOT.throttled) >>> 0;
    sums.sheavesReused += words.loadPlain(start + SLOT.sheavesReused) >>> 0;
    sums.callbacksInvoked += words.loadPlain(start + SLOT.callbacksInvoked) >>> 0;
    sums.callbackErrors += words.loadPlain(start + SLOT.callbackErrors) >>> 0;
    const holding = readSlotHolding(words, geometry, slot);
    objectsWaiting += holding.objectsWaiting;
    callbacksWaiting += holding.callbacksWaiting;
    threadLists += holding.listPages;
    const thread = readThread(words, geometry, slot);
    if (thread !== undefined) threads.push(thread);
  }
  const sequence = words.loadPlain(HEADER.gracePeriodSequence);
  const gracePeriods = periodsSince(geometry.firstSequence, sequence);
  const waiting = { objectsWaiting, callbacksWaiting };
  return { gracePeriods, ...sums, ...waiting, pages: readPages(words, geometry, threadLists), threads };
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
