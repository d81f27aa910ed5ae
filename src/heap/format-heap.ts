/** Makes a heap in a zeroed buffer that nobody else has seen yet: plain stores only. */
import { type Geometry, HEADER, writeGeometry } from '../layout/heap-header.js';
import { planHeap, totalPagesFor, zoneStart } from '../layout/heap-layout.js';
import { ZONE } from '../layout/zone-record.js';
import { Buddy } from '../pages/buddy.js';
import { watermarksFor } from '../pages/watermarks.js';
import { writeFirstCaches } from '../slab/slab-caches.js';
import type { Host } from '../words/host.js';
import { MAX_HEAP_BYTES, MAX_ORDER, PAGE_BYTES } from '../words/units.js';
import type { Words } from '../words/words.js';
import { resolveDebug } from './debug-options.js';
import { type HeapOptions, requestedSize, resolveOptions, resolveSizedOptions } from './heap-options.js';
import { measuredSpinRounds } from './spin-rounds.js';

/** Cuts a heap as `options` ask. Throws RangeError where they leave no page to hand out. */
export function planFrom(options: HeapOptions, host: Host): Geometry {
  const [hashSeed0, hashSeed1] = options.hashSeed ?? [host.random32(), host.random32()];
  if ((hashSeed0 | 0) !== hashSeed0 || (hashSeed1 | 0) !== hashSeed1) {
    throw new TypeError(
      `created a heap with hashSeed: ${String(options.hashSeed)}; it is an array of two 32-bit integers`,
    );
  }
  const unsized = {
    pageListHighMin: 0,
    pageListHighMax: 0,
    pageListBatch: 1,
    minFreePages: 0,
    maxWaitingWords: 0,
  };
  const spinRounds = options.spinRounds ?? measuredSpinRounds(host);
  const shape = {
    ...resolveOptions({ ...options, spinRounds }),
    ...unsized,
    ...hooksOf(options, host),
    hashSeed0,
    hashSeed1,
  };
  const size = requestedSize(options);
  const totalPages = 'pages' in size ? totalPagesFor(size.pages, shape) : Math.ceil(size.bytes / PAGE_BYTES);
  const planned = planHeap({ ...shape, totalPages });
  const pages = Math.max(0, planned.totalPages - planned.firstPage);
  const geometry = { ...planned, ...resolveSizedOptions(options, pages, planned.slots) };
  if (totalPages * PAGE_BYTES > MAX_HEAP_BYTES) {
    throw new RangeError(
      `created a heap of ${geometry.totalPages - geometry.firstPage} pages to hand out, which with the heap's own ` +
        `records are ${totalPages}; a heap has at most ${MAX_HEAP_BYTES / PAGE_BYTES} pages in all`,
    );
  }
  if (geometry.totalPages > geometry.firstPage) return geometry;
  throw new RangeError(
    `created a heap of ${totalPages * PAGE_BYTES} bytes, which its own records fill (${geometry.firstPage} pages); ` +
      'ask for more `bytes`, or for fewer `threads` or `maxCaches`',
  );
}

function hooksOf(options: HeapOptions, host: Host): { debugHooks: number; faultInjection: number } {
  const { faultInjection = false } = options;
  if (typeof faultInjection !== 'boolean') {
    throw new TypeError(`created a heap with faultInjection: ${String(faultInjection)}; it is true or false`);
  }
  return { debugHooks: resolveDebug(options.debug, host), faultInjection: faultInjection ? 1 : 0 };
}

/** Writes the header, the zones with all pages free, and the caches of the size classes. */
export function formatHeap(words: Words, geometry: Geometry): void {
  for (let zone = 0; zone < geometry.zones; zone++) formatZone(words, geometry, zone);
  writeFirstCaches(words, geometry);
  words.storePlain(HEADER.gracePeriodSequence, geometry.firstSequence);
  writeGeometry(words, geometry);
}

function formatZone(words: Words, geometry: Geometry, zone: number): void {
  const record = zoneStart(geometry, zone);
  const start = Math.max(geometry.firstPage, zone * geometry.zonePages);
  const end = Math.min(geometry.totalPages, (zone + 1) * geometry.zonePages);
  words.storePlain(record + ZONE.startPage, start);
  words.storePlain(record + ZONE.endPage, end);
  // A zone's marks are its share of the heap's.
  const share = Math.floor(
    (geometry.minFreePages * (end - start)) / (geometry.totalPages - geometry.firstPage),
  );
  const marks = watermarksFor(end - start, share);
  words.storePlain(record + ZONE.wmarkMin, marks.min);
  words.storePlain(record + ZONE.wmarkLow, marks.low);
  words.storePlain(record + ZONE.wmarkHigh, marks.high);
  const buddy = new Buddy(words, geometry, record);
  // Largest blocks first from the end, so that the lists start with the lowest pages.
  let page = start;
  while (page < end) {
    const order = largestOrderAt(page, end);
    buddy.put(page, order);
    page += 1 << order;
  }
}

/** Order of the largest block that may start at `page` and ends at or before `end`. */
function largestOrderAt(page: number, end: number): number {
  let order = 0;
  while (order < MAX_ORDER && page % (2 << order) === 0 && page + (2 << order) <= end) order++;
  return order;
}
