/**
 * SlabCache: one thread's view of a cache of equal objects. This file holds the ways that are taken when the
 * thread's main sheaf does not serve: a few operations in a hundred.
 *
 *     alloc:  main -> spare -> a full sheaf from the barn -> fill main from slabs -> one object from a slab
 *     free:   main -> spare -> main to the barn for an empty one -> flush main to its slabs
 *
 * Sheaves of this thread stand in its slot (CACHE_SLOT): main is never 0, but the bootstrap sheaf of capacity
 * 0 where the thread has none.
 *
 * I1  main and spare belong to the slot's owner; a sheaf stands in one place only.
 *
 * Follows mm/slub.c (__pcs_replace_empty_main, __pcs_replace_full_main).
 */
import { HEADER } from '../layout/heap-header.js';
import { SHEAF } from '../layout/sheaf-record.js';
import { CACHE_SLOT } from '../layout/thread-slot.js';
import { allowSpinning, type Gfp } from '../pages/gfp.js';
import type { Words } from '../words/words.js';
import type { Barn } from './barn.js';
import type { SheafSource } from './sheaf-source.js';
import type { SlabList } from './slab-list.js';

/** What a SlabCache is made of. */
export interface SlabCacheParts {
  readonly words: Words;
  readonly id: number;
  readonly objectWords: number;
  readonly sheafCapacity: number;
  /** Word index of the cache's part of this thread's slot. */
  readonly slot: number;
  readonly slabs: SlabList;
  readonly barn: Barn;
  readonly sheaves: SheafSource;
}

export class SlabCache {
  readonly id: number;
  readonly objectWords: number;
  private readonly _words: Words;
  private readonly _sheafCapacity: number;
  private readonly _slot: number;
  private readonly _slabs: SlabList;
  private readonly _barn: Barn;
  private readonly _sheaves: SheafSource;

  constructor(parts: SlabCacheParts) {
    this.id = parts.id;
    this.objectWords = parts.objectWords;
    this._words = parts.words;
    this._sheafCapacity = parts.sheafCapacity;
    this._slot = parts.slot;
    this._slabs = parts.slabs;
    this._barn = parts.barn;
    this._sheaves = parts.sheaves;
  }

  /** Takes an object when main is empty; 0 when none is to be had. */
  allocSlow(gfp: Gfp): number {
    const words = this._words;
    const spare = words.loadPlain(this._slot + CACHE_SLOT.spare);
    if (spare !== 0 && words.loadPlain(spare + SHEAF.count) > 0) {
      this._swapMainAndSpare(spare);
      return this._pop(spare);
    }
    // Who may not spin and has an empty spare too could not get rid of its empty main.
    const full = allowSpinning(gfp) || spare === 0 ? this._barn.takeFull(allowSpinning(gfp)) : 0;
    if (full !== 0) {
      this._retireMain(full);
      return this._pop(full);
    }
    const main = this._mainOrNew(gfp);
    if (main === 0) return this._slabs.takeOne(gfp);
    return this._slabs.fill(main, gfp) === 0 ? 0 : this._pop(main);
  }

  /** Takes back an object when main is full. Spins. */
  freeSlow(object: number, gfp: Gfp): void {
    const words = this._words;
    const main = words.loadPlain(this._slot + CACHE_SLOT.main);
    const spare = words.loadPlain(this._slot + CACHE_SLOT.spare);
    if (spare !== 0 && words.loadPlain(spare + SHEAF.count) < words.loadPlain(spare + SHEAF.capacity)) {
      this._swapMainAndSpare(spare);
      this._push(spare, object);
      return;
    }
    const empty = this.takeEmptySheaf(gfp);
    if (main === HEADER.bootstrapSheaf) {
      if (empty === 0) {
        this._slabs.putOne(object);
        return;
      }
    } else if (empty !== 0 && spare === 0) {
      words.storePlain(this._slot + CACHE_SLOT.spare, main);
    } else if (empty === 0 || !this._barn.putFull(main, true)) {
      if (empty !== 0) this.putEmptySheaf(empty);
      this._slabs.flush(main);
      this._push(main, object);
      return;
    }
    words.storePlain(this._slot + CACHE_SLOT.main, empty);
    this._push(empty, object);
  }

