/**
 * MapWriter: changes a map, one bucket lock at a time.
 *
 *     insert   before -> next            becomes   before -> entry -> next
 *     replace  before -> old -> next               before -> entry -> next      old keeps its link
 *     remove   before -> old -> next               before -> next               old keeps its link
 *
 * Each is one store, so a reader sees all of it or nothing; a reader that stands on `old` goes on from there.
 * What was unlinked is the caller's to free after a grace period, when the lock is released.
 *
 * tryPut() and tryRemove() are for callers that may not spin: each lock is tried once, and where another thread has
 * it nothing changes. They take as many steps as the bucket has entries, and as its lock has buckets that are not on
 * the list yet.
 *
 * I1  Under a lock: no allocation, no freeing, no function of the caller's.
 * I2  Under a lock, what calls deepest comes first, and the one store that matters last. So where the stack
 *     overflows, it does so before anything has changed, and the lock is released.
 */
import type { MapMemory } from '../heap/map-memory.js';
import { ENTRY } from '../layout/map-record.js';
import type { Words } from '../words/words.js';
import type { BucketLocks } from './bucket-locks.js';
import type { EntryDraft } from './entry-draft.js';
import type { MapGrowth } from './map-growth.js';
import type { MapTable } from './map-table.js';

/** As `expected`: whatever entry is there, or none. */
export const ANY = -1;
/** As `expected`: no entry. */
export const ABSENT = 0;

const ORDER = ENTRY.order;
const RCU_HEAD = ENTRY.rcuHead;

/** Buckets that clear() empties under one hold of a lock. */
const BUCKETS_A_HOLD = 512;

export class MapWriter {
  private readonly _memory: MapMemory;
  private readonly _words: Words;
  private readonly _table: MapTable;
  private readonly _locks: BucketLocks;
  private readonly _growth: MapGrowth;

  constructor(memory: MapMemory, table: MapTable, locks: BucketLocks, growth: MapGrowth) {
    this._memory = memory;
    this._words = memory.words;
    this._table = table;
    this._locks = locks;
    this._growth = growth;
  }

  /**
   * Takes memory for what the draft holds, key and value, and copies it there. May renew the turn.
   *
   * Errors   OutOfMemoryError; then nothing has changed.
   */
  make(draft: EntryDraft): number {
    const entry = this._memory.alloc(draft.entryBytes());
    draft.writeTo(this._words, entry);
    return entry;
  }

  /**
   * Puts an entry that make() returned where the entry of the draft's key is, provided that this is `expected`;
   * frees the one that goes out of the map, or else the new one.
   *
   * @param expected address of an entry of this turn, ABSENT or ANY
   * @returns        the entry that was there, 0 for none; the change was made if that is what was expected.
   *
   * Errors   LockTimeoutError; then the new entry is freed, and nothing has changed.
   */
  put(draft: EntryDraft, entry: number, expected: number): number {
    const number = this._locks.numberOf(draft.words[ORDER]!);
    let found = 0;
    let changes = false;
    try {
      this._locks.acquire(number);
      try {
        found = this._table.locate(draft);
        changes = expected === ANY || found === expected;
        if (changes) this._link(entry, found, number);
      } finally {
        this._locks.release(number);
      }
    } finally {
      if (!changes) this._memory.free(entry);
    }
    if (changes && found === 0) this._growth.afterInsert(number);
    else if (changes) this._memory.freeRcu(found, RCU_HEAD);
    return found;
  }

  /**
   * Takes the entry of the draft's key out of the map, provided that it is `expected`, and frees it.
   *
   * @returns the entry that was there, as put().
   */
  remove(draft: EntryDraft, expected: number): number {
    const number = this._locks.numberOf(draft.words[ORDER]!);
    let found = 0;
    let changes = false;
    this._locks.acquire(number);
    try {
      found = this._table.locate(draft);
      changes = found !== 0 && (expected === ANY || found === expected);
      if (changes) this._unlink(found, number);
    } finally {
      this._locks.release(number);
    }
    if (changes) this._memory.freeRcu(found, RCU_HEAD);
    return found;
  }

  /** make() that tries each lock once; 0 where there is no memory to be had so. */
  tryMake(draft: EntryDraft): number {
    const entry = this._memory.allocNolock(draft.entryBytes());
    if (entry !== 0) draft.writeTo(this._words, entry);
    return entry;
  }

  /** put() of an entry, whatever is there, if the lock is free at once; else frees the entry and returns false. */
  tryPut(draft: EntryDraft, entry: number): boolean {
    const number = this._locks.numberOf(draft.words[ORDER]!);
    if (!this._locks.tryAcquire(number)) {
      this._memory.freeNolock(entry);
      return false;
    }
    let found = 0;
    try {
      found = this._table.locate(draft);
      this._link(entry, found, number);
    } finally {
      this._locks.release(number);
    }
    if (found === 0) this._growth.tryAfterInsert(number);
    else this._memory.freeRcu(found, RCU_HEAD);
    return true;
  }

  /** remove(), whatever is there, if the lock is free at once; else returns false. */
  tryRemove(draft: EntryDraft): boolean {
    const number = this._locks.numberOf(draft.words[ORDER]!);
    if (!this._locks.tryAcquire(number)) return false;
    let found = 0;
    try {
      found = this._table.locate(draft);
      if (found !== 0) this._unlink(found, number);
    } finally {
      this._locks.release(number);
    }
    if (found !== 0) this._memory.freeRcu(found, RCU_HEAD);
    return true;
  }

  /** Takes out and frees every entry that was there when it began. */
  clear(): void {
    const firstLevel = this._locks.firstLevel();
    const removed: number[] = [];
    for (let number = 0; number < 1 << firstLevel; number++) {
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
  }

  /** Frees what was unlinked, and empties the list. Throws what freeing the first of them throws, after the others. */
  private _freeAll(removed: number[]): void {
    const thrown: unknown[] = [];
    for (const entry of removed) {
      try {
        this._memory.freeRcu(entry, RCU_HEAD);
      } catch (error) {
        thrown.push(error);
      }
    }
    removed.length = 0;
    if (thrown.length > 0) throw thrown[0];
  }

  private _link(entry: number, found: number, number: number): void {
    const words = this._words;
    const { before } = this._table;
    words.storePlain(entry, words.loadPlain(found === 0 ? before : found));
    if (found === 0) this._locks.addEntries(number, 1);
    // map-table:P3: publishes the entry; one that it replaces keeps its own link.
    words.store(before, entry);
  }

  private _unlink(found: number, number: number): void {
    this._locks.addEntries(number, -1);
    // map-table:P3: publishes the way round the entry, which keeps its own link.
    this._words.store(this._table.before, this._words.loadPlain(found));
  }

  /** Empties buckets from the hash `from` on, and returns the hash to go on from. */
  private _clearStretch(number: number, from: number, end: number, removed: number[]): number {
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

  private _clearBucket(word: number, number: number, removed: number[]): void {
    const words = this._words;
    const count = removed.length;
    let link = words.loadPlain(word);
    if (link <= 0) return;
    for (; link > 0; link = words.loadPlain(link)) removed.push(link);
    this._locks.addEntries(number, count - removed.length);
    // map-table:P3: publishes the way round the entries, which keep their links.
    words.store(word, link);
  }
}
