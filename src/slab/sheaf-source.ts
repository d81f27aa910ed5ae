/**
 * SheafSource: where sheaves come from and go to. They are objects of cache 0, which has no sheaves itself, so
 * making one never needs another.
 *
 * I1  A sheaf that is taken is empty, names its cache and capacity, and has this thread as its holder.
 * I2  (sheaf-record:I3) a sheaf that goes back is bare before its first word is a link; its capacity is written last when
 *     it is taken.
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
    words.storePlain(sheaf + SHEAF.next, 0);
    words.storePlain(sheaf + SHEAF.cache, cache);
    words.storePlain(sheaf + SHEAF.capacity, capacity);
  }

  /**
   * Makes a slab of sheaves of a page of this thread's own list: empty, in use, and this thread's. No lock is taken.
   * Returns where it starts; 0 when the list has none.
   */
  carve(): number {
    return this._slabs.carve();
  }

  /** Gives an empty sheaf back; deferred where the slabs are busy and the caller may not spin, or not to be had at all. */
  put(sheaf: number, maySpin = true): void {
    this._words.storePlain(sheaf + SHEAF.capacity, 0);
    this._slabs.putOne(sheaf, maySpin);
  }

  /** Gives unused slabs of sheaves back to the page allocator. */
  shrink(maySpin = true): void {
    this._slabs.shrink(maySpin);
  }
}
