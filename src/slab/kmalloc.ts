/**
 * kmalloc and kfree: one pop from, one push to this thread's main sheaf. No atomics, no lock, no JavaScript
 * allocation; what the main sheaf cannot serve goes to SlabCache.
 *
 *     kmalloc(bytes) -> class table -> slot's main sheaf of the class -> objects[--count]
 *     kfree(p)       -> descriptor of p's page: state = slab, cache -> slot's main sheaf -> objects[count++]
 *
 * Who may call: the thread that the object belongs to, inside a turn (it is the turn that keeps others from
 * borrowing the slot). Callers that hand addresses out pin the turn first.
 *
 * I1  kfree looks at the truth word of the address's page before it touches anything, so a wrong address is
 *     refused and nothing has changed.
 *
 * Follows mm/slub.c (alloc_from_pcs, free_to_pcs).
 */
import { CACHE, SHEAF_CACHE } from '../layout/cache-record.js';
import type { Geometry } from '../layout/heap-header.js';
import { cacheStart } from '../layout/heap-layout.js';
import {
  DESCRIPTOR,
  DESCRIPTOR_SHIFT,
  KIND_MASK,
  OWNER_SHIFT,
  PAGE_KIND,
  pageKind,
} from '../layout/page-descriptor.js';
import { SHEAF } from '../layout/sheaf-record.js';
import { SLOT } from '../layout/thread-slot.js';
import { describeAddress } from '../pages/describe-address.js';
import { __GFP_ACCOUNT, __GFP_ZERO, GFP_NOLOCK, GFP_NOWAIT, type Gfp } from '../pages/gfp.js';
import type { PageAllocator } from '../pages/page-allocator.js';
import type { Rights } from '../pages/rights.js';
import { requireDeepStack } from '../words/stack-room.js';
import { orderFor, PAGE_BYTES, PAGE_SHIFT, PAGE_WORDS } from '../words/units.js';
import type { Words } from '../words/words.js';
import type { AccountedObjects } from './accounted-objects.js';
import { CLASS_BYTES, CLASS_OF_GRANULES, MAX_CLASS_BYTES, requireBytes } from './size-classes.js';
import type { SlabCaches } from './slab-caches.js';

// Local copies for the hot paths: the engine folds a module's own constants into the code; imported ones it
// loads and checks at every use. `| 0` after a slow path tells it that the result needs no box.
const SHEAF_CAPACITY = SHEAF.capacity;
const SHEAF_OBJECTS = SHEAF.objects;
const SLAB = PAGE_KIND.slab;
const KIND = KIND_MASK;
const OWNER = OWNER_SHIFT;
const PAGE = PAGE_SHIFT;
const IN_PAGE = PAGE_WORDS - 1;
const ABOVE_PAGE = ~IN_PAGE;
const DESCRIPTOR_STEP = DESCRIPTOR_SHIFT;
const LARGEST_GRANULES = MAX_CLASS_BYTES / 8;
/** What makes an allocation take the slow way. */
const SLOW = __GFP_ZERO | __GFP_ACCOUNT;
/** In the table of starts: an object; one that is charged to a group has its cost there, if that is below COSTLY. */
const PLAIN = 1;
const COSTLY = 255;
/** Words of a slot for one cache are CACHE_SLOT_WORDS = 4 = 1 << 2, main first. */
const CACHE_SLOT_SHIFT = 2;

export class Kmalloc {
  private readonly _words: Words;
  private readonly _geometry: Geometry;
  private readonly _caches: SlabCaches;
  private readonly _pages: PageAllocator;
  private readonly _rights: Rights;
  readonly accounted: AccountedObjects;
  private readonly _slot: number;
  private readonly _slots: number;
  private readonly _inHand: number;
  private readonly _descriptors: number;
  private readonly _classes = CLASS_OF_GRANULES;
  private readonly _totalPages: number;
  /** By cache id and word in the slab (id << 13 | word): 1 where an object starts. Zero until the cache is met. */
  private readonly _starts: Uint8Array;

