/**
 * SlabShrinker: what this thread and the barns keep for reuse, as a shrinker. Its unit is the object, or the sheaf.
 *
 *     count = objects in main and spare sheaves of this thread, in full sheaves of barns, on slabs without one in use
 *             + empty sheaves + caches with deferred frees
 *     scan  = cache by cache from where the last scan stopped, so that a small shortage does not strip them all
 *
 * Who may call: the slot's thread, in a turn, holding no lock. Counts are looked at without the locks: estimates.
 */
import { CACHE } from '../layout/cache-record.js';
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { cacheStart } from '../layout/heap-layout.js';
import { SHEAF } from '../layout/sheaf-record.js';
import { CACHE_SLOT, CACHE_SLOT_WORDS, SLOT } from '../layout/thread-slot.js';
import type { Shrinker } from '../pages/shrinker.js';
import type { Words } from '../words/words.js';
import type { SlabCaches } from './slab-caches.js';

export class SlabShrinker implements Shrinker {
  readonly name = 'slab caches';
  private readonly _words: Words;
  private readonly _geometry: Geometry;
  private readonly _slot: number;
  private readonly _caches: SlabCaches;
  /** The cache that the next scan starts from. */
  private _next = 0;

  /** @param slot word index of this thread's slot */
  constructor(words: Words, geometry: Geometry, slot: number, caches: SlabCaches) {
    this._words = words;
    this._geometry = geometry;
    this._slot = slot;
    this._caches = caches;
  }

  count(): number {
    const used = this._caches.used();
    let kept = 0;
    for (let id = 0; id < used; id++) kept += this._keptOf(id);
    return kept;
  }

  scan(n: number): number {
    const used = this._caches.used();
    let given = 0;
    for (let visited = 0; visited < used && given < n; visited++) {
      const id = this._next % used;
      this._next = id + 1;
      const kept = this._keptOf(id);
      if (kept === 0) continue;
      this._caches.shrinkOne(id);
      given += kept;
    }
    // What the others' sheaves were made of lies on the slabs of sheaves by now.
    if (given > 0) this._caches.shrinkOne(0);
    return given;
  }

  private _keptOf(id: number): number {
    const words = this._words;
    const record = cacheStart(this._geometry, id);
    const sheafSize = words.loadPlain(record + CACHE.sheafCapacity) + 1;
    return (
      this._inOwnSheaves(id) +
      words.loadPlain(record + CACHE.fullSheaves) * sheafSize +
      words.loadPlain(record + CACHE.emptySheaves) +
      words.loadPlain(record + CACHE.emptySlabs) * words.loadPlain(record + CACHE.slabObjects) +
      (words.loadPlain(record + CACHE.deferred) === 0 ? 0 : 1)
    );
  }

  private _inOwnSheaves(id: number): number {
    const words = this._words;
    const place = this._slot + SLOT.caches + id * CACHE_SLOT_WORDS;
    const main = words.loadPlain(place + CACHE_SLOT.main);
    const spare = words.loadPlain(place + CACHE_SLOT.spare);
    const inMain = main === HEADER.bootstrapSheaf ? 0 : words.loadPlain(main + SHEAF.count) + 1;
    return inMain + (spare === 0 ? 0 : words.loadPlain(spare + SHEAF.count) + 1);
  }
}
