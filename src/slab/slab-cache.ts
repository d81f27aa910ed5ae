/**
 * SlabCache: one thread's view of a cache of equal objects. This file holds the ways that are taken when the
 * thread's main sheaf does not serve: a few operations in a hundred.
 *
 *     alloc:  main -> spare -> a full sheaf from the barn -> fill main from slabs -> one object from a slab
 *     free:   main -> spare -> main to the barn for an empty one -> flush main to its slabs
 *             may not spin, and a lock is busy: the object's slab -> the cache's deferred list
 *
 * Sheaves of this thread stand in its slot (CACHE_SLOT): main is never 0, but the bootstrap sheaf of capacity
 * 0 where the thread has none.
 *
 *     slow path:  main, - --take in hand--> bootstrap, main --...--> bootstrap, another --put back--> another, -
 *
 * A hook may run just after a lock is taken and just before it is let go, in the middle of a slow path. What it does
 * with the same cache falls through the bootstrap sheaf into the slow path as well, finds a sheaf in hand, and goes
 * another way: an allocation is refused, a free is deferred. putFullSheaf() and its like touch sheaves of the slot only
 * while they hold no lock, and keep nothing of them, so a hook inside of them may do anything.
 *
 * I1  main and spare belong to the slot's owner; a sheaf stands in one place only.
 * I2  inHand is not 0 exactly while a slow path that takes locks runs; then main is the bootstrap sheaf, and the sheaf in hand is the
 *     slot's, whatever happens to its thread.
 * I3  Before an object leaves a sheaf for good it stands in SLOT.inHand.
 *
 * Follows mm/slub.c (__pcs_replace_empty_main, __pcs_replace_full_main).
 */
import { settleFront } from '../groups/stock-moves.js';
import { noteActivity } from '../layout/activity.js';
import { HEADER } from '../layout/heap-header.js';
import { SHEAF } from '../layout/sheaf-record.js';
import { ACTIVITY, CACHE_SLOT, SLOT } from '../layout/thread-slot.js';
import { LockTimeoutError } from '../locks/lock-errors.js';
import { allowSpinning, type Gfp } from '../pages/gfp.js';
import type { Words } from '../words/words.js';
import type { Barn } from './barn.js';
import { moveToThread, putObject, roomOfThread } from './sheaf-moves.js';
import type { SheafSource } from './sheaf-source.js';
import type { SlabList } from './slab-list.js';

/** What a SlabCache is made of. */
export interface SlabCacheParts {
  readonly words: Words;
  readonly id: number;
  /** Of an object, for its user. */
  readonly objectWords: number;
  readonly sheafCapacity: number;
  /** Word index of this thread's slot, where it counts. */
  readonly threadSlot: number;
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
  private readonly _threadSlot: number;
  private readonly _slot: number;
  readonly slabs: SlabList;
  private readonly _barn: Barn;
  private readonly _sheaves: SheafSource;

  constructor(parts: SlabCacheParts) {
    this.id = parts.id;
    this.objectWords = parts.objectWords;
    this._words = parts.words;
    this._sheafCapacity = parts.sheafCapacity;
    this._threadSlot = parts.threadSlot;
    this._slot = parts.slot;
    this.slabs = parts.slabs;
    this._barn = parts.barn;
    this._sheaves = parts.sheaves;
  }

  /** Takes an object when main is empty; 0 when none is to be had, or this thread is inside already. */
  allocSlow(gfp: Gfp): number {
    const words = this._words;
    if (words.loadPlain(this._slot + CACHE_SLOT.inHand) !== 0) return 0;
    // No lock, so no hook: the two can change places without being taken in hand.
    const spare = words.loadPlain(this._slot + CACHE_SLOT.spare);
    if (spare !== 0 && words.loadPlain(spare + SHEAF.count) > 0) {
      this._swapMainAndSpare(spare);
      return this._pop(spare);
    }
    this._takeInHand();
    try {
      return this._allocInHand(gfp);
    } finally {
      this._putBack();
    }
  }

  /** Takes back an object when main is full. Where it may not spin it tries each lock once. */
  freeSlow(object: number, gfp: Gfp): void {
    const words = this._words;
    if (words.loadPlain(this._slot + CACHE_SLOT.inHand) !== 0) {
      this.slabs.defer(object);
      this._count(SLOT.objectsDeferred, 1);
      return;
    }
    const spare = words.loadPlain(this._slot + CACHE_SLOT.spare);
    if (spare !== 0 && words.loadPlain(spare + SHEAF.count) < words.loadPlain(spare + SHEAF.capacity)) {
      this._swapMainAndSpare(spare);
      putObject(words, spare, object);
      return;
    }
    this._takeInHand();
    try {
      this._freeInHand(object, gfp);
    } finally {
      this._putBack();
    }
  }

