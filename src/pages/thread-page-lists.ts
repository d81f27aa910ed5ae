/**
 * ThreadPageLists: the blocks of orders 0 to 3 that one thread keeps for itself, so that most allocations take
 * no lock. Refilled from and drained to the zones in batches.
 *
 *     slot: pagesAcquired | listPages | per order: head, blocks
 *
 * Who may call: the slot's thread, in a turn; takeAll() who has borrowed the slot. A caller that is inside already
 * (a hook of this thread) finds the trylock taken and goes to the zone.
 *
 * I1  Each block on a list carries state threadList of this slot; listPages = sum of blocks << order.
 * I2  listPages may pass `high` after frees that may not spin; the next ordinary free trims it.
 *
 * Follows mm/page_alloc.c (struct per_cpu_pages): pages conserved, not count <= high, is the invariant.
 */
import type { Geometry } from '../layout/heap-header.js';
import { descriptorStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageState } from '../layout/page-descriptor.js';
import { MAX_LIST_ORDER, PAGE_LIST, PAGE_LIST_WORDS, SLOT } from '../layout/thread-slot.js';
import { LocalTrylock } from '../locks/local-trylock.js';
import type { Words } from '../words/words.js';
import type { Zone } from './zone.js';

export class ThreadPageLists {
  private readonly _words: Words;
  private readonly _geometry: Geometry;
  private readonly _slotNumber: number;
  private readonly _slot: number;
  private readonly _lock: LocalTrylock;

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
  }

  /**
   * Takes a block, refilling from the first of `zones` that has any.
   * @returns its first page in state threadList, or 0.
   */
  take(order: number, zones: readonly Zone[], maySpin: boolean): number {
    if (!this._lock.tryAcquire()) return 0;
    let page = this._pop(order);
    if (page === 0 && this._refill(order, zones, maySpin)) page = this._pop(order);
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

  /** True when more is kept than `high` allows, and trim() is due. */
  isOverHigh(): boolean {
    return this._words.loadPlain(this._slot + SLOT.listPages) > this._geometry.pageListHigh;
  }

  /** Gives back about one batch of pages, largest blocks first. Spins for the zones' locks. */
  trim(zoneOf: (page: number) => Zone): void {
    this._giveBack(this._geometry.pageListBatch, zoneOf);
  }

  /** Gives everything back. Spins for the zones' locks. */
  drain(zoneOf: (page: number) => Zone): void {
    this._giveBack(this._words.loadPlain(this._slot + SLOT.listPages), zoneOf);
  }

  /**
   * Takes every block off the lists, in a bounded number of steps and without a lock.
   * @returns by order the first block, which leads to the others through DESCRIPTOR.next; nothing where somebody
   *          is inside, as after an error that came in the middle of an operation.
   */
  takeAll(): number[] {
    const heads: number[] = [];
    if (!this._lock.tryAcquire()) return heads;
    const words = this._words;
    for (let order = 0; order <= MAX_LIST_ORDER; order++) {
      const list = this._list(order);
      const head = words.loadPlain(list + PAGE_LIST.head);
      heads.push(head);
      words.storePlain(list + PAGE_LIST.head, 0);
      words.storePlain(list + PAGE_LIST.blocks, 0);
    }
    words.storePlain(this._slot + SLOT.listPages, 0);
    this._lock.release();
    return heads;
  }

  private _refill(order: number, zones: readonly Zone[], maySpin: boolean): boolean {
    const words = this._words;
    const state = pageState(PAGE_KIND.threadList, order, this._slotNumber);
    const blocks = Math.max(1, this._geometry.pageListBatch >> order);
    for (const zone of zones) {
      const first = zone.takeBatch(order, blocks, state, maySpin);
      if (first === 0) continue;
      let taken = 0;
      for (let page = first; page !== 0; taken++) {
        page = words.loadPlain(descriptorStart(this._geometry, page) + DESCRIPTOR.next);
      }
      const list = this._list(order);
      words.storePlain(list + PAGE_LIST.head, first);
      words.storePlain(list + PAGE_LIST.blocks, taken);
      this._addPages(taken << order);
      return true;
    }
    return false;
  }

  private _giveBack(pages: number, zoneOf: (page: number) => Zone): void {
    if (!this._lock.tryAcquire()) return;
    let left = pages;
    for (let order = MAX_LIST_ORDER; order >= 0 && left > 0; order--) {
      while (left > 0) {
        const page = this._pop(order);
        if (page === 0) break;
        zoneOf(page).put(page, order, true);
        left -= 1 << order;
      }
    }
    this._lock.release();
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
  }

  private _list(order: number): number {
    return this._slot + SLOT.pageLists + order * PAGE_LIST_WORDS;
  }

  private _addPages(pages: number): void {
    const word = this._slot + SLOT.listPages;
    this._words.storePlain(word, this._words.loadPlain(word) + pages);
  }
}
