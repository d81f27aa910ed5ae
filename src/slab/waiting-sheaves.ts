/**
 * WaitingSheaves: the sealed sheaves of one thread, in the order in which they were sealed.
 *
 *     slot: waitingHead -> sheaf -> sheaf -> 0 <- waitingTail | waitingObjects, waitingWords: what they hold
 *
 * Who may call: the slot's thread. No call takes a lock but giveAll(), which tries one.
 *
 * I1  A sealed sheaf's cookie was taken after its last object was unlinked.
 * I2  Sealed sheaves wait in the order of their cookies.
 * I3  sheavesSealed - sheavesFreed = sheaves on the list, and those of them that are being freed or handed over.
 * I4  (sheaf-record:I2) A sheaf is marked from before it gets its first object until that one's grace period is known to be
 *     over and the sheaf is off this list: then it is found where it waits, if it waits.
 * P1  Both are published by atomic stores; observed by barriers, which seal nothing and wait for what they count.
 */
import type { Geometry } from '../layout/heap-header.js';
import { slotNumber } from '../layout/heap-layout.js';
import { SHEAF, SHEAF_HOLDER, sheafHolder } from '../layout/sheaf-record.js';
import { SLOT } from '../layout/thread-slot.js';
import type { GracePeriod } from '../rcu/grace-period.js';
import type { Leaver, Left, Orphans } from '../rcu/orphans.js';
import type { Words } from '../words/words.js';
import type { ObjectWords } from './object-words.js';

export interface WaitingSheavesParts {
  readonly words: Words;
  readonly geometry: Geometry;
  /** Word index of this thread's slot. */
  readonly slot: number;
  readonly gracePeriod: GracePeriod;
}

export class WaitingSheaves implements Leaver {
  private readonly _words: Words;
  private readonly _slot: number;
  private readonly _gracePeriod: GracePeriod;
  private readonly _sizes: ObjectWords;
  /** SHEAF.holder of this thread's sheaves in which nothing waits. */
  private readonly _holder: number;

  constructor({ words, geometry, slot, gracePeriod }: WaitingSheavesParts, sizes: ObjectWords) {
    this._words = words;
    this._slot = slot;
    this._gracePeriod = gracePeriod;
    this._sizes = sizes;
    this._holder = sheafHolder(slotNumber(geometry, slot));
  }

  /** The sheaf that has waited longest; 0 when none waits. */
  first(): number {
    return this._words.loadPlain(this._slot + SLOT.waitingHead);
  }

  /** first(), where its grace period is over; else 0. */
  firstDone(): number {
    const sheaf = this.first();
    if (sheaf === 0 || !this._gracePeriod.done(this._words.loadPlain(sheaf + SHEAF.cookie))) return 0;
    return sheaf;
  }

  /** Objects in all of them. */
  objects(): number {
    return this._words.loadPlain(this._slot + SLOT.waitingObjects);
  }

  /** Gives a sheaf its cookie: it waits from now on. */
  append(sheaf: number): void {
    const words = this._words;
    words.storePlain(sheaf + SHEAF.cookie, this._gracePeriod.snap());
    words.storePlain(sheaf + SHEAF.next, 0);
    const tail = words.loadPlain(this._slot + SLOT.waitingTail);
    if (tail === 0) words.storePlain(this._slot + SLOT.waitingHead, sheaf);
    else words.storePlain(tail + SHEAF.next, sheaf);
    words.storePlain(this._slot + SLOT.waitingTail, sheaf);
    this._add(SLOT.waitingObjects, words.loadPlain(sheaf));
    this._add(SLOT.waitingWords, this._sizes.ofSheaf(sheaf));
    this._countForBarriers(SLOT.sheavesSealed, 1);
  }

  /** Takes first() off. */
  takeFirst(sheaf: number): void {
    this._setFirst(this._words.loadPlain(sheaf + SHEAF.next));
    this._add(SLOT.waitingObjects, -this._words.loadPlain(sheaf));
    this._add(SLOT.waitingWords, -this._sizes.ofSheaf(sheaf));
  }

  /**
   * Says that readers may see the sheaf's objects, before it gets its first; or, after their grace period, that none can
   * any more.
   */
  mark(sheaf: number, waits: boolean): void {
    const holder = this._holder | (waits ? SHEAF_HOLDER.waiting : 0);
    this._words.storePlain(sheaf + SHEAF.holder, holder);
  }

  /** A sheaf is about to come from the orphans: says so, until endClaim(). */
  claim(sheaf: number): void {
    this.mark(sheaf, true);
    this._words.storePlain(this._slot + SLOT.adoptedSheaf, sheaf);
  }

  endClaim(): void {
    this._words.storePlain(this._slot + SLOT.adoptedSheaf, 0);
  }

  /** `count` sheaves that were taken off are dealt with. */
  finish(count: number): void {
    this._countForBarriers(SLOT.sheavesFreed, count);
  }

  /** How many are on the list, or off it and not dealt with yet. */
  length(): number {
    const sealed = this._words.loadPlain(this._slot + SLOT.sheavesSealed);
    return (sealed - this._words.loadPlain(this._slot + SLOT.sheavesFreed)) | 0;
  }

  /** Leaves all of them to others; false, and keeps them, where the lock of the orphans is busy. */
  giveAll(orphans: Orphans): boolean {
    return orphans.put(this.first(), 0, this.objects(), false, this);
  }

  /** All of them. */
  left(): Left {
    return { sheaves: this.first(), heads: 0, objects: this.objects() };
  }

  /** Takes all off: they are handed over, and linked to what lies there by now. */
  leaves(): void {
    const words = this._words;
    const count = this.length();
    const last = words.loadPlain(this._slot + SLOT.waitingTail);
    let sheaf = last === 0 ? 0 : this.first();
    while (sheaf !== 0) {
      this._add(SLOT.waitingWords, -this._sizes.ofSheaf(sheaf));
      sheaf = sheaf === last ? 0 : words.loadPlain(sheaf + SHEAF.next);
    }
    this._setFirst(0);
    words.storePlain(this._slot + SLOT.waitingObjects, 0);
    this.finish(count);
  }

  private _setFirst(sheaf: number): void {
    this._words.storePlain(this._slot + SLOT.waitingHead, sheaf);
    if (sheaf === 0) this._words.storePlain(this._slot + SLOT.waitingTail, 0);
  }

  /** Adds to a word that barriers of other threads look at. */
  private _countForBarriers(word: number, by: number): void {
    // P1: publishes what was done before; observed by barriers.
    this._words.store(this._slot + word, (this._words.loadPlain(this._slot + word) + by) | 0);
  }

  private _add(word: number, by: number): void {
    this._words.storePlain(this._slot + word, this._words.loadPlain(this._slot + word) + by);
  }
}
