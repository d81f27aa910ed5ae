/**
 * The page allocator's front: allocPages and freePages for any thread, in any context.
 *
 *     allocPages --orders 0 to 3--> this thread's lists --empty--> a batch from the zones, home zone first
 *                --larger---------> the zones
 *
 * The right to spin is looked at first, then one of lock and trylock is chosen: never a failed trylock followed
 * by a lock. How many steps the way without spinning takes at most: nolock-steps.ts.
 *
 * I1  A block between its user and the zones, or the lists, carries state threadList of this thread's slot, whatever its
 *     order: who reaps the thread finds it by that (dead-pages.ts).
 *
 * Follows mm/page_alloc.c (get_page_from_freelist, alloc_pages_nolock, free_pages_nolock).
 */
import type { GroupCharges } from '../groups/group-charges.js';
import { noteActivity } from '../layout/activity.js';
import { PAGE_GRANULES } from '../layout/group-record.js';
import type { Geometry } from '../layout/heap-header.js';
import { descriptorStart, slotNumber } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageKind, pageOrder, pageState } from '../layout/page-descriptor.js';
import { ACTIVITY, MAX_LIST_ORDER, SLOT } from '../layout/thread-slot.js';
import { Intents } from '../threads/intents.js';
import { requireStack } from '../words/stack-room.js';
import { type Address, MAX_ORDER, NONE, PAGE_SHIFT, PAGE_WORDS } from '../words/units.js';
import type { Words } from '../words/words.js';
import { type AllocFlags, allocFlags } from './alloc-flags.js';
import { chargeWay } from './charge-way.js';
import { describeAddress } from './describe-address.js';
import { __GFP_ACCOUNT, __GFP_ZERO, allowSpinning, GFP_NOLOCK, type Gfp } from './gfp.js';
import type { Rights } from './rights.js';
import type { ThreadPageLists, ZoneOf } from './thread-page-lists.js';
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
  private readonly _slotNumber: number;
  private readonly _intents: Intents;
  /** All zones, by number. */
  private readonly _zones: readonly Zone[];
  /** All zones, this thread's home zone first. */
  private readonly _zonelist: readonly Zone[];
  private readonly _lists: ThreadPageLists;
  private readonly _fault: PageFault;
  private readonly _rights: Rights;
  private readonly _charges: GroupCharges;
  private readonly _zoneOf: ZoneOf;
  private _reclaims = 0;

  /** @param slot word index of this thread's slot; @param home number of the zone to try first */
  constructor(
    words: Words,
    geometry: Geometry,
    slot: number,
    zones: readonly Zone[],
    home: number,
    lists: ThreadPageLists,
    fault: PageFault,
    rights: Rights,
    charges: GroupCharges,
  ) {
    this._words = words;
    this._geometry = geometry;
    this._slot = slot;
    this._slotNumber = slotNumber(geometry, slot);
    this._intents = new Intents(words, slot);
    this._zones = zones;
    this._zonelist = [...zones.slice(home), ...zones.slice(0, home)];
    this._lists = lists;
    this._fault = fault;
    this._rights = rights;
    this._charges = charges;
    this._zoneOf = (page) => this._zones[Math.floor(page / this._geometry.zonePages)]!;
  }

  /**
   * Takes 2^order contiguous pages.
   *
   * @param order 0 to MAX_ORDER
   * @param gfp   what may be done to get them, and how far below the marks of a zone; __GFP_ZERO zeroes them
   * @returns     the address of the first word, a multiple of 2^order pages; NONE when nothing is to be had.
   *
   * Errors    RangeError: `order` is not an integer in 0..10.
   * Context   Any thread of the heap. GFP_NOLOCK: never spins, never waits, also inside any lock.
   * Ordering  The last owner's plain writes are visible: zone.lock's release and acquire (zone-record:P1).
   */
  allocPages(order: number, gfp: Gfp): Address {
    requireOrder(order);
    if ((gfp & __GFP_ACCOUNT) !== 0 && this._charges.active !== 0)
      return this.allocCharged(order, gfp & ~__GFP_ACCOUNT, this._charges.active);
    if (this._fault.shouldFail(order)) return NONE;
    const page = this._takeBlock(order, allocFlags(this._rights.narrow(gfp), this._reclaims > 0));
    if (page === 0) return NONE;
    const start = this._handOut(page, order);
    if ((gfp & __GFP_ZERO) !== 0) this._words.fillPlain(start, start + (PAGE_WORDS << order), 0);
    return start;
  }

  /**
   * allocPages() of pages that are charged to the group with this record; NONE also where the group refuses
   * (GroupCharges.refusedBy).
   */
  allocCharged(order: number, gfp: Gfp, record: number): Address {
    requireOrder(order);
    requireStack();
    const granules = PAGE_GRANULES << order;
    const charges = this._charges;
    const frame = charges.open(record);
    let inHand = 0;
    try {
      if (!charges.charge(frame, record, granules, chargeWay(this._rights.narrow(gfp)))) return NONE;
      inHand = granules;
      const start = this.allocPages(order, gfp & ~__GFP_ACCOUNT);
      if (start === NONE) return NONE;
      charges.name(frame, record, this._groupWord(start), start);
      inHand = 0;
      return start;
    } finally {
      if (inHand !== 0) charges.uncharge(frame, record, inHand);
      charges.close(frame);
    }
  }

  /** allocCharged() that tries each lock once, and charges exactly so much. */
  allocChargedNolock(order: number, gfp: Gfp, record: number): Address {
    const start = this.allocCharged(order, gfp, record);
    if (start === NONE) this._charges.takeRefusal();
    return start;
  }

  /** Record of the group that an allocated block is charged to; 0 for none. */
  groupOf(start: number): number {
    return this._words.loadPlain(this._groupWord(start));
  }

  /** allocPages that tries each lock once: memory or an immediate NONE, in any context. @param gfp NOLOCK_GFP bits */
  allocPagesNolock(order: number, gfp: Gfp = GFP_NOLOCK): Address {
    const isCharged = (gfp & __GFP_ACCOUNT) !== 0 && this._charges.active !== 0;
    const start = isCharged
      ? this.allocChargedNolock(order, gfp, this._charges.active)
      : this.allocPages(order, gfp);
    this._count(start === NONE ? SLOT.nolockPagesRefused : SLOT.nolockPages, 1);
    return start;
  }

  /**
   * Takes a block that this thread keeps already: no zone is asked, and the floor of the list stays.
   * @returns its address, NONE where there is none, and for orders that no list has
   */
  allocFromList(order: number): Address {
    requireOrder(order);
    if (order > MAX_LIST_ORDER || this._fault.shouldFail(order)) return NONE;
    const page = this._lists.takeKept(order);
    return page === 0 ? NONE : this._handOut(page, order);
  }

  /**
   * Gives back what allocPages returned; where this thread may not spin now, as freePagesNolock(). Throws where
   * `start` is not the start of an allocated block, and then changes nothing.
   */
  freePages(start: number): void {
    this._free(start, this._maySpin());
  }

  /** freePages that neither spins nor waits: the pages end on a list, in the zone, or on its deferred list. */
  freePagesNolock(start: number): void {
    this._free(start, false);
  }

  /** Gives back every page this thread keeps, and what the zones have deferred. Spins, where the thread may. */
  drain(): void {
    requireStack();
    const maySpin = this._maySpin();
    if (maySpin) this._lists.drain(this._zoneOf);
    // Also what a lock that is not to be had at all has left.
    this._lists.drainNolock(this._zoneOf);
    for (const zone of this._zones) zone.drain(maySpin);
  }

  /** This thread was idle for a while: gives part of what it keeps back. True while there is more to give. */
  decay(): boolean {
    return this._maySpin() && this._lists.decay(this._zoneOf);
  }

  /** True while decay() may have work. */
  mayDecay(): boolean {
    return this._lists.mayDecay();
  }

  /** From here to exitReclaim() this thread brings memory back: what it takes for that ignores the marks. Nests. */
  enterReclaim(): void {
    this._reclaims++;
  }

  exitReclaim(): void {
    this._reclaims--;
  }

  private _maySpin(): boolean {
    return allowSpinning(this._rights.most());
  }

  private _takeBlock(order: number, flags: AllocFlags): number {
    requireStack();
    if (order <= MAX_LIST_ORDER) {
      const page = this._lists.take(order, this._zonelist, flags);
      if (page !== 0) return page;
    }
    const state = pageState(PAGE_KIND.threadList, order, this._slotNumber);
    for (const zone of this._zonelist) {
      const page = zone.take(order, state, flags);
      if (page !== 0) return page;
    }
    return 0;
  }

  /** Writes and counts a block as allocated, and charged to nobody. */
  private _handOut(page: number, order: number): Address {
    const words = this._words;
    const descriptor = descriptorStart(this._geometry, page);
    const start = (page << PAGE_SHIFT) as Address;
    // intents:I2: before it is anybody else's than this slot's.
    words.storePlain(this._slot + SLOT.inHand, start);
    words.storePlain(descriptor + DESCRIPTOR.group, 0);
    words.storePlain(descriptor + DESCRIPTOR.state, pageState(PAGE_KIND.allocated, order, 0));
    this._count(SLOT.pagesAllocated, 1 << order);
    noteActivity(words, this._slot, ACTIVITY.pages);
    return start;
  }

  private _free(start: number, maySpin: boolean): void {
    const page = this._requireAllocated(start);
    requireStack();
    const state = descriptorStart(this._geometry, page) + DESCRIPTOR.state;
    const order = pageOrder(this._words.loadPlain(state));
    const group = this.groupOf(start);
    if (group !== 0) this._charges.unchargeNamed(group, this._groupWord(start), PAGE_GRANULES << order);
    this._words.storePlain(state, pageState(PAGE_KIND.threadList, order, this._slotNumber));
    // I1: from here on the state says whose it is.
    this._intents.settle(start);
    const zone = this._zoneOf(page);
    const isKept = order <= MAX_LIST_ORDER && this._lists.put(page, order);
    if (!isKept) zone.put(page, order, maySpin);
    this._count(SLOT.pagesFreed, 1 << order);
    noteActivity(this._words, this._slot, ACTIVITY.pages);
    if (isKept && maySpin) this._trim(zone);
  }

  private _trim(zone: Zone): void {
    const pages = this._lists.excess(zone.isBelowHigh());
    if (pages > 0) this._lists.giveBack(pages, this._zoneOf);
  }

  private _groupWord(start: number): number {
    return descriptorStart(this._geometry, start >>> PAGE_SHIFT) + DESCRIPTOR.group;
  }

  private _count(counter: number, by: number): void {
    const word = this._slot + counter;
    this._words.storePlain(word, (this._words.loadPlain(word) + by) | 0);
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
