/**
 * Semaphore: so many permits, each of which one thread at a time has, for as long as it likes and over an await.
 *
 *     owner word   WAITERS while anybody waits in the queue; else 0
 *     permits      [ 0 | 0x0102 | 0 | 0x0301 | .. ]     one word each: 0 = free, else the tag of the thread that has it
 *
 *     tryAcquire()    at once or not at all                  any context
 *     acquireSync()   sleeps until there is one              threads that may wait, outside of turn(fn)
 *     acquire()       async                                  any thread with an event loop
 *
 * Each returns a permit, which is given back once: permit.release(), or `using permit = ...`. Permits of a thread that
 * dies are free again: nobody has to be told, since a permit guards nothing by itself.
 *
 * I1  `_given[i]` is set exactly while permit word i holds this thread's tag.
 * I2  Who was in the queue looks, once it has left, whether a permit is free, and wakes the next: one that it kept
 *     waiting by being the next itself may have been woken in vain.
 * P1  release's store publishes what was written while holding; observed by the compareExchange of the next.
 * P2  (wait-queue:P1) release frees the permit, THEN looks at the owner word, and there for waiters. A waiter
 *     stores its place, THEN sets WAITERS, THEN looks at the permits.
 * P3  Who clears WAITERS looks for waiters after it, and sets it again where there is one.
 *
 * Follows kernel/locking/semaphore.c in what it offers; there a count says how many are left, and a dead owner's is lost.
 */
import { LOCK, WAITERS } from '../layout/lock-record.js';
import { requireDeepStack } from '../words/stack-room.js';
import type { Words } from '../words/words.js';
import { type LockClass, type LockObserver, lockClass, TAKEN, WAIT } from './lock-class.js';
import { LockTimeoutError, usedAfterDetach } from './lock-errors.js';
import { holderOf } from './lock-holder.js';
import { asyncLimitOf, awaitLock, type LockOptions, limitOf, type WaitLimit } from './lock-options.js';
import type { LockThread } from './lock-thread.js';
import { isDead, slotOfTag } from './owner.js';
import { WaitQueue } from './wait-queue.js';
import { type Waitable, Waiters } from './waiters.js';

const NONE = -1;
/** A semaphore knows one way of being taken. */
const ANY_PERMIT = 0;
/** What to do about permits that are held for long. */
const HELD_LONG = 'Hold permits for less, wait for longer, or let heap.watch() tell when their owners die.';

/** A permit that this thread has. */
export class Permit {
  private readonly _semaphore: Semaphore;
  private readonly _index: number;

  constructor(semaphore: Semaphore, index: number) {
    this._semaphore = semaphore;
    this._index = index;
  }

