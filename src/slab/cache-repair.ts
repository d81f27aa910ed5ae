/**
 * Repair of a cache one of whose locks was taken from a dead thread: the books of its slabs, or of its barn, are made anew
 * from what cannot be half written.
 *
 *     slabs    drained objects -> back on the deferred list
 *              busySlab -> its freelist is the truth: inUse, busySheaf, and what dead threads say they have in hand, follow
 *              every slab's DESCRIPTOR.listed, freelist and inUse -> partial list and counters
 *     barn     its two lists are the truth: counters, and the holders of the sheaves on them, follow
 *
 * A freelist, the deferred list and the lists of a barn are changed by one store, so each is whole at every moment. An
 * object that is on a freelist and the last of the sheaf that was filled from there, or emptied onto it, is the freelist's.
 *
 * Who may call: who holds the lock in question, taken by takeFromDead(). Who stops in the middle leaves a cache to be
 * repaired again.
 *
 * I1  What was half done is forgotten (busySlab, busySheaf) when nothing of it is left, and not before.
 * I2  Slabs in the hands of threads are in no book, and are left alone: those of the living go on.
 * P1  (slab-pages:P1) the state of a page is loaded atomically before, and after, `listed` is: a slab that says that it is in
 *     the books is in them, as long as the lock is held.
 */
import { CACHE, SHEAF_CACHE } from '../layout/cache-record.js';
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { cacheStart, descriptorStart, slotStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, LISTED, PAGE_KIND, pageKind, pageOwner, pageTail } from '../layout/page-descriptor.js';
import { SHEAF, SHEAF_HOLDER } from '../layout/sheaf-record.js';
import { SLOT, SLOT_STATE, SLOT_STATE_MASK } from '../layout/thread-slot.js';
import { Intents } from '../threads/intents.js';
import { llistAdd } from '../words/llist.js';
import { PAGE_SHIFT } from '../words/units.js';
import type { Words } from '../words/words.js';

/** Makes the books of the slabs of cache `cache` true again. The caller holds its listLock. */
export function repairSlabs(words: Words, geometry: Geometry, cache: number): void {
  new SlabRepair(words, geometry, cache).run();
}

/** Makes the books of the barn of cache `cache` true again. The caller holds its barnLock. */
export function repairBarn(words: Words, geometry: Geometry, cache: number): void {
  const record = cacheStart(geometry, cache);
  repairBarnList(words, record + CACHE.fullHead, record + CACHE.fullSheaves);
  repairBarnList(words, record + CACHE.emptyHead, record + CACHE.emptySheaves);
}

/** True where `object` is on the deferred list of the cache with this record. The caller holds its listLock. */
export function isOnDeferredList(words: Words, record: number, object: number): boolean {
  const link = words.loadPlain(record + CACHE.linkOffset);
  // cache-record:P2: observes the links of what has been pushed.
  let next = words.load(record + CACHE.deferred);
  while (next !== 0 && next !== object) next = words.loadPlain(next + link);
  return next !== 0;
}

function repairBarnList(words: Words, headWord: number, countWord: number): void {
  let sheaves = 0;
  for (let sheaf = words.loadPlain(headWord); sheaf !== 0; sheaf = words.loadPlain(sheaf + SHEAF.next)) {
    words.storePlain(sheaf + SHEAF.holder, SHEAF_HOLDER.nobody);
    sheaves++;
  }
  words.storePlain(countWord, sheaves);
}

/** What the slabs of the cache come to. */
interface SlabSums {
  slabs: number;
  partial: number;
  empty: number;
  free: number;
}

class SlabRepair {
  private readonly _words: Words;
  private readonly _geometry: Geometry;
  private readonly _cache: number;
  private readonly _record: number;

  constructor(words: Words, geometry: Geometry, cache: number) {
    this._words = words;
    this._geometry = geometry;
    this._cache = cache;
    this._record = cacheStart(geometry, cache);
  }

  run(): void {
    this._putBackDrained();
    const busy = this._load(CACHE.busySlab);
    if (busy !== 0) this._mendBusySlab(busy);
    this._countSlabs();
    this._store(CACHE.busySheaf, 0);
    this._store(CACHE.busySlab, 0);
  }

  /** As DeferredObjects drains: each is noted before it is taken off, so this too can be stopped anywhere. */
  private _putBackDrained(): void {
    const words = this._words;
    const link = this._load(CACHE.linkOffset);
    this._settleDraining();
    let object = this._load(CACHE.drained);
    // Noted, and not off the chain yet.
    if (object === this._load(CACHE.draining)) object = 0;
    if (object !== 0 && !this._isPutBack(object)) this._push(object, link);
    // Of what is on the chain still nothing can have been put back.
    for (object = this._load(CACHE.draining); object !== 0; object = this._load(CACHE.draining)) {
      this._store(CACHE.drained, object);
      this._store(CACHE.draining, words.loadPlain(object + link));
      this._push(object, link);
    }
    this._store(CACHE.drained, 0);
  }

  /** The list was about to be taken, and was not, where what was to be its first is still on it. */
  private _settleDraining(): void {
    const first = this._load(CACHE.draining);
    if (first !== 0 && isOnDeferredList(this._words, this._record, first)) this._store(CACHE.draining, 0);
  }

  private _isPutBack(object: number): boolean {
    if (isOnDeferredList(this._words, this._record, object)) return true;
    return this._freelistOf(this._slabOf(object)).has(object);
  }

  private _push(object: number, link: number): void {
    // cache-record:P2: as the push that put it there first.
    llistAdd(this._words, this._record + CACHE.deferred, object, object + link);
  }

