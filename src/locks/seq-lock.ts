/**
 * SeqLock: a few words that are read and written as one. A reader stores nothing and keeps no writer waiting; where a
 * writer came in between, it reads again.
 *
 *     owner word   a SpinLock, which keeps writers apart
 *     sequence     even = whole      odd = a writer is inside, or died there      goes up by 2 with each write
 *     words        1 to 64 of them
 *
 *     writer  lock; sequence odd; words; sequence even; unlock          reader  sequence; words; sequence the same?
 *
 * Where a writer dies inside, the words are torn. Readers are told (OwnerDiedError) until the next write is through: it
 * begins where that one stopped, so one that gives all words makes them whole, and a callback is told.
 *
 * I1  The sequence is written by who has the lock alone. A writer changes no word while it is even.
 * I2  A callback runs before the sequence is odd: one that throws leaves everything as it was.
 * P1  A writer stores the odd sequence, THEN the words, THEN the even one. A reader loads the sequence, THEN the words,
 *     THEN the sequence: where it finds the same even number twice, no word was stored in between. All of them are
 *     atomic accesses: plain loads may be done after the second look, and JavaScript has no barrier to keep them before.
 *
 * The sequence wraps after 2^31 writes; a reader that sleeps through exactly as many is fooled.
 *
 * Follows include/linux/seqlock.h (seqlock_t).
 */
import { LOCK, WAITERS } from '../layout/lock-record.js';
import { counted } from '../words/counted.js';
import { isThenable } from '../words/is-thenable.js';
import { shown } from '../words/shown.js';
import { requireDeepStack } from '../words/stack-room.js';
import type { Words } from '../words/words.js';
import { lockClass, WAIT } from './lock-class.js';
import { LockTimeoutError, OwnerDiedError, usedAfterDetach } from './lock-errors.js';
import { holderOf } from './lock-holder.js';
import type { LockThread } from './lock-thread.js';
import { SpinLock } from './spin-lock.js';

/** Looks between two questions whether the writer is alive. */
const LOOKS_AT_WRITER = 16;
/** What to do about a record that is always being written. */
const WRITTEN_LONG = 'Write it less often, or let heap.watch() tell when its writer dies.';

/** Changes the words in place; `ownerDied` where the last writer died inside, so that they may be torn. */
export type SeqLockChange = (current: Int32Array, ownerDied: boolean) => void;

export class SeqLock {
  readonly name: string;
  private readonly _words: Words;
  private readonly _thread: LockThread;
  private readonly _record: number;
  private readonly _sequence: number;
  /** The first word that it guards. */
  private readonly _first: number;
  private readonly _lock: SpinLock;

  /** @param record address of a lock record of kind seqLock, whose size says how many words it guards */
  constructor(thread: LockThread, record: number, name: string) {
    this.name = name;
    this._words = thread.words;
    this._thread = thread;
    this._record = record;
    this._sequence = record + LOCK.sequence;
    this._first = record + LOCK.waiters + thread.geometry.slots;
    const kind = lockClass(`seqlock ${name}`, WAIT.config);
    this._lock = new SpinLock(
      thread,
      record + LOCK.owner,
      thread.geometry.spinRounds,
      `seqlock '${name}'`,
      kind,
    );
  }

  /**
   * Writes all words, or what `change` makes of them. Waits for other writers, not for readers.
   *
   * @param change the words as 32-bit integers, or a function that changes them in place and keeps nothing
   *
   * Errors   RangeError for another number of words; TypeError for what is neither words nor a function, and for an
   *          async callback; LockTimeoutError; Error inside its own callback; what the callback throws. In all of them
   *          nothing is written.
   * Context  Any that may spin.
   */
  write(change: ArrayLike<number> | SeqLockChange): void {
    requireDeepStack();
    this._requireChange(change, 'write()');
    this._lock.acquire();
    this._writeLocked(change);
  }

  /** write() where no other writer is inside; false where one is. Context: any. */
  tryWrite(change: ArrayLike<number> | SeqLockChange): boolean {
    requireDeepStack();
    this._requireChange(change, 'tryWrite()');
    if (!this._lock.tryAcquire()) return false;
    this._writeLocked(change);
    return true;
  }

  /**
   * Reads all words into `into` if no writer comes in between; else false, and `into` holds anything. False for as
   * long as nobody has repaired what a dead writer left. Context: any.
   */
  tryRead(into: Int32Array): boolean {
    return this._look(into, this._requireInto(into, 'tryRead()'));
  }

