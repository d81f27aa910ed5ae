/**
 * ThreadPageLists: the blocks of orders 0 to 3 that one thread keeps for itself, so that most allocations take
 * no lock. Refilled from and given back to the zones in batches, each under one hold of a zone's lock.
 *
 *     slot: pagesAcquired | listPages | per order: head, blocks | listHigh, allocFactor, freeCount
 *
 * How much is kept and moved follows the use (page-list-tuning.ts). Who may not spin is served without tuning: it
 * refills one batch, leaves the last `pageListFloor` blocks of a list to others, and never gives back.
 *
 * Who may call: the slot's thread, in a turn. Who has borrowed the slot takes the lists whole (take-page-lists.ts). A caller that is inside already
 * (a hook of this thread) finds the trylock taken and goes to the zone.
 *
 * I1  Each block on a list carries state threadList of this slot; listPages = sum of blocks << order. While blocks
 *     go back to a zone the list's head still names them.
 * I2  listPages may pass `listHigh` after frees that may not spin; the next ordinary frees give back more.
 *
 * Follows mm/page_alloc.c (struct per_cpu_pages): pages conserved, not count <= high, is the invariant.
 */
import type { Geometry } from '../layout/heap-header.js';
import { descriptorStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageState } from '../layout/page-descriptor.js';
import { MAX_LIST_ORDER, PAGE_LIST, PAGE_LIST_WORDS, SLOT } from '../layout/thread-slot.js';
import { LocalTrylock } from '../locks/local-trylock.js';
import type { Words } from '../words/words.js';
import { type AllocFlags, maySpinFor } from './alloc-flags.js';
import {
  allocFactorAfterFree,
  decayed,
  freeCountAfterAlloc,
  freeCountAfterFree,
  isFixed,
  pagesToGiveBack,
  refillBlocks,
  type Tuning,
} from './page-list-tuning.js';
import type { Zone } from './zone.js';

/** The zone that a page belongs to. */
export type ZoneOf = (page: number) => Zone;

export class ThreadPageLists {
  private readonly _words: Words;
  private readonly _geometry: Geometry;
  private readonly _slotNumber: number;
  private readonly _slot: number;
  private readonly _lock: LocalTrylock;
  private readonly _isFixed: boolean;
  /** Made once: what the tuning reads, and writes for _saveTuning(). */
  private readonly _tuning: Tuning;

  /** @param slot word index of slot `slotNumber`; @param lock the lock at its SLOT.pagesAcquired */
  constructor(
    words: Words,
    geometry: Geometry,
    slotNumber: number,
    slot: number,
    lock = new LocalTrylock(words, slot + SLOT.pagesAcquired),
  ) {
    this._words = words;
    this._geometry = geometry;
    this._slotNumber = slotNumber;
    this._slot = slot;
    this._lock = lock;
    const { pageListBatch: batch, pageListHighMin: highMin, pageListHighMax: highMax } = geometry;
    this._tuning = { batch, highMin, highMax, count: 0, high: 0, allocFactor: 0, freeCount: 0 };
    this._isFixed = isFixed(this._tuning);
  }

  /** Pages on all lists. */
  pages(): number {
    return this._words.loadPlain(this._slot + SLOT.listPages);
  }

  /**
   * Takes a block, refilling from the first of `zones` that has any.
   * @returns its first page in state threadList, or 0.
   */
  take(order: number, zones: readonly Zone[], flags: AllocFlags): number {
    if (!this._lock.tryAcquire()) return 0;
    const floor = maySpinFor(flags) ? 0 : this._geometry.pageListFloor;
    let page = this._popAbove(floor, order);
    try {
      // What a refill has brought is above the floor as it was before.
      if (page === 0 && this._refill(order, zones, flags)) page = this._pop(order);
    } finally {
      this._lock.release();
    }
    return page;
  }

  /** Takes a block that this thread has already, and none of the floor; 0 when there is none. No zone is asked. */
  takeKept(order: number): number {
    if (!this._lock.tryAcquire()) return 0;
    const page = this._popAbove(this._geometry.pageListFloor, order);
    this._lock.release();
    return page;
  }

