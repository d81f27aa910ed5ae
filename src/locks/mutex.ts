/**
 * Mutex: one thread at a time, for as long as it likes, and over an await where it was locked by lock().
 *
 *     tryLock()     at once or not at all          any context
 *     lockSync()    spins for a moment, then sleeps          threads that may wait, outside of turn(fn)
 *     lock()        async                                    any thread with an event loop
 *
 * Each returns a guard, which releases once: guard.release(), or `using guard = ...`.
 *
 * Waiters get it in the order in which they came, but for who finds it free in passing; a waiter that was woken in
 * vain is the next for certain. Where the owner dies, who comes next is told (guard.ownerDied), repairs what the
 * mutex guards and says so (guard.markConsistent()); released without, it is lost to all: NotRecoverableError.
 *
 * I1  `_guard` is set exactly while this thread has the owner word.
 *
 * Follows kernel/locking/mutex.c (optimistic spinning, FIFO, hand-off) and POSIX's robust mutexes.
 */
import { CONSISTENCY } from '../layout/lock-record.js';
import { requireDeepStack } from '../words/stack-room.js';
import { type LockClass, type LockObserver, lockClass, TAKEN, WAIT } from './lock-class.js';
import { LockTimeoutError, NotRecoverableError, usedAfterDetach } from './lock-errors.js';
import { holderOf } from './lock-holder.js';
import { asyncLimitOf, awaitLock, type LockOptions, limitOf, type WaitLimit } from './lock-options.js';
import type { LockThread } from './lock-thread.js';
import { RobustOwner } from './robust-owner.js';
import { WaitQueue } from './wait-queue.js';
import { SPINS, type Waitable, Waiters } from './waiters.js';

/** What to do about a mutex that is held for long. */
const HELD_LONG = 'Hold it for less, wait for longer, or let heap.watch() tell when its owner dies.';
/** A mutex knows one way of being taken. */
const EXCLUSIVE = 0;

/** A held mutex. */
export class MutexGuard {
  private readonly _mutex: Mutex;
  private _ownerDied: boolean;
  private _isConsistent: boolean;

  constructor(mutex: Mutex, ownerDied: boolean) {
    this._mutex = mutex;
    this._ownerDied = ownerDied;
    this._isConsistent = !ownerDied;
  }

  /** True when the last owner died while holding the mutex: what it guards may be half changed. */
  get ownerDied(): boolean {
    return this._ownerDied;
  }

  /** Says that what the mutex guards is whole again, after `ownerDied`. Error when this guard has released it. */
  markConsistent(): void {
    this._mutex.markConsistent(this);
    this._isConsistent = true;
  }

  /** Lets the mutex go and wakes the first waiter. Error when this guard has released it before. */
  release(): void {
    this._mutex.releaseFrom(this, this._isConsistent);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  /** For CondVar: lets the mutex go and wakes the first waiter; one of the next two takes it again. */
  suspend(operation: string): void {
    this._mutex.suspend(this, this._isConsistent, operation);
  }

  /** Takes it again, sleeping until it is free. Error, and the guard is released, where that cannot be. */
  resumeSync(): void {
    this._note(this._mutex.resumeSync(this));
  }

  /** resumeSync(), async. @param granted the promise that the caller of lock() has got, as it were */
  async resume(granted: object): Promise<void> {
    this._note(await this._mutex.resume(this, granted));
  }

  private _note(ownerDied: boolean): void {
    this._ownerDied = ownerDied;
    this._isConsistent = !ownerDied;
  }
}

export class Mutex implements Waitable {
  readonly name: string;
  /** With its kind, for messages. */
  private readonly _fullName: string;
  private readonly _thread: LockThread;
  private readonly _observer: LockObserver;
  private readonly _class: LockClass;
  private readonly _record: number;
  private readonly _owner: RobustOwner;
  private readonly _queue: WaitQueue;
  private readonly _waiters: Waiters;
  private _guard: MutexGuard | undefined;

  /** @param record address of a lock record of kind mutex */
  constructor(thread: LockThread, record: number, name: string) {
    this.name = name;
    this._fullName = `mutex '${name}'`;
    this._thread = thread;
    this._observer = thread.observer;
    this._class = lockClass(`mutex ${name}`, WAIT.sleep);
    this._record = record;
    this._queue = new WaitQueue(thread, record);
    this._owner = new RobustOwner(thread, record, this._queue);
    this._waiters = new Waiters(thread, this._queue, this);
  }

