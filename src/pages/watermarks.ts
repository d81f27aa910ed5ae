/**
 * Watermarks: how many free pages a zone keeps for whom.
 *
 *     free pages   ..... high   the zone has enough: lists may grow; below, as belowHigh says, they shrink
 *                  ..... low    what the sizes of the lists are worked out from
 *                  ..... min    below: only GFP_ATOMIC, and reclaim itself
 *                  ..... 0
 *
 * Follows mm/page_alloc.c (init_per_zone_wmark_min, __setup_per_zone_wmarks).
 */
import { PAGE_BYTES } from '../words/units.js';

/** A zone's marks, in pages. */
export interface Watermarks {
  readonly min: number;
  readonly low: number;
  readonly high: number;
}

/** The gap between two marks is at least this many ten-thousandths of the pages: watermark_scale_factor. */
const SCALE_FACTOR = 10;
/** Heaps are smaller than machines: at most this share of the pages is kept. */
const LARGEST_SHARE = 128;
const KIBIBYTE = 1024;

/** Free pages of a heap of `pages` pages that only stronger rights go below: sqrt(16 * KiB) KiB, at most 1/128. */
export function defaultMinFreePages(pages: number): number {
  const kibibytes = (pages * PAGE_BYTES) / KIBIBYTE;
  const wanted = Math.floor((Math.floor(Math.sqrt(16 * kibibytes)) * KIBIBYTE) / PAGE_BYTES);
  return Math.min(wanted, Math.floor(pages / LARGEST_SHARE));
}

/** The marks of a zone of `pages` pages whose lowest is `min`. With 0 there are none. */
export function watermarksFor(pages: number, min: number): Watermarks {
  if (min === 0) return { min: 0, low: 0, high: 0 };
  const gap = Math.max(Math.floor(min / 4), Math.floor((pages * SCALE_FACTOR) / 10_000));
  return { min, low: min + gap, high: min + 2 * gap };
}
