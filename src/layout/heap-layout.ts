/**
 * How a buffer is cut: the only place that adds the regions up.
 *
 *     page 0        header
 *     page 1 ..     thread slots | zone records | cache records | turn snapshots | page descriptors
 *     firstPage ..  pages that are handed out, cut into zones of zonePages
 *
 * Every region starts on a line of its own. Zones start at multiples of zonePages, a multiple of the largest
 * block, so the buddy of a page is found by flipping one bit of its number.
 */
import { alignUp, LINE_WORDS, MAX_ORDER, PAGE_BYTES, PAGE_WORDS } from '../words/units.js';
import { CACHE_WORDS } from './cache-record.js';
import type { Geometry } from './heap-header.js';
import { HEADER_WORDS, LAYOUT_VERSION, MAGIC_0, MAGIC_1 } from './heap-header.js';
import { DESCRIPTOR_WORDS } from './page-descriptor.js';
import { CACHE_SLOT_WORDS, SLOT } from './thread-slot.js';
import { ZONE_WORDS } from './zone-record.js';

/** A zone of a large heap: 64 MiB. */
const ZONE_PAGES = (64 * 2 ** 20) / PAGE_BYTES;
const MAX_ZONES = 8;

/** The sizes that shape a buffer; the rest of Geometry is copied through. */
export type Shape = Omit<
  Geometry,
  | 'magic0'
  | 'magic1'
  | 'version'
  | 'firstPage'
  | 'slotWords'
  | 'slotsStart'
  | 'zones'
  | 'zonesStart'
  | 'zonePages'
  | 'cachesStart'
  | 'descriptorsStart'
  | 'turnSnapshotsStart'
>;

/** Cuts a buffer of `shape.totalPages` pages. */
export function planHeap(shape: Shape): Geometry {
  const blockPages = 2 ** MAX_ORDER;
  const zonesWanted = Math.min(MAX_ZONES, Math.ceil(shape.totalPages / ZONE_PAGES));
  const zonePages = alignUp(Math.ceil(shape.totalPages / zonesWanted), blockPages);
  const zones = Math.ceil(shape.totalPages / zonePages);

  const slotWords = alignUp(SLOT.caches + shape.maxCaches * CACHE_SLOT_WORDS, LINE_WORDS);
  const slotsStart = Math.max(PAGE_WORDS, alignUp(HEADER_WORDS, LINE_WORDS));
  const zonesStart = slotsStart + shape.slots * slotWords;
  const cachesStart = zonesStart + zones * ZONE_WORDS;
  const turnSnapshotsStart = cachesStart + shape.maxCaches * CACHE_WORDS;
  const descriptorsStart = alignUp(turnSnapshotsStart + shape.slots, LINE_WORDS);
  const metadataWords = descriptorsStart + shape.totalPages * DESCRIPTOR_WORDS;
  return {
    ...shape,
    magic0: MAGIC_0,
    magic1: MAGIC_1,
    version: LAYOUT_VERSION,
    firstPage: Math.ceil(metadataWords / PAGE_WORDS),
    slotWords,
    slotsStart,
    zones,
    zonesStart,
    zonePages,
    cachesStart,
    descriptorsStart,
    turnSnapshotsStart,
  };
}

/** Pages of the whole buffer such that `pages` of them can be handed out. */
export function totalPagesFor(pages: number, shape: Omit<Shape, 'totalPages'>): number {
  let totalPages = pages;
  for (;;) {
    const missing = pages - (totalPages - planHeap({ ...shape, totalPages }).firstPage);
    if (missing <= 0) return totalPages;
    totalPages += missing;
  }
}

/** Where slot `slot` starts. */
export function slotStart(geometry: Geometry, slot: number): number {
  return geometry.slotsStart + slot * geometry.slotWords;
}

/** The number of the slot that starts at `start`. */
export function slotNumber(geometry: Geometry, start: number): number {
  return (start - geometry.slotsStart) / geometry.slotWords;
}

/** Where the record of cache `cache` starts. */
export function cacheStart(geometry: Geometry, cache: number): number {
  return geometry.cachesStart + cache * CACHE_WORDS;
}

/** Where the record of zone `zone` starts. */
export function zoneStart(geometry: Geometry, zone: number): number {
  return geometry.zonesStart + zone * ZONE_WORDS;
}

/** Where the descriptor of page `page` starts. */
export function descriptorStart(geometry: Geometry, page: number): number {
  return geometry.descriptorsStart + page * DESCRIPTOR_WORDS;
}
