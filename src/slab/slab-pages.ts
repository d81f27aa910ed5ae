/**
 * SlabPages: makes a slab out of a block of pages, and a block of pages out of a slab. It knows no list and no
 * counter: a slab that is not listed yet, or not any more, is its thread's own.
 *
 *     make:     allocated block -> objects linked -> every page says slab, last the first
 *     release:  every page but the first says tail -> the first says allocated -> freed
 *     retire:   the same of a slab that readers may look at: freed after a grace period
 *
 * Who may call: any thread, holding no lock of rank zone or above; a release also none of rank listLock.
 */
import { CACHE } from '../layout/cache-record.js';
import type { Geometry } from '../layout/heap-header.js';
import { descriptorStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageState } from '../layout/page-descriptor.js';
import type { Gfp } from '../pages/gfp.js';
import type { PageAllocator } from '../pages/page-allocator.js';
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

  /**
   * @param record     index of the record of cache `cache`
   * @param link       the word of an object that links it (CACHE.linkOffset)
   * @param retirement where slabs go that readers may look at; undefined where there are none
   */
  constructor(
    words: Words,
    geometry: Geometry,
    record: number,
    cache: number,
    pages: PageAllocator,
    link = 0,
    retirement?: BlockRetirement,
  ) {
    this._words = words;
    this._geometry = geometry;
    this._record = record;
    this._cache = cache;
    this._pages = pages;
    this._link = link;
    this._retirement = retirement;
  }

  /** Makes a slab with every object on its freelist. Returns its first page; 0 when no pages are to be had. */
  make(gfp: Gfp): number {
    const start = this._pages.allocPages(this._words.loadPlain(this._record + CACHE.slabOrder), gfp);
    if (start === 0) return 0;
    this.form(start);
    return start >>> PAGE_SHIFT;
  }

  /** Makes a slab of an allocated block of the cache's order, every object on its freelist. */
  form(start: number): void {
    const words = this._words;
    const order = words.loadPlain(this._record + CACHE.slabOrder);
    const page = start >>> PAGE_SHIFT;
    this._linkObjects(start, descriptorStart(this._geometry, page));
    for (let tail = (1 << order) - 1; tail >= 0; tail--) {
      const state = pageState(PAGE_KIND.slab, order, this._cache, tail);
      words.storePlain(descriptorStart(this._geometry, page + tail) + DESCRIPTOR.state, state);
    }
  }

  /** Gives a slab's pages back at once: of a slab that no reader can have seen. */
  release(page: number, maySpin: boolean): void {
    this._unform(page);
    if (maySpin) this._pages.freePages(page << PAGE_SHIFT);
    else this._pages.freePagesNolock(page << PAGE_SHIFT);
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
    this._unform(page);
    this._retirement!.retireBlock(page << PAGE_SHIFT, this._link);
  }

  /** Makes an allocated block of a slab. */
  private _unform(page: number): void {
    const words = this._words;
    const order = words.loadPlain(this._record + CACHE.slabOrder);
    for (let tail = (1 << order) - 1; tail > 0; tail--) {
      words.storePlain(descriptorStart(this._geometry, page + tail) + DESCRIPTOR.state, PAGE_KIND.tail);
    }
    const state = pageState(PAGE_KIND.allocated, order, 0);
    words.storePlain(descriptorStart(this._geometry, page) + DESCRIPTOR.state, state);
  }

  private _linkObjects(start: number, descriptor: number): void {
    const words = this._words;
    const objectWords = words.loadPlain(this._record + CACHE.objectWords);
    const objects = words.loadPlain(this._record + CACHE.slabObjects);
    let next = 0;
    for (let i = objects - 1; i >= 0; i--) {
      words.storePlain(start + i * objectWords + this._link, next);
      next = start + i * objectWords;
    }
    words.storePlain(descriptor + DESCRIPTOR.freelist, next);
    words.storePlain(descriptor + DESCRIPTOR.inUse, 0);
    words.storePlain(descriptor + DESCRIPTOR.objects, objects);
    words.storePlain(descriptor + DESCRIPTOR.listed, 0);
  }
}
