/**
 * SlabPages: makes a slab out of a block of pages, and a block of pages out of a slab. It knows no list and no
 * counter: a slab that is not listed yet, or not any more, is its thread's own, and DESCRIPTOR.listed says whose.
 *
 *     make:     allocated block -> objects linked -> every page says slab, last the first
 *     carve:    the same with all objects in use, as sheaves of the thread
 *     release:  every page but the first says tail -> the first says allocated -> freed
 *     retire:   the same of a slab that readers may look at: freed after a grace period
 *
 *     intent:   nothing -> block in hand -> slab (LISTED.held, or carved): close
 *               slab -> allocated -> become `free`, which the page allocator settles: close
 *
 * Who may call: any thread, holding no lock of rank zone or above; a release also none of rank listLock.
 *
 * I1  While an intent of kind `slab` names a block, it is a slab or an allocated block of this thread's; where it is a slab,
 *     `listed` says whose.
 * P1  The atomic store that makes a block a slab publishes `listed`; observed by who looks at all pages (cache-repair.ts).
 */
import { CACHE, SHEAF_CACHE } from '../layout/cache-record.js';
import type { Geometry } from '../layout/heap-header.js';
import { cacheStart, descriptorStart, slotNumber } from '../layout/heap-layout.js';
import { DESCRIPTOR, LISTED, PAGE_KIND, pageState } from '../layout/page-descriptor.js';
import { SHEAF, SHEAF_HOLDER, sheafHolder } from '../layout/sheaf-record.js';
import { INTENT_KIND } from '../layout/thread-slot.js';
import type { Gfp } from '../pages/gfp.js';
import type { PageAllocator } from '../pages/page-allocator.js';
import { Intents } from '../threads/intents.js';
import { PAGE_SHIFT } from '../words/units.js';
import type { Words } from '../words/words.js';

/** Frees blocks of pages after a grace period, in any context. */
export interface BlockRetirement {
  /** @param head word offset in the block of two words that nobody reads (RcuHead) */
  retireBlock(start: number, head: number): void;
}

export class SlabPages {
  private readonly _words: Words;
  private readonly _geometry: Geometry;
  private readonly _record: number;
  private readonly _cache: number;
  private readonly _pages: PageAllocator;
  private readonly _link: number;
  private readonly _retirement: BlockRetirement | undefined;
  private readonly _slotNumber: number;
  private readonly _intents: Intents;

  /**
   * @param slot       word index of this thread's slot
   * @param link       the word of an object that links it (CACHE.linkOffset)
   * @param retirement where slabs go that readers may look at; undefined where there are none
   */
  constructor(
    words: Words,
    geometry: Geometry,
    cache: number,
    pages: PageAllocator,
    slot: number,
    link = 0,
    retirement?: BlockRetirement,
  ) {
    this._words = words;
    this._geometry = geometry;
    this._record = cacheStart(geometry, cache);
    this._cache = cache;
    this._pages = pages;
    this._link = link;
    this._retirement = retirement;
    this._slotNumber = slotNumber(geometry, slot);
    this._intents = new Intents(words, slot);
  }

  /** Makes a slab with every object on its freelist. Returns its first page; 0 when no pages are to be had. */
  make(gfp: Gfp): number {
    const intents = this._intents;
    const frame = intents.open(INTENT_KIND.slab, 0, 0, this._cache);
    try {
      const start = this._pages.allocPages(this._words.loadPlain(this._record + CACHE.slabOrder), gfp);
      if (start === 0) return 0;
      intents.take(frame, start);
      this._linkObjects(start);
      this._describe(start, start, 0, LISTED.held + this._slotNumber);
      return start >>> PAGE_SHIFT;
    } finally {
      intents.close(frame);
    }
  }

  /**
   * Makes a slab of sheaves, every one in use, empty, and this thread's, of a page of the thread's own list. No lock is taken.
   * Returns where it starts; 0 when the list has none.
   */
  carve(): number {
    const intents = this._intents;
    const frame = intents.open(INTENT_KIND.slab, 0, 0, this._cache);
    try {
      const start = this._pages.allocFromList(this._words.loadPlain(this._record + CACHE.slabOrder));
      if (start === 0) return 0;
      intents.take(frame, start);
      this._bareSheaves(start, sheafHolder(this._slotNumber));
      const objects = this._words.loadPlain(this._record + CACHE.slabObjects);
      this._describe(start, 0, objects, LISTED.carved);
      return start;
    } finally {
      intents.close(frame);
    }
  }