  /**
   * Locks it if nobody has it.
   *
   * @returns the guard, or undefined where another thread or task has it
   *
   * Errors   NotRecoverableError.
   * Context  Any.
   */
  tryLock(): MutexGuard | undefined {
    requireDeepStack();
    if (!this._thread.isAttached) throw usedAfterDetach('tryLock()', this._fullName);
    if (this._guard !== undefined || !this._owner.tryTake()) return undefined;
    try {
      this._observer.lockAcquire(this._class, this._record, TAKEN.trylock);
    } catch (report) {
      this._owner.release();
      throw report;
    }
    return this._enter();
  }

  /**
   * Locks it, sleeping until it is free.
   *
   * Errors   LockTimeoutError after `timeoutMillis`; NotRecoverableError; ContextError where this thread may not
   *          wait; Error where this thread has it already, and inside turn(fn) where it would have to wait.
   * Context  Threads that may wait.
   */
  lockSync(options?: WaitLimit): MutexGuard {
    requireDeepStack();
    if (!this._thread.isAttached) throw usedAfterDetach('lockSync()', this._fullName);
    if (this._thread.host.waitRight !== 'may-wait') this._thread.requireMayWait('lockSync()');
    const limitMillis = limitOf(options, this._fullName);
    this._observer.lockAcquire(this._class, this._record, 0);
    if (!this._owner.takeIdle()) this._lockContended(limitMillis);
    return this._enter();
  }

  /**
   * Locks it without stopping the thread. Keeps the process alive while it waits.
   *
   * Errors   LockTimeoutError after `timeoutMillis`; NotRecoverableError; the signal's reason.
   * Context  Any thread with an event loop. Addresses read before an await are stale after it.
   */
  lock(options?: LockOptions): Promise<MutexGuard> {
    if (!this._thread.isAttached) throw usedAfterDetach('lock()', this._fullName);
    return this._await(options, (promise) => {
      this._tellGranted(promise);
      return this._enter();
    });
  }

  /** Throws Error unless this thread has it: for code that may only run under the mutex. */
  assertHeld(): void {
    if (this._guard !== undefined) return;
    throw new Error(`${this._fullName} is not locked by this thread, as it has to be here; lock it first`);
  }

  /** Takes the owner word, for one in the queue. */
  attempt(_mode: number): boolean {
    return this._owner.takeQueued();
  }

  /** This thread has left the queue: whoever else waits for it is not forgotten. */
  passOn(): void {
    this._owner.passOn();
  }

  /**
   * Clears what the dead thread of `slot` has in the record, and lets a waiter go on where that was its to do. For
   * who has marked the slot dead and not given it to another yet; the mutex itself, and word of its owner's death,
   * goes to whoever locks it next.
   */
  forgetDead(slot: number): void {
    this._queue.forgetDead(slot);
    this._owner.passOn();
  }

  /**
   * This thread leaves the heap: gives up its waits. A mutex that it has goes to the next as from a dead owner, for
   * it may leave in the middle of a change, by process.exit() say.
   */
  abandon(): void {
    this._waiters.giveUpAll();
    if (this._guard === undefined) return;
    this._guard = undefined;
    if (this._owner.consistency() === CONSISTENCY.consistent) {
      this._owner.setConsistency(CONSISTENCY.ownerDied);
    }
    this._letGo();
  }

  /** For the guard. From now on who comes next is told nothing, unless this owner dies as well. */
  markConsistent(guard: MutexGuard): void {
    this.requireHeldBy(guard, 'markConsistent()');
    if (guard.ownerDied) this._owner.setConsistency(CONSISTENCY.consistent);
  }

  /** Throws unless `guard` holds the mutex. */
  requireHeldBy(guard: MutexGuard, operation: string): void {
    if (this._guard === guard) return;
    throw new Error(
      `called ${operation} on a guard of ${this._fullName} that was released before; lock it again for another guard`,
    );
  }

