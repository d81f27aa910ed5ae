/**
 * SheafReserve: empty sheaves that one thread has set aside for kfreeRcu, so that it can have one without any lock.
 *
 *     slot: reservedHead -> sheaf -> sheaf -> 0, reservedCount
 *
 *     thread-list   none left: a page of the thread's own list becomes a slab of sheaves, all of them set aside
 *     reserved      none left: 0; between turns as many are taken as are missing
 *     opportunistic as reserved, after the source had to come here
 *
 * A slab that was made without listLock is in its cache's books from when the first of its sheaves comes back
 * (LISTED.carved).
 *
 * Who may call: the slot's thread. No call takes a lock between two words that belong together, so a hook that comes back
 * in the middle finds the list whole.
 *
 * I1  reservedCount = sheaves on the list. They are objects of SHEAF_CACHE in use, name no cache, and have this thread as
 *     their holder.
 */
import { CACHE, SHEAF_CACHE } from '../layout/cache-record.js';
import type { Geometry } from '../layout/heap-header.js';
import { cacheStart } from '../layout/heap-layout.js';
import { SHEAF, SHEAF_WORDS } from '../layout/sheaf-record.js';
import { SLOT } from '../layout/thread-slot.js';
import { GFP_NOLOCK, GFP_NOWAIT } from '../pages/gfp.js';
import type { Host } from '../words/host.js';
import type { Words } from '../words/words.js';
import type { PointerPageSource } from './pointer-page-source.js';
import type { SheafSource } from './sheaf-source.js';
import type { SlabCache } from './slab-cache.js';

/** How long nothing is set aside after memory was short, as the kernel's rcu_delay_page_cache_fill_msec. */
export const BACK_OFF_MILLIS = 5000;

export class SheafReserve implements PointerPageSource {
  private readonly _words: Words;
  private readonly _slot: number;
  private readonly _record: number;
  private readonly _wanted: number;
  private readonly _carves: boolean;
  private readonly _sheaves: SheafSource;
  private readonly _host: Host;
  private _restsUntilMillis = Number.NEGATIVE_INFINITY;

  /**
   * @param slot   word index of this thread's slot
   * @param wanted how many sheaves topUp() sets aside
   * @param carves whether takeSheaf() cuts up a page of the thread's own list when none is left
   */
  constructor(
    words: Words,
    geometry: Geometry,
    slot: number,
    wanted: number,
    carves: boolean,
    sheaves: SheafSource,
    host: Host,
  ) {
    this._words = words;
    this._slot = slot;
    this._record = cacheStart(geometry, SHEAF_CACHE);
    this._wanted = wanted;
    this._carves = carves;
    this._sheaves = sheaves;
    this._host = host;
  }

  takeSheaf(cache: SlabCache): number {
    if (this._count() === 0 && this._carves) this._carve();
    const sheaf = this._pop();
    if (sheaf !== 0) cache.adoptSheaf(sheaf);
    return sheaf;
  }

  isShort(): boolean {
    return this._count() < this._wanted && !this._rests();
  }

  topUp(maySpin: boolean): void {
    if (this._rests()) return;
    while (this._count() < this._wanted) {
      const sheaf = this._sheaves.take(SHEAF_CACHE, 0, maySpin ? GFP_NOWAIT : GFP_NOLOCK);
      if (sheaf === 0) return;
      this._push(sheaf);
    }
  }

  giveBack(maySpin: boolean): void {
    for (let sheaf = this._pop(); sheaf !== 0; sheaf = this._pop()) this._sheaves.put(sheaf, maySpin);
  }

  keep(sheaf: number): boolean {
    if (this._count() >= this._wanted || this._rests()) return false;
    this._push(sheaf);
    return true;
  }

  backOff(): void {
    this._restsUntilMillis = this._host.nowMillis() + BACK_OFF_MILLIS;
  }

  private _rests(): boolean {
    // First: the clock makes an object each time.
    return this._restsUntilMillis !== 0 && this._host.nowMillis() < this._restsUntilMillis;
  }

  private _carve(): void {
    const start = this._sheaves.carve();
    if (start === 0) return;
    const objects = this._words.loadPlain(this._record + CACHE.slabObjects);
    for (let i = objects - 1; i >= 0; i--) this._push(start + i * SHEAF_WORDS);
  }

  private _push(sheaf: number): void {
    const words = this._words;
    words.storePlain(sheaf + SHEAF.count, 0);
    words.storePlain(sheaf + SHEAF.cache, SHEAF_CACHE);
    words.storePlain(sheaf + SHEAF.next, words.loadPlain(this._slot + SLOT.reservedHead));
    words.storePlain(this._slot + SLOT.reservedHead, sheaf);
    this._add(SLOT.reservedCount, 1);
  }

  private _pop(): number {
    const words = this._words;
    const sheaf = words.loadPlain(this._slot + SLOT.reservedHead);
    if (sheaf === 0) return 0;
    words.storePlain(this._slot + SLOT.reservedHead, words.loadPlain(sheaf + SHEAF.next));
    this._add(SLOT.reservedCount, -1);
    return sheaf;
  }

  private _count(): number {
    return this._words.loadPlain(this._slot + SLOT.reservedCount);
  }

  private _add(word: number, by: number): void {
    this._words.storePlain(this._slot + word, this._words.loadPlain(this._slot + word) + by);
  }
}