  /**
   * Reads all words, again and again until no writer has come in between.
   *
   * @returns `into`
   *
   * Errors   OwnerDiedError where the last writer died inside; LockTimeoutError where writers leave no gap.
   * Context  Any that may spin.
   */
  read(into: Int32Array = new Int32Array(this._size())): Int32Array {
    const size = this._requireInto(into, 'read()');
    const rounds = this._thread.geometry.spinRounds;
    for (let round = 0; round < rounds; round++) {
      if (this._look(into, size)) return into;
      if (round % LOOKS_AT_WRITER === 0) this._requireWriter();
      this._words.pause();
    }
    this._requireWriter();
    // Publishes nothing: for the error.
    const writer = this._words.load(this._record + LOCK.owner) & ~WAITERS;
    throw new LockTimeoutError(
      this._lock.name,
      holderOf(this._words, writer),
      `${rounds} rounds`,
      WRITTEN_LONG,
    );
  }

  /** Nothing: nobody holds it from one call to the next. */
  abandon(): void {}

  /** A thread has died: a writer that waits for it is to look. */
  forgetDead(_slot: number): void {
    this._lock.forgetDead();
  }

  private _size(): number {
    return this._words.loadPlain(this._record + LOCK.size);
  }

  /** Reads once; true where no writer came in between. */
  private _look(into: Int32Array, size: number): boolean {
    const words = this._words;
    // P1: the first look.
    const sequence = words.load(this._sequence);
    if ((sequence & 1) !== 0) return false;
    // P1: the words, by atomic loads.
    for (let i = 0; i < size; i++) into[i] = words.load(this._first + i);
    // P1: the second look.
    return words.load(this._sequence) === sequence;
  }

  /** The lock is this thread's until the end of this. */
  private _writeLocked(change: ArrayLike<number> | SeqLockChange): void {
    try {
      // Publishes nothing: who has the lock alone writes it.
      const sequence = this._words.load(this._sequence);
      const values = typeof change === 'function' ? this._changed(change, (sequence & 1) !== 0) : change;
      this._store(values, sequence | 1);
    } finally {
      this._lock.release();
    }
  }

  /** What the callback makes of the words. */
  private _changed(change: SeqLockChange, ownerDied: boolean): Int32Array {
    const current = new Int32Array(this._size());
    for (let i = 0; i < current.length; i++) {
      // Publishes nothing: who has the lock alone writes them.
      current[i] = this._words.load(this._first + i);
    }
    if (!isThenable(change(current, ownerDied))) return current;
    throw new TypeError(
      `called write() of ${this._lock.name} with a function that returns a promise: what it changes after an await is ` +
        'lost. Pass a synchronous function',
    );
  }

  private _store(values: ArrayLike<number>, odd: number): void {
    const words = this._words;
    const size = this._size();
    // P1: before any word changes.
    words.store(this._sequence, odd);
    // P1: the words, by atomic stores.
    for (let i = 0; i < size; i++) words.store(this._first + i, values[i]!);
    // P1: after all of them.
    words.store(this._sequence, (odd + 1) | 0);
  }

  /** Throws where the words are torn, and nobody is there who would make them whole. */
  private _requireWriter(): void {
    // Publishes nothing: looks, of which the first and the last frame the one between.
    const sequence = this._words.load(this._sequence);
    if ((sequence & 1) === 0 || this._lock.hasLiveOwner()) return;
    if (this._words.load(this._sequence) === sequence) throw new OwnerDiedError(this._lock.name);
  }

  private _requireChange(change: ArrayLike<number> | SeqLockChange, operation: string): void {
    if (!this._thread.isAttached) throw usedAfterDetach(operation, this._lock.name);
    if (typeof change === 'function') return;
    const isArray = typeof change === 'object' && change !== null && typeof change.length === 'number';
    if (!isArray) {
      throw new TypeError(
        `called ${operation} of ${this._lock.name} with ${shown(change)}; pass an array of its ${counted(this._size(), 'word')}, ` +
          'or a function that changes them',
      );
    }
    this._requireLength(change.length, operation);
  }

  private _requireInto(into: Int32Array, operation: string): number {
    if (!this._thread.isAttached) throw usedAfterDetach(operation, this._lock.name);
    if (into instanceof Int32Array) return this._requireLength(into.length, operation);
    throw new TypeError(
      `called ${operation} of ${this._lock.name} with ${shown(into)}; pass an Int32Array of ${counted(this._size(), 'word')}`,
    );
  }

  private _requireLength(length: number, operation: string): number {
    const size = this._size();
    if (length === size) return size;
    throw new RangeError(
      `called ${operation} of ${this._lock.name} with ${counted(length, 'word')}; it has ${size}, read and written as one`,
    );
  }
}
