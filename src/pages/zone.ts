/**
 * Zone: a buddy under zone.lock, its watermarks, and the list of blocks that were freed where the lock could not be
 * had.
 *
 *     put(page, maySpin = false), lock busy --> deferred -> page -> page -> 0 --next who has the lock--> buddy
 *
 * Who may spin takes all deferred blocks along, whether it takes or puts. Who may not takes at most NOLOCK_DRAIN of
 * them along when it takes, and none when it puts: its steps are bounded.
 *
 * Who may call: any thread, holding no lock of rank zone or above. Without the right to spin nothing spins or waits.
 *
 * I1  A freed block ends in the buddy or on the deferred list; none is lost.
 * I2  No block leaves that would bring the free pages below what the caller's flags allow (alloc-flags.ts).
 * I3  Blocks leave the deferred list under the lock alone; so one that is its head stays it, or is below new ones.
 * I4  What leaves the deferred list is noted first (ZONE.draining, ZONE.drained), and until it is in the buddy: what is
 *     noted and not on the list any more is in the hands of the lock's owner, or in the buddy (zone-repair.ts).
 * P1  (zone-record:P2) deferred: push publishes the block's next word, drain observes it.
 *
 * Follows mm/page_alloc.c (rmqueue_bulk, free_one_page, zone->trylock_free_pages, __zone_watermark_ok).
 */
import type { Geometry } from '../layout/heap-header.js';
import { descriptorStart, slotNumber, zoneStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageOrder, pageState } from '../layout/page-descriptor.js';
import { SLOT } from '../layout/thread-slot.js';
import { ZONE } from '../layout/zone-record.js';
import type { RawSpinLock } from '../locks/raw-spin-lock.js';
import { llistAdd, llistTakeAll } from '../words/llist.js';
import type { Words } from '../words/words.js';
import { type AllocFlags, markFor, maySpinFor } from './alloc-flags.js';
import { Buddy } from './buddy.js';

/** Deferred blocks that an allocation takes along that may not spin. */
export const NOLOCK_DRAIN = 4;

export class Zone {
  private readonly _words: Words;
  private readonly _geometry: Geometry;
  private readonly _record: number;
  private readonly _lock: RawSpinLock;
  private readonly _buddy: Buddy;
  private readonly _slot: number;
  private readonly _slotNumber: number;

  /**
   * @param lock the lock at ZONE.lock of zone `zone`
   * @param slot word index of the slot of the thread that this view is for: it counts there
   */
  constructor(words: Words, geometry: Geometry, zone: number, lock: RawSpinLock, slot: number) {
    this._words = words;
    this._geometry = geometry;
    this._record = zoneStart(geometry, zone);
    this._lock = lock;
    this._buddy = new Buddy(words, geometry, this._record);
    this._slot = slot;
    this._slotNumber = slotNumber(geometry, slot);
  }

  /** Free pages, as they were at some moment. */
  freePages(): number {
    return this._buddy.freePages();
  }

  /** True where an allocation has found fewer free pages than the high mark, and no free more since. A hint. */
  isBelowHigh(): boolean {
    return this._words.loadPlain(this._record + ZONE.belowHigh) !== 0;
  }

  /** Takes one block; 0 when there is none above the mark, or the lock is busy and the caller may not spin. */
  take(order: number, state: number, flags: AllocFlags): number {
    // zone-record:P1: the acquire observes the lists, and what was written into the block before it was freed.
    if (!this._enter(maySpinFor(flags))) return 0;
    this._drainFor(flags);
    const page = this._takeAbove(order, state, this._markFor(flags));
    this._noteBelowHigh();
    this._lock.release();
    return page;
  }

  /**
   * Takes up to `blocks` blocks under one hold of the lock and links them through DESCRIPTOR.next.
   * @returns the first page of the last block taken, which leads to the others; 0 when none was to be had.
   */
  takeBatch(order: number, blocks: number, state: number, flags: AllocFlags): number {
    if (!this._enter(maySpinFor(flags))) return 0;
    this._drainFor(flags);
    const mark = this._markFor(flags);
    let first = 0;
    for (let i = 0; i < blocks; i++) {
      const page = this._takeAbove(order, state, mark);
      if (page === 0) break;
      this._words.storePlain(descriptorStart(this._geometry, page) + DESCRIPTOR.next, first);
      first = page;
    }
    this._noteBelowHigh();
    this._lock.release();
    return first;
  }

  /** Gives one block back: by the deferred list where the lock is busy and the caller may not spin, or is not to be had at all. */
  put(page: number, order: number, maySpin: boolean): void {
    if (!this._lock.acquireToGive(maySpin)) {
      this._defer(page, order);
      return;
    }
    this._countHold();
    if (maySpin) this._drainDeferred();
    this._buddy.put(page, order);
    this._noteAboveHigh();
    // zone-record:P1: the release publishes the block and what its last owner wrote.
    this._lock.release();
  }

  /**
   * Gives back the first `blocks` blocks of a chain of one order, all of this zone, under one hold of the lock. Spins.
   * @returns false where the lock is not to be had at all: then nothing has changed
   */
  putChain(first: number, order: number, blocks: number): boolean {
    if (!this._lock.acquireToGive(true)) return false;
    this._countHold();
    this._drainDeferred();
    let page = first;
    for (let i = 0; i < blocks; i++) {
      const next = this._words.loadPlain(descriptorStart(this._geometry, page) + DESCRIPTOR.next);
      this._buddy.put(page, order);
      page = next;
    }
    this._noteAboveHigh();
    this._lock.release();
    return true;
  }

