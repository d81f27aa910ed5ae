/**
 * IdlePageLists: the pages that other threads keep on their lists while they are idle, which a thread that lacks
 * pages takes before it gives up.
 *
 *     for each other slot: borrow -> take its lists off, whole -> give back -> blocks one by one to the zones
 *
 * Who may call: the slot's thread, in a turn, in any context: a zone whose lock is busy gets the blocks on its
 * deferred list, where the next who takes from it finds them.
 *
 * I1  The slot is borrowed for as long as its lists are taken off: a few steps for each block that is on them, which
 *     pageListHighMax bounds. From before the slot is given back until they are in the zones the states of the blocks
 *     name this thread's slot.
 *
 * Follows mm/page_alloc.c (drain_all_pages), which direct reclaim calls before its last try.
 */
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { descriptorStart, slotStart } from '../layout/heap-layout.js';
import { DESCRIPTOR } from '../layout/page-descriptor.js';
import { borrow, giveBack } from '../threads/borrow.js';
import type { Words } from '../words/words.js';
import { takePageLists } from './take-page-lists.js';
import type { Zone } from './zone.js';

export class IdlePageLists {
  private readonly _words: Words;
  private readonly _geometry: Geometry;
  private readonly _slotNumber: number;
  private readonly _tag: number;
  private readonly _zones: readonly Zone[];

  /** @param slotNumber this thread's slot, and `tag` its owner tag; @param zones all zones, by number */
  constructor(words: Words, geometry: Geometry, slotNumber: number, tag: number, zones: readonly Zone[]) {
    this._words = words;
    this._geometry = geometry;
    this._slotNumber = slotNumber;
    this._tag = tag;
    this._zones = zones;
  }

  /** Gives back what idle threads keep. Returns how many pages that were. */
  drain(): number {
    // Publishes nothing: a thread that joins now has nothing to take yet.
    const claimed = this._words.load(HEADER.slotsClaimed);
    let pages = 0;
    for (let slot = 0; slot < claimed; slot++) {
      if (slot !== this._slotNumber) pages += this._drainSlot(slot);
    }
    return pages;
  }

  private _drainSlot(slot: number): number {
    const start = slotStart(this._geometry, slot);
    if (!borrow(this._words, start, this._tag)) return 0;
    const heads = takePageLists(this._words, this._geometry, slot, this._slotNumber);
    giveBack(this._words, start);
    let pages = 0;
    for (let order = 0; order < heads.length; order++) pages += this._putAll(heads[order]!, order);
    return pages;
  }

  /** Gives a chain of blocks of one order to their zones; returns how many pages. */
  private _putAll(first: number, order: number): number {
    const words = this._words;
    let pages = 0;
    let page = first;
    while (page !== 0) {
      const next = words.loadPlain(descriptorStart(this._geometry, page) + DESCRIPTOR.next);
      this._zones[Math.floor(page / this._geometry.zonePages)]!.put(page, order, false);
      pages += 1 << order;
      page = next;
    }
    return pages;
  }
}
