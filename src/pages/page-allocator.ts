/**
 * The page allocator's front: allocPages and freePages for any thread, in any context.
 *
 *     allocPages --orders 0 to 3--> this thread's lists --empty--> a batch from the zones, home zone first
 *                --larger---------> the zones
 *
 * The right to spin is looked at first, then one of lock and trylock is chosen: never a failed trylock followed
 * by a lock.
 *
 * Follows mm/page_alloc.c (get_page_from_freelist, alloc_pages_nolock, free_pages_nolock).
 */
import type { Geometry } from '../layout/heap-header.js';
import { descriptorStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageKind, pageOrder, pageState } from '../layout/page-descriptor.js';
import { MAX_LIST_ORDER, SLOT } from '../layout/thread-slot.js';
import { type Address, MAX_ORDER, NONE, PAGE_SHIFT, PAGE_WORDS } from '../words/units.js';
import type { Words } from '../words/words.js';
import { describeAddress } from './describe-address.js';
import { __GFP_ZERO, allowSpinning, GFP_NOLOCK, type Gfp } from './gfp.js';
import type { ThreadPageLists } from './thread-page-lists.js';
import type { Zone } from './zone.js';

/** Decides that an allocation fails although memory is there: for tests of what happens then. */
export interface PageFault {
  shouldFail(order: number): boolean;
}

/** No allocation fails but for want of memory. */
export const NO_PAGE_FAULT: PageFault = { shouldFail: () => false };

export class PageAllocator {
  private readonly _words: Words;
  private readonly _geometry: Geometry;
  private readonly _slot: number;
  /** All zones, by number. */
  private readonly _zones: readonly Zone[];
  /** All zones, this thread's home zone first. */
  private readonly _zonelist: readonly Zone[];
  private readonly _lists: ThreadPageLists;
  private readonly _fault: PageFault;
  private readonly _zoneOf: (page: number) => Zone;

  /** @param slot word index of this thread's slot; @param home number of the zone to try first */
  constructor(
    words: Words,
    geometry: Geometry,
    slot: number,
    zones: readonly Zone[],
    home: number,
    lists: ThreadPageLists,
    fault: PageFault,
  ) {
    this._words = words;
    this._geometry = geometry;
    this._slot = slot;
    this._zones = zones;
    this._zonelist = [...zones.slice(home), ...zones.slice(0, home)];
    this._lists = lists;
    this._fault = fault;
    this._zoneOf = (page) => this._zones[Math.floor(page / this._geometry.zonePages)]!;
  }

  /**
   * Takes 2^order contiguous pages.
   *
   * @param order 0 to MAX_ORDER
   * @param gfp   what may be done to get them; __GFP_ZERO zeroes them
   * @returns     the address of the first word, a multiple of 2^order pages; NONE when nothing is to be had.
   *
   * Errors    RangeError: `order` is not an integer in 0..10.
   * Context   Any thread of the heap. GFP_NOLOCK: never spins, never waits, also inside any lock.
   * Ordering  The last owner's plain writes are visible: zone.lock's release and acquire (zone-record:P1).
   */
  allocPages(order: number, gfp: Gfp): Address {
    requireOrder(order);
    if (this._fault.shouldFail(order)) return NONE;
    const page = this._takeBlock(order, allowSpinning(gfp));
    if (page === 0) return NONE;
    const words = this._words;
    const state = pageState(PAGE_KIND.allocated, order, 0);
    words.storePlain(descriptorStart(this._geometry, page) + DESCRIPTOR.state, state);
    words.storePlain(
      this._slot + SLOT.pagesAllocated,
      words.loadPlain(this._slot + SLOT.pagesAllocated) + (1 << order),
    );
    const start = page << PAGE_SHIFT;
    if ((gfp & __GFP_ZERO) !== 0) words.fillPlain(start, start + (PAGE_WORDS << order), 0);
    return start as Address;
  }

  /** allocPages that tries each lock once: memory or an immediate NONE, in any context. */
  allocPagesNolock(order: number): Address {
    return this.allocPages(order, GFP_NOLOCK);
  }

  /**
   * Gives back what allocPages returned. Throws where `start` is not the start of an allocated block, and then
   * changes nothing.
   */
  freePages(start: number): void {
    const page = this._requireAllocated(start);
    const order = this._release(page);
    if (order > MAX_LIST_ORDER || !this._lists.put(page, order)) {
      this._zoneOf(page).put(page, order, true);
    } else if (this._lists.isOverHigh()) this._lists.trim(this._zoneOf);
  }

  /** freePages that neither spins nor waits: the pages end on a list, in the zone, or on its deferred list. */
  freePagesNolock(start: number): void {
    const page = this._requireAllocated(start);
    const order = this._release(page);
    if (order > MAX_LIST_ORDER || !this._lists.put(page, order)) {
      this._zoneOf(page).put(page, order, false);
    }
  }

  /** Gives back every page this thread keeps, and what the zones have deferred. Spins. */
  drain(): void {
    this._lists.drain(this._zoneOf);
    for (const zone of this._zones) zone.drain();
  }

  private _takeBlock(order: number, maySpin: boolean): number {
    if (order <= MAX_LIST_ORDER) {
      const page = this._lists.take(order, this._zonelist, maySpin);
      if (page !== 0) return page;
    }
    const state = pageState(PAGE_KIND.allocated, order, 0);
    for (const zone of this._zonelist) {
      const page = zone.take(order, state, maySpin);
      if (page !== 0) return page;
    }
    return 0;
  }

  /** Counts the block as freed; returns its order. */
  private _release(page: number): number {
    const words = this._words;
    const order = pageOrder(words.loadPlain(descriptorStart(this._geometry, page) + DESCRIPTOR.state));
    const freed = this._slot + SLOT.pagesFreed;
    words.storePlain(freed, words.loadPlain(freed) + (1 << order));
    return order;
  }

  private _requireAllocated(start: number): number {
    const page = start >>> PAGE_SHIFT;
    const geometry = this._geometry;
    if (
      Number.isInteger(start) &&
      start % PAGE_WORDS === 0 &&
      page >= geometry.firstPage &&
      page < geometry.totalPages &&
      pageKind(this._words.loadPlain(descriptorStart(geometry, page) + DESCRIPTOR.state)) ===
        PAGE_KIND.allocated
    ) {
      return page;
    }
    throw new RangeError(
      `freed pages at address ${start}, which is ${describeAddress(this._words, geometry, start)}; ` +
        'pass an address that allocPages() returned, once',
    );
  }
}

function requireOrder(order: number): void {
  if (Number.isInteger(order) && order >= 0 && order <= MAX_ORDER) return;
  throw new RangeError(
    `allocated pages of order ${order}; an order is an integer in 0..${MAX_ORDER} (2^order pages of 4 KiB)`,
  );
}