  /** Gives the permit back and wakes a waiter. Error when it was given back before. */
  release(): void {
    this._semaphore.releaseFrom(this, this._index);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

export class Semaphore implements Waitable {
  readonly name: string;
  /** With its kind, for messages. */
  private readonly _fullName: string;
  private readonly _words: Words;
  private readonly _thread: LockThread;
  private readonly _observer: LockObserver;
  private readonly _class: LockClass;
  private readonly _record: number;
  private readonly _permits: number;
  private readonly _queue: WaitQueue;
  private readonly _waiters: Waiters;
  /** By number of the permit. */
  private readonly _given: (Permit | undefined)[] = [];
  /** Where to look first: a permit that this thread had, or one that the others do not look at first. */
  private _hint: number;
  /** What the last attempt() that was granted has taken. */
  private _taken = NONE;

  /** @param record address of a lock record of kind semaphore, whose size says how many permits there are */
  constructor(thread: LockThread, record: number, name: string) {
    this.name = name;
    this._fullName = `semaphore '${name}'`;
    this._words = thread.words;
    this._thread = thread;
    this._observer = thread.observer;
    this._class = lockClass(`semaphore ${name}`, WAIT.sleep);
    this._record = record;
    this._permits = record + LOCK.waiters + thread.geometry.slots;
    this._hint = thread.slot;
    this._queue = new WaitQueue(thread, record);
    this._waiters = new Waiters(thread, this._queue, this);
  }

  /**
   * Takes a permit if one is free.
   *
   * @returns the permit, or undefined where others have them all
   *
   * Context  Any.
   */
  tryAcquire(): Permit | undefined {
    requireDeepStack();
    if (!this._thread.isAttached) throw usedAfterDetach('tryAcquire()', this._fullName);
    const index = this._takeInPassing();
    if (index === NONE) return undefined;
    try {
      this._tell(TAKEN.trylock);
    } catch (report) {
      this._free(index);
      throw report;
    }
    return this._give(index);
  }

  /**
   * Takes a permit, sleeping until one is free.
   *
   * Errors   LockTimeoutError after `timeoutMillis`; ContextError where this thread may not wait; Error where this
   *          thread has all permits already, and inside turn(fn) where it would have to wait.
   * Context  Threads that may wait.
   */
  acquireSync(options?: WaitLimit): Permit {
    requireDeepStack();
    if (!this._thread.isAttached) throw usedAfterDetach('acquireSync()', this._fullName);
    if (this._thread.host.waitRight !== 'may-wait') this._thread.requireMayWait('acquireSync()');
    const limitMillis = limitOf(options, this._fullName, 'acquired');
    this._tell(0);
    const index = this._takeInPassing();
    return this._give(index === NONE ? this._sleep(limitMillis) : index);
  }

  /**
   * Takes a permit without stopping the thread. Keeps the process alive while it waits.
   *
   * Errors   LockTimeoutError after `timeoutMillis`; the signal's reason.
   * Context  Any thread with an event loop. Addresses read before an await are stale after it.
   */
  acquire(options?: LockOptions): Promise<Permit> {
    if (!this._thread.isAttached) throw usedAfterDetach('acquire()', this._fullName);
    const limitMillis = asyncLimitOf(options, this._fullName, 'acquired');
    this._observer.lockAwait(this._class, this._record, TAKEN.async);
    const request = {
      mode: ANY_PERMIT,
      granted: () => {
        const permit = this._give(this._taken);
        // I2: also where it joined the queue anew for the thread's next task.
        this.passOn();
        return permit;
      },
      timedOut: (millis: number) => this._timedOut(millis),
    };
    return awaitLock(this._thread, this._waiters, request, limitMillis, options?.signal);
  }

  /** Takes a permit, for one in the queue. */
  attempt(_mode: number): boolean {
    const owner = this._record + LOCK.owner;
    // P2: after the place, before the permits.
    if (this._words.load(owner) !== WAITERS) this._words.store(owner, WAITERS);
    this._taken = this._queue.mayGo() ? this._take() : NONE;
    return this._taken !== NONE;
  }

  /** Wakes a waiter where a permit is free. */
  passOn(): void {
    // P3: where it is clear, who clears it wakes a waiter.
    if (this._words.load(this._record + LOCK.owner) === WAITERS && this._hasFree()) this._wakeNext();
  }

  /** Gives up all waits of this thread, and releases what it has: it leaves the heap. */
  abandon(): void {
    this._waiters.giveUpAll();
    for (const permit of this._given) permit?.release();
  }

  /** The thread of `slot` is dead: its permits are free, and whoever waits looks. */
  forgetDead(slot: number): void {
    const words = this._words;
    const end = this._permits + this._size();
    for (let permit = this._permits; permit < end; permit++) {
      // owner:P1: what is of the dead is found to be so.
      const tag = words.load(permit);
      if (tag === 0 || slotOfTag(tag) !== slot || !isDead(words, this._thread.geometry, tag)) continue;
      // P1: in the place of the dead, unless somebody has taken it over.
      words.compareExchange(permit, tag, 0);
    }
    this._queue.forgetHandoff();
    // The dead may have cleared WAITERS without looking again, or was about to notify any of them.
    this._queue.wakeAll();
  }

  /** For the permit. */
  releaseFrom(permit: Permit, index: number): void {
    requireDeepStack();
    if (this._given[index] !== permit) {
      throw new Error(
        `called release() on a permit of ${this._fullName} that was given back before; acquire another`,
      );
    }
    this._given[index] = undefined;
    this._hint = index;
    this._free(index);
  }

  private _size(): number {
    return this._words.loadPlain(this._record + LOCK.size);
  }

  private _give(index: number): Permit {
    const permit = new Permit(this, index);
    this._given[index] = permit;
    return permit;
  }

  private _free(index: number): void {
    // P1: publishes what was written while holding. P2: then waiters are looked for.
    this._words.store(this._permits + index, 0);
    if (this._words.load(this._record + LOCK.owner) !== 0) this._wakeNext();
  }

  /** A permit is free: another waiter is woken. */
  private _wakeNext(): void {
    // The first is told again where all are awake: who woke it may have died before notifying.
    if (this._queue.wakeAnother() || this._queue.wakeFirst()) return;
    const owner = this._record + LOCK.owner;
    // P3: cleared, THEN looked again.
    this._words.store(owner, 0);
    if (this._queue.wakeAnother()) this._words.store(owner, WAITERS);
  }

  /** A permit for one that is not in the queue, unless a waiter is to be next. */
  private _takeInPassing(): number {
    // Publishes nothing: one barger more or less.
    if (this._words.load(this._record + LOCK.owner) !== 0 && !this._queue.mayGo()) return NONE;
    return this._take();
  }

  /** Takes a permit that is free, or whose owner is dead. */
  private _take(): number {
    const words = this._words;
    const size = this._size();
    for (let tried = 0; tried < size; tried++) {
      const index = (this._hint + tried) % size;
      const permit = this._permits + index;
      // P2: looked at after WAITERS is set.
      const tag = words.load(permit);
      if (tag !== 0 && !isDead(words, this._thread.geometry, tag)) continue;
      // P1: observes what the last owner wrote. owner:P1: or the dead one.
      if (words.compareExchange(permit, tag, this._thread.tag) === tag) return index;
    }
    return NONE;
  }

  private _hasFree(): boolean {
    const words = this._words;
    const end = this._permits + this._size();
    for (let permit = this._permits; permit < end; permit++) {
      // Publishes nothing: a look.
      const tag = words.load(permit);
      if (tag === 0 || isDead(words, this._thread.geometry, tag)) return true;
    }
    return false;
  }

  private _sleep(limitMillis: number): number {
    this._requireNotAllMine();
    this._thread.leaveTurns();
    if (!this._waiters.waitSync(ANY_PERMIT, limitMillis)) throw this._timedOut(limitMillis);
    const index = this._taken;
    // I2: also where it was not woken.
    this.passOn();
    return index;
  }

  private _areAllMine(): boolean {
    const size = this._size();
    for (let index = 0; index < size; index++) if (this._given[index] === undefined) return false;
    return true;
  }

  private _requireNotAllMine(): void {
    if (!this._areAllMine()) return;
    const size = this._size();
    const all = size === 1 ? 'the only permit' : `all ${size} permits`;
    throw new Error(
      `acquired ${this._fullName} with acquireSync() in the thread that has ${all}: it would wait for ` +
        'itself for ever. Release one first, or use await acquire() for another task of this thread',
    );
  }

  /** Tells of a permit that is taken. Others may give it back, so it orders nothing after it: it is not held. */
  private _tell(how: number): void {
    this._observer.lockAcquire(this._class, this._record, how);
    this._observer.lockRelease(this._class, this._record);
  }

  private _timedOut(limitMillis: number): LockTimeoutError {
    const { tag } = this._thread;
    const holder = holderOf(this._thread.words, this._areAllMine() ? tag : 0);
    return new LockTimeoutError(this._fullName, holder, `${limitMillis} ms`, HELD_LONG, tag);
  }
}