  /** An empty sheaf from the barn, or a new one; 0 when no memory is to be had. */
  takeEmptySheaf(gfp: Gfp): number {
    const empty = this._barn.takeEmpty(allowSpinning(gfp));
    return empty !== 0 ? empty : this._sheaves.take(this.id, this._sheafCapacity, gfp);
  }

  /** Makes an empty sheaf that came from elsewhere one of this cache. */
  adoptSheaf(sheaf: number): void {
    this._sheaves.dedicate(sheaf, this.id, this._sheafCapacity);
  }

  /** Takes back an empty sheaf. */
  putEmptySheaf(sheaf: number, maySpin = true): void {
    if (!this._barn.putEmpty(sheaf, maySpin)) this._sheaves.put(sheaf, maySpin);
  }

  /**
   * Takes a sheaf of free objects: whole where the barn has room, unless it is less than half full and this thread's own
   * sheaves take what is in it.
   * @returns whether it went whole
   */
  putFullSheaf(sheaf: number, maySpin = true): boolean {
    const count = this._words.loadPlain(sheaf + SHEAF.count);
    const isSmall = 2 * count < this._words.loadPlain(sheaf + SHEAF.capacity);
    if (!(isSmall && count <= roomOfThread(this._words, this._slot)) && this._barn.putFull(sheaf, maySpin))
      return true;
    moveToThread(this._words, sheaf, this._slot);
    if (this._words.loadPlain(sheaf + SHEAF.count) > 0) this._flushSheaf(sheaf, maySpin);
    this.putEmptySheaf(sheaf, maySpin);
    return false;
  }

  /** Takes back a sheaf and what is in it, all to where it came from. */
  discardSheaf(sheaf: number, maySpin = true): void {
    this._flushSheaf(sheaf, maySpin);
    this._sheaves.put(sheaf, maySpin);
  }

  /** Gives back what this thread keeps of the cache; nothing where this thread is in the middle of using it. */
  flush(maySpin = true): void {
    if (this._words.loadPlain(this._slot + CACHE_SLOT.inHand) !== 0) return;
    // stock-moves:I2
    settleFront(this._words, this._threadSlot);
    this._takeInHand();
    try {
      this._flushInHand(maySpin);
    } finally {
      this._putBack();
    }
  }

  /** Gives back what this thread and the barn keep, and every slab without an object in use. */
  shrink(maySpin = true): void {
    this.flush(maySpin);
    for (let full = this._barn.takeFull(maySpin); full !== 0; full = this._barn.takeFull(maySpin)) {
      this.discardSheaf(full, maySpin);
    }
    for (let empty = this._barn.takeEmpty(maySpin); empty !== 0; empty = this._barn.takeEmpty(maySpin)) {
      this._sheaves.put(empty, maySpin);
    }
    this.slabs.shrink(maySpin);
  }

  private _allocInHand(gfp: Gfp): number {
    const words = this._words;
    const spare = words.loadPlain(this._slot + CACHE_SLOT.spare);
    const full = this._barn.takeFull(allowSpinning(gfp));
    if (full !== 0) {
      this._replaceEmpty(full, spare, allowSpinning(gfp));
      this._count(SLOT.sheavesFromBarn, 1);
      return this._pop(full);
    }
    const main = words.loadPlain(this._slot + CACHE_SLOT.inHand);
    if (main === HEADER.bootstrapSheaf) return this._allocWithSheaf(gfp);
    if (this.slabs.fill(main, gfp) === 0) return 0;
    this._count(SLOT.sheavesFilled, 1);
    return this._pop(main);
  }

  /** Takes an object first, and only then a sheaf to fill for the next: the last page serves the caller. */
  private _allocWithSheaf(gfp: Gfp): number {
    const object = this.slabs.takeOne(gfp);
    if (object === 0) return 0;
    try {
      this._beginSheaf(gfp);
    } catch (error) {
      // There is an object, so the caller need not hear that a lock is a dead thread's, or that the stack has come to its end.
      if (!(error instanceof LockTimeoutError || error instanceof RangeError)) throw error;
    }
    return object;
  }

  private _beginSheaf(gfp: Gfp): void {
    const sheaf = this.takeEmptySheaf(gfp);
    if (sheaf === 0) return;
    this._words.storePlain(this._slot + CACHE_SLOT.inHand, sheaf);
    // Room for the object itself: or main would be full one object early, and each round trip a slow path.
    if (this.slabs.refill(sheaf, gfp, 1) > 0) this._count(SLOT.sheavesFilled, 1);
  }

