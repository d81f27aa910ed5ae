/**
 * Where the pages of a model's heap are when all threads have ended: the narrow question of a model that is
 * about pages alone. assertBalanced() asks everything, and takes longer.
 *
 *     pages handed out = free in zones + on threads' lists + deferred + in use
 */
import assert from 'node:assert/strict';
import type { Geometry } from '../../../src/layout/heap-header.js';
import { descriptorStart, slotStart, zoneStart } from '../../../src/layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageKind, pageOrder, pageTail } from '../../../src/layout/page-descriptor.js';
import { SLOT } from '../../../src/layout/thread-slot.js';
import { ZONE } from '../../../src/layout/zone-record.js';
import type { Words } from '../../../src/words/words.js';

/** Pages by who has them. */
export interface PageTally {
  /** As the zones count them. */
  readonly free: number;
  /** As the slots count them. */
  readonly onThreadLists: number;
  /** Found on the zones' lists of deferred frees. */
  readonly deferred: number;
  /** By their descriptors: allocated blocks and slabs. */
  readonly inUse: number;
}

/** Counts the pages of a heap at rest. */
export function tallyPages(words: Words, geometry: Geometry): PageTally {
  let free = 0;
  let deferred = 0;
  for (let zone = 0; zone < geometry.zones; zone++) {
    const record = zoneStart(geometry, zone);
    free += words.loadPlain(record + ZONE.freePages);
    deferred += deferredPages(words, geometry, words.loadPlain(record + ZONE.deferred));
  }
  let onThreadLists = 0;
  for (let slot = 0; slot < geometry.slots; slot++) {
    onThreadLists += words.loadPlain(slotStart(geometry, slot) + SLOT.listPages);
  }
  return { free, onThreadLists, deferred, inUse: pagesInUse(words, geometry) };
}

/** Asserts that each page is in one place, and that `inUse` of them are in use where it is given. */
export function assertPagesAccounted(words: Words, geometry: Geometry, inUse?: number): PageTally {
  const tally = tallyPages(words, geometry);
  const found = tally.free + tally.onThreadLists + tally.deferred + tally.inUse;
  const counted = JSON.stringify(tally);
  const pages = geometry.totalPages - geometry.firstPage;
  assert.equal(found, pages, `a heap of ${pages} pages has ${found} in its books: ${counted}`);
  if (inUse !== undefined) assert.equal(tally.inUse, inUse, `${inUse} pages should be in use: ${counted}`);
  return tally;
}

function deferredPages(words: Words, geometry: Geometry, first: number): number {
  let pages = 0;
  let page = first;
  // A list that comes back to itself counts more pages than there are, and so is noticed.
  while (page !== 0 && pages <= geometry.totalPages) {
    const descriptor = descriptorStart(geometry, page);
    pages += 1 << pageOrder(words.loadPlain(descriptor + DESCRIPTOR.state));
    page = words.loadPlain(descriptor + DESCRIPTOR.next);
  }
  return pages;
}

function pagesInUse(words: Words, geometry: Geometry): number {
  let pages = 0;
  for (let page = geometry.firstPage; page < geometry.totalPages; page++) {
    const state = words.loadPlain(descriptorStart(geometry, page) + DESCRIPTOR.state);
    const kind = pageKind(state);
    if (kind !== PAGE_KIND.allocated && kind !== PAGE_KIND.slab) continue;
    if (pageTail(state) === 0) pages += 1 << pageOrder(state);
  }
  return pages;
}