  /** For the guard. */
  releaseFrom(guard: MutexGuard, isConsistent: boolean): void {
    requireDeepStack();
    if (this._guard !== guard) this.requireHeldBy(guard, 'release()');
    this._observer.lockRelease(this._class, this._record);
    this._guard = undefined;
    if (!isConsistent) this._owner.setConsistency(CONSISTENCY.notRecoverable);
    this._owner.release();
  }

  /** For the guard. Lets the mutex go for a while: it must be whole, as what comes next is not told of the death before. */
  suspend(guard: MutexGuard, isConsistent: boolean, operation: string): void {
    this.requireHeldBy(guard, operation);
    if (!isConsistent) {
      throw new Error(
        `called ${operation} with ${this._fullName}, whose last owner died: repair what it guards, say so with ` +
          'markConsistent(), and then wait',
      );
    }
    this.releaseFrom(guard, true);
  }

  /** For the guard: takes it again. True where an owner has died meanwhile. */
  resumeSync(guard: MutexGuard): boolean {
    this._observer.lockAcquire(this._class, this._record, 0);
    if (!this._owner.takeIdle()) this._lockContended(Number.POSITIVE_INFINITY);
    return this._enterAs(guard);
  }

  /** For the guard: resumeSync(), async. */
  resume(guard: MutexGuard, granted: object): Promise<boolean> {
    return this._await(undefined, () => {
      this._tellGranted(granted);
      return this._enterAs(guard);
    });
  }

  /** The owner word is this thread's, and the observer knows. */
  private _enter(): MutexGuard {
    const guard = new MutexGuard(this, this._findsDeath());
    this._guard = guard;
    return guard;
  }

  /** _enter() for a guard that there is already. */
  private _enterAs(guard: MutexGuard): boolean {
    const ownerDied = this._findsDeath();
    this._guard = guard;
    return ownerDied;
  }

  /** True where the last owner has died; lets go and throws where the next did not repair that. */
  private _findsDeath(): boolean {
    const consistency = this._owner.consistency();
    if (consistency !== CONSISTENCY.notRecoverable) return consistency === CONSISTENCY.ownerDied;
    this._letGo();
    throw new NotRecoverableError(this._fullName);
  }

  private _await<T>(options: LockOptions | undefined, granted: (promise: Promise<T>) => T): Promise<T> {
    const limitMillis = asyncLimitOf(options, this._fullName);
    this._observer.lockAwait(this._class, this._record, TAKEN.async);
    const request = {
      mode: EXCLUSIVE,
      granted,
      timedOut: (millis: number) => this._timedOut(millis),
      tryNow: () => this._guard === undefined && this._owner.takeIdle(),
    };
    return awaitLock(this._thread, this._waiters, request, limitMillis, options?.signal);
  }

  /** Undoes an acquisition that the observer was told of. */
  private _letGo(): void {
    try {
      this._observer.lockRelease(this._class, this._record);
    } finally {
      this._owner.release();
    }
  }

  private _tellGranted(promise: object): void {
    try {
      this._observer.lockGranted(this._class, this._record, TAKEN.async, promise);
    } catch (report) {
      this._owner.release();
      throw report;
    }
  }

  private _lockContended(limitMillis: number): void {
    try {
      this._requireNotMine();
      if (this._spin()) return;
      this._thread.leaveTurns();
      if (!this._waiters.waitSync(EXCLUSIVE, limitMillis)) throw this._timedOut(limitMillis);
    } catch (error) {
      this._observer.lockRelease(this._class, this._record);
      throw error;
    }
  }

  private _spin(): boolean {
    const spins = Math.min(SPINS, this._thread.geometry.spinRounds);
    for (let spin = 0; spin < spins; spin++) {
      this._thread.words.pause();
      if (this._owner.owner() === 0 && this._owner.tryTake()) return true;
    }
    return false;
  }

  private _requireNotMine(): void {
    if (this._guard === undefined) return;
    throw new Error(
      `locked ${this._fullName} with lockSync() in the thread that has it locked: it would wait for itself for ` +
        'ever. Release the guard first, or use await lock() for another task of this thread',
    );
  }

  private _timedOut(limitMillis: number): LockTimeoutError {
    const { words, tag } = this._thread;
    const holder = holderOf(words, this._owner.owner());
    return new LockTimeoutError(this._fullName, holder, `${limitMillis} ms`, HELD_LONG, tag);
  }
}