  /** Keeps a freed block. False when this thread is inside already: the caller gives it to the zone. */
  put(page: number, order: number): boolean {
    if (!this._lock.tryAcquire()) return false;
    this._push(page, order);
    this._lock.release();
    return true;
  }

  /**
   * How many pages are too many after a put(); 0 for none. The caller gives them back, if it may spin.
   * @param isLow the zone of the block is below its high mark
   */
  excess(isLow: boolean): number {
    const words = this._words;
    const { pageListHighMin } = this._geometry;
    const high = Math.max(words.loadPlain(this._slot + SLOT.listHigh), pageListHighMin);
    const count = this.pages();
    // What nearly every free finds.
    if (count <= (isLow ? pageListHighMin : high)) return 0;
    this._loadTuning();
    const pages = pagesToGiveBack(this._tuning, isLow);
    this._saveTuning();
    return pages;
  }

  /** Gives back about `pages` pages, largest blocks first. Spins for the zones' locks; what cannot be given back stays. */
  giveBack(pages: number, zoneOf: ZoneOf): void {
    if (!this._lock.tryAcquire()) return;
    try {
      let left = pages;
      for (let order = MAX_LIST_ORDER; order >= 0; order--) {
        while (left > 0) {
          const given = this._giveRun(order, Math.ceil(left / (1 << order)), zoneOf);
          if (given === 0) break;
          left -= given << order;
        }
      }
    } finally {
      this._lock.release();
    }
  }

  /** Gives everything back. Spins for the zones' locks. */
  drain(zoneOf: ZoneOf): void {
    this.giveBack(this.pages(), zoneOf);
  }

  /** drain() that tries each lock once: what finds it busy goes on the zone's deferred list. */
  drainNolock(zoneOf: ZoneOf): void {
    if (!this._lock.tryAcquire()) return;
    for (let order = MAX_LIST_ORDER; order >= 0; order--) {
      for (let page = this._pop(order); page !== 0; page = this._pop(order)) {
        zoneOf(page).put(page, order, false);
      }
    }
    this._lock.release();
  }

  /** The thread was idle for a while: gives part of what it keeps back. True while more is kept than always may be. */
  decay(zoneOf: ZoneOf): boolean {
    this._loadTuning();
    const pages = decayed(this._tuning);
    this._saveTuning();
    const { pageListBatch } = this._geometry;
    for (let left = pages; left > 0; left -= pageListBatch) {
      this.giveBack(Math.min(left, pageListBatch), zoneOf);
    }
    return this.mayDecay();
  }

  /** True while the lists may hold, or hold, more than always: decay() has work. */
  mayDecay(): boolean {
    if (this._isFixed) return false;
    return this.pages() > this._geometry.pageListHighMin;
  }

  private _refill(order: number, zones: readonly Zone[], flags: AllocFlags): boolean {
    const state = pageState(PAGE_KIND.threadList, order, this._slotNumber);
    const batch = Math.max(1, this._geometry.pageListBatch >> order);
    for (const zone of zones) {
      const blocks = maySpinFor(flags) ? this._blocksFor(order, zone) : batch;
      const first = zone.takeBatch(order, blocks, state, flags);
      if (first === 0) continue;
      // A zone that had none has not refilled anything: the next is asked for as much as it was.
      if (maySpinFor(flags)) this._saveTuning();
      this._prepend(first, order);
      return true;
    }
    return false;
  }

  private _blocksFor(order: number, zone: Zone): number {
    this._loadTuning();
    return refillBlocks(this._tuning, order, zone.isBelowHigh());
  }

  /** Puts a chain of blocks before what is on the list. */
  private _prepend(first: number, order: number): void {
    const words = this._words;
    const list = this._list(order);
    let taken = 1;
    let last = descriptorStart(this._geometry, first) + DESCRIPTOR.next;
    for (let page = words.loadPlain(last); page !== 0; page = words.loadPlain(last)) {
      last = descriptorStart(this._geometry, page) + DESCRIPTOR.next;
      taken++;
    }
    words.storePlain(last, words.loadPlain(list + PAGE_LIST.head));
    words.storePlain(list + PAGE_LIST.head, first);
    words.storePlain(list + PAGE_LIST.blocks, words.loadPlain(list + PAGE_LIST.blocks) + taken);
    this._addPages(taken << order);
  }