  /** @param slot word index of this thread's slot */
  constructor(
    words: Words,
    geometry: Geometry,
    slot: number,
    caches: SlabCaches,
    pages: PageAllocator,
    rights: Rights,
    accounted: AccountedObjects,
  ) {
    this._words = words;
    this._geometry = geometry;
    this._caches = caches;
    this._pages = pages;
    this._rights = rights;
    this.accounted = accounted;
    this._slot = slot;
    this._slots = slot + SLOT.caches;
    this._inHand = slot + SLOT.inHand;
    this._descriptors = geometry.descriptorsStart;
    this._totalPages = geometry.totalPages;
    this._starts = new Uint8Array(geometry.maxCaches << OWNER);
  }

  /**
   * Takes an object of at least `bytes` bytes.
   *
   * @param bytes 1 to MAX_KMALLOC_BYTES
   * @returns     an address, a multiple of 8 bytes; 0 when nothing is to be had.
   *
   * Errors    RangeError: `bytes` is not a number in that range.
   * Ordering  What the last owner wrote is visible; what the caller writes is private until it publishes the
   *           address with an atomic store.
   */
  alloc(bytes: number, gfp: Gfp): number {
    const granules = (bytes + 7) >>> 3;
    // One comparison for both ends: 0 granules less 1 is the largest number of all.
    if ((granules - 1) >>> 0 >= LARGEST_GRANULES || (bytes | 0) !== bytes)
      return this._allocUnclassed(bytes, gfp) | 0;
    return this.allocFrom(this._classes[granules]!, gfp);
  }

  /** Takes an object of the cache with this id; 0 when nothing is to be had. */
  allocFrom(id: number, gfp: Gfp): number {
    const words = this._words;
    const main = words.loadPlain((this._slots + (id << CACHE_SLOT_SHIFT)) | 0);
    const count = words.loadPlain(main);
    if (count === 0 || (gfp & SLOW) !== 0) return this._allocSlow(id, gfp) | 0;
    const object = words.loadPlain((main + (SHEAF_OBJECTS - 1) + count) | 0);
    // intents:I2: before it is out of the sheaf.
    words.storePlain(this._inHand, object);
    words.storePlain(main, (count - 1) | 0);
    return object;
  }

  /**
   * alloc() of memory that is charged to the group with this record, which this thread has opened; 0 also where the
   * group refuses. Errors as alloc().
   */
  allocCharged(bytes: number, gfp: Gfp, record: number): number {
    const granules = (bytes + 7) >>> 3;
    if ((granules - 1) >>> 0 >= LARGEST_GRANULES || (bytes | 0) !== bytes)
      return this._allocChargedUnclassed(bytes, gfp, record) | 0;
    return this.accounted.alloc(granules, gfp, record);
  }

  /** allocNolock() of memory that is charged to a group, as allocCharged(). */
  allocChargedNolock(bytes: number, gfp: Gfp, record: number): number {
    const whole = requireBytes(bytes);
    const object =
      whole <= MAX_CLASS_BYTES
        ? this.accounted.allocNolock((whole + 7) >>> 3, gfp, record)
        : this._pages.allocChargedNolock(orderFor(Math.ceil(whole / PAGE_BYTES)), gfp, record);
    this._countNolock(object);
    return object;
  }

  /** Record of the group that `p` is charged to; 0 for none. Errors as cacheOf(). */
  groupOf(p: number): number {
    const id = this.cacheOf(p);
    if (id === 0) return this._pages.groupOf(p);
    return this.accounted.isAccounted(id) ? this.accounted.groupOf(p, id) : 0;
  }

  /**
   * alloc() that tries each lock once: memory or an immediate 0, in any context, in a bounded number of steps
   * (nolockStepBound). Where the class has nothing, or this thread is in the middle of using it, the next larger one is
   * tried, once.
   *
   * @param gfp NOLOCK_GFP bits
   */
  allocNolock(bytes: number, gfp: Gfp): number {
    const granules = (requireBytes(bytes) + 7) >>> 3;
    const id = granules <= LARGEST_GRANULES ? this._classes[granules]! : 0;
    const payer = this.accounted.payer(gfp);
    if (payer !== 0) return this.allocChargedNolock(bytes, gfp, payer);
    let object = 0;
    if (id === 0) object = this._allocUnclassed(bytes, gfp);
    else {
      object = this.allocFrom(id, gfp);
      if (object === 0 && id < CLASS_BYTES.length) object = this.allocFrom(id + 1, gfp);
    }
    this._countNolock(object);
    return object;
  }

