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
 * I4  Under the lock busySlab, and busySheaf, are stored before a freelist is changed, and cleared before it is released:
 *     who takes the lock from the dead looks at these alone, and at descriptors (cache-repair.ts).
 * I5  Before an object leaves a freelist it is told in whose hands it will be: SLOT.inHand, or of a sheaf SHEAF.holder.
 * P1  (cache-record:P1) slabs and sheaves written under the lock are published by its release.
 *
 * Follows mm/slub.c (get_partial_node, __slab_free, free_to_partial_list).
 */
import { CACHE, SHEAF_CACHE } from '../layout/cache-record.js';
import type { Geometry } from '../layout/heap-header.js';
import { cacheStart, descriptorStart, slotNumber } from '../layout/heap-layout.js';
import { DESCRIPTOR, LISTED, pageTail } from '../layout/page-descriptor.js';
import { SHEAF, SHEAF_HOLDER, sheafHolder } from '../layout/sheaf-record.js';
import { SLOT } from '../layout/thread-slot.js';
import type { RawSpinLock } from '../locks/raw-spin-lock.js';
import { allowSpinning, type Gfp } from '../pages/gfp.js';
import type { PageAllocator } from '../pages/page-allocator.js';
import { Intents } from '../threads/intents.js';
import { PAGE_SHIFT } from '../words/units.js';
import type { Words } from '../words/words.js';
import { DeferredObjects } from './deferred-objects.js';
import { listSlab, unlistSlab } from './partial-list.js';
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
  private readonly _holdsSheaves: boolean;
  private readonly _inHand: number;
  private readonly _slotNumber: number;
  private readonly _intents: Intents;

  /**
   * @param lock       the lock at CACHE.listLock of cache `cache`
   * @param slot       word index of this thread's slot
   * @param link       what its CACHE.linkOffset says
   * @param retirement where its slabs go if it is type-stable
   */
  constructor(
    words: Words,
    geometry: Geometry,
    cache: number,
    lock: RawSpinLock,
    pages: PageAllocator,
    slot: number,
    link = 0,
    retirement?: BlockRetirement,
  ) {
    this._words = words;
    this._geometry = geometry;
    this._record = cacheStart(geometry, cache);
    this._lock = lock;
    this._slabPages = new SlabPages(words, geometry, cache, pages, slot, link, retirement);
    this._deferred = new DeferredObjects(words, geometry, slot, this._record, link);
    this._link = link;
    this._holdsSheaves = cache === SHEAF_CACHE;
    this._inHand = slot + SLOT.inHand;
    this._slotNumber = slotNumber(geometry, slot);
    this._intents = new Intents(words, slot);
  }

  /** Fills `sheaf` up to its capacity, with a new slab where no slab has a free object. Returns its count. */
  fill(sheaf: number, gfp: Gfp): number {
    const count = this.refill(sheaf, gfp);
    if (count !== 0 || !this._growAndLock(gfp)) return count;
    this._takeInto(sheaf, this._words.loadPlain(sheaf + SHEAF.capacity), 1);
    this._endAndUnlock();
    return this._words.loadPlain(sheaf + SHEAF.count);
  }

  /** Fills `sheaf` with what the slabs have, but for room for `left` objects. Returns its count. */
  refill(sheaf: number, gfp: Gfp, left = 0): number {
    const maySpin = allowSpinning(gfp);
    if (this._lock.acquireIf(maySpin)) {
      const discarded = maySpin ? this._drainDeferred() : 0;
      const wanted = this._words.loadPlain(sheaf + SHEAF.capacity) - left;
      this._takeInto(sheaf, wanted, maySpin ? wanted : NOLOCK_SLABS);
      this._endAndUnlock();
      this._slabPages.releaseAll(discarded, maySpin);
    }
    return this._words.loadPlain(sheaf + SHEAF.count);
  }

  /** For who gives back what a dead thread had. */
  get lock(): RawSpinLock {
    return this._lock;
  }

  /** Takes one object, for a cache without sheaves or when no sheaf is to be had; 0 when there is none. */
  takeOne(gfp: Gfp): number {
    const maySpin = allowSpinning(gfp);
    if (!this._lock.acquireIf(maySpin)) return 0;
    const discarded = maySpin ? this._drainDeferred() : 0;
    const page = this._words.loadPlain(this._record + CACHE.partialHead);
    const object = page === 0 ? 0 : this._takeFrom(page);
    this._endAndUnlock();
    this._slabPages.releaseAll(discarded, maySpin);
    if (object !== 0 || !this._growAndLock(gfp)) return object;
    const taken = this._takeFrom(this._words.loadPlain(this._record + CACHE.partialHead));
    this._endAndUnlock();
    return taken;
  }

  /** Puts one object back on its slab; on the deferred list where the lock is busy and the caller may not spin: then false. */
  putOne(object: number, maySpin = true): boolean {
    if (!this._lock.acquireToGive(maySpin)) {
      this.defer(object);
      return false;
    }
    const discarded = this._putOn(object, maySpin ? this._drainDeferred() : 0);
    if (this._holdsSheaves) this._words.storePlain(object + SHEAF.holder, SHEAF_HOLDER.nobody);
    this._intents.settle(object);
    this._endAndUnlock();
    this._slabPages.releaseAll(discarded, maySpin);
    return true;
  }

  /** Puts one object on the deferred list, for a caller that may not even look at the slabs. */
  defer(object: number): void {
    if (this._holdsSheaves) this._deferred.pushSheaf(object);
    else this._deferred.push(object);
  }

  /** Empties `sheaf` onto the slabs of its objects, as putOne(). Returns how many objects were deferred. */
  flush(sheaf: number, maySpin = true): number {
    const words = this._words;
    const count = words.loadPlain(sheaf + SHEAF.count);
    if (!this._lock.acquireToGive(maySpin)) return this._deferred.pushAllOf(sheaf);
    let discarded = maySpin ? this._drainDeferred() : 0;
    words.storePlain(this._record + CACHE.busySheaf, sheaf);
    for (let left = count; left > 0; left--) {
      discarded = this._putOn(words.loadPlain(sheaf + SHEAF.objects + left - 1), discarded);
      words.storePlain(sheaf + SHEAF.count, left - 1);
    }
    this._endAndUnlock();
    this._slabPages.releaseAll(discarded, maySpin);
    return 0;
  }

  /** SlabPages.carve(), of the cache of sheaves. */
  carve(): number {
    return this._slabPages.carve();
  }

  /** Gives back the slab at `page`, which is in this thread's hands. */
  releaseHeld(page: number): void {
    this._words.storePlain(descriptorStart(this._geometry, page) + DESCRIPTOR.next, 0);
    this._slabPages.releaseAll(page, true);
  }

  /**
   * Gives every slab without an object in use back to the page allocator; none where the lock is busy and the caller may not
   * spin, or not to be had at all.
   */
  shrink(maySpin = true): void {
    const words = this._words;
    if (!this._lock.acquireToGive(maySpin)) return;
    let discarded = this._drainDeferred();
    let page = words.loadPlain(this._record + CACHE.partialHead);
    while (page !== 0) {
      const descriptor = descriptorStart(this._geometry, page);
      const next = words.loadPlain(descriptor + DESCRIPTOR.next);
      if (words.loadPlain(descriptor + DESCRIPTOR.inUse) === 0) discarded = this._detach(page, discarded);
      page = next;
    }
    this._endAndUnlock();
    this._slabPages.releaseAll(discarded, maySpin);
  }

  /** Puts deferred objects on their slabs; returns the chain of slabs to discard. Under the lock. */
  private _drainDeferred(): number {
    let chain = 0;
    if (!this._deferred.takeAll()) return chain;
    for (let object = this._deferred.takeNext(); object !== 0; object = this._deferred.takeNext()) {
      chain = this._putOn(object, chain);
    }
    return chain;
  }

  /** Takes from at most `slabs` slabs, until the sheaf holds as many as are wanted. */
  private _takeInto(sheaf: number, wanted: number, slabs: number): void {
    const words = this._words;
    let count = words.loadPlain(sheaf + SHEAF.count);
    words.storePlain(this._record + CACHE.busySheaf, sheaf);
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
    words.storePlain(this._record + CACHE.busySlab, page);
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
    words.storePlain(this._record + CACHE.busySlab, page);
    if (this._holdsSheaves) words.storePlain(object + SHEAF.holder, sheafHolder(this._slotNumber));
    else words.storePlain(this._inHand, object);
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
    const anyPage = object >>> PAGE_SHIFT;
    const state = words.loadPlain(descriptorStart(this._geometry, anyPage) + DESCRIPTOR.state);
    const page = anyPage - pageTail(state);
    const descriptor = descriptorStart(this._geometry, page);
    const inUse = words.loadPlain(descriptor + DESCRIPTOR.inUse) - 1;
    words.storePlain(this._record + CACHE.busySlab, page);
    words.storePlain(object + this._link, words.loadPlain(descriptor + DESCRIPTOR.freelist));
    words.storePlain(descriptor + DESCRIPTOR.freelist, object);
    words.storePlain(descriptor + DESCRIPTOR.inUse, inUse);
    this._count(CACHE.freeObjects, 1);
    const listed = words.loadPlain(descriptor + DESCRIPTOR.listed);
    if (listed === LISTED.carved) this._count(CACHE.slabs, 1);
    if (listed !== LISTED.yes) this._list(page);
    if (inUse !== 0) return discarded;
    this._count(CACHE.emptySlabs, 1);
    const kept = words.loadPlain(this._record + CACHE.emptySlabs);
    return kept > this._geometry.minPartialSlabs ? this._detach(page, discarded) : discarded;
  }

  /** Makes a slab of a fresh block and lists it; true with the lock held, so that no other thread empties it first. */
  private _growAndLock(gfp: Gfp): boolean {
    const page = this._slabPages.make(gfp);
    if (page === 0) return false;
    // Who may not spin has the fresh slab to itself until the lock is free: give it back instead.
    let isMine = false;
    try {
      isMine = this._lock.acquireIf(allowSpinning(gfp));
    } finally {
      if (!isMine) this._slabPages.release(page, false);
    }
    if (!isMine) return false;
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
    const descriptor = descriptorStart(this._geometry, page);
    this._words.storePlain(descriptor + DESCRIPTOR.next, discarded);
    this._words.storePlain(descriptor + DESCRIPTOR.listed, LISTED.held + this._slotNumber);
    return page;
  }

  private _list(page: number): void {
    listSlab(this._words, this._geometry, this._record, page);
  }

  private _unlist(page: number): void {
    unlistSlab(this._words, this._geometry, this._record, page);
  }

  /** Lets go of the lock: nothing is half done any more. */
  private _endAndUnlock(): void {
    this._words.storePlain(this._record + CACHE.busySheaf, 0);
    this._words.storePlain(this._record + CACHE.busySlab, 0);
    this._lock.release();
  }

  private _count(word: number, by: number): void {
    this._words.storePlain(this._record + word, this._words.loadPlain(this._record + word) + by);
  }
}
