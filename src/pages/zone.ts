/**
 * Zone: a buddy under zone.lock, and the list of blocks that were freed where the lock could not be had.
 *
 *     put(page, maySpin = false), lock busy --> deferred -> page -> page -> 0 --next put or take that has the lock--> buddy
 *
 * Who may call: any thread, holding no lock of rank zone or above. With maySpin false nothing spins or waits.
 *
 * I1  A freed block ends in the buddy or on the deferred list; none is lost.
 * P1  (zone-record:P2) deferred: push publishes the block's next word, drain observes it.
 *
 * Follows mm/page_alloc.c (rmqueue_bulk, free_one_page, zone->trylock_free_pages).
 */
import type { Geometry } from '../layout/heap-header.js';
import { descriptorStart, zoneStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageOrder, pageState } from '../layout/page-descriptor.js';
import { ZONE } from '../layout/zone-record.js';
import type { RawSpinLock } from '../locks/raw-spin-lock.js';
import type { Words } from '../words/words.js';
import { Buddy } from './buddy.js';

export class Zone {
  private readonly _words: Words;
  private readonly _geometry: Geometry;
  private readonly _record: number;
  private readonly _lock: RawSpinLock;
  private readonly _buddy: Buddy;

  /** @param lock the lock at ZONE.lock of zone `zone` */
  constructor(words: Words, geometry: Geometry, zone: number, lock: RawSpinLock) {
    this._words = words;
    this._geometry = geometry;
    this._record = zoneStart(geometry, zone);
    this._lock = lock;
    this._buddy = new Buddy(words, geometry, this._record);
  }

  /** Free pages, as they were at some moment. */
  freePages(): number {
    return this._buddy.freePages();
  }

  /** Takes one block; 0 when there is none, or the lock is busy and the caller may not spin. */
  take(order: number, state: number, maySpin: boolean): number {
    // zone-record:P1: the acquire observes the lists, and what was written into the block before it was freed.
    if (!this._lock.acquireIf(maySpin)) return 0;
    this._drainDeferred();
    const page = this._buddy.take(order, state);
    this._lock.release();
    return page;
  }

  /**
   * Takes up to `blocks` blocks under one hold of the lock and links them through DESCRIPTOR.next.
   * @returns the first page of the last block taken, which leads to the others; 0 when none was to be had.
   */
  takeBatch(order: number, blocks: number, state: number, maySpin: boolean): number {
    if (!this._lock.acquireIf(maySpin)) return 0;
    this._drainDeferred();
    let first = 0;
    for (let i = 0; i < blocks; i++) {
      const page = this._buddy.take(order, state);
      if (page === 0) break;
      this._words.storePlain(descriptorStart(this._geometry, page) + DESCRIPTOR.next, first);
      first = page;
    }
    this._lock.release();
    return first;
  }

  /** Gives one block back, by the deferred list where the lock is busy and the caller may not spin. */
  put(page: number, order: number, maySpin: boolean): void {
    if (!this._lock.acquireIf(maySpin)) {
      this._defer(page, order);
      return;
    }
    if (maySpin) this._drainDeferred();
    this._buddy.put(page, order);
    // zone-record:P1: the release publishes the block and what its last owner wrote.
    this._lock.release();
  }

  /** Puts deferred blocks into the buddy. Spins. */
  drain(): void {
    this._lock.acquire();
    this._drainDeferred();
    this._lock.release();
  }

  private _defer(page: number, order: number): void {
    const words = this._words;
    const descriptor = descriptorStart(this._geometry, page);
    const deferred = this._record + ZONE.deferred;
    words.storePlain(descriptor + DESCRIPTOR.state, pageState(PAGE_KIND.deferred, order, 0));
    // P1: a first look; the compareExchange below decides.
    let head = words.load(deferred);
    for (;;) {
      words.storePlain(descriptor + DESCRIPTOR.next, head);
      // P1: publishes the block's state and next; observed by _drainDeferred().
      const found = words.compareExchange(deferred, head, page);
      if (found === head) break;
      head = found;
    }
    // Counter only.
    words.add(this._record + ZONE.deferredFrees, 1);
  }

  private _drainDeferred(): void {
    const words = this._words;
    const deferred = this._record + ZONE.deferred;
    // A stale 0 only leaves the blocks to the next caller.
    if (words.loadPlain(deferred) === 0) return;
    // P1: observes each block's state and next.
    let page = words.exchange(deferred, 0);
    while (page !== 0) {
      const descriptor = descriptorStart(this._geometry, page);
      const next = words.loadPlain(descriptor + DESCRIPTOR.next);
      this._buddy.put(page, pageOrder(words.loadPlain(descriptor + DESCRIPTOR.state)));
      page = next;
    }
  }
}