  /** An empty sheaf from the barn, or a new one; 0 when no memory is to be had. */
  takeEmptySheaf(gfp: Gfp): number {
    const empty = this._barn.takeEmpty(allowSpinning(gfp));
    return empty !== 0 ? empty : this._sheaves.take(this.id, this._sheafCapacity, gfp);
  }

  /** Takes back an empty sheaf. Spins. */
  putEmptySheaf(sheaf: number): void {
    if (!this._barn.putEmpty(sheaf, true)) this._sheaves.put(sheaf);
  }

  /** Takes a sheaf of free objects, whole where the barn has room. Spins. */
  putFullSheaf(sheaf: number): void {
    if (this._barn.putFull(sheaf, true)) return;
    this._slabs.flush(sheaf);
    this.putEmptySheaf(sheaf);
  }

  /** Gives back what this thread keeps of the cache. Spins. */
  flush(): void {
    const words = this._words;
    const main = words.loadPlain(this._slot + CACHE_SLOT.main);
    const spare = words.loadPlain(this._slot + CACHE_SLOT.spare);
    words.storePlain(this._slot + CACHE_SLOT.main, HEADER.bootstrapSheaf);
    words.storePlain(this._slot + CACHE_SLOT.spare, 0);
    if (main !== HEADER.bootstrapSheaf) this._discardSheaf(main);
    if (spare !== 0) this._discardSheaf(spare);
  }

  /** Gives back what this thread and the barn keep, and every slab without an object in use. Spins. */
  shrink(): void {
    this.flush();
    for (let full = this._barn.takeFull(true); full !== 0; full = this._barn.takeFull(true)) {
      this._discardSheaf(full);
    }
    for (let empty = this._barn.takeEmpty(true); empty !== 0; empty = this._barn.takeEmpty(true)) {
      this._sheaves.put(empty);
    }
    this._slabs.shrink();
  }

  private _discardSheaf(sheaf: number): void {
    this._slabs.flush(sheaf);
    this._sheaves.put(sheaf);
  }

  private _mainOrNew(gfp: Gfp): number {
    const main = this._words.loadPlain(this._slot + CACHE_SLOT.main);
    if (main !== HEADER.bootstrapSheaf) return main;
    const fresh = this.takeEmptySheaf(gfp);
    if (fresh !== 0) this._words.storePlain(this._slot + CACHE_SLOT.main, fresh);
    return fresh;
  }

  private _swapMainAndSpare(spare: number): void {
    const main = this._words.loadPlain(this._slot + CACHE_SLOT.main);
    this._words.storePlain(this._slot + CACHE_SLOT.spare, main === HEADER.bootstrapSheaf ? 0 : main);
    this._words.storePlain(this._slot + CACHE_SLOT.main, spare);
  }

  /** Installs a full sheaf; the empty main becomes the spare, or goes back. */
  private _retireMain(full: number): void {
    const words = this._words;
    const main = words.loadPlain(this._slot + CACHE_SLOT.main);
    const spare = words.loadPlain(this._slot + CACHE_SLOT.spare);
    words.storePlain(this._slot + CACHE_SLOT.main, full);
    if (main === HEADER.bootstrapSheaf) return;
    if (spare === 0) words.storePlain(this._slot + CACHE_SLOT.spare, main);
    else this.putEmptySheaf(main);
  }

  private _pop(sheaf: number): number {
    const count = this._words.loadPlain(sheaf + SHEAF.count) - 1;
    this._words.storePlain(sheaf + SHEAF.count, count);
    return this._words.loadPlain(sheaf + SHEAF.objects + count);
  }

  private _push(sheaf: number, object: number): void {
    const count = this._words.loadPlain(sheaf + SHEAF.count);
    this._words.storePlain(sheaf + SHEAF.objects + count, object);
    this._words.storePlain(sheaf + SHEAF.count, count + 1);
  }
}
