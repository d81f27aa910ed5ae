/**
 * How large a thread's page lists are in a heap of a given size.
 *
 * Follows mm/page_alloc.c (zone_batchsize, zone_highsize).
 */
import { PAGE_BYTES } from '../words/units.js';

/** In pages. */
export interface PageListSizes {
  readonly batch: number;
  readonly highMin: number;
  readonly highMax: number;
}

/** The largest batch before it is scaled: 256 KiB. */
const MAX_BATCH = (256 * 1024) / PAGE_BYTES;
/** The lists of the threads that there are as a rule keep together at most this share of the pages. */
const LARGEST_SHARE = 8;
/** As a rule no more than one slot in so many is taken: slots are the kernel's possible CPUs, not those online. */
const SLOTS_A_THREAD = 2;

/**
 * @param pages   that can be handed out
 * @param threads slots of the heap
 * @param low     the low watermark
 */
export function pageListSizes(pages: number, threads: number, low: number): PageListSizes {
  const batch = batchFor(pages);
  const taken = Math.ceil(threads / SLOTS_A_THREAD);
  const highMin = Math.max(Math.floor(low / taken), 4 * batch);
  const highMax = Math.max(Math.floor(pages / LARGEST_SHARE / taken), highMin);
  return { batch, highMin, highMax };
}

/** One less than a power of two, so that lists of powers of two do not all run dry at once. */
function batchFor(pages: number): number {
  const wanted = Math.max(1, Math.min(Math.floor(pages / 4096), MAX_BATCH));
  return Math.max(1, 2 ** Math.floor(Math.log2(wanted * 1.5)) - 1);
}