  /**
   * Gives an object back; it may be handed out again at once.
   *
   * Errors   RangeError: `p` is not the start of an object or of a large allocation; it says what `p` is.
   */
  free(p: number): void {
    // cacheOf() and a push, written out: this is half of what an allocator does, and a call would cost as much.
    const page = p >>> PAGE;
    if (page >= this._totalPages || (p | 0) !== p) {
      this._freeSlow(p);
      return;
    }
    const words = this._words;
    const state = words.loadPlain((this._descriptors + (page << DESCRIPTOR_STEP)) | 0);
    const start = this._starts[(state & ABOVE_PAGE) + (p & IN_PAGE)]!;
    if ((state & KIND) !== SLAB || start !== PLAIN) {
      this._freeOther(p, state, start);
      return;
    }
    const main = words.loadPlain((this._slots + ((state >> OWNER) << CACHE_SLOT_SHIFT)) | 0);
    const count = words.loadPlain(main);
    if (count === words.loadPlain((main + SHEAF_CAPACITY) | 0)) {
      this._freeSlow(p);
      return;
    }
    words.storePlain((main + SHEAF_OBJECTS + count) | 0, p);
    words.storePlain(main, (count + 1) | 0);
  }

  /**
   * free() that tries each lock once, in any context, in a bounded number of steps: the object ends in a sheaf, on its
   * slab, or on the cache's deferred list. Errors as free().
   */
  freeNolock(p: number): void {
    const id = this.cacheOf(p);
    if (id === 0) {
      this._pages.freePagesNolock(p);
      return;
    }
    requireDeepStack();
    if (this.accounted.isAccounted(id)) this.accounted.uncharge(p, id);
    const words = this._words;
    const main = words.loadPlain(this._slots + (id << CACHE_SLOT_SHIFT));
    const count = words.loadPlain(main);
    if (count === words.loadPlain(main + SHEAF_CAPACITY)) {
      this._caches.view(id).freeSlow(p, GFP_NOLOCK);
      return;
    }
    words.storePlain(main + SHEAF_OBJECTS + count, p);
    words.storePlain(main, count + 1);
  }

  /**
   * Id of the cache that object `p` belongs to, or 0 when `p` is the start of a block of pages. Throws
   * RangeError for every other address.
   */
  cacheOf(p: number): number {
    const page = p >>> PAGE;
    if (page >= this._totalPages || (p | 0) !== p) return this._refuse(p) | 0;
    const state = this._words.loadPlain(this._descriptors + (page << DESCRIPTOR_STEP));
    if ((state & KIND) !== SLAB) return this._requireBlock(p, state) | 0;
    // Above bit 10 the state is cache id and offset of the page in its slab: an index into the starts.
    if (this._starts[(state & ABOVE_PAGE) + (p & IN_PAGE)] !== 0) return state >> OWNER;
    return this._cacheOfUnmet(p, state >> OWNER) | 0;
  }

  /** Words that `p` may use: its object, or its block of pages. */
  usableWords(p: number): number {
    const id = this.cacheOf(p);
    if (id !== 0) return this._caches.view(id).objectWords - this.accounted.ownWords(id);
    const descriptor = this._descriptors + ((p >>> PAGE_SHIFT) << DESCRIPTOR_SHIFT);
    return PAGE_WORDS << ((this._words.loadPlain(descriptor + DESCRIPTOR.state) >>> 4) & 0xf);
  }

  /** A request of whole pages, of a fraction of a byte, or of what is no size. */
  private _allocUnclassed(bytes: number, gfp: Gfp): number {
    const whole = requireBytes(bytes);
    if (whole <= MAX_CLASS_BYTES) return this.alloc(whole, gfp);
    return this._pages.allocPages(orderFor(Math.ceil(whole / PAGE_BYTES)), gfp);
  }

