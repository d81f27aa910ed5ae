/**
 * What /proc/zoneinfo prints: each zone's pages against its watermarks, and the page list of each thread. A CPU of
 * the kernel's is a slot here; a thread's list serves all zones, so the pagesets stand behind the zones.
 */
import type { Geometry } from '../layout/heap-header.js';
import { slotStart, zoneStart } from '../layout/heap-layout.js';
import { SLOT } from '../layout/thread-slot.js';
import { ZONE } from '../layout/zone-record.js';
import type { Words } from '../words/words.js';
import { zoneHeading } from './buddyinfo.js';
import { readBetween } from './plausible.js';

/** One zone, in pages. */
export interface ZonePages {
  readonly zone: number;
  readonly free: number;
  readonly min: number;
  readonly low: number;
  readonly high: number;
  /** From the zone's first page to its last, the heap's own records included. */
  readonly spanned: number;
  readonly present: number;
  /** What can be handed out. */
  readonly managed: number;
  /** 1 while free pages are below `high`, as far as was noticed. */
  readonly below_high: number;
  /** Blocks whose free was put off because the zone's lock was busy, since the heap was made. */
  readonly nr_deferred: number;
  readonly start_pfn: number;
}

/** The page list of one thread, in pages. */
export interface Pageset {
  /** The thread's slot. */
  readonly cpu: number;
  readonly thread: string;
  readonly count: number;
  readonly high: number;
  readonly batch: number;
  readonly high_min: number;
  readonly high_max: number;
}

export interface ZoneInfo {
  readonly zones: readonly ZonePages[];
  readonly pagesets: readonly Pageset[];
}

/** @param threads whose page lists are read */
export function readZoneinfo(
  words: Words,
  geometry: Geometry,
  threads: readonly { readonly slot: number; readonly name: string }[],
): ZoneInfo {
  const zones: ZonePages[] = [];
  for (let zone = 0; zone < geometry.zones; zone++) zones.push(readZone(words, geometry, zone));
  const pagesets: Pageset[] = [];
  for (let i = 0; i < threads.length; i++) {
    const { slot, name } = threads[i]!;
    pagesets.push(readPageset(words, geometry, slot, name));
  }
  return { zones, pagesets };
}

/** Free pages of all zones. */
export function freePagesOf({ zones }: ZoneInfo): number {
  return zones.reduce((sum, { free }) => sum + free, 0);
}

function readZone(words: Words, geometry: Geometry, zone: number): ZonePages {
  const record = zoneStart(geometry, zone);
  const first = zone * geometry.zonePages;
  const end = Math.min(first + geometry.zonePages, geometry.totalPages);
  const start = Math.min(Math.max(first, geometry.firstPage), end);
  const managed = end - start;
  return {
    zone,
    free: readBetween(words, record + ZONE.freePages, 0, managed),
    min: readBetween(words, record + ZONE.wmarkMin, 0, managed),
    low: readBetween(words, record + ZONE.wmarkLow, 0, managed),
    high: readBetween(words, record + ZONE.wmarkHigh, 0, managed),
    spanned: end - first,
    present: end - first,
    managed,
    below_high: readBetween(words, record + ZONE.belowHigh, 0, 1),
    nr_deferred: words.loadPlain(record + ZONE.deferredFrees) >>> 0,
    start_pfn: start,
  };
}

function readPageset(words: Words, geometry: Geometry, slot: number, thread: string): Pageset {
  const start = slotStart(geometry, slot);
  const { pageListBatch, pageListHighMin, pageListHighMax, totalPages } = geometry;
  return {
    cpu: slot,
    thread,
    count: readBetween(words, start + SLOT.listPages, 0, totalPages),
    high: readBetween(words, start + SLOT.listHigh, pageListHighMin, pageListHighMax),
    batch: pageListBatch,
    high_min: pageListHighMin,
    high_max: pageListHighMax,
  };
}

/** Zone by zone as the kernel's, then the pagesets. */
export function formatZoneinfo({ zones, pagesets }: ZoneInfo): string {
  const lines = [...zones.flatMap(zoneLines), 'Node 0, pagesets', ...pagesets.flatMap(pagesetLines)];
  return `${lines.join('\n')}\n`;
}

function zoneLines(zone: ZonePages): string[] {
  const { free, min, low, high, spanned, present, managed } = zone;
  const marks = Object.entries({ min, low, high, spanned, present, managed });
  return [
    zoneHeading(zone.zone),
    `  pages free     ${free}`,
    ...marks.map(([name, pages]) => `        ${name.padEnd(8)} ${pages}`),
    `      nr_free_pages ${free}`,
    `      nr_deferred  ${zone.nr_deferred}`,
    `  below_high:          ${zone.below_high}`,
    `  start_pfn:           ${zone.start_pfn}`,
  ];
}

function pagesetLines({ cpu, thread, ...sizes }: Pageset): string[] {
  const lines = Object.entries(sizes).map(
    ([name, pages]) => `${' '.repeat(14)}${`${name}:`.padEnd(9)} ${pages}`,
  );
  return [`    cpu: ${cpu} (${thread})`, ...lines];
}
