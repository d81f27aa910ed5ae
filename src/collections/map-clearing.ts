/**
 * MapClearing: takes everything out of a map, some hundreds of buckets under one hold of a lock.
 *
 *     under the lock   bucket word -> e1 -> e2 -> [next]   becomes   bucket word -> [next]       one store a bucket
 *                      and e1 is put first on a chain of such, through word ENTRY_CLEARED of each
 *     without it       each entry behind e1 is freed after a grace period: e1, e2 keep their links until then
 *
 * The chain is told in an intent of kind `clear`, for who finishes it if this thread dies (map-repair.ts):
 *
 *     a   first entry of the chain
 *     b   e1 of a bucket, while that may be full still; -e of the entry that is being freed, the rest of its bucket behind it
 *
 * I1  b = a, or -b = a: the chain has that bucket already, or still, and the step from the one to the other is half made.
 * I2  The chain is empty when the turn is renewed: until then nobody can use the memory of its entries anew.
 */
import type { MapMemory } from '../heap/map-memory.js';
import { ENTRY, ENTRY_CLEARED, ENTRY_TAKER } from '../layout/map-record.js';
import { INTENT_KIND } from '../layout/thread-slot.js';
import type { Words } from '../words/words.js';
import type { BucketLocks } from './bucket-locks.js';
import type { MapTable } from './map-table.js';

/** Buckets that are emptied under one hold of a lock. */
const BUCKETS_A_HOLD = 512;

export class MapClearing {
  private readonly _memory: MapMemory;
  private readonly _words: Words;
  private readonly _map: number;
  private readonly _table: MapTable;
  private readonly _locks: BucketLocks;

  constructor(memory: MapMemory, map: number, table: MapTable, locks: BucketLocks) {
    this._memory = memory;
    this._words = memory.words;
    this._map = map;
    this._table = table;
    this._locks = locks;
  }

  /** Takes out and frees every entry that was there when it began. Errors as MapWriter.put(). */
  run(): void {
    const { intents } = this._memory;
    const frame = intents.open(INTENT_KIND.clear, this._map);
    try {
      const locks = 1 << this._locks.firstLevel();
      for (let number = 0; number < locks; number++) this._clearShare(number, new Removed(frame));
    } finally {
      intents.close(frame);
    }
  }

  /** Empties what lock `number` guards. */
  private _clearShare(number: number, removed: Removed): void {
    const firstLevel = this._locks.firstLevel();
    // Hashes, not buckets: the table may double while this goes on.
    const end = (number + 1) * 2 ** (32 - firstLevel);
    let from = number * 2 ** (32 - firstLevel);
    while (from < end) {
      this._memory.turn.spend();
      try {
        from = this._clearStretch(number, from, end, removed);
      } finally {
        this._freeAll(removed);
      }
    }
  }

  /** Empties buckets from the hash `from` on, and returns the hash to go on from. */
  private _clearStretch(number: number, from: number, end: number, removed: Removed): number {
    this._locks.acquire(number);
    try {
      const level = this._table.level();
      const hashes = 2 ** (32 - level);
      const stop = Math.min(end / hashes, from / hashes + BUCKETS_A_HOLD);
      for (let bucket = from / hashes; bucket < stop; bucket++) {
        this._clearBucket(this._table.wordOf(level, bucket), number, removed);
      }
      return stop * hashes;
    } finally {
      this._locks.release(number);
    }
  }

  private _clearBucket(word: number, number: number, removed: Removed): void {
    const words = this._words;
    const { intents, ownerTag } = this._memory;
    const first = words.loadPlain(word);
    if (first <= 0) return;
    intents.takeSecond(removed.frame, first);
    let count = 0;
    let link = first;
    for (; link > 0; link = words.loadPlain(link)) {
      words.storePlain(link + ENTRY_TAKER, ownerTag);
      count++;
    }
    this._locks.addEntries(number, -count);
    // map-table:P3: publishes the way round the entries, which keep their links.
    words.store(word, link);
    words.storePlain(first + ENTRY_CLEARED, removed.first);
    removed.first = first;
    intents.take(removed.frame, first);
    intents.takeSecond(removed.frame, 0);
  }

  /** Frees what was unlinked, and empties the chain. Throws what freeing the first of them throws, after the others. */
  private _freeAll(removed: Removed): void {
    const { intents } = this._memory;
    const thrown: unknown[] = [];
    while (removed.first !== 0) {
      const first = removed.first;
      intents.takeSecond(removed.frame, -first);
      removed.first = this._words.loadPlain(first + ENTRY_CLEARED);
      intents.take(removed.frame, removed.first);
      this._freeBucket(first, removed.frame, thrown);
    }
    if (thrown.length > 0) throw thrown[0];
  }

  private _freeBucket(first: number, frame: number, thrown: unknown[]): void {
    const { intents } = this._memory;
    let entry = first;
    while (entry > 0) {
      const next = this._words.loadPlain(entry);
      intents.takeSecond(frame, -entry);
      try {
        this._memory.freeRcu(entry, ENTRY.rcuHead);
      } catch (error) {
        thrown.push(error);
      }
      entry = next;
    }
    intents.takeSecond(frame, 0);
  }
}

/** What one thread has taken out of a map and not freed: the first of a chain. */
class Removed {
  readonly frame: number;
  first = 0;

  constructor(frame: number) {
    this.frame = frame;
  }
}
