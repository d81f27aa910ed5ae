/**
 * Orphans: what waits for a grace period and whose thread is gone: it has left, or was found dead. Any thread takes over
 * sheaves and heads, and waits anew; callbacks go to a thread that has functions for them, and lie here until one has.
 *
 *     header: orphanLock | orphanSheaves -> sheaf -> 0 | orphanHeads -> RcuHead -> 0 | orphanObjects
 *                        | orphanCallbacks -> RcuHead -> 0 | orphanCallbackCount      callback record: orphans, of its id
 *
 * A thread that has looked does not look again until something came or went, or it has a new function.
 *
 * I1  What comes here lies on its list and is counted, THEN migrations goes up, THEN the counters of its old thread say
 *     that it is finished there. What goes counts as queued with its new thread, THEN migrations goes up, THEN it is
 *     counted here no more. So a barrier that finds migrations as it was has found everything in one place at least.
 *     With migrations goes callbackMigrations, where there are callbacks among it.
 * I2  A list may be on the list of its old or its new thread too, for as long as the lock is held. What is on neither is
 *     named by SLOT.adoptedSheaf or adoptedCallback of the thread that has the lock. (orphan-repair.ts)
 * I3  (sheaf-record:I2) A sheaf that lies here when nobody has the lock is nobody's; it has a new holder before it leaves.
 * P1  The lists are written under orphanLock: its release publishes, its acquire observes.
 * P2  The three steps of I1 are published by atomic accesses, in that order; observed by barriers, which load the counts of
 *     slots, THEN those here, THEN migrations, and have loaded migrations before all of them as well.
 */
import { CALLBACK } from '../layout/callback-record.js';
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { slotNumber } from '../layout/heap-layout.js';
import { SHEAF, SHEAF_HOLDER } from '../layout/sheaf-record.js';
import { CALLBACK_LIST, RCU_HEAD, SLOT } from '../layout/thread-slot.js';
import type { RawSpinLock } from '../locks/raw-spin-lock.js';
import type { Words } from '../words/words.js';
import type { CallbackFunctions } from './callback-functions.js';
import type { CallbackList } from './callback-list.js';
import { type CallbackCount, callbackRecords, countCallbacks } from './callback-records.js';
import { clearEstate, hasEstate, mendWaiting } from './dead-slot.js';
import { repairOrphans } from './orphan-repair.js';

/** Who takes over sheaves and heads. */
export interface Adopter {
  /** The sheaf is about to leave the orphans' list: says whose it is from now on. */
  claimSheaf(sheaf: number): void;
  adoptSheaf(sheaf: number): void;
  adoptHeads(first: number, count: number): void;
}

/** What a thread leaves: its first sheaf, its first head, and how many objects are in all of them. */
export interface Left {
  readonly sheaves: number;
  readonly heads: number;
  readonly objects: number;
}

/** Who leaves something. Takes no lock. */
export interface Leaver {
  /** Takes it off its own lists, and counts it as finished there. */
  leaves(): void;
  /** What it would leave now, where a hook may add to it. */
  left?(): Left;
}

/** Who leaves callbacks. Takes no lock. */
export type CallbackLeaver = Pick<Leaver, 'leaves'>;

/** Where the callbacks go that this thread takes over. */
export interface OwnCallbacks {
  readonly list: CallbackList;
  readonly functions: CallbackFunctions;
  /** Word index of the slot's adoptedCallback. */
  readonly adopted: number;
}

const EVERYBODY = 0x7fffffff;

/** Lists that were walked to their ends, before the lock is taken. */
interface Chains {
  readonly sheaves: number;
  readonly lastSheaf: number;
  readonly heads: number;
  readonly lastHead: number;
}

export class Orphans {
  private readonly _words: Words;
  private readonly _geometry: Geometry;
  private readonly _lock: RawSpinLock;
  private readonly _own: OwnCallbacks | undefined;
  /** What migrations was when this thread looked last. */
  private _seen = 0;
  private _stopped = false;

