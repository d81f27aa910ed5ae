/**
 * RwLock: many threads read what it guards at once, or one thread writes it.
 *
 *     tryRead()    readSync()    read()        at once or not at all; sleeping; async: a guard for reading
 *     tryWrite()   writeSync()   write()       the same for writing
 *
 * Who comes to read queues behind who waits to write, but for a thread that reads already and calls readSync():
 * it would wait for a writer that waits for it. The first reader out of the queue wakes the next, so that all in a
 * row get in.
 *
 * Where a writer dies inside, guards say so (ownerDied) until a writer has repaired what the lock guards and said
 * so (markConsistent()); released by a writer without that, it is lost to all: NotRecoverableError. A thread that
 * dies reading, or waiting, leaves nothing to repair.
 *
 * I1  `_write` is set exactly while this thread is inside writing.
 * I2  (shared-owner:I3) consistency says ownerDied while a writer is inside.
 */
import { CONSISTENCY } from '../layout/lock-record.js';
import { requireDeepStack } from '../words/stack-room.js';
import { type LockClass, type LockObserver, lockClass, TAKEN, WAIT } from './lock-class.js';
import { LockTimeoutError, NotRecoverableError, usedAfterDetach } from './lock-errors.js';
import { holderOf } from './lock-holder.js';
import { asyncLimitOf, awaitLock, type LockOptions, limitOf, type WaitLimit } from './lock-options.js';
import type { LockThread } from './lock-thread.js';
import { READ, SharedOwner, WRITE } from './shared-owner.js';
import { WaitQueue } from './wait-queue.js';
import { SPINS, Waiters } from './waiters.js';

const HELD_LONG =
  'Hold it for less, wait for longer, or let heap.watch() tell when a thread that holds it dies.';

/** A lock held for reading. */
export class ReadGuard {
  /** True when a writer died inside, and none has repaired it since: what the lock guards may be half changed. */
  readonly ownerDied: boolean;
  private readonly _lock: RwLock;
  private _isHeld = true;

  constructor(lock: RwLock, ownerDied: boolean) {
    this._lock = lock;
    this.ownerDied = ownerDied;
  }

