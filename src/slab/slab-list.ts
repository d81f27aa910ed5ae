/**
 * SlabList: the slabs of one cache that have a free object, under the cache's listLock.
 *
 *     partialHead -> slab -> slab -> 0      each: freelist -> object -> object -> 0 (CACHE.linkOffset)
 *     put, lock busy, may not spin --> deferred -> object -> 0 --next caller who may spin--> slabs
 *
 * A slab without a free object is on no list; its objects bring it back. A few slabs without an object in use
 * are kept, the rest go back to the page allocator: those of a type-stable cache after a grace period.
 *
 * Who may call: any thread, holding no lock of rank listLock or above. Who may not spin tries the lock once, takes from
 * at most NOLOCK_SLABS slabs, and leaves deferred objects where they are: a bounded number of steps.
 *
 * I1  (cache-record:I2) listed exactly when it has a free object.
 * I2  (sheaf-record:I1) an object is in the sheaf before it is off the freelist, and on the freelist, or deferred,
 *     before it is out of the sheaf.
 * I3  freeObjects = sum of the lengths of the slabs' freelists.
 * P1  (cache-record:P1) slabs and sheaves written under the lock are published by its release.
 *
 * Follows mm/slub.c (get_partial_node, __slab_free, free_to_partial_list).
 */
import { CACHE } from '../layout/cache-record.js';
import type { Geometry } from '../layout/heap-header.js';
import { descriptorStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, pageTail } from '../layout/page-descriptor.js';
import { SHEAF } from '../layout/sheaf-record.js';
import type { RawSpinLock } from '../locks/raw-spin-lock.js';
import { allowSpinning, type Gfp } from '../pages/gfp.js';
import type { PageAllocator } from '../pages/page-allocator.js';
import { PAGE_SHIFT } from '../words/units.js';
import type { Words } from '../words/words.js';
import { DeferredObjects } from './deferred-objects.js';
import { type BlockRetirement, SlabPages } from './slab-pages.js';

/** Slabs from which one fill takes that may not spin. */
export const NOLOCK_SLABS = 4;

export class SlabList {
  private readonly _words: Words;
  private readonly _geometry: Geometry;
  private readonly _record: number;
  private readonly _lock: RawSpinLock;
  private readonly _slabPages: SlabPages;
  private readonly _deferred: DeferredObjects;
  private readonly _link: number;

  /**
   * @param record     index of the record of cache `cache`; @param lock the lock at its CACHE.listLock
   * @param link       what its CACHE.linkOffset says
   * @param retirement where its slabs go if it is type-stable
   */
  constructor(
    words: Words,
    geometry: Geometry,
    record: number,
    cache: number,
    lock: RawSpinLock,
    pages: PageAllocator,
    link = 0,
    retirement?: BlockRetirement,
  ) {
    this._words = words;
    this._geometry = geometry;
    this._record = record;
    this._lock = lock;
    this._slabPages = new SlabPages(words, geometry, record, cache, pages, link, retirement);
    this._deferred = new DeferredObjects(words, record, link);
    this._link = link;
  }

  /** Fills `sheaf` up to its capacity, with a new slab where no slab has a free object. Returns its count. */
  fill(sheaf: number, gfp: Gfp): number {
    const count = this.refill(sheaf, gfp);
    if (count !== 0 || !this._growAndLock(gfp)) return count;
    this._takeInto(sheaf, this._words.loadPlain(sheaf + SHEAF.capacity), 1);
    this._lock.release();
    return this._words.loadPlain(sheaf + SHEAF.count);
  }

  /** Fills `sheaf` with what the slabs have, but for room for `left` objects. Returns its count. */
  refill(sheaf: number, gfp: Gfp, left = 0): number {
    const maySpin = allowSpinning(gfp);
    if (this._lock.acquireIf(maySpin)) {
      const discarded = maySpin ? this._drainDeferred(0) : 0;
      const wanted = this._words.loadPlain(sheaf + SHEAF.capacity) - left;
      this._takeInto(sheaf, wanted, maySpin ? wanted : NOLOCK_SLABS);
      this._lock.release();
      this._slabPages.releaseAll(discarded, maySpin);
    }
    return this._words.loadPlain(sheaf + SHEAF.count);
  }