  /** Gives back the first blocks of a list, as far as they are of one zone, at most `most`. Returns how many. */
  private _giveRun(order: number, most: number, zoneOf: ZoneOf): number {
    const words = this._words;
    const list = this._list(order);
    const first = words.loadPlain(list + PAGE_LIST.head);
    if (first === 0) return 0;
    const zone = zoneOf(first);
    let blocks = 0;
    let page = first;
    while (page !== 0 && blocks < most && zoneOf(page) === zone) {
      page = words.loadPlain(descriptorStart(this._geometry, page) + DESCRIPTOR.next);
      blocks++;
    }
    if (!zone.putChain(first, order, blocks)) return 0;
    words.storePlain(list + PAGE_LIST.head, page);
    words.storePlain(list + PAGE_LIST.blocks, words.loadPlain(list + PAGE_LIST.blocks) - blocks);
    this._addPages(-(blocks << order));
    return blocks;
  }

  private _popAbove(floor: number, order: number): number {
    if (floor !== 0 && this._words.loadPlain(this._list(order) + PAGE_LIST.blocks) <= floor) return 0;
    return this._pop(order);
  }

  private _pop(order: number): number {
    const words = this._words;
    const list = this._list(order);
    const page = words.loadPlain(list + PAGE_LIST.head);
    if (page === 0) return 0;
    words.storePlain(
      list + PAGE_LIST.head,
      words.loadPlain(descriptorStart(this._geometry, page) + DESCRIPTOR.next),
    );
    words.storePlain(list + PAGE_LIST.blocks, words.loadPlain(list + PAGE_LIST.blocks) - 1);
    this._addPages(-(1 << order));
    if (!this._isFixed) this._noteAlloc();
    return page;
  }

  private _push(page: number, order: number): void {
    const words = this._words;
    const list = this._list(order);
    const descriptor = descriptorStart(this._geometry, page);
    const state = pageState(PAGE_KIND.threadList, order, this._slotNumber);
    words.storePlain(descriptor + DESCRIPTOR.state, state);
    words.storePlain(descriptor + DESCRIPTOR.next, words.loadPlain(list + PAGE_LIST.head));
    words.storePlain(list + PAGE_LIST.head, page);
    words.storePlain(list + PAGE_LIST.blocks, words.loadPlain(list + PAGE_LIST.blocks) + 1);
    this._addPages(1 << order);
    if (!this._isFixed) this._noteFree(order);
  }

  private _noteAlloc(): void {
    const freeCount = this._slot + SLOT.freeCount;
    this._words.storePlain(freeCount, freeCountAfterAlloc(this._words.loadPlain(freeCount)));
  }

  private _noteFree(order: number): void {
    const words = this._words;
    const freeCount = this._slot + SLOT.freeCount;
    const allocFactor = this._slot + SLOT.allocFactor;
    const { batch } = this._tuning;
    words.storePlain(freeCount, freeCountAfterFree(words.loadPlain(freeCount), order, batch));
    words.storePlain(allocFactor, allocFactorAfterFree(words.loadPlain(allocFactor)));
  }

  private _loadTuning(): void {
    const words = this._words;
    const tuning = this._tuning;
    tuning.count = this.pages();
    tuning.high = words.loadPlain(this._slot + SLOT.listHigh);
    tuning.allocFactor = words.loadPlain(this._slot + SLOT.allocFactor);
    tuning.freeCount = words.loadPlain(this._slot + SLOT.freeCount);
  }

  private _saveTuning(): void {
    if (this._isFixed) return;
    this._words.storePlain(this._slot + SLOT.listHigh, this._tuning.high);
    this._words.storePlain(this._slot + SLOT.allocFactor, this._tuning.allocFactor);
  }

  private _list(order: number): number {
    return this._slot + SLOT.pageLists + order * PAGE_LIST_WORDS;
  }

  private _addPages(pages: number): void {
    const word = this._slot + SLOT.listPages;
    this._words.storePlain(word, this._words.loadPlain(word) + pages);
  }
}
