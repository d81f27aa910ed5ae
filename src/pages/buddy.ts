/**
 * Buddy: splits and merges the free blocks of one zone. Pure: no lock inside, no thread, no policy; the caller
 * holds zone.lock.
 *
 *     order 2   [0       ]            take(0): the smallest free block that fits is split,
 *     order 1        [2   ]           the upper halves go on the lists of their orders
 *     order 0   [0][1]
 *
 * The buddy of the block at page p of order o is at p XOR 2^o; it can be merged when its descriptor says that
 * it is free and of the same order.
 *
 * I1  (zone-record:I1) two free buddies below MAX_ORDER never stand side by side.
 * I2  (page-descriptor:I2) a block starts at a multiple of its size.
 * I3  A split leaves exactly one free block of each order between the one asked for and the one split.
 *
 * Order of writes, for whoever repairs after a death: the state word first, then the lists.
 *
 * Follows mm/page_alloc.c (__rmqueue_smallest, expand, __free_one_page).
 */
import type { Geometry } from '../layout/heap-header.js';
import { descriptorStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageState } from '../layout/page-descriptor.js';
import { FREE_AREA, FREE_AREA_WORDS, ZONE } from '../layout/zone-record.js';
import { MAX_ORDER } from '../words/units.js';
import type { Words } from '../words/words.js';

export class Buddy {
  private readonly _words: Words;
  private readonly _geometry: Geometry;
  private readonly _zone: number;

  /** @param zone index of the zone's record */
  constructor(words: Words, geometry: Geometry, zone: number) {
    this._words = words;
    this._geometry = geometry;
    this._zone = zone;
  }

  /** Pages on the free lists. */
  freePages(): number {
    return this._words.loadPlain(this._zone + ZONE.freePages);
  }

  /** True when the page belongs to this zone. */
  covers(page: number): boolean {
    const words = this._words;
    return (
      page >= words.loadPlain(this._zone + ZONE.startPage) &&
      page < words.loadPlain(this._zone + ZONE.endPage)
    );
  }

  /**
   * Takes a block of 2^order pages off the free lists and writes `state` into its descriptor.
   * @returns the block's first page, or 0 when no block is large enough.
   */
  take(order: number, state: number): number {
    for (let found = order; found <= MAX_ORDER; found++) {
      const page = this._words.loadPlain(this._area(found) + FREE_AREA.head);
      if (page === 0) continue;
      this._words.storePlain(descriptorStart(this._geometry, page) + DESCRIPTOR.state, state);
      this._unlink(page, found);
      this._split(page, found, order);
      this._addFreePages(-(1 << order));
      return page;
    }
    return 0;
  }

  /** Puts a block back, merged with its buddy as far as that goes. */
  put(page: number, order: number): void {
    let first = page;
    let merged = order;
    while (merged < MAX_ORDER) {
      const buddy = first ^ (1 << merged);
      if (!this._isFree(buddy, merged)) break;
      this._unlink(buddy, merged);
      const upper = Math.max(first, buddy);
      this._words.storePlain(descriptorStart(this._geometry, upper) + DESCRIPTOR.state, PAGE_KIND.tail);
      first = Math.min(first, buddy);
      merged++;
    }
    this._link(first, merged);
    this._addFreePages(1 << order);
  }

  private _split(page: number, from: number, to: number): void {
    for (let order = from - 1; order >= to; order--) this._link(page + (1 << order), order);
  }

  private _isFree(page: number, order: number): boolean {
    if (!this.covers(page)) return false;
    const state = this._words.loadPlain(descriptorStart(this._geometry, page) + DESCRIPTOR.state);
    return state === pageState(PAGE_KIND.free, order, 0);
  }

  private _link(page: number, order: number): void {
    const words = this._words;
    const area = this._area(order);
    const descriptor = descriptorStart(this._geometry, page);
    const head = words.loadPlain(area + FREE_AREA.head);
    words.storePlain(descriptor + DESCRIPTOR.state, pageState(PAGE_KIND.free, order, 0));
    words.storePlain(descriptor + DESCRIPTOR.next, head);
    words.storePlain(descriptor + DESCRIPTOR.previous, 0);
    if (head !== 0) words.storePlain(descriptorStart(this._geometry, head) + DESCRIPTOR.previous, page);
    words.storePlain(area + FREE_AREA.head, page);
    words.storePlain(area + FREE_AREA.blocks, words.loadPlain(area + FREE_AREA.blocks) + 1);
  }

  private _unlink(page: number, order: number): void {
    const words = this._words;
    const area = this._area(order);
    const descriptor = descriptorStart(this._geometry, page);
    const next = words.loadPlain(descriptor + DESCRIPTOR.next);
    const previous = words.loadPlain(descriptor + DESCRIPTOR.previous);
    if (previous === 0) words.storePlain(area + FREE_AREA.head, next);
    else words.storePlain(descriptorStart(this._geometry, previous) + DESCRIPTOR.next, next);
    if (next !== 0) words.storePlain(descriptorStart(this._geometry, next) + DESCRIPTOR.previous, previous);
    words.storePlain(area + FREE_AREA.blocks, words.loadPlain(area + FREE_AREA.blocks) - 1);
  }

  private _area(order: number): number {
    return this._zone + ZONE.freeArea + order * FREE_AREA_WORDS;
  }

  private _addFreePages(pages: number): void {
    const word = this._zone + ZONE.freePages;
    this._words.storePlain(word, this._words.loadPlain(word) + pages);
  }
}