  private _freeInHand(object: number, gfp: Gfp): void {
    const words = this._words;
    const spare = words.loadPlain(this._slot + CACHE_SLOT.spare);
    const maySpin = allowSpinning(gfp);
    // A free that may not spin allocates nothing: its steps are few.
    const empty = maySpin ? this._findEmptySheaf(gfp) : this._barn.takeEmpty(false);
    if (empty !== 0 && this._replaceFull(empty, spare, maySpin)) {
      putObject(words, empty, object);
      return;
    }
    if (empty !== 0) this.putEmptySheaf(empty, maySpin);
    const main = words.loadPlain(this._slot + CACHE_SLOT.inHand);
    if (maySpin && main !== HEADER.bootstrapSheaf) {
      this._flushSheaf(main, true);
      putObject(words, main, object);
    } else if (!this.slabs.putOne(object, maySpin)) {
      this._count(SLOT.objectsDeferred, 1);
    }
  }

  /** takeEmptySheaf() for a free, which goes on without where a lock is not to be had at all. */
  private _findEmptySheaf(gfp: Gfp): number {
    try {
      return this.takeEmptySheaf(gfp);
    } catch (error) {
      if (!(error instanceof LockTimeoutError)) throw error;
      return 0;
    }
  }

  private _flushInHand(maySpin: boolean): void {
    const words = this._words;
    const main = words.loadPlain(this._slot + CACHE_SLOT.inHand);
    const spare = words.loadPlain(this._slot + CACHE_SLOT.spare);
    words.storePlain(this._slot + CACHE_SLOT.inHand, HEADER.bootstrapSheaf);
    words.storePlain(this._slot + CACHE_SLOT.spare, 0);
    if (main !== HEADER.bootstrapSheaf) this.discardSheaf(main, maySpin);
    if (spare !== 0) this.discardSheaf(spare, maySpin);
  }

  private _flushSheaf(sheaf: number, maySpin: boolean): void {
    this._count(SLOT.objectsDeferred, this.slabs.flush(sheaf, maySpin));
    this._count(SLOT.sheavesFlushed, 1);
  }

  /** Begins a slow path that takes locks. */
  private _takeInHand(): void {
    const words = this._words;
    noteActivity(words, this._threadSlot, ACTIVITY.sheaf);
    words.storePlain(this._slot + CACHE_SLOT.inHand, words.loadPlain(this._slot + CACHE_SLOT.main));
    words.storePlain(this._slot + CACHE_SLOT.main, HEADER.bootstrapSheaf);
  }

  /** Ends it: the sheaf in hand is main. */
  private _putBack(): void {
    const words = this._words;
    words.storePlain(this._slot + CACHE_SLOT.main, words.loadPlain(this._slot + CACHE_SLOT.inHand));
    words.storePlain(this._slot + CACHE_SLOT.inHand, 0);
  }

  private _swapMainAndSpare(spare: number): void {
    const words = this._words;
    const main = words.loadPlain(this._slot + CACHE_SLOT.main);
    words.storePlain(this._slot + CACHE_SLOT.spare, main === HEADER.bootstrapSheaf ? 0 : main);
    words.storePlain(this._slot + CACHE_SLOT.main, spare);
  }

  /** Takes `full` in hand; the empty sheaf that was becomes the spare, or goes back. */
  private _replaceEmpty(full: number, spare: number, maySpin: boolean): void {
    const words = this._words;
    const main = words.loadPlain(this._slot + CACHE_SLOT.inHand);
    if (main !== HEADER.bootstrapSheaf && spare === 0) words.storePlain(this._slot + CACHE_SLOT.spare, main);
    words.storePlain(this._slot + CACHE_SLOT.inHand, full);
    if (main !== HEADER.bootstrapSheaf && spare !== 0) this.putEmptySheaf(main, maySpin);
  }

  /** Takes `empty` in hand, where the full sheaf that was has a place to go: as the spare, or in the barn. */
  private _replaceFull(empty: number, spare: number, maySpin: boolean): boolean {
    const words = this._words;
    const main = words.loadPlain(this._slot + CACHE_SLOT.inHand);
    if (main !== HEADER.bootstrapSheaf) {
      if (spare === 0) words.storePlain(this._slot + CACHE_SLOT.spare, main);
      else if (this._barn.putFull(main, maySpin)) this._count(SLOT.sheavesToBarn, 1);
      else return false;
    }
    words.storePlain(this._slot + CACHE_SLOT.inHand, empty);
    return true;
  }

  private _pop(sheaf: number): number {
    const count = this._words.loadPlain(sheaf + SHEAF.count) - 1;
    const object = this._words.loadPlain(sheaf + SHEAF.objects + count);
    // intents:I2: first.
    this._words.storePlain(this._threadSlot + SLOT.inHand, object);
    this._words.storePlain(sheaf + SHEAF.count, count);
    return object;
  }

  private _count(word: number, by: number): void {
    this._words.storePlain(this._threadSlot + word, this._words.loadPlain(this._threadSlot + word) + by);
  }
}
