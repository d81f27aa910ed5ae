/**
 * SheafSource: where sheaves come from and go to. They are objects of cache 0, which has no sheaves itself, so
 * making one never needs another.
 *
 * I1  A sheaf that is taken is empty and names its cache and capacity.
 */
import { SHEAF } from '../layout/sheaf-record.js';
import type { Gfp } from '../pages/gfp.js';
import type { Words } from '../words/words.js';
import type { SlabList } from './slab-list.js';

export class SheafSource {
  private readonly _words: Words;
  private readonly _slabs: SlabList;

  /** @param slabs the slabs of SHEAF_CACHE */
  constructor(words: Words, slabs: SlabList) {
    this._words = words;
    this._slabs = slabs;
  }

  /** Makes an empty sheaf for a cache; 0 when no memory is to be had. */
  take(cache: number, capacity: number, gfp: Gfp): number {
    const sheaf = this._slabs.takeOne(gfp);
    if (sheaf !== 0) this.dedicate(sheaf, cache, capacity);
    return sheaf;
  }

  /** Makes a bare object of the cache of sheaves an empty sheaf of `cache`. */
  dedicate(sheaf: number, cache: number, capacity: number): void {
    const words = this._words;
    words.storePlain(sheaf + SHEAF.count, 0);
    words.storePlain(sheaf + SHEAF.capacity, capacity);
    words.storePlain(sheaf + SHEAF.next, 0);
    words.storePlain(sheaf + SHEAF.cache, cache);
  }

  /** Makes a slab of sheaves of an allocated page, all of them in use; countSlabs() must follow. No lock is taken. */
  carve(start: number): void {
    this._slabs.carve(start);
  }

  /** Counts slabs that carve() made; false where the slabs are busy and the caller may not spin. */
  countSlabs(slabs: number, maySpin: boolean): boolean {
    return this._slabs.countSlabs(slabs, maySpin);
  }

  /** Gives an empty sheaf back; deferred where the slabs are busy and the caller may not spin. */
  put(sheaf: number, maySpin = true): void {
    this._slabs.putOne(sheaf, maySpin);
  }

  /** Gives unused slabs of sheaves back to the page allocator. */
  shrink(maySpin = true): void {
    this._slabs.shrink(maySpin);
  }
}
