/**
 * PointerPageSource: where kfreeRcu gets memory from for its arrays of addresses. What was argued about for years,
 * each way switched on for a heap by one option. What has no array to give leaves the object to its own RcuHead.
 *
 *     opportunistic   every lock is tried once: the barn, the slabs of sheaves, the thread's pages, a zone; where that
 *                     brings none, arrays that the thread set aside                   (SheafReserve)
 *     thread-list     no lock at all: a page of the thread's own list, cut into arrays    (SheafReserve)
 *     reserved        arrays that the thread set aside, topped up between its turns       (SheafReserve)
 *     none            never an array
 *     raw-lock        spins, in any context, as where the zone's lock may be taken as a raw one
 *
 * Who may call: the slot's thread; takeSheaf() inside SLOT.rcuAcquired.
 */
import { CACHE, SHEAF_CACHE } from '../layout/cache-record.js';
import type { Geometry } from '../layout/heap-header.js';
import { cacheStart, zoneStart } from '../layout/heap-layout.js';
import { PENDING } from '../layout/lock-record.js';
import { ZONE } from '../layout/zone-record.js';
import { __GFP_RAW_LOCK, GFP_NOLOCK, GFP_NOWAIT } from '../pages/gfp.js';
import type { Words } from '../words/words.js';
import type { SlabCache } from './slab-cache.js';

/** By the number that the heap's header holds. */
export const POINTER_PAGE_SOURCES = ['opportunistic', 'thread-list', 'reserved', 'none', 'raw-lock'] as const;
export type PointerPageSourceName = (typeof POINTER_PAGE_SOURCES)[number];

export interface PointerPageSource {
  /** An empty sheaf for `cache`; 0 when there is none to be had this way. */
  takeSheaf(cache: SlabCache): number;
  /** True when topUp() has something to do. */
  isShort(): boolean;
  /** Sets sheaves aside for later. An ordinary operation: between turns, and when the thread has joined. */
  topUp(maySpin: boolean): void;
  /** Gives back what is set aside: the thread leaves, or memory is short. */
  giveBack(maySpin: boolean): void;
  /** Sets an empty sheaf aside; false where there are enough. */
  keep(sheaf: number): boolean;
  /** Memory is short: sets nothing aside for a while. */
  backOff(): void;
}

/** Tries every lock once. What is set aside helps out, and is only filled up after it did: most threads never need it. */
export class OpportunisticSource implements PointerPageSource {
  private readonly _reserve: PointerPageSource;
  private _hasMissed = false;

  constructor(reserve: PointerPageSource) {
    this._reserve = reserve;
  }

  takeSheaf(cache: SlabCache): number {
    const sheaf = cache.takeEmptySheaf(GFP_NOLOCK);
    if (sheaf !== 0) return sheaf;
    this._hasMissed = true;
    return this._reserve.takeSheaf(cache);
  }

  isShort(): boolean {
    return this._hasMissed && this._reserve.isShort();
  }

  topUp(maySpin: boolean): void {
    this._reserve.topUp(maySpin);
    // Where that brought nothing, the next miss asks again.
    this._hasMissed = false;
  }

  giveBack(maySpin: boolean): void {
    this._reserve.giveBack(maySpin);
  }

  keep(sheaf: number): boolean {
    return this._reserve.keep(sheaf);
  }

  backOff(): void {
    this._reserve.backOff();
  }
}

/** Has none: every object waits through its own RcuHead. */
export class NoSource implements PointerPageSource {
  takeSheaf(): number {
    return 0;
  }

  isShort(): boolean {
    return false;
  }

  topUp(): void {}

  giveBack(): void {}

  keep(): boolean {
    return false;
  }

  backOff(): void {}
}

/**
 * Spins for each lock, also where the context forbids it; only a hook that runs inside one of these very locks, and
 * would wait for itself, tries.
 */
export class RawLockSource implements PointerPageSource {
  private readonly _words: Words;
  private readonly _geometry: Geometry;
  private readonly _tag: number;

  /** @param tag this thread's owner tag */
  constructor(words: Words, geometry: Geometry, tag: number) {
    this._words = words;
    this._geometry = geometry;
    this._tag = tag;
  }

  takeSheaf(cache: SlabCache): number {
    return cache.takeEmptySheaf(this._isInside(cache.id) ? GFP_NOLOCK : GFP_NOWAIT | __GFP_RAW_LOCK);
  }

  isShort(): boolean {
    return false;
  }

  topUp(): void {}

  giveBack(): void {}

  keep(): boolean {
    return false;
  }

  backOff(): void {}

  /** True while this thread holds a lock on the way to a sheaf. */
  private _isInside(cache: number): boolean {
    const geometry = this._geometry;
    for (let zone = 0; zone < geometry.zones; zone++) {
      if (this._holds(zoneStart(geometry, zone) + ZONE.lock)) return true;
    }
    return (
      this._holds(cacheStart(geometry, SHEAF_CACHE) + CACHE.listLock) ||
      this._holds(cacheStart(geometry, cache) + CACHE.barnLock)
    );
  }

  private _holds(lock: number): boolean {
    // Publishes nothing: only this thread writes its own tag.
    return (this._words.load(lock) & ~PENDING) === this._tag;
  }
}