  /**
   * @param lock the lock at HEADER.orphanLock
   * @param own  undefined for who takes over no callbacks
   */
  constructor(words: Words, geometry: Geometry, lock: RawSpinLock, own?: OwnCallbacks) {
    this._words = words;
    this._geometry = geometry;
    this._lock = lock;
    this._own = own;
  }

  /** Objects in sheaves and at heads, as they were at some moment. */
  objects(): number {
    return this._words.loadPlain(HEADER.orphanObjects);
  }

  /** True when adopt() may find something that it did not find before. */
  hasNews(): boolean {
    return this._words.loadPlain(HEADER.migrations) !== this._seen;
  }

  /** What migrations was when this thread looked last. */
  seen(): number {
    return this._seen;
  }

  /** Has those look who sleep until callbacks come here. */
  wake(): void {
    this._words.notify(HEADER.migrations, EVERYBODY);
  }

  /** This thread has a new function, so that what it left here before may be for it. */
  lookAgain(): void {
    if (this._words.loadPlain(HEADER.orphanCallbackCount) === 0) return;
    this._seen = (this._words.loadPlain(HEADER.migrations) - 1) | 0;
  }

  /** This thread leaves: what it would take over it would have to leave again. */
  stop(): void {
    this._stopped = true;
  }

  /** This thread could not leave. */
  resume(): void {
    this._stopped = false;
  }

  /**
   * Leaves a list of sheaves, a list of heads, and the number of objects in both. `leaver` is told when they are here.
   * @returns false, and has left nothing, where another thread is at it and the caller may not spin
   */
  put(sheaves: number, heads: number, objects: number, maySpin = true, leaver?: Leaver): boolean {
    if (objects === 0) return true;
    const chains = this._chains(sheaves, heads);
    if (!this._acquireIf(maySpin)) return false;
    // A hook of this lock may have posted, and so made the lists longer: then they are walked again.
    const left = leaver?.left?.() ?? { sheaves, heads, objects };
    const isLonger = left.objects !== objects;
    this._addObjects(isLonger ? this._chains(left.sheaves, left.heads) : chains, left.objects);
    this._noteMigration(false);
    // I2: while the lock is held.
    leaver?.leaves();
    // orphans:P1: the release publishes both lists; observed by adopt().
    this._lock.release();
    return true;
  }

  /**
   * Leaves a list of callbacks; `leaver` as for put().
   * @returns how many of which; undefined, and has left nothing, as put()
   */
  putCallbacks(first: number, maySpin = true, leaver?: CallbackLeaver): CallbackCount[] | undefined {
    if (first === 0) return [];
    if (!this._acquireIf(maySpin)) return undefined;
    // A hook of this lock may have queued some behind the others: nothing is known of them before.
    const last = this._lastOf(first, RCU_HEAD.next);
    const counts = countCallbacks(this._words, first);
    this._addList(first, last, counts);
    this._noteMigration(true);
    leaver?.leaves();
    // orphans:P1: the release publishes the list; observed by adopt().
    this._lock.release();
    this.wake();
    return counts;
  }

  /**
   * Takes over all that waits in the slot of a dead thread; nothing where another thread has done so.
   *
   * @param start word index of the slot
   * @returns which callbacks; undefined, and has left everything as it was, where another thread is at it
   */
  takeEstate(start: number): CallbackCount[] | undefined {
    const words = this._words;
    // First: what a dead thread had in the middle of this lock may be on a list here.
    this.takeFromDead();
    mendWaiting(words, this._geometry, slotNumber(this._geometry, start));
    const counts = hasEstate(words, start) ? this._takeAll(start) : [];
    // Publishes nothing: also where others lay here, as who left them, or a reaper before, may have died before it woke.
    if (words.load(HEADER.orphanCallbackCount) !== 0) this.wake();
    return counts;
  }