  /** Takes one object, for a cache without sheaves or when no sheaf is to be had; 0 when there is none. */
  takeOne(gfp: Gfp): number {
    const maySpin = allowSpinning(gfp);
    if (!this._lock.acquireIf(maySpin)) return 0;
    const discarded = maySpin ? this._drainDeferred(0) : 0;
    const page = this._words.loadPlain(this._record + CACHE.partialHead);
    const object = page === 0 ? 0 : this._takeFrom(page);
    this._lock.release();
    this._slabPages.releaseAll(discarded, maySpin);
    if (object !== 0 || !this._growAndLock(gfp)) return object;
    const taken = this._takeFrom(this._words.loadPlain(this._record + CACHE.partialHead));
    this._lock.release();
    return taken;
  }

  /** Puts one object back on its slab; on the deferred list where the lock is busy and the caller may not spin: then false. */
  putOne(object: number, maySpin = true): boolean {
    if (!this._lock.acquireIf(maySpin)) {
      this._deferred.push(object);
      return false;
    }
    const discarded = this._putOn(object, maySpin ? this._drainDeferred(0) : 0);
    this._lock.release();
    this._slabPages.releaseAll(discarded, maySpin);
    return true;
  }

  /** Puts one object on the deferred list, for a caller that may not even look at the slabs. */
  defer(object: number): void {
    this._deferred.push(object);
  }

  /** Empties `sheaf` onto the slabs of its objects, as putOne(). Returns how many objects were deferred. */
  flush(sheaf: number, maySpin = true): number {
    const words = this._words;
    const count = words.loadPlain(sheaf + SHEAF.count);
    if (!this._lock.acquireIf(maySpin)) return this._deferAll(sheaf, count);
    let discarded = maySpin ? this._drainDeferred(0) : 0;
    for (let left = count; left > 0; left--) {
      discarded = this._putOn(words.loadPlain(sheaf + SHEAF.objects + left - 1), discarded);
      words.storePlain(sheaf + SHEAF.count, left - 1);
    }
    this._lock.release();
    this._slabPages.releaseAll(discarded, maySpin);
    return 0;
  }

  /** Makes a slab of an allocated block, every object in use and the slab not counted: no lock is taken. */
  carve(start: number): void {
    this._slabPages.form(start);
    const descriptor = descriptorStart(this._geometry, start >>> PAGE_SHIFT);
    const objects = this._words.loadPlain(this._record + CACHE.slabObjects);
    this._words.storePlain(descriptor + DESCRIPTOR.freelist, 0);
    this._words.storePlain(descriptor + DESCRIPTOR.inUse, objects);
  }

  /** Counts slabs that carve() made; false where the lock is busy and the caller may not spin. */
  countSlabs(slabs: number, maySpin: boolean): boolean {
    if (!this._lock.acquireIf(maySpin)) return false;
    this._count(CACHE.slabs, slabs);
    this._lock.release();
    return true;
  }

  /** Gives every slab without an object in use back to the page allocator; nothing where it may not spin and is too late. */
  shrink(maySpin = true): void {
    const words = this._words;
    if (!this._lock.acquireIf(maySpin)) return;
    let discarded = this._drainDeferred(0);
    let page = words.loadPlain(this._record + CACHE.partialHead);
    while (page !== 0) {
      const descriptor = descriptorStart(this._geometry, page);
      const next = words.loadPlain(descriptor + DESCRIPTOR.next);
      if (words.loadPlain(descriptor + DESCRIPTOR.inUse) === 0) discarded = this._detach(page, discarded);
      page = next;
    }
    this._lock.release();
    this._slabPages.releaseAll(discarded, maySpin);
  }

  /** Puts deferred objects on their slabs; returns the chain of slabs to discard. Under the lock. */
  private _drainDeferred(discarded: number): number {
    let chain = discarded;
    let object = this._deferred.takeAll();
    while (object !== 0) {
      const next = this._words.loadPlain(object + this._link);
      chain = this._putOn(object, chain);
      object = next;
    }
    return chain;
  }