  /** allocCharged() of whole pages, of a fraction of a byte, or of what is no size. */
  private _allocChargedUnclassed(bytes: number, gfp: Gfp, record: number): number {
    const whole = requireBytes(bytes);
    if (whole <= MAX_CLASS_BYTES) return this.allocCharged(whole, gfp, record);
    return this._pages.allocCharged(orderFor(Math.ceil(whole / PAGE_BYTES)), gfp, record);
  }

  /** The main sheaf is empty, or the object must be zeroed, or charged. */
  private _allocSlow(id: number, gfp: Gfp): number {
    requireDeepStack();
    const payer = this.accounted.payer(gfp);
    if (payer !== 0 && id <= CLASS_BYTES.length) return this.accounted.allocFrom(id, gfp, payer);
    if ((gfp & __GFP_ACCOUNT) !== 0) return this.allocFrom(id, gfp & ~__GFP_ACCOUNT);
    const object =
      (gfp & __GFP_ZERO) !== 0 &&
      this._words.loadPlain(this._words.loadPlain(this._slots + (id << CACHE_SLOT_SHIFT))) > 0
        ? this.allocFrom(id, gfp & ~__GFP_ZERO)
        : this._caches.view(id).allocSlow(this._rights.narrow(gfp & ~__GFP_ZERO));
    if (object === 0 || (gfp & __GFP_ZERO) === 0) return object;
    const objectWords = this._words.loadPlain(cacheStart(this._geometry, id) + CACHE.objectWords);
    this._words.fillPlain(object, object + objectWords, 0);
    return object;
  }

  /** Takes back what is no plain object; apart from free(), which the engine only inlines while it is short. */
  private _freeOther(p: number, state: number, start: number): void {
    // The cost of an accounted object is at least 2, so one comparison finds those that lie on a slab here.
    const isAccounted = (state & KIND) === SLAB && start >= 2 && start !== COSTLY;
    if (!isAccounted || !this.accounted.free(p, state >> OWNER, start)) this._freeSlow(p);
  }

  private _requireBlock(p: number, state: number): number {
    if (pageKind(state) === PAGE_KIND.allocated && p % PAGE_WORDS === 0) return 0;
    return this._refuse(p);
  }

  /** Takes back a block of pages, the first object of a cache that this thread meets, or one with main full. */
  private _freeSlow(p: number): void {
    const id = this.cacheOf(p);
    requireDeepStack();
    if (id === 0) {
      this._pages.freePages(p);
      return;
    }
    if (this.accounted.isAccounted(id)) this.accounted.uncharge(p, id);
    const words = this._words;
    const main = words.loadPlain(this._slots + (id << CACHE_SLOT_SHIFT));
    const count = words.loadPlain(main);
    if (count === words.loadPlain(main + SHEAF_CAPACITY)) {
      this._caches.view(id).freeSlow(p, this._rights.narrow(GFP_NOWAIT));
      return;
    }
    words.storePlain(main + SHEAF_OBJECTS + count, p);
    words.storePlain(main, count + 1);
  }

  /** cacheOf() for the first object of a cache that this thread meets, and for every wrong address. */
  private _cacheOfUnmet(p: number, id: number): number {
    const first = id << OWNER;
    if (id === SHEAF_CACHE || this._starts[first] !== 0) return this._refuse(p);
    const record = cacheStart(this._geometry, id);
    const objectWords = this._words.loadPlain(record + CACHE.objectWords);
    const objects = this._words.loadPlain(record + CACHE.slabObjects);
    const start = Math.min(this.accounted.costOf(id) || PLAIN, COSTLY);
    for (let i = 0; i < objects; i++) this._starts[first + i * objectWords] = start;
    return this.cacheOf(p);
  }

  private _countNolock(object: number): void {
    const word = this._slot + (object === 0 ? SLOT.nolockObjectsRefused : SLOT.nolockObjects);
    this._words.storePlain(word, this._words.loadPlain(word) + 1);
  }

  private _refuse(p: number): never {
    throw new RangeError(
      `freed address ${String(p)}, which is ${describeAddress(this._words, this._geometry, p)}; ` +
        'pass an address that kmalloc() returned, once',
    );
  }
}