  /** Takes the lock from a thread that was found dead, makes whole what it left, and lets go. Returns whether it was so. */
  takeFromDead(): boolean {
    if (!this._takeOver()) return false;
    // orphans:P1: the release publishes what was made whole.
    this._lock.release();
    return true;
  }

  /**
   * Gives `adopter` all objects, and this thread's list the callbacks that it can run; unless another thread is at it.
   *
   * @param takesObjects false for a thread whose turns must end in time: objects may be any number
   */
  adopt(adopter: Adopter, takesObjects = true): void {
    const words = this._words;
    // orphans:P1: the acquire observes what put() wrote.
    if (this._stopped || !this.hasNews() || !this._tryAcquire()) return;
    const objects = takesObjects ? this.objects() : 0;
    if (objects !== 0) this._giveObjects(adopter);
    const callbacks = this._takeCallbacks();
    if (objects !== 0 || callbacks.length > 0) {
      this._noteMigration(callbacks.length > 0);
      // P2: after migrations.
      if (objects !== 0) words.store(HEADER.orphanObjects, 0);
      for (const { record, callbacks: count } of callbacks) this._addCallbacks(record, -count);
    }
    this._seen = words.loadPlain(HEADER.migrations);
    this._lock.release();
  }

  /** takeEstate() of a slot that has something. */
  private _takeAll(start: number): CallbackCount[] | undefined {
    const words = this._words;
    if (!this._tryAcquire()) return undefined;
    const sheaves = words.loadPlain(start + SLOT.waitingHead);
    const heads = words.loadPlain(start + SLOT.heads + CALLBACK_LIST.head);
    const callbacks = words.loadPlain(start + SLOT.callbacks + CALLBACK_LIST.head);
    const counts = countCallbacks(words, callbacks);
    this._addObjects(this._chains(sheaves, heads), this._countObjects(sheaves, heads));
    this._addList(callbacks, this._lastOf(callbacks, RCU_HEAD.next), counts);
    this._noteMigration(callbacks !== 0);
    clearEstate(words, start);
    // orphans:P1: the release publishes the lists; observed by adopt().
    this._lock.release();
    return counts;
  }

  private _countObjects(sheaves: number, heads: number): number {
    const words = this._words;
    let objects = this._lengthOf(heads);
    for (let sheaf = sheaves; sheaf !== 0; sheaf = words.loadPlain(sheaf + SHEAF.next)) {
      objects += words.loadPlain(sheaf + SHEAF.count);
    }
    return objects;
  }

  private _giveObjects(adopter: Adopter): void {
    const words = this._words;
    for (let sheaf = this._firstSheaf(); sheaf !== 0; sheaf = this._firstSheaf()) {
      // I3, I2.
      adopter.claimSheaf(sheaf);
      // First: it has one link, which says what follows it here, or there.
      words.storePlain(HEADER.orphanSheaves, words.loadPlain(sheaf + SHEAF.next));
      adopter.adoptSheaf(sheaf);
    }
    const heads = words.loadPlain(HEADER.orphanHeads);
    if (heads === 0) return;
    adopter.adoptHeads(heads, this._lengthOf(heads));
    // I2: the whole list is on both.
    words.storePlain(HEADER.orphanHeads, 0);
  }

  private _firstSheaf(): number {
    return this._words.loadPlain(HEADER.orphanSheaves);
  }

  /** Moves the callbacks to this thread's list that it has functions for. Returns how many of which. */
  private _takeCallbacks(): CallbackCount[] {
    const own = this._own;
    const words = this._words;
    if (own === undefined || words.loadPlain(HEADER.orphanCallbackCount) === 0) return [];
    const mine: CallbackCount[] = [];
    for (const known of callbackRecords(words)) {
      const callbacks = words.loadPlain(known.record + CALLBACK.orphans);
      if (callbacks !== 0 && own.functions.has(known.id)) mine.push({ ...known, callbacks });
    }
    if (mine.length > 0) this._moveCallbacks(own);
    return mine;
  }

