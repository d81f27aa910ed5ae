/**
 * SlabList: the slabs of one cache that have a free object, under the cache's listLock.
 *
 *     partialHead -> slab -> slab -> 0      each: freelist -> object -> object -> 0 through the objects' first word
 *
 * A slab without a free object is on no list; its objects bring it back. A few slabs without an object in use
 * are kept, the rest go back to the page allocator.
 *
 * Who may call: any thread, holding no lock of rank listLock or above.
 *
 * I1  (cache-record:I2) listed exactly when it has a free object.
 * I2  (sheaf-record:I1) an object is in the sheaf before it is off the freelist, and on the freelist before it
 *     is out of the sheaf.
 * P1  (cache-record:P1) slabs and sheaves written under the lock are published by its release.
 *
 * Follows mm/slub.c (get_partial_node, __slab_free, free_to_partial_list).
 */
import { CACHE } from '../layout/cache-record.js';
import type { Geometry } from '../layout/heap-header.js';
import { descriptorStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageState, pageTail } from '../layout/page-descriptor.js';
import { SHEAF } from '../layout/sheaf-record.js';
import type { RawSpinLock } from '../locks/raw-spin-lock.js';
import { allowSpinning, type Gfp } from '../pages/gfp.js';
import type { PageAllocator } from '../pages/page-allocator.js';
import { PAGE_SHIFT } from '../words/units.js';
import type { Words } from '../words/words.js';

export class SlabList {
  private readonly _words: Words;
  private readonly _geometry: Geometry;
  private readonly _record: number;
  private readonly _cache: number;
  private readonly _lock: RawSpinLock;
  private readonly _pages: PageAllocator;

  /** @param record index of the record of cache `cache`; @param lock the lock at its CACHE.listLock */
  constructor(
    words: Words,
    geometry: Geometry,
    record: number,
    cache: number,
    lock: RawSpinLock,
    pages: PageAllocator,
  ) {
    this._words = words;
    this._geometry = geometry;
    this._record = record;
    this._cache = cache;
    this._lock = lock;
    this._pages = pages;
  }

  /** Fills `sheaf` up to its capacity, with a new slab where no slab has a free object. Returns its count. */
  fill(sheaf: number, gfp: Gfp): number {
    const capacity = this._words.loadPlain(sheaf + SHEAF.capacity);
    if (!this._lock.acquireIf(allowSpinning(gfp))) return 0;
    this._takeInto(sheaf, capacity);
    this._lock.release();
    const count = this._words.loadPlain(sheaf + SHEAF.count);
    if (count !== 0 || !this._growAndLock(gfp)) return count;
    this._takeInto(sheaf, capacity);
    this._lock.release();
    return this._words.loadPlain(sheaf + SHEAF.count);
  }

  /** Takes one object, for a cache without sheaves or when no sheaf is to be had; 0 when there is none. */
  takeOne(gfp: Gfp): number {
    if (!this._lock.acquireIf(allowSpinning(gfp))) return 0;
    const page = this._words.loadPlain(this._record + CACHE.partialHead);
    const object = page === 0 ? 0 : this._takeFrom(page);
    this._lock.release();
    if (object !== 0 || !this._growAndLock(gfp)) return object;
    const taken = this._takeFrom(this._words.loadPlain(this._record + CACHE.partialHead));
    this._lock.release();
    return taken;
  }

  /** Puts one object back on its slab. Spins. */
  putOne(object: number): void {
    this._lock.acquire();
    const discarded = this._putOn(object, 0);
    this._lock.release();
    this._discard(discarded);
  }

  /** Empties `sheaf` onto the slabs of its objects. Spins. */
  flush(sheaf: number): void {
    const words = this._words;
    let discarded = 0;
    this._lock.acquire();
    for (let count = words.loadPlain(sheaf + SHEAF.count); count > 0; count--) {
      discarded = this._putOn(words.loadPlain(sheaf + SHEAF.objects + count - 1), discarded);
      words.storePlain(sheaf + SHEAF.count, count - 1);
    }
    this._lock.release();
    this._discard(discarded);
  }