  /** Lets go; the last reader wakes a writer that waits. Error when this guard has released before. */
  release(): void {
    this._lock.releaseRead(this._isHeld);
    this._isHeld = false;
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

/** A lock held for writing. */
export class WriteGuard {
  /** True when a writer died inside, and none has repaired it since: what the lock guards may be half changed. */
  readonly ownerDied: boolean;
  private readonly _lock: RwLock;
  private _isConsistent: boolean;

  constructor(lock: RwLock, ownerDied: boolean) {
    this._lock = lock;
    this.ownerDied = ownerDied;
    this._isConsistent = !ownerDied;
  }

  /** Says that what the lock guards is whole again, after `ownerDied`. Error when this guard has released it. */
  markConsistent(): void {
    this._lock.requireWrittenBy(this, 'markConsistent()');
    this._isConsistent = true;
  }

  /** Lets go and wakes the first waiter. Error when this guard has released before. */
  release(): void {
    this._lock.releaseWrite(this, this._isConsistent);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

export class RwLock {
  readonly name: string;
  /** With its kind, for messages. */
  private readonly _fullName: string;
  private readonly _thread: LockThread;
  private readonly _observer: LockObserver;
  private readonly _class: LockClass;
  private readonly _record: number;
  private readonly _owner: SharedOwner;
  private readonly _waiters: Waiters;
  private _write: WriteGuard | undefined;

  /** @param record address of a lock record of kind rwLock */
  constructor(thread: LockThread, record: number, name: string) {
    this.name = name;
    this._fullName = `rwlock '${name}'`;
    this._thread = thread;
    this._observer = thread.observer;
    this._class = lockClass(`rwlock ${name}`, WAIT.sleep);
    this._record = record;
    const queue = new WaitQueue(thread, record);
    this._owner = new SharedOwner(thread, record, queue);
    this._waiters = new Waiters(thread, queue, this._owner);
  }

  /**
   * Locks it for reading if nobody writes, or waits for it.
   *
   * Errors   NotRecoverableError.
   * Context  Any.
   */
  tryRead(): ReadGuard | undefined {
    requireDeepStack();
    if (!this._thread.isAttached) throw usedAfterDetach('tryRead()', this._fullName);
    if (!this._owner.tryRead()) return undefined;
    this._tellTaken(READ, TAKEN.trylock | TAKEN.queuedRead);
    return this._enterReading();
  }

  /**
   * Locks it for writing if nobody has it.
   *
   * Errors   NotRecoverableError.
   * Context  Any.
   */
  tryWrite(): WriteGuard | undefined {
    requireDeepStack();
    if (!this._thread.isAttached) throw usedAfterDetach('tryWrite()', this._fullName);
    if (!this._owner.tryWrite()) return undefined;
    this._tellTaken(WRITE, TAKEN.trylock);
    return this._enterWriting();
  }

  /**
   * Locks it for reading, sleeping until the writers that were there before have left. At once in a thread that
   * reads it already.
   *
   * Errors   LockTimeoutError after `timeoutMillis`; NotRecoverableError; ContextError where this thread may not
   *          wait; Error where this thread has it for writing, and inside turn(fn) where it would have to wait.
   * Context  Threads that may wait.
   */
  readSync(options?: WaitLimit): ReadGuard {
    requireDeepStack();
    if (!this._thread.isAttached) throw usedAfterDetach('readSync()', this._fullName);
    if (this._thread.host.waitRight !== 'may-wait') this._thread.requireMayWait('readSync()');
    const limitMillis = limitOf(options, this._fullName);
    const how = this._owner.isReading() ? TAKEN.recursiveRead : TAKEN.queuedRead;
    this._observer.lockAcquire(this._class, this._record, how);
    if (!this._owner.readAgain() && !this._owner.readIdle()) this._contend(READ, limitMillis);
    return this._enterReading();
  }

  /**
   * Locks it for writing, sleeping until all who had it before have left.
   *
   * Errors   LockTimeoutError after `timeoutMillis`; NotRecoverableError; ContextError where this thread may not
   *          wait; Error where this thread has it already, and inside turn(fn) where it would have to wait.
   * Context  Threads that may wait.
   */
  writeSync(options?: WaitLimit): WriteGuard {
    requireDeepStack();
    if (!this._thread.isAttached) throw usedAfterDetach('writeSync()', this._fullName);
    if (this._thread.host.waitRight !== 'may-wait') this._thread.requireMayWait('writeSync()');
    const limitMillis = limitOf(options, this._fullName);
    this._observer.lockAcquire(this._class, this._record, 0);
    if (!this._owner.writeIdle()) this._contend(WRITE, limitMillis);
    return this._enterWriting();
  }

  /**
   * Locks it for reading without stopping the thread. Keeps the process alive while it waits.
   *
   * Errors   LockTimeoutError after `timeoutMillis`; NotRecoverableError; the signal's reason.
   * Context  Any thread with an event loop. Addresses read before an await are stale after it.
   */
  read(options?: LockOptions): Promise<ReadGuard> {
    if (!this._thread.isAttached) throw usedAfterDetach('read()', this._fullName);
    return this._await(READ, TAKEN.async | TAKEN.queuedRead, () => this._enterReading(), options);
  }

  /** read(), for writing. */
  write(options?: LockOptions): Promise<WriteGuard> {
    if (!this._thread.isAttached) throw usedAfterDetach('write()', this._fullName);
    return this._await(WRITE, TAKEN.async, () => this._enterWriting(), options);
  }

  /**
   * Clears what the dead thread of `slot` has in the record, and lets those go on that waited for it. For who has
   * marked the slot dead and not given it to another yet.
   */
  forgetDead(slot: number): void {
    this._owner.forgetDead(slot);
  }

  /** Throws Error unless this thread has it, for reading or writing: for code that may only run under the lock. */
  assertHeld(): void {
    if (this._write !== undefined || this._owner.isReading()) return;
    throw new Error(`${this._fullName} is not locked by this thread, as it has to be here; lock it first`);
  }

  /**
   * This thread leaves the heap: gives up its waits, and reads no more. Where it writes, the next is told as of a
   * dead writer, for it may leave in the middle of a change, by process.exit() say.
   */
  abandon(): void {
    this._waiters.giveUpAll();
    if (this._write !== undefined) {
      this._write = undefined;
      this._observer.lockRelease(this._class, this._record);
      // I2: what consistency says, it goes on saying.
      this._owner.end(WRITE);
    }
    while (this._owner.isReading()) this.releaseRead(true);
  }

  /** Throws unless `guard` holds it for writing. */
  requireWrittenBy(guard: WriteGuard, operation: string): void {
    if (this._write !== guard) throw this._releasedBefore(operation);
  }

  /** For the guard. */
  releaseRead(isHeld: boolean): void {
    requireDeepStack();
    // Once this thread has left the heap it reads nothing, whatever its guards say.
    if (!isHeld || !this._owner.isReading()) throw this._releasedBefore('release()');
    this._observer.lockRelease(this._class, this._record);
    this._owner.endReading();
  }

  /** For the guard. */
  releaseWrite(guard: WriteGuard, isConsistent: boolean): void {
    requireDeepStack();
    this.requireWrittenBy(guard, 'release()');
    this._observer.lockRelease(this._class, this._record);
    this._write = undefined;
    this._owner.setConsistency(isConsistent ? CONSISTENCY.consistent : CONSISTENCY.notRecoverable);
    this._owner.end(WRITE);
  }

  /** This thread is counted in, and the observer knows. */
  private _enterReading(): ReadGuard {
    return new ReadGuard(this, this._findsDeath(READ));
  }

  /** This thread has it for writing, and the observer knows. */
  private _enterWriting(): WriteGuard {
    this._write = new WriteGuard(this, this._findsDeath(WRITE));
    // I2: its release says otherwise.
    this._owner.setConsistency(CONSISTENCY.ownerDied);
    return this._write;
  }

  /** True where a writer has died inside; lets go and throws where the next did not repair that. */
  private _findsDeath(mode: number): boolean {
    const consistency = this._owner.consistency();
    if (consistency !== CONSISTENCY.notRecoverable) return consistency === CONSISTENCY.ownerDied;
    try {
      this._observer.lockRelease(this._class, this._record);
    } finally {
      this._owner.end(mode);
    }
    throw new NotRecoverableError(this._fullName);
  }

  private _tellTaken(mode: number, how: number): void {
    try {
      this._observer.lockAcquire(this._class, this._record, how);
    } catch (report) {
      this._owner.end(mode);
      throw report;
    }
  }

  private _tellGranted(mode: number, how: number, promise: object): void {
    try {
      this._observer.lockGranted(this._class, this._record, how, promise);
    } catch (report) {
      this._owner.end(mode);
      throw report;
    }
  }

  private _contend(mode: number, limitMillis: number): void {
    try {
      this._requireNotMine(mode);
      if (this._spin(mode)) return;
      this._thread.leaveTurns();
      if (!this._waiters.waitSync(mode, limitMillis)) throw this._timedOut(limitMillis);
    } catch (error) {
      this._owner.stopDraining();
      this._observer.lockRelease(this._class, this._record);
      throw error;
    }
  }

  private _spin(mode: number): boolean {
    const spins = Math.min(SPINS, this._thread.geometry.spinRounds);
    for (let spin = 0; spin < spins; spin++) {
      this._thread.words.pause();
      if (this._owner.look(mode)) return true;
    }
    return false;
  }

  private _await<G>(mode: number, how: number, enter: () => G, options: LockOptions | undefined): Promise<G> {
    const limitMillis = asyncLimitOf(options, this._fullName);
    this._observer.lockAwait(this._class, this._record, how);
    const request = {
      mode,
      granted: (promise: Promise<G>) => {
        this._tellGranted(mode, how, promise);
        return enter();
      },
      timedOut: (millis: number) => this._timedOut(millis),
    };
    return awaitLock(this._thread, this._waiters, request, limitMillis, options?.signal);
  }

  private _requireNotMine(mode: number): void {
    const isWriting = this._write !== undefined;
    if (!isWriting && (mode === READ || !this._owner.isReading())) return;
    const [operation, other] = mode === READ ? ['readSync()', 'read()'] : ['writeSync()', 'write()'];
    throw new Error(
      `locked ${this._fullName} with ${operation} in the thread that has it for ` +
        `${isWriting ? 'writing' : 'reading'}: it would wait for itself for ever. Release the guard first, or use ` +
        `await ${other} for another task of this thread`,
    );
  }

  private _releasedBefore(operation: string): Error {
    return new Error(
      `called ${operation} on a guard of ${this._fullName} that was released before; lock it again for another guard`,
    );
  }

  private _timedOut(limitMillis: number): LockTimeoutError {
    const { tag } = this._thread;
    const holder = holderOf(this._thread.words, this._holder());
    return new LockTimeoutError(this._fullName, holder, `${limitMillis} ms`, HELD_LONG, tag);
  }

  /** The tag of who is in the way: this thread's where a task of it is; 0 where others are, of whom none writes. */
  private _holder(): number {
    if (this._write !== undefined) return this._thread.tag;
    const writer = this._owner.otherOwner();
    return writer === 0 && this._owner.isReading() ? this._thread.tag : writer;
  }
}