  /** Gives back blocks of this zone, each of the order that its state says, under one hold of the lock. Spins. */
  putAll(pages: readonly number[]): void {
    this._enter(true);
    for (const page of pages) this._buddy.put(page, this._orderOf(page));
    this._noteAboveHigh();
    this._lock.release();
  }

  /** Puts deferred blocks into the buddy. False, and none, where the lock is busy and the caller may not spin, or not to be had at all. */
  drain(maySpin: boolean): boolean {
    if (!this._lock.acquireToGive(maySpin)) return false;
    this._countHold();
    if (maySpin) this._drainDeferred();
    else this._drainSome();
    this._noteAboveHigh();
    this._lock.release();
    return true;
  }

  private _enter(maySpin: boolean): boolean {
    if (!this._lock.acquireIf(maySpin)) return false;
    this._countHold();
    return true;
  }

  private _countHold(): void {
    const counter = this._slot + SLOT.zoneLocks;
    this._words.storePlain(counter, (this._words.loadPlain(counter) + 1) | 0);
  }

  private _markFor(flags: AllocFlags): number {
    return markFor(this._words.loadPlain(this._record + ZONE.wmarkMin), flags);
  }

  /** I2: of a block all pages but one count as gone, since none of them serves another of its order. */
  private _takeAbove(order: number, state: number, mark: number): number {
    if (this._buddy.freePages() - ((1 << order) - 1) <= mark) return 0;
    return this._buddy.take(order, state);
  }

  private _noteBelowHigh(): void {
    const high = this._words.loadPlain(this._record + ZONE.wmarkHigh);
    if (high === 0 || this._buddy.freePages() > high || this.isBelowHigh()) return;
    this._words.storePlain(this._record + ZONE.belowHigh, 1);
  }

  private _noteAboveHigh(): void {
    if (!this.isBelowHigh()) return;
    if (this._buddy.freePages() <= this._words.loadPlain(this._record + ZONE.wmarkHigh)) return;
    this._words.storePlain(this._record + ZONE.belowHigh, 0);
  }

  private _defer(page: number, order: number): void {
    const words = this._words;
    const descriptor = descriptorStart(this._geometry, page);
    const state = pageState(PAGE_KIND.deferred, order, this._slotNumber);
    words.storePlain(descriptor + DESCRIPTOR.state, state);
    // P1: publishes the block's state and next; observed by _drainDeferred() and _popDeferred().
    llistAdd(words, this._record + ZONE.deferred, page, descriptor + DESCRIPTOR.next);
    // Counter only.
    words.add(this._record + ZONE.deferredFrees, 1);
    const counter = this._slot + SLOT.pagesDeferred;
    words.storePlain(counter, (words.loadPlain(counter) + 1) | 0);
  }

  private _drainFor(flags: AllocFlags): void {
    if (maySpinFor(flags)) this._drainDeferred();
    else this._drainSome();
  }

  private _drainDeferred(): void {
    const words = this._words;
    // A stale 0 only leaves the blocks to the next caller.
    if (words.loadPlain(this._record + ZONE.deferred) === 0) return;
    // P1: observes each block's state and next. I4: noted first.
    let page = llistTakeAll(words, this._record + ZONE.deferred, this._record + ZONE.draining);
    while (page !== 0) {
      const next = words.loadPlain(descriptorStart(this._geometry, page) + DESCRIPTOR.next);
      words.storePlain(this._record + ZONE.drained, page);
      words.storePlain(this._record + ZONE.draining, next);
      this._putDrained(page);
      page = next;
    }
  }

  /** The block is in nobody's hands any more when it is in the buddy. */
  private _putDrained(page: number): void {
    this._buddy.put(page, this._orderOf(page));
    this._words.storePlain(this._record + ZONE.drained, 0);
  }

  private _drainSome(): void {
    for (let i = 0; i < NOLOCK_DRAIN; i++) {
      const page = this._popDeferred();
      if (page === 0) return;
      this._putDrained(page);
    }
  }

  /** Takes the newest deferred block; 0 where there is none, or another was pushed meanwhile. */
  private _popDeferred(): number {
    const words = this._words;
    const deferred = this._record + ZONE.deferred;
    // A stale 0 only leaves the blocks to the next caller.
    if (words.loadPlain(deferred) === 0) return 0;
    // P1: observes the block's state and next, which stay as they are until this thread takes it (I3).
    const page = words.load(deferred);
    const next = words.loadPlain(descriptorStart(this._geometry, page) + DESCRIPTOR.next);
    words.storePlain(this._record + ZONE.drained, page);
    // Publishes nothing: the block is this thread's from here on.
    if (words.compareExchange(deferred, page, next) === page) return page;
    words.storePlain(this._record + ZONE.drained, 0);
    return 0;
  }

  private _orderOf(page: number): number {
    return pageOrder(this._words.loadPlain(descriptorStart(this._geometry, page) + DESCRIPTOR.state));
  }
}
