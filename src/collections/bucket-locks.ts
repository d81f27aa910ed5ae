/**
 * BucketLocks: the locks of one map's buckets, with the number of entries that each guards.
 *
 *     hash --top firstLevel bits--> lock: [lock word, entries]
 *
 * Everything that a bucket of the first level is ever split into stays with its lock, so growing never changes
 * which lock an entry has.
 *
 * I1  `entries` is written under its lock. Read without, it may be behind for what other threads have done.
 */
import { BUCKET_LOCK, BUCKET_LOCK_WORDS, MAP, ORDER_FLIP } from '../layout/map-record.js';
import type { LockMaker } from '../locks/lock-maker.js';
import { MAP_BUCKET_LOCK } from '../locks/lull-classes.js';
import type { RawSpinLock } from '../locks/raw-spin-lock.js';
import type { Words } from '../words/words.js';

// Local copies: the engine folds a module's own constants into the code, imported ones it loads.
const FIRST_LEVEL = MAP.firstLevel;
const LOCKS = MAP.locks;
const FLIP = ORDER_FLIP;
const LOCK = BUCKET_LOCK.lock;
const ENTRIES = BUCKET_LOCK.entries;
const LOCK_WORDS = BUCKET_LOCK_WORDS;

export class BucketLocks {
  private readonly _words: Words;
  private readonly _map: number;
  private readonly _maker: LockMaker;
  /** By number, made when first needed. */
  private readonly _locks: RawSpinLock[] = [];

  constructor(words: Words, map: number, maker: LockMaker) {
    this._words = words;
    this._map = map;
    this._maker = maker;
  }

  /** log2 of the number of locks. */
  firstLevel(): number {
    return this._words.loadPlain(this._map + FIRST_LEVEL);
  }

  /** Number of the lock that guards an order. */
  numberOf(order: number): number {
    return (order ^ FLIP) >>> (32 - this.firstLevel());
  }

  /** Throws LockTimeoutError as RawSpinLock does. */
  acquire(number: number): void {
    this._lock(number).acquire();
  }

  /** acquire() that tries once: false where another thread has the lock. */
  tryAcquire(number: number): boolean {
    return this._lock(number).tryAcquire();
  }

  release(number: number): void {
    this._lock(number).release();
  }

  /** Entries that lock `number` guards. */
  entriesOf(number: number): number {
    return this._words.loadPlain(this._start(number) + ENTRIES);
  }

  /** Counts entries of lock `number`, which the caller holds. */
  addEntries(number: number, by: number): void {
    const word = this._start(number) + ENTRIES;
    this._words.storePlain(word, this._words.loadPlain(word) + by);
  }

  /** Entries of the whole map. */
  countEntries(): number {
    const count = 1 << this.firstLevel();
    let entries = 0;
    for (let number = 0; number < count; number++) entries += this.entriesOf(number);
    return entries;
  }

  private _start(number: number): number {
    return this._words.loadPlain(this._map + LOCKS) + number * LOCK_WORDS;
  }

  private _lock(number: number): RawSpinLock {
    const known = this._locks[number];
    if (known !== undefined) return known;
    // Filled from the front, so that the array stays a dense one.
    for (let i = this._locks.length; i <= number; i++) {
      const word = this._start(i) + LOCK;
      this._locks.push(this._maker.rawSpinLock(word, MAP_BUCKET_LOCK, `map bucket ${i}`));
    }
    return this._locks[number]!;
  }
}
