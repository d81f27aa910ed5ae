/**
 * DeferredObjects: objects of one cache that were freed where no lock could be had. Any thread pushes, in any context;
 * who holds the cache's listLock and may spin takes them all, and puts them on their slabs.
 *
 *     deferred -> object -> object -> 0      an llist, through the word of the object that links it
 *     takeAll: draining -> object -> 0       takeNext: drained = object, draining -> 0
 *
 * Both ends tell in shared words what they have in hand, for the day that their thread is found dead:
 *
 *     push      SLOT.deferring = object, on the list, out of where it was, SLOT.deferring = 0
 *     takeNext  leaves an object that somebody's `deferring` names on the list: its free is not over
 *
 * So a thread that stops in the middle has pushed what it was deferring exactly if that is on the list.
 *
 * Who may call: push, any thread in any context; the others who holds listLock.
 *
 * I1  (cache-record:I3) an object on the list counts as in use on its slab, and so does one that is being drained.
 * P1  (cache-record:P2) push publishes the object's link, takeAll observes it.
 * P2  Who pushes stores `deferring`, THEN the object's place on the list; who takes the list loads `deferring` after it. So
 *     of every object that it took it is told whether its push is over, or that it may not be.
 *
 * Follows mm/slub.c (defer_free, free_deferred_objects); the word that says what is not to be freed yet is a hazard
 * pointer.
 */
import { CACHE } from '../layout/cache-record.js';
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { SHEAF, SHEAF_HOLDER } from '../layout/sheaf-record.js';
import { SLOT } from '../layout/thread-slot.js';
import { Intents } from '../threads/intents.js';
import { llistAdd, llistTakeAll } from '../words/llist.js';
import type { Words } from '../words/words.js';

export class DeferredObjects {
  private readonly _words: Words;
  private readonly _geometry: Geometry;
  private readonly _slot: number;
  private readonly _record: number;
  private readonly _link: number;
  private readonly _intents: Intents;
  /** Objects of which the push may not be over, as takeAll() found them. */
  private readonly _pushing: number[] = [];

  /**
   * @param slot   word index of this thread's slot
   * @param record index of the cache's record
   * @param link   the word of an object that links it (CACHE.linkOffset)
   */
  constructor(words: Words, geometry: Geometry, slot: number, record: number, link = 0) {
    this._words = words;
    this._geometry = geometry;
    this._slot = slot;
    this._record = record;
    this._link = link;
    this._intents = new Intents(words, slot);
  }

  /** Puts an object on the list. Neither spins nor waits. */
  push(object: number): void {
    this._begin(object);
    this._end();
  }

  /** push() of a sheaf, which is nobody's then. */
  pushSheaf(sheaf: number): void {
    this._begin(sheaf);
    this._words.storePlain(sheaf + SHEAF.holder, SHEAF_HOLDER.nobody);
    this._end();
  }

  /** push() of every object of a sheaf, one after the other, each of which leaves the sheaf. Returns how many. */
  pushAllOf(sheaf: number): number {
    const words = this._words;
    const count = words.loadPlain(sheaf + SHEAF.count);
    for (let left = count - 1; left >= 0; left--) {
      this._begin(words.loadPlain(sheaf + SHEAF.objects + left));
      words.storePlain(sheaf + SHEAF.count, left);
      this._end();
    }
    return count;
  }

  /** Takes the whole list; false where there is nothing on it. */
  takeAll(): boolean {
    const words = this._words;
    const list = this._record + CACHE.deferred;
    // A stale 0 only leaves the objects to the next caller.
    if (words.loadPlain(list) === 0) return false;
    // P1: observes each object's link. Where this thread stops before the list is empty, its first object is found on it.
    llistTakeAll(words, list, this._record + CACHE.draining);
    this._notePushes();
    return true;
  }

  /** The next object that is to go on its slab; 0 when all that takeAll() took have gone. */
  takeNext(): number {
    const words = this._words;
    const draining = this._record + CACHE.draining;
    const drained = this._record + CACHE.drained;
    for (let object = words.loadPlain(draining); object !== 0; object = words.loadPlain(draining)) {
      words.storePlain(drained, object);
      words.storePlain(draining, words.loadPlain(object + this._link));
      if (!this._pushing.includes(object)) return object;
      // P1: as its push did.
      llistAdd(words, this._record + CACHE.deferred, object, object + this._link);
    }
    words.storePlain(drained, 0);
    return 0;
  }

  private _begin(object: number): void {
    // P2: published before the object is on the list; observed by who takes that.
    this._words.store(this._slot + SLOT.deferring, object);
    // P1: publishes the object's link; observed by takeAll().
    llistAdd(this._words, this._record + CACHE.deferred, object, object + this._link);
    // Counter only.
    this._words.add(this._record + CACHE.deferredFrees, 1);
    this._intents.settle(object);
  }

  private _end(): void {
    // P2: publishes that this thread has it no more; observed by who takes the list.
    this._words.store(this._slot + SLOT.deferring, 0);
  }

  private _notePushes(): void {
    const words = this._words;
    this._pushing.length = 0;
    // thread-registry:P2: a slot that this load misses had pushed nothing when the list was taken.
    const claimed = words.load(HEADER.slotsClaimed);
    for (let slot = 0; slot < claimed; slot++) {
      // P2: observes what the owner of the slot is pushing.
      const object = words.load(slotStart(this._geometry, slot) + SLOT.deferring);
      if (object !== 0) this._pushing.push(object);
    }
  }
}
