/** ObjectWords: how many words what waits for a grace period keeps from others, its shell and its group's word included. */
import { CACHE, SHEAF_CACHE } from '../layout/cache-record.js';
import type { Geometry } from '../layout/heap-header.js';
import { cacheStart, descriptorStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageKind, pageOrder, pageOwner } from '../layout/page-descriptor.js';
import { SHEAF } from '../layout/sheaf-record.js';
import { PAGE_SHIFT, PAGE_WORDS } from '../words/units.js';
import type { Words } from '../words/words.js';

export class ObjectWords {
  private readonly _words: Words;
  private readonly _geometry: Geometry;
  /** Words of an object, by cache id; 0 until the cache is met. */
  private readonly _ofCaches: Int32Array;

  constructor(words: Words, geometry: Geometry) {
    this._words = words;
    this._geometry = geometry;
    this._ofCaches = new Int32Array(geometry.maxCaches);
  }

  /** Words of the object, or of the block of pages, at `p`. */
  of(p: number): number {
    const descriptor = descriptorStart(this._geometry, p >>> PAGE_SHIFT);
    const state = this._words.loadPlain(descriptor + DESCRIPTOR.state);
    return pageKind(state) === PAGE_KIND.slab
      ? this._ofCache(pageOwner(state))
      : PAGE_WORDS << pageOrder(state);
  }

  /** Words of all that a sheaf holds. */
  ofSheaf(sheaf: number): number {
    const cache = this._words.loadPlain(sheaf + SHEAF.cache);
    return cache === SHEAF_CACHE
      ? this._ofBlocks(sheaf)
      : this._words.loadPlain(sheaf) * this._ofCache(cache);
  }

  private _ofBlocks(sheaf: number): number {
    const count = this._words.loadPlain(sheaf + SHEAF.count);
    let sum = 0;
    for (let i = 0; i < count; i++) sum += this.of(this._words.loadPlain(sheaf + SHEAF.objects + i));
    return sum;
  }

  private _ofCache(cache: number): number {
    const known = this._ofCaches[cache]!;
    if (known !== 0) return known;
    const objectWords = this._words.loadPlain(cacheStart(this._geometry, cache) + CACHE.objectWords);
    this._ofCaches[cache] = objectWords;
    return objectWords;
  }
}