  private _deferAll(sheaf: number, count: number): number {
    const words = this._words;
    for (let left = count; left > 0; left--) {
      this._deferred.push(words.loadPlain(sheaf + SHEAF.objects + left - 1));
      words.storePlain(sheaf + SHEAF.count, left - 1);
    }
    return count;
  }

  /** Takes from at most `slabs` slabs, until the sheaf holds as many as are wanted. */
  private _takeInto(sheaf: number, wanted: number, slabs: number): void {
    const words = this._words;
    let count = words.loadPlain(sheaf + SHEAF.count);
    for (let slab = 0; slab < slabs && count < wanted; slab++) {
      const page = words.loadPlain(this._record + CACHE.partialHead);
      if (page === 0) return;
      count = this._takeAllOf(page, sheaf, count, wanted);
    }
  }

  /** Takes objects of a slab until it has none, or the sheaf as many as are wanted; returns the sheaf's count. */
  private _takeAllOf(page: number, sheaf: number, first: number, wanted: number): number {
    const words = this._words;
    const descriptor = descriptorStart(this._geometry, page);
    let object = words.loadPlain(descriptor + DESCRIPTOR.freelist);
    let inUse = words.loadPlain(descriptor + DESCRIPTOR.inUse);
    let count = first;
    if (inUse === 0) this._count(CACHE.emptySlabs, -1);
    while (count < wanted && object !== 0) {
      words.storePlain(sheaf + SHEAF.objects + count, object);
      words.storePlain(sheaf + SHEAF.count, ++count);
      object = words.loadPlain(object + this._link);
      words.storePlain(descriptor + DESCRIPTOR.freelist, object);
      words.storePlain(descriptor + DESCRIPTOR.inUse, ++inUse);
    }
    this._count(CACHE.freeObjects, first - count);
    if (object === 0) this._unlist(page);
    return count;
  }

  private _takeFrom(page: number): number {
    const words = this._words;
    const descriptor = descriptorStart(this._geometry, page);
    const object = words.loadPlain(descriptor + DESCRIPTOR.freelist);
    const next = words.loadPlain(object + this._link);
    const inUse = words.loadPlain(descriptor + DESCRIPTOR.inUse);
    words.storePlain(descriptor + DESCRIPTOR.freelist, next);
    words.storePlain(descriptor + DESCRIPTOR.inUse, inUse + 1);
    this._count(CACHE.freeObjects, -1);
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
    words.storePlain(object + this._link, words.loadPlain(descriptor + DESCRIPTOR.freelist));
    words.storePlain(descriptor + DESCRIPTOR.freelist, object);
    words.storePlain(descriptor + DESCRIPTOR.inUse, inUse);
    this._count(CACHE.freeObjects, 1);
    if (words.loadPlain(descriptor + DESCRIPTOR.listed) === 0) this._list(page);
    if (inUse !== 0) return discarded;
    this._count(CACHE.emptySlabs, 1);
    const kept = words.loadPlain(this._record + CACHE.emptySlabs);
    return kept > geometry.minPartialSlabs ? this._detach(page, discarded) : discarded;
  }

  /** Makes a slab of a fresh block and lists it; true with the lock held, so that no other thread empties it first. */
  private _growAndLock(gfp: Gfp): boolean {
    const page = this._slabPages.make(gfp);
    if (page === 0) return false;
    // Who may not spin has the fresh slab to itself until the lock is free: give it back instead.
    if (!this._lock.acquireIf(allowSpinning(gfp))) {
      this._slabPages.release(page, false);
      return false;
    }
    this._count(CACHE.slabs, 1);
    this._count(CACHE.emptySlabs, 1);
    this._count(CACHE.freeObjects, this._words.loadPlain(this._record + CACHE.slabObjects));
    this._list(page);
    return true;
  }

  /** Takes an unused slab off the list and the books; returns it chained before `discarded`. */
  private _detach(page: number, discarded: number): number {
    this._unlist(page);
    this._count(CACHE.emptySlabs, -1);
    this._count(CACHE.slabs, -1);
    this._count(CACHE.freeObjects, -this._words.loadPlain(this._record + CACHE.slabObjects));
    this._words.storePlain(descriptorStart(this._geometry, page) + DESCRIPTOR.next, discarded);
    return page;
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
