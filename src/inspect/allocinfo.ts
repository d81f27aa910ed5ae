/**
 * What /proc/allocinfo prints: who holds how much. The kernel lists places in its code. A plain heap keeps no such
 * places, and lists its caches instead: what users hold of each, without what lies in sheaves to be used again, and
 * the pages that were taken as pages. A debug heap lists the places (heap/ puts them in the same form).
 */
import type { Geometry } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { CACHE_SLOT, CACHE_SLOT_WORDS, SLOT } from '../layout/thread-slot.js';
import { PAGE_BYTES } from '../words/units.js';
import type { Words } from '../words/words.js';
import { readSheaf, readSlots } from './plausible.js';
import type { SlabInfo } from './slabinfo.js';

export interface AllocInfo {
  /** Bytes held. */
  readonly size: number;
  /** Allocations that hold them; of pages in a plain heap, the pages. */
  readonly calls: number;
  /** Where they were made, or what they are of. */
  readonly tag: string;
}

/**
 * @param caches by id
 * @param pages  taken by users as pages
 */
export function readAllocinfo(
  words: Words,
  geometry: Geometry,
  caches: readonly SlabInfo[],
  pages: number,
): AllocInfo[] {
  const rows: AllocInfo[] = [];
  for (let id = 0; id < caches.length; id++) {
    const { name, objsize } = caches[id]!;
    const calls = readInUse(words, geometry, id, caches[id]!);
    if (calls > 0) rows.push({ size: calls * objsize, calls, tag: `slab:${name}` });
  }
  if (pages > 0) rows.push({ size: pages * PAGE_BYTES, calls: pages, tag: 'pages' });
  return sortedBySize(rows);
}

/** Objects of a cache that users hold, or that wait for a grace period: on no free list, and in no sheaf to be used again. */
export function readInUse(
  words: Words,
  geometry: Geometry,
  id: number,
  { active_objs, sharedavail }: SlabInfo,
): number {
  if (active_objs === 0) return 0;
  return Math.max(0, active_objs - sharedavail - readKept(words, geometry, id));
}

/** The most first. */
export function sortedBySize(rows: readonly AllocInfo[]): AllocInfo[] {
  return rows.toSorted((a, b) => b.size - a.size || b.calls - a.calls);
}

/** Objects of a cache that threads keep in sheaves, to give them out again. */
function readKept(words: Words, geometry: Geometry, id: number): number {
  const slots = readSlots(words, geometry);
  let objects = 0;
  for (let slot = 0; slot < slots; slot++) {
    const place = slotStart(geometry, slot) + SLOT.caches + id * CACHE_SLOT_WORDS;
    objects += readSheaf(words, geometry, words.loadPlain(place + CACHE_SLOT.main));
    objects += readSheaf(words, geometry, words.loadPlain(place + CACHE_SLOT.spare));
    objects += readSheaf(words, geometry, words.loadPlain(place + CACHE_SLOT.inHand));
  }
  return objects;
}

const HEADING = 'allocinfo - version: 1.0\n#     <size>  <calls> <tag info>\n';

/** The heading and a line for each place, as the kernel's, the largest first. */
export function formatAllocinfo(rows: readonly AllocInfo[]): string {
  return HEADING + rows.map(({ size, calls, tag }) => `${pad(size, 12)} ${pad(calls, 8)} ${tag}\n`).join('');
}

function pad(count: number, width: number): string {
  return String(count).padStart(width);
}