  /** Gives a slab's pages back at once: of a slab that no reader can have seen. */
  release(page: number, maySpin: boolean): void {
    const intents = this._intents;
    const start = page << PAGE_SHIFT;
    const frame = intents.open(INTENT_KIND.slab, 0, start, this._cache);
    try {
      this._unform(page);
      intents.become(frame, INTENT_KIND.free);
      this._free(start, maySpin);
    } finally {
      intents.close(frame);
    }
  }

  /** Gives back a chain of slabs, linked through DESCRIPTOR.next; those of a type-stable cache after a grace period. */
  releaseAll(first: number, maySpin: boolean): void {
    let page = first;
    while (page !== 0) {
      const next = this._words.loadPlain(descriptorStart(this._geometry, page) + DESCRIPTOR.next);
      if (this._link === 0) this.release(page, maySpin);
      else this._retire(page);
      page = next;
    }
  }

  /** The block waits with its RcuHead over the link of its first object, which readers leave alone. */
  private _retire(page: number): void {
    const intents = this._intents;
    const start = page << PAGE_SHIFT;
    const frame = intents.open(INTENT_KIND.slab, 0, start, this._cache);
    try {
      this._unform(page);
      this._retirement!.retireBlock(start, this._link);
    } finally {
      intents.close(frame);
    }
  }

  private _free(start: number, maySpin: boolean): void {
    if (maySpin) this._pages.freePages(start);
    else this._pages.freePagesNolock(start);
  }

  /** Makes an allocated block of a slab. */
  private _unform(page: number): void {
    const words = this._words;
    const order = words.loadPlain(this._record + CACHE.slabOrder);
    for (let tail = (1 << order) - 1; tail > 0; tail--) {
      words.storePlain(descriptorStart(this._geometry, page + tail) + DESCRIPTOR.state, PAGE_KIND.tail);
    }
    // Publishes nothing: atomic, as what made it a slab was.
    words.store(
      descriptorStart(this._geometry, page) + DESCRIPTOR.state,
      pageState(PAGE_KIND.allocated, order, 0),
    );
  }

  /** Says what the slab holds, whose it is, and last that it is one. */
  private _describe(start: number, freelist: number, inUse: number, listed: number): void {
    const words = this._words;
    const page = start >>> PAGE_SHIFT;
    const descriptor = descriptorStart(this._geometry, page);
    words.storePlain(descriptor + DESCRIPTOR.freelist, freelist);
    words.storePlain(descriptor + DESCRIPTOR.inUse, inUse);
    words.storePlain(descriptor + DESCRIPTOR.objects, words.loadPlain(this._record + CACHE.slabObjects));
    words.storePlain(descriptor + DESCRIPTOR.listed, listed);
    const order = words.loadPlain(this._record + CACHE.slabOrder);
    for (let tail = (1 << order) - 1; tail > 0; tail--) {
      const state = pageState(PAGE_KIND.slab, order, this._cache, tail);
      words.storePlain(descriptorStart(this._geometry, page + tail) + DESCRIPTOR.state, state);
    }
    // P1: publishes `listed`.
    words.store(descriptor + DESCRIPTOR.state, pageState(PAGE_KIND.slab, order, this._cache));
  }

  private _linkObjects(start: number): void {
    const words = this._words;
    const objectWords = words.loadPlain(this._record + CACHE.objectWords);
    const objects = words.loadPlain(this._record + CACHE.slabObjects);
    if (this._cache === SHEAF_CACHE) this._bareSheaves(start, SHEAF_HOLDER.nobody);
    let next = 0;
    for (let i = objects - 1; i >= 0; i--) {
      words.storePlain(start + i * objectWords + this._link, next);
      next = start + i * objectWords;
    }
  }

  /** Sheaves that say nothing but whose they are (sheaf-record:I3). */
  private _bareSheaves(start: number, holder: number): void {
    const words = this._words;
    const objectWords = words.loadPlain(this._record + CACHE.objectWords);
    const objects = words.loadPlain(this._record + CACHE.slabObjects);
    for (let i = 0; i < objects; i++) {
      words.storePlain(start + i * objectWords + SHEAF.capacity, 0);
      words.storePlain(start + i * objectWords + SHEAF.holder, holder);
    }
  }
}