  private _mendBusySlab(page: number): void {
    const words = this._words;
    const descriptor = descriptorStart(this._geometry, page);
    const free = this._freelistOf(page);
    words.storePlain(
      descriptor + DESCRIPTOR.inUse,
      words.loadPlain(descriptor + DESCRIPTOR.objects) - free.size,
    );
    if (this._cache === SHEAF_CACHE) {
      for (const sheaf of free) words.storePlain(sheaf + SHEAF.holder, SHEAF_HOLDER.nobody);
    }
    this._mendBusySheaf(free);
    this._tellTheDead(free);
  }

  private _mendBusySheaf(free: ReadonlySet<number>): void {
    const words = this._words;
    const sheaf = this._load(CACHE.busySheaf);
    const count = sheaf === 0 ? 0 : words.loadPlain(sheaf + SHEAF.count);
    if (count === 0 || !free.has(words.loadPlain(sheaf + SHEAF.objects + count - 1))) return;
    words.storePlain(sheaf + SHEAF.count, count - 1);
  }

  /** What is free is in nobody's hands: not taken yet, or given back already. Soon it may be another's. */
  private _tellTheDead(free: ReadonlySet<number>): void {
    const words = this._words;
    // thread-registry:P2: who is dead had its slot before.
    const claimed = words.load(HEADER.slotsClaimed);
    for (let slot = 0; slot < claimed; slot++) {
      const start = slotStart(this._geometry, slot);
      // owner:P1: observes what the dead thread wrote.
      if ((words.load(start + SLOT.state) & SLOT_STATE_MASK) < SLOT_STATE.dead) continue;
      if (free.has(words.loadPlain(start + SLOT.inHand))) words.storePlain(start + SLOT.inHand, 0);
      const intents = new Intents(words, start);
      for (const object of free) intents.settle(object);
    }
  }

  /** Makes the partial list, and all counters, of what the slabs say. */
  private _countSlabs(): void {
    const sums = { slabs: 0, partial: 0, empty: 0, free: 0 };
    this._store(CACHE.partialHead, 0);
    const { firstPage, totalPages } = this._geometry;
    for (let page = totalPages - 1; page >= firstPage; page--) {
      if (this._isInBooks(page)) this._countSlab(page, sums);
    }
    this._store(CACHE.slabs, sums.slabs);
    this._store(CACHE.partialSlabs, sums.partial);
    this._store(CACHE.emptySlabs, sums.empty);
    this._store(CACHE.freeObjects, sums.free);
  }

  private _countSlab(page: number, sums: SlabSums): void {
    const words = this._words;
    const descriptor = descriptorStart(this._geometry, page);
    const inUse = words.loadPlain(descriptor + DESCRIPTOR.inUse);
    sums.slabs++;
    sums.free += words.loadPlain(descriptor + DESCRIPTOR.objects) - inUse;
    if (inUse === 0) sums.empty++;
    if (words.loadPlain(descriptor + DESCRIPTOR.freelist) === 0) {
      words.storePlain(descriptor + DESCRIPTOR.listed, LISTED.no);
      return;
    }
    sums.partial++;
    this._listFirst(page, descriptor);
  }

  private _listFirst(page: number, descriptor: number): void {
    const words = this._words;
    const head = this._load(CACHE.partialHead);
    words.storePlain(descriptor + DESCRIPTOR.next, head);
    words.storePlain(descriptor + DESCRIPTOR.previous, 0);
    words.storePlain(descriptor + DESCRIPTOR.listed, LISTED.yes);
    if (head !== 0) words.storePlain(descriptorStart(this._geometry, head) + DESCRIPTOR.previous, page);
    this._store(CACHE.partialHead, page);
  }

  /** A slab of carved sheaves is from the first that came back. */
  private _isInBooks(page: number): boolean {
    const words = this._words;
    const descriptor = descriptorStart(this._geometry, page);
    // A look, which finds every slab that is in the books.
    const state = words.loadPlain(descriptor + DESCRIPTOR.state);
    if (!this._isStateOfSlab(state)) return false;
    // P1: before `listed`.
    if (words.load(descriptor + DESCRIPTOR.state) !== state) return false;
    const listed = words.loadPlain(descriptor + DESCRIPTOR.listed);
    const isCarved = listed === LISTED.carved && words.loadPlain(descriptor + DESCRIPTOR.freelist) !== 0;
    if (listed !== LISTED.no && listed !== LISTED.yes && !isCarved) return false;
    // P1: and after it.
    return words.load(descriptor + DESCRIPTOR.state) === state;
  }

  private _isStateOfSlab(state: number): boolean {
    return pageKind(state) === PAGE_KIND.slab && pageOwner(state) === this._cache && pageTail(state) === 0;
  }

  private _slabOf(object: number): number {
    const page = object >>> PAGE_SHIFT;
    return page - pageTail(this._words.loadPlain(descriptorStart(this._geometry, page) + DESCRIPTOR.state));
  }

  private _freelistOf(page: number): Set<number> {
    const words = this._words;
    const descriptor = descriptorStart(this._geometry, page);
    const link = this._load(CACHE.linkOffset);
    const most = words.loadPlain(descriptor + DESCRIPTOR.objects);
    const free = new Set<number>();
    let object = words.loadPlain(descriptor + DESCRIPTOR.freelist);
    while (object !== 0 && free.size < most) {
      free.add(object);
      object = words.loadPlain(object + link);
    }
    return free;
  }

  private _load(word: number): number {
    return this._words.loadPlain(this._record + word);
  }

  private _store(word: number, value: number): void {
    this._words.storePlain(this._record + word, value);
  }
}