  private _moveCallbacks({ list, functions, adopted }: OwnCallbacks): void {
    const words = this._words;
    let link: number = HEADER.orphanCallbacks;
    for (let head = words.loadPlain(link); head !== 0; head = words.loadPlain(link)) {
      const id = words.loadPlain(head + RCU_HEAD.func);
      if (!functions.has(id)) {
        link = head + RCU_HEAD.next;
        continue;
      }
      // I2: before it is off the one list, and until it is on the other.
      words.storePlain(adopted, head);
      words.storePlain(link, words.loadPlain(head + RCU_HEAD.next));
      list.enqueue(head, id);
    }
    words.storePlain(adopted, 0);
  }

  private _noteMigration(ofCallbacks: boolean): void {
    // P2: between the one count and the other; observed by barriers.
    this._words.add(HEADER.migrations, 1);
    // P2: as above.
    if (ofCallbacks) this._words.add(HEADER.callbackMigrations, 1);
  }

  private _addCallbacks(record: number, count: number): void {
    const words = this._words;
    if (record !== 0) {
      // P2: before migrations, or after.
      words.store(record + CALLBACK.orphans, words.loadPlain(record + CALLBACK.orphans) + count);
    }
    const all = words.loadPlain(HEADER.orphanCallbackCount) + count;
    // P2: as those of the record.
    words.store(HEADER.orphanCallbackCount, all);
  }

  private _acquireIf(maySpin: boolean): boolean {
    return this._takeOver() || this._lock.acquireIf(maySpin);
  }

  private _tryAcquire(): boolean {
    return this._lock.tryAcquire() || this._takeOver();
  }

  /** Takes the lock from a thread that was found dead, and makes whole what it left. */
  private _takeOver(): boolean {
    if (!this._lock.takeFromDead(this._geometry)) return false;
    repairOrphans(this._words, this._geometry);
    return true;
  }

  private _chains(sheaves: number, heads: number): Chains {
    const lastSheaf = this._lastOf(sheaves, SHEAF.next);
    return { sheaves, lastSheaf, heads, lastHead: this._lastOf(heads, RCU_HEAD.next) };
  }

  private _addObjects({ sheaves, lastSheaf, heads, lastHead }: Chains, objects: number): void {
    const words = this._words;
    for (let sheaf = sheaves; sheaf !== 0; sheaf = words.loadPlain(sheaf + SHEAF.next)) {
      words.storePlain(sheaf + SHEAF.holder, SHEAF_HOLDER.nobody);
    }
    this._prepend(HEADER.orphanSheaves, sheaves, lastSheaf + SHEAF.next);
    this._prepend(HEADER.orphanHeads, heads, lastHead + RCU_HEAD.next);
    // P2: before migrations.
    words.store(HEADER.orphanObjects, words.loadPlain(HEADER.orphanObjects) + objects);
  }

  private _addList(first: number, last: number, counts: readonly CallbackCount[]): void {
    this._prepend(HEADER.orphanCallbacks, first, last + RCU_HEAD.next);
    for (const { record, callbacks } of counts) this._addCallbacks(record, callbacks);
  }

  private _prepend(headWord: number, first: number, lastNext: number): void {
    if (first === 0) return;
    const words = this._words;
    words.storePlain(lastNext, words.loadPlain(headWord));
    words.storePlain(headWord, first);
  }

  private _lastOf(first: number, nextWord: number): number {
    let last = first;
    if (first === 0) return 0;
    for (let next = first; next !== 0; next = this._words.loadPlain(last + nextWord)) last = next;
    return last;
  }

  private _lengthOf(heads: number): number {
    let length = 0;
    for (let head = heads; head !== 0; head = this._words.loadPlain(head + RCU_HEAD.next)) length++;
    return length;
  }
}
