/**
 * DoneFrees: what kfreeRcu does with what is through with its grace period.
 *
 *     sheaf of objects   to the barn whole, or its objects to this thread's own sheaves    SlabCache.putFullSheaf()
 *     sheaf of blocks    block by block to the page allocator; the sheaf is kept for the next
 *     head               the object that it lies in is freed
 *
 * A thread that may spin frees everything. One that may not frees, after each turn, one sheaf more than it has begun in
 * it, so that none of its turns ends late because others have held up a grace period for long. Where that leaves a backlog,
 * it hands all that waits to the orphans, for a thread that has the time: early, so that the way there is short.
 *
 * Who may call: the slot's thread, in a turn.
 */
import { SHEAF_CACHE } from '../layout/cache-record.js';
import { MAX_SHEAF_CAPACITY, SHEAF } from '../layout/sheaf-record.js';
import { RCU_HEAD, SLOT } from '../layout/thread-slot.js';
import { allowSpinning } from '../pages/gfp.js';
import type { KfreeRcuParts } from './kfree-rcu-parts.js';
import type { ObjectWords } from './object-words.js';
import type { WaitingSheaves } from './waiting-sheaves.js';

/** Sheaves that a thread which may not spin frees at the end of a turn, beside as many as it has begun. */
const SHEAVES_A_TURN = 1;
/** Sheaves that such a thread may have waiting before it leaves them to others. */
export const BACKLOG_SHEAVES = 16;
const EVERYTHING = 2 ** 31 - 1;

export class DoneFrees {
  private readonly _parts: KfreeRcuParts;
  private readonly _waiting: WaitingSheaves;
  private readonly _sizes: ObjectWords;
  /** Sheaves that run() frees where this thread may not spin. */
  private _share = SHEAVES_A_TURN;

  constructor(parts: KfreeRcuParts, waiting: WaitingSheaves, sizes: ObjectWords) {
    this._parts = parts;
    this._waiting = waiting;
    this._sizes = sizes;
  }

  /** A turn has ended in which this thread has begun so many sheaves. */
  allow(begun: number): void {
    this._share = SHEAVES_A_TURN + begun;
  }

  /** True where this thread has more waiting than it should, and leaves it to others. */
  hasBacklog(): boolean {
    return this._waiting.length() > BACKLOG_SHEAVES && !allowSpinning(this._parts.rights.most());
  }

  /** Frees what is done. */
  run(): void {
    const { rights, orphans } = this._parts;
    const maySpin = allowSpinning(rights.most());
    const most = maySpin ? EVERYTHING : this._share;
    this._freeSheaves(most, maySpin);
    if (this.hasBacklog()) this._waiting.giveAll(orphans);
    this._freeHeads(most * MAX_SHEAF_CAPACITY);
  }

  private _freeSheaves(most: number, maySpin: boolean): void {
    let taken = 0;
    try {
      while (taken < most) {
        const sheaf = this._waiting.firstDone();
        if (sheaf === 0) break;
        this._waiting.takeFirst(sheaf);
        taken++;
        this._freeSheaf(sheaf, maySpin);
      }
    } finally {
      // All at once: a store for each that others see would cost as much as the rest.
      if (taken > 0) this._waiting.finish(taken);
    }
  }

  private _freeHeads(most: number): void {
    const { words, heads, gracePeriod, kmalloc } = this._parts;
    heads.advance(gracePeriod.sequence());
    for (let freed = 0; freed < most; freed++) {
      const head = heads.takeDone();
      if (head === 0) break;
      const p = head - words.loadPlain(head + RCU_HEAD.func);
      this._count(SLOT.freedThroughList, 1);
      this._count(SLOT.waitingWords, -this._sizes.of(p));
      try {
        kmalloc.free(p);
      } finally {
        // Also where it was no object any more: barriers count on it.
        heads.finish(1);
      }
    }
  }

  private _freeSheaf(sheaf: number, maySpin: boolean): void {
    const { words, kmalloc, caches } = this._parts;
    const id = words.loadPlain(sheaf + SHEAF.cache);
    if (id === SHEAF_CACHE) {
      this._freeBlocks(sheaf, maySpin);
      return;
    }
    this._count(SLOT.freedThroughSheaf, words.loadPlain(sheaf + SHEAF.count));
    kmalloc.accounted.unchargeSheaf(sheaf);
    if (caches.view(id).putFullSheaf(sheaf, maySpin)) this._count(SLOT.sheavesReused, 1);
  }

  private _freeBlocks(sheaf: number, maySpin: boolean): void {
    const { words, kmalloc, source, caches } = this._parts;
    let left = words.loadPlain(sheaf + SHEAF.count);
    try {
      while (left > 0) {
        words.storePlain(sheaf + SHEAF.count, --left);
        kmalloc.free(words.loadPlain(sheaf + SHEAF.objects + left));
        this._count(SLOT.freedThroughSheaf, 1);
      }
    } finally {
      // Left over where one of them was no block any more: the next ones are freed all the same.
      if (left > 0) this._waiting.append(sheaf);
      else if (!source.keep(sheaf)) caches.sheaves.put(sheaf, maySpin);
    }
  }

  private _count(word: number, by: number): void {
    const { words, slot } = this._parts;
    words.storePlain(slot + word, words.loadPlain(slot + word) + by);
  }
}
