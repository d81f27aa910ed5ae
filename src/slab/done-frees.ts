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
 *
 * I1  A thread that stops anywhere in here leaves each object where it waits, or is free, or told by an intent: an object of a
 *     head, or a block, from before it is off its list or out of its sheaf until it is free. What waits already may wait again.
 */
import { SHEAF_CACHE } from '../layout/cache-record.js';
import type { Geometry } from '../layout/heap-header.js';
import { descriptorStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageKind, pageOwner } from '../layout/page-descriptor.js';
import { MAX_SHEAF_CAPACITY, SHEAF } from '../layout/sheaf-record.js';
import { INTENT, INTENT_KIND, RCU_HEAD, SLOT } from '../layout/thread-slot.js';
import { allowSpinning } from '../pages/gfp.js';
import { isInSheaf, isOnList } from '../rcu/dead-slot.js';
import { Intents } from '../threads/intents.js';
import { PAGE_SHIFT } from '../words/units.js';
import type { Words } from '../words/words.js';
import type { KfreeRcuParts } from './kfree-rcu-parts.js';
import type { Kmalloc } from './kmalloc.js';
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
  private readonly _intents: Intents;
  /** Sheaves that run() frees where this thread may not spin. */
  private _share = SHEAVES_A_TURN;

  constructor(parts: KfreeRcuParts, waiting: WaitingSheaves, sizes: ObjectWords) {
    this._parts = parts;
    this._waiting = waiting;
    this._sizes = sizes;
    this._intents = new Intents(parts.words, parts.slot);
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
    const { heads, gracePeriod } = this._parts;
    heads.advance(gracePeriod.sequence());
    for (let freed = 0; freed < most; freed++) {
      const head = heads.firstDone();
      if (head === 0) break;
      this._freeHead(head);
    }
  }

  private _freeHead(head: number): void {
    const { words, heads, kmalloc } = this._parts;
    const p = head - words.loadPlain(head + RCU_HEAD.func);
    const frame = this._intents.open(INTENT_KIND.head, 0, p, head);
    try {
      heads.takeDone();
      this._intents.become(frame, INTENT_KIND.free);
      this._count(SLOT.freedThroughList, 1);
      this._count(SLOT.waitingWords, -this._sizes.of(p));
      kmalloc.free(p);
    } finally {
      this._intents.close(frame);
      // Also where it was no object any more: barriers count on it.
      heads.finish(1);
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
    this._waiting.mark(sheaf, false);
    if (caches.view(id).putFullSheaf(sheaf, maySpin)) this._count(SLOT.sheavesReused, 1);
  }

  /** The sheaf stays marked until it is empty: what is in it has to wait for nothing, but has to be found. */
  private _freeBlocks(sheaf: number, maySpin: boolean): void {
    const { words, source, caches } = this._parts;
    let left = words.loadPlain(sheaf + SHEAF.count);
    try {
      while (left > 0) this._freeBlock(sheaf, --left);
    } finally {
      // Left over where one of them was no block any more: the next ones are freed all the same.
      if (left > 0) this._waiting.append(sheaf);
      else {
        this._waiting.mark(sheaf, false);
        if (!source.keep(sheaf)) caches.sheaves.put(sheaf, maySpin);
      }
    }
  }

  /** Frees the last block of a sheaf, in which so many are `left` then. */
  private _freeBlock(sheaf: number, left: number): void {
    const { words, kmalloc } = this._parts;
    const block = words.loadPlain(sheaf + SHEAF.objects + left);
    const frame = this._intents.open(INTENT_KIND.head, 0, block, sheaf);
    try {
      words.storePlain(sheaf + SHEAF.count, left);
      this._intents.become(frame, INTENT_KIND.free);
      kmalloc.free(block);
      this._count(SLOT.freedThroughSheaf, 1);
    } finally {
      this._intents.close(frame);
    }
  }

  private _count(word: number, by: number): void {
    const { words, slot } = this._parts;
    words.storePlain(slot + word, words.loadPlain(slot + word) + by);
  }
}

/** The allocator over the slot of a dead thread, for who reaps it. */
export interface DeadFrees {
  readonly words: Words;
  readonly geometry: Geometry;
  /** Word index of the slot. */
  readonly start: number;
  readonly intents: Intents;
  readonly kmalloc: Pick<Kmalloc, 'free'>;
}

/** Finishes an intent of kind `head`: what is not on its list, or in its sheaf, any more is freed; the rest waits on. */
export function finishHead({ words, geometry, start, intents, kmalloc }: DeadFrees, frame: number): void {
  const p = words.loadPlain(frame + INTENT.a);
  const at = words.loadPlain(frame + INTENT.b);
  const state = words.loadPlain(descriptorStart(geometry, at >>> PAGE_SHIFT) + DESCRIPTOR.state);
  const isSheaf = pageKind(state) === PAGE_KIND.slab && pageOwner(state) === SHEAF_CACHE;
  if (isSheaf ? isInSheaf(words, at, p) : isOnList(words, start + SLOT.heads, at)) return;
  intents.become(frame, INTENT_KIND.free);
  kmalloc.free(p);
}
