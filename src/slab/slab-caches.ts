/**
 * SlabCaches: this thread's views of all caches of the heap, by id; views of caches that other threads made
 * come into being when their first object is met.
 *
 * I1  Ids are given out in order under registryLock; a record never changes once its id is below cachesUsed.
 * P1  The record's constants are published by the store to cachesUsed; observed by loading it.
 */
import { CACHE, SHEAF_CACHE, TYPESAFE_WORDS } from '../layout/cache-record.js';
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { cacheStart, slotNumber } from '../layout/heap-layout.js';
import { MAX_SHEAF_CAPACITY, SHEAF_WORDS, sheafHolder } from '../layout/sheaf-record.js';
import { CACHE_SLOT_WORDS, SLOT } from '../layout/thread-slot.js';
import type { LockMaker } from '../locks/lock-maker.js';
import { BARN_LOCK, SLAB_LIST_LOCK } from '../locks/lull-classes.js';
import type { PageAllocator } from '../pages/page-allocator.js';
import { BYTES_PER_WORD, PAGE_WORDS } from '../words/units.js';
import type { Words } from '../words/words.js';
import { Barn } from './barn.js';
import { SheafSource } from './sheaf-source.js';
import { CLASS_BYTES, slabOrderFor } from './size-classes.js';
import { SlabCache } from './slab-cache.js';
import { SlabList } from './slab-list.js';
import type { BlockRetirement } from './slab-pages.js';

/** Objects from this size on are cached in fewer than the full number, so that a sheaf stays small. */
const SHEAF_CAPACITIES: readonly (readonly [bytes: number, capacity: number])[] = [
  [4096, 4],
  [1024, 12],
  [256, 26],
];

export class SlabCaches implements BlockRetirement {
  private readonly _words: Words;
  private readonly _geometry: Geometry;
  private readonly _slot: number;
  private readonly _locks: LockMaker;
  private readonly _pages: PageAllocator;
  /** Where all sheaves come from. */
  readonly sheaves: SheafSource;
  private readonly _sheafSlabs: SlabList;
  private readonly _views: (SlabCache | undefined)[] = [];
  private _retirement: BlockRetirement | undefined;

  /** @param slot word index of this thread's slot; @param locks makes the caches' locks */
  constructor(words: Words, geometry: Geometry, slot: number, locks: LockMaker, pages: PageAllocator) {
    this._words = words;
    this._geometry = geometry;
    this._slot = slot;
    this._locks = locks;
    this._pages = pages;
    this._sheafSlabs = this._slabList(SHEAF_CACHE, 0);
    this.sheaves = new SheafSource(words, this._sheafSlabs);
  }

  /** Tells where the slabs of type-stable caches go; once, before the first of them is made. */
  connect(retirement: BlockRetirement): void {
    this._retirement = retirement;
  }

  retireBlock(start: number, head: number): void {
    this._retirement!.retireBlock(start, head);
  }

  /** How many ids are given out. */
  used(): number {
    // P1: observes the records of the ids below.
    return this._words.load(HEADER.cachesUsed);
  }

  /** This thread's view of a cache that exists. */
  view(id: number): SlabCache {
    return this._views[id] ?? this._makeView(id);
  }

  /** Not 0: the cache is type-stable, and this is the word of an object where the allocator's two words of it begin. */
  linkOffset(id: number): number {
    return this._words.loadPlain(cacheStart(this._geometry, id) + CACHE.linkOffset);
  }

  /** True when a new cache has an id to take. The caller holds registryLock, or makes the heap. */
  hasRoom(): boolean {
    return this._words.loadPlain(HEADER.cachesUsed) < this._geometry.maxCaches;
  }

  /**
   * Makes a cache; the caller holds registryLock, has asked hasRoom(), or makes the heap. Returns its id.
   *
   * @param objectWords of an object, for its user
   */
  create(objectWords: number, isTypesafe = false): number {
    const id = this.write(this._words.loadPlain(HEADER.cachesUsed), objectWords, isTypesafe);
    this.confirm(id);
    return id;
  }

  /** create() of a cache that does not count as made yet: that is for confirm() to say, once something leads to it. */
  write(id: number, objectWords: number, isTypesafe = false): number {
    writeCacheRecord(this._words, this._geometry, id, objectWords, isTypesafe);
    return id;
  }

