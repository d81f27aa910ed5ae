/**
 * MapGrowth: doubles a map's table when there are more entries than buckets. The insert that finds it full pays
 * for it, as with JavaScript's Map; readers never wait, and writers for one share of one lock's buckets at most.
 *
 *     grow lock:    allocate segment level + 1, zero it -> publish its address -> publish level + 1
 *     bucket locks: put the new buckets on the list, some hundreds at a time
 *
 * Who may not spin (tryAfterInsert) publishes a level, and leaves its buckets to who needs them.
 *
 * A thread that stops anywhere in between leaves a map that is whole: who meets a bucket that is not on the list
 * starts from an earlier one, or puts it there. Who reaps the thread takes over its locks (map-repair.ts).
 *
 * I1  The level and the segments' addresses are written by the holder of growLock alone.
 */

import type { MapMemory } from '../heap/map-memory.js';
import { MAP, MAX_LEVEL } from '../layout/map-record.js';
import { ACTIVITY, INTENT_KIND } from '../layout/thread-slot.js';
import { LockTimeoutError } from '../locks/lock-errors.js';
import { MAP_GROW_LOCK } from '../locks/lull-classes.js';
import type { RawSpinLock } from '../locks/raw-spin-lock.js';
import { BYTES_PER_WORD } from '../words/units.js';
import type { BucketLocks } from './bucket-locks.js';
import type { MapTable } from './map-table.js';

/** New buckets put on the list under one hold of a lock. */
const BUCKETS_A_HOLD = 512;
/** Largest segment that who may not spin zeroes: 16 pages. Larger ones are left to who may. */
const MAX_TRIED_WORDS = 2 ** 14;
/** Inserts that pass before a table that could not grow, for want of memory, tries again. */
const INSERTS_AFTER_FAILURE = 256;

export class MapGrowth {
  private readonly _memory: MapMemory;
  private readonly _map: number;
  private readonly _table: MapTable;
  private readonly _locks: BucketLocks;
  private readonly _growLock: RawSpinLock;
  private _insertsToSkip = 0;

  constructor(memory: MapMemory, map: number, table: MapTable, locks: BucketLocks) {
    this._memory = memory;
    this._map = map;
    this._table = table;
    this._locks = locks;
    this._growLock = memory.locks.rawSpinLock(map + MAP.growLock, MAP_GROW_LOCK, 'map growth');
  }

  /** Called after an insert under lock `number`, holding none: doubles the table if it is full. */
  afterInsert(number: number): void {
    if (!this._isFull(number)) return;
    if (this._insertsToSkip > 0) this._insertsToSkip--;
    else this._grow(number);
  }

  /** afterInsert() for who may not spin: each lock is tried once, and no bucket is put on the list. */
  tryAfterInsert(number: number): void {
    if (!this._isFull(number) || 1 << this._table.level() > MAX_TRIED_WORDS) return;
    if (this._insertsToSkip > 0) this._insertsToSkip--;
    else this._double(number, true);
  }

  /** Judged by the share of one lock, so that nothing is counted for all. */
  private _isFull(number: number): boolean {
    const level = this._table.level();
    return level < MAX_LEVEL && this._locks.entriesOf(number) > 1 << (level - this._locks.firstLevel());
  }

  private _grow(number: number): void {
    const level = this._double(number, false);
    if (level === 0) return;
    this._memory.turn.note(ACTIVITY.mapGrowth);
    const locks = 1 << this._locks.firstLevel();
    try {
      for (let i = 0; i < locks; i++) this._linkBuckets(level, i);
    } catch (error) {
      // The insert is made, so it may not fail any more; the buckets that are left are linked by who needs them.
      if (!(error instanceof LockTimeoutError)) throw error;
    }
  }

  /** Doubles the table unless another thread is at it, or has done it. Returns its new level, or 0. */
  private _double(number: number, nolock: boolean): number {
    if (!this._growLock.tryAcquire()) return 0;
    try {
      // Someone may have doubled it since.
      return this._isFull(number) ? this._addSegment(nolock) : 0;
    } finally {
      this._growLock.release();
    }
  }

  /** Doubles the table, whose new buckets are on no list yet. Returns its level; 0 without memory. */
  private _addSegment(nolock: boolean): number {
    const { intents } = this._memory;
    const level = this._table.level();
    // Told: a segment that no level needs yet is nobody's.
    const frame = intents.open(INTENT_KIND.publish, this._map + MAP.segments + level + 1);
    try {
      return this._publishSegment(level, nolock, frame);
    } finally {
      intents.close(frame);
    }
  }

  private _publishSegment(level: number, nolock: boolean, frame: number): number {
    const memory = this._memory;
    const { words } = memory;
    const count = 1 << level;
    const bytes = count * BYTES_PER_WORD;
    const segment = nolock ? memory.allocNolock(bytes) : memory.tryAlloc(bytes);
    if (segment === 0) {
      this._insertsToSkip = INSERTS_AFTER_FAILURE;
      return 0;
    }
    memory.intents.take(frame, segment);
    words.fillPlain(segment, segment + count, 0);
    // map-table:P1: publishes the zeroed words.
    words.store(this._map + MAP.segments + level + 1, segment);
    // map-table:P2: publishes the segment's address, before any of its buckets is on the list.
    words.store(this._map + MAP.level, level + 1);
    return level + 1;
  }

  /** Puts the buckets that `level` added, and lock `number` guards, on the list. */
  private _linkBuckets(level: number, number: number): void {
    const share = level - this._locks.firstLevel();
    const end = (number + 1) << share;
    for (let from = (number << share) + 1; from < end; from += 2 * BUCKETS_A_HOLD) {
      this._memory.turn.spend();
      this._linkStretch(level, number, from, Math.min(end, from + 2 * BUCKETS_A_HOLD));
    }
  }

  private _linkStretch(level: number, number: number, from: number, end: number): void {
    this._locks.acquire(number);
    try {
      // The table may have doubled again: bucket i is then bucket i << 1, with the same word.
      const now = this._table.level();
      for (let bucket = from; bucket < end; bucket += 2) {
        this._table.linkBucket(now, bucket << (now - level));
      }
    } finally {
      this._locks.release(number);
    }
  }
}
