/**
 * A memory group: what was charged to it and to the groups below it, and how much that may be.
 *
 *     word 0  next, parent, children      how it is found, and who pays with it
 *     word 4  max, usage, peak, ...       one line at most: a charge touches them together
 *     word 10 nameBytes, name             UTF-8
 *             ledgers                     behind the name, one for each slot of the heap
 *
 *     header.groupTable -> table: number of buckets, then first record of each      by the hash of the name
 *
 * Amounts are in granules of 8 bytes, so that the largest heap fits a signed word.
 *
 * I1  0 <= usage, and usage <= max but for what was charged past the limit (`forced`) and for a max that was
 *     lowered since; usage of a closed group is GROUP_CLOSED.
 * I2  usage = what its own objects and pages come to + usage of its children + what threads' stocks hold of it.
 * I3  A record is never freed, and keeps its name: who still knows a closed group finds a record that refuses.
 * I4  The parent of a group that is not closed does not change, and is not closed.
 * I5  A slot's ledger is what the threads of that slot have charged to the group and the groups below it, less what they
 *     have uncharged; it wraps. Where no thread is in the middle of changing them, usage = sum of the ledgers; else usage is
 *     more by what is under way.
 * P1  A record's words are published by the store to its bucket, or to the `next` before it; observed by
 *     dereferencing that. The table is published by the store to header.groupTable.
 *
 * Guards: next, parent, children, and closing: registryLock. max, usage and the counters: atomic accesses. A ledger: the
 * slot's owner alone writes it, or who reaps the slot.
 * Follows include/linux/page_counter.h.
 */

import { wordsFor } from '../words/units.js';
import type { Words } from '../words/words.js';

export const GROUP = {
  /** Next record of the same bucket; 0 = last. */
  next: 0,
  /** Record of the group that this one is part of; 0 = none. */
  parent: 1,
  /** Groups that are not closed and have this one as their parent. */
  children: 2,

  /** Most granules that may be charged; NO_LIMIT = as many as there are. */
  max: 4,
  usage: 5,
  /** The largest usage there was. */
  peak: 6,
  /** Counters: charges that were refused; charges that went past the limit because they must not fail. */
  failures: 7,
  forced: 8,

  nameBytes: 10,
  name: 11,
} as const;

/** The ledger of slot 0 in a record with its name; those of the other slots follow. */
export function ledgersOf(words: Words, record: number): number {
  return record + GROUP.name + wordsFor(words.loadPlain(record + GROUP.nameBytes));
}

/** Granules of a group without a limit. */
export const NO_LIMIT = 2 ** 31 - 1;
/** The usage of a closed group. */
export const GROUP_CLOSED = -(2 ** 31);
/** Groups from the outermost to one, that one included, are at most this many. */
export const MAX_GROUP_DEPTH = 16;

/** Offsets in the table of groups. */
export const GROUP_TABLE = { buckets: 0, firsts: 1 } as const;

export const GRANULE_BYTES = 8;
export const GRANULE_WORDS = 2;
/** Granules of one page of 4 KiB. */
export const PAGE_GRANULES = 512;
/** Most that a thread's stock holds of one group, and what it takes at once: 64 pages. */
export const STOCK_GRANULES = 64 * PAGE_GRANULES;

/** Most bytes of a group's name. */
export const MAX_GROUP_NAME_BYTES = 255;

/** Granules that hold `bytes` bytes. */
export function granulesFor(bytes: number): number {
  return Math.ceil(bytes / GRANULE_BYTES);
}