  /** Counts caches up to `id` as made: something leads to them. Who has written them does, and who finds it not done. */
  confirm(id: number): void {
    for (;;) {
      const used = this.used();
      if (used > id) return;
      // P1: publishes the records.
      this._words.compareExchange(HEADER.cachesUsed, used, id + 1);
    }
  }

  /** Empties what write() has left of caches that nothing came to lead to. The caller holds registryLock. */
  forgetUnused(): void {
    for (let id = this.used(); id < this._geometry.maxCaches; id++) {
      this._words.storePlain(cacheStart(this._geometry, id) + CACHE.objectWords, 0);
    }
  }

  /** Gives back all that this thread keeps. */
  flush(maySpin = true): void {
    for (let id = SHEAF_CACHE + 1; id < this.used(); id++) this.view(id).flush(maySpin);
    this.sheaves.shrink(maySpin);
  }

  /** Gives back all that this thread and the barns keep, and every slab without an object in use. */
  shrink(maySpin = true): void {
    for (let id = SHEAF_CACHE + 1; id < this.used(); id++) this.view(id).shrink(maySpin);
    this.sheaves.shrink(maySpin);
  }

  /** The slabs of a cache. */
  slabsOf(id: number): SlabList {
    return id === SHEAF_CACHE ? this._sheafSlabs : this.view(id).slabs;
  }

  /** shrink() of one cache, that of the sheaves included. Spins. */
  shrinkOne(id: number): void {
    if (id === SHEAF_CACHE) this.sheaves.shrink();
    else this.view(id).shrink();
  }

  private _makeView(id: number): SlabCache {
    const record = cacheStart(this._geometry, id);
    const lock = this._locks.rawSpinLock(record + CACHE.barnLock, BARN_LOCK, `barn of cache ${id}`);
    const link = this.linkOffset(id);
    const holder = sheafHolder(slotNumber(this._geometry, this._slot));
    const view = new SlabCache({
      words: this._words,
      id,
      objectWords: link || this._words.loadPlain(record + CACHE.objectWords),
      sheafCapacity: this._words.loadPlain(record + CACHE.sheafCapacity),
      threadSlot: this._slot,
      slot: this._slot + SLOT.caches + id * CACHE_SLOT_WORDS,
      slabs: this._slabList(id, link),
      barn: new Barn(this._words, record, lock, this._geometry.barnSheaves, holder),
      sheaves: this.sheaves,
    });
    this._views[id] = view;
    return view;
  }

  private _slabList(id: number, link: number): SlabList {
    const record = cacheStart(this._geometry, id);
    const lock = this._locks.rawSpinLock(record + CACHE.listLock, SLAB_LIST_LOCK, `slabs of cache ${id}`);
    return new SlabList(this._words, this._geometry, id, lock, this._pages, this._slot, link, this);
  }
}

/** Writes the records of the caches that every heap has; the caller owns the buffer alone. */
export function writeFirstCaches(words: Words, geometry: Geometry): void {
  writeCacheRecord(words, geometry, SHEAF_CACHE, SHEAF_WORDS);
  for (let i = 0; i < CLASS_BYTES.length; i++) {
    writeCacheRecord(words, geometry, i + 1, CLASS_BYTES[i]! / BYTES_PER_WORD);
  }
  words.storePlain(HEADER.cachesUsed, CLASS_BYTES.length + 1);
}

function writeCacheRecord(
  words: Words,
  geometry: Geometry,
  id: number,
  userWords: number,
  isTypesafe = false,
): void {
  const record = cacheStart(geometry, id);
  const objectWords = userWords + (isTypesafe ? TYPESAFE_WORDS : 0);
  const order = slabOrderFor(objectWords, geometry.maxSlabObjects);
  const fitting = Math.floor((PAGE_WORDS << order) / objectWords);
  words.storePlain(record + CACHE.objectWords, objectWords);
  words.storePlain(record + CACHE.slabOrder, order);
  words.storePlain(record + CACHE.slabObjects, Math.min(fitting, geometry.maxSlabObjects));
  words.storePlain(record + CACHE.sheafCapacity, sheafCapacityFor(geometry, objectWords));
  words.storePlain(record + CACHE.linkOffset, isTypesafe ? userWords : 0);
}

function sheafCapacityFor(geometry: Geometry, objectWords: number): number {
  const bytes = objectWords * BYTES_PER_WORD;
  const [, capacity] = SHEAF_CAPACITIES.find(([from]) => bytes >= from) ?? [0, MAX_SHEAF_CAPACITY];
  return Math.min(capacity, geometry.sheafCapacity);
}