  /** Gives every slab without an object in use back to the page allocator. Spins. */
  shrink(): void {
    const words = this._words;
    let discarded = 0;
    this._lock.acquire();
    let page = words.loadPlain(this._record + CACHE.partialHead);
    while (page !== 0) {
      const descriptor = descriptorStart(this._geometry, page);
      const next = words.loadPlain(descriptor + DESCRIPTOR.next);
      if (words.loadPlain(descriptor + DESCRIPTOR.inUse) === 0) discarded = this._detach(page, discarded);
      page = next;
    }
    this._lock.release();
    this._discard(discarded);
  }

  private _takeInto(sheaf: number, capacity: number): void {
    const words = this._words;
    let count = words.loadPlain(sheaf + SHEAF.count);
    while (count < capacity) {
      const page = words.loadPlain(this._record + CACHE.partialHead);
      if (page === 0) return;
      const descriptor = descriptorStart(this._geometry, page);
      let object = words.loadPlain(descriptor + DESCRIPTOR.freelist);
      let inUse = words.loadPlain(descriptor + DESCRIPTOR.inUse);
      if (inUse === 0) this._count(CACHE.emptySlabs, -1);
      while (count < capacity && object !== 0) {
        words.storePlain(sheaf + SHEAF.objects + count, object);
        words.storePlain(sheaf + SHEAF.count, ++count);
        object = words.loadPlain(object);
        words.storePlain(descriptor + DESCRIPTOR.freelist, object);
        words.storePlain(descriptor + DESCRIPTOR.inUse, ++inUse);
      }
      if (object === 0) this._unlist(page);
    }
  }

  private _takeFrom(page: number): number {
    const words = this._words;
    const descriptor = descriptorStart(this._geometry, page);
    const object = words.loadPlain(descriptor + DESCRIPTOR.freelist);
    const next = words.loadPlain(object);
    const inUse = words.loadPlain(descriptor + DESCRIPTOR.inUse);
    words.storePlain(descriptor + DESCRIPTOR.freelist, next);
    words.storePlain(descriptor + DESCRIPTOR.inUse, inUse + 1);
    if (inUse === 0) this._count(CACHE.emptySlabs, -1);
    if (next === 0) this._unlist(page);
    return object;
  }

  /** Puts `object` on its slab's freelist; returns the chain of slabs to discard. */
  private _putOn(object: number, discarded: number): number {
    const words = this._words;
    const geometry = this._geometry;
    const anyPage = object >>> PAGE_SHIFT;
    const state = words.loadPlain(descriptorStart(geometry, anyPage) + DESCRIPTOR.state);
    const page = anyPage - pageTail(state);
    const descriptor = descriptorStart(geometry, page);
    const inUse = words.loadPlain(descriptor + DESCRIPTOR.inUse) - 1;
    words.storePlain(object, words.loadPlain(descriptor + DESCRIPTOR.freelist));
    words.storePlain(descriptor + DESCRIPTOR.freelist, object);
    words.storePlain(descriptor + DESCRIPTOR.inUse, inUse);
    if (words.loadPlain(descriptor + DESCRIPTOR.listed) === 0) this._list(page);
    if (inUse !== 0) return discarded;
    this._count(CACHE.emptySlabs, 1);
    const kept = words.loadPlain(this._record + CACHE.emptySlabs);
    return kept > geometry.minPartialSlabs ? this._detach(page, discarded) : discarded;
  }

  /** Makes a slab of a fresh block and lists it; true with the lock held, so that no other thread empties it first. */
  private _growAndLock(gfp: Gfp): boolean {
    const words = this._words;
    const order = words.loadPlain(this._record + CACHE.slabOrder);
    const start = this._pages.allocPages(order, gfp);
    if (start === 0) return false;
    const page = start >>> PAGE_SHIFT;
    this._linkObjects(start, descriptorStart(this._geometry, page));
    for (let tail = (1 << order) - 1; tail >= 0; tail--) {
      const state = pageState(PAGE_KIND.slab, order, this._cache, tail);
      words.storePlain(descriptorStart(this._geometry, page + tail) + DESCRIPTOR.state, state);
    }
    // Who may not spin has the fresh slab to itself until the lock is free: give it back instead.
    if (!this._lock.acquireIf(allowSpinning(gfp))) {
      this._release(page, false);
      return false;
    }
    this._count(CACHE.slabs, 1);
    this._count(CACHE.emptySlabs, 1);
    this._list(page);
    return true;
  }

