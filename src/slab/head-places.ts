/**
 * Where RcuHeads of callbacks may lie: two words anywhere inside an object or a block of pages in use, as its user knows
 * it. What is on a slab and free looks as what is in use; a debug heap tells them apart.
 *
 * Takes no lock, in any context.
 */
import { CACHE, SHEAF_CACHE } from '../layout/cache-record.js';
import type { Geometry } from '../layout/heap-header.js';
import { cacheStart, descriptorStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageKind, pageOwner, pageTail } from '../layout/page-descriptor.js';
import { shellHeadWords } from '../layout/shell-record.js';
import { RCU_HEAD_WORDS } from '../layout/thread-slot.js';
import { blockOf, describeAddress } from '../pages/describe-address.js';
import type { HeadPlaces } from '../rcu/callbacks.js';
import { PAGE_SHIFT, PAGE_WORDS } from '../words/units.js';
import type { Words } from '../words/words.js';
import type { Kmalloc } from './kmalloc.js';

export class PlainHeadPlaces implements HeadPlaces {
  protected readonly words: Words;
  protected readonly geometry: Geometry;
  private readonly _kmalloc: Kmalloc;

  constructor(words: Words, geometry: Geometry, kmalloc: Kmalloc) {
    this.words = words;
    this.geometry = geometry;
    this._kmalloc = kmalloc;
  }

  /**
   * Returns the address of `head` alone.
   *
   * Errors   RangeError where its two words are not both inside one object, or one block of pages.
   */
  admit(head: number): number {
    const start = this.startOf(head);
    if (start === 0) this._refuse(head);
    const room = this._kmalloc.usableWords(start) - RCU_HEAD_WORDS;
    if (head - start > room) this._refuse(head, `the one at ${start} has room for it at word 0 to ${room}`);
    return head;
  }

  /** The head waits no longer. */
  release(_head: number): void {}

  /** Where the object or block that `address` lies in starts, as its user knows it; 0 where there is none. */
  startOf(address: number): number {
    const page = address >>> PAGE_SHIFT;
    if ((address | 0) !== address || page < this.geometry.firstPage || page >= this.geometry.totalPages)
      return 0;
    const state = this._stateOf(page);
    if (pageKind(state) === PAGE_KIND.slab) return this._objectStart(address, page, state);
    const first = blockOf(this.words, this.geometry, page);
    return pageKind(this._stateOf(first)) === PAGE_KIND.allocated ? first * PAGE_WORDS : 0;
  }

  /** True for the start of an object; false for that of a block of pages. */
  protected isObject(start: number): boolean {
    return pageKind(this._stateOf(start >>> PAGE_SHIFT)) === PAGE_KIND.slab;
  }

  private _objectStart(address: number, page: number, state: number): number {
    const cache = pageOwner(state);
    if (cache === SHEAF_CACHE) return 0;
    const record = cacheStart(this.geometry, cache);
    const objectWords = this.words.loadPlain(record + CACHE.objectWords);
    const first = (page - pageTail(state)) * PAGE_WORDS;
    const number = Math.floor((address - first) / objectWords);
    if (number >= this.words.loadPlain(record + CACHE.slabObjects)) return 0;
    const start = first + number * objectWords + shellHeadWords(this.geometry, state, cache);
    return address >= start ? start : 0;
  }

  private _stateOf(page: number): number {
    return this.words.loadPlain(descriptorStart(this.geometry, page) + DESCRIPTOR.state);
  }

  private _refuse(head: number, room = ''): never {
    const { firstPage, totalPages } = this.geometry;
    const last = totalPages * PAGE_WORDS - RCU_HEAD_WORDS;
    const what = describeAddress(this.words, this.geometry, head);
    throw new RangeError(
      `called rcu.call() with an RcuHead at ${String(head)}, which is ${what}; its two words must lie inside an object or a ` +
        `block of pages in use, at ${firstPage * PAGE_WORDS} to ${last}${room === '' ? '' : `: ${room}`}`,
    );
  }
}