  private _linkObjects(start: number, descriptor: number): void {
    const words = this._words;
    const objectWords = words.loadPlain(this._record + CACHE.objectWords);
    const objects = words.loadPlain(this._record + CACHE.slabObjects);
    let next = 0;
    for (let i = objects - 1; i >= 0; i--) {
      words.storePlain(start + i * objectWords, next);
      next = start + i * objectWords;
    }
    words.storePlain(descriptor + DESCRIPTOR.freelist, next);
    words.storePlain(descriptor + DESCRIPTOR.inUse, 0);
    words.storePlain(descriptor + DESCRIPTOR.objects, objects);
    words.storePlain(descriptor + DESCRIPTOR.listed, 0);
  }

  /** Takes an unused slab off the list and the books; returns it chained before `discarded`. */
  private _detach(page: number, discarded: number): number {
    this._unlist(page);
    this._count(CACHE.emptySlabs, -1);
    this._count(CACHE.slabs, -1);
    this._words.storePlain(descriptorStart(this._geometry, page) + DESCRIPTOR.next, discarded);
    return page;
  }

  /** Frees a chain of detached slabs; outside the lock. */
  private _discard(discarded: number): void {
    let page = discarded;
    while (page !== 0) {
      const next = this._words.loadPlain(descriptorStart(this._geometry, page) + DESCRIPTOR.next);
      this._release(page, true);
      page = next;
    }
  }

  private _release(page: number, maySpin: boolean): void {
    const words = this._words;
    const order = words.loadPlain(this._record + CACHE.slabOrder);
    for (let tail = (1 << order) - 1; tail > 0; tail--) {
      words.storePlain(descriptorStart(this._geometry, page + tail) + DESCRIPTOR.state, PAGE_KIND.tail);
    }
    const state = pageState(PAGE_KIND.allocated, order, 0);
    words.storePlain(descriptorStart(this._geometry, page) + DESCRIPTOR.state, state);
    if (maySpin) this._pages.freePages(page << PAGE_SHIFT);
    else this._pages.freePagesNolock(page << PAGE_SHIFT);
  }

  private _list(page: number): void {
    const words = this._words;
    const descriptor = descriptorStart(this._geometry, page);
    const head = words.loadPlain(this._record + CACHE.partialHead);
    words.storePlain(descriptor + DESCRIPTOR.next, head);
    words.storePlain(descriptor + DESCRIPTOR.previous, 0);
    words.storePlain(descriptor + DESCRIPTOR.listed, 1);
    if (head !== 0) words.storePlain(descriptorStart(this._geometry, head) + DESCRIPTOR.previous, page);
    words.storePlain(this._record + CACHE.partialHead, page);
    this._count(CACHE.partialSlabs, 1);
  }

  private _unlist(page: number): void {
    const words = this._words;
    const descriptor = descriptorStart(this._geometry, page);
    const next = words.loadPlain(descriptor + DESCRIPTOR.next);
    const previous = words.loadPlain(descriptor + DESCRIPTOR.previous);
    if (previous === 0) words.storePlain(this._record + CACHE.partialHead, next);
    else words.storePlain(descriptorStart(this._geometry, previous) + DESCRIPTOR.next, next);
    if (next !== 0) words.storePlain(descriptorStart(this._geometry, next) + DESCRIPTOR.previous, previous);
    words.storePlain(descriptor + DESCRIPTOR.listed, 0);
    this._count(CACHE.partialSlabs, -1);
  }

  private _count(word: number, by: number): void {
    this._words.storePlain(this._record + word, this._words.loadPlain(this._record + word) + by);
  }
}
