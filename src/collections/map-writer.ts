/**
 * MapWriter: changes a map, one bucket lock at a time.
 *
 *     insert   before -> next            becomes   before -> entry -> next
 *     replace  before -> old -> next               before -> entry -> next      old keeps its link
 *     remove   before -> old -> next               before -> next               old keeps its link
 *
 * Each is one store, so a reader sees all of it or nothing; a reader that stands on `old` goes on from there.
 * What was unlinked is freed after a grace period, when the lock is released.
 *
 * tryPut() and tryRemove() are for callers that may not spin: each lock is tried once, and where another thread has
 * it nothing changes. They take as many steps as the bucket has entries, and as its lock has buckets that are not on
 * the list yet.
 *
 * What a write has in hand it tells in an intent of kind `entry`, for who finishes it if this thread dies (map-repair.ts):
 *
 *     a   the entry that goes in, from when its taker is 0 on: it was never on the list, or has a taker, or is on it
 *     b   the entry that comes out, while it may be on the list still; -b from when it is not
 *
 * I1  Under a lock: no allocation, no freeing, no function of the caller's.
 * I2  Under a lock, what calls deepest comes first, and the one store that matters last. So where the stack
 *     overflows, it does so before anything has changed, and the lock is released.
 * I3  An intent ends in the turn that it has named an entry in: before that nobody can use the entry's memory anew.
 */
import type { MapMemory } from '../heap/map-memory.js';
import { ENTRY, ENTRY_TAKER } from '../layout/map-record.js';
import { INTENT_KIND } from '../layout/thread-slot.js';
import type { Intents } from '../threads/intents.js';
import type { Words } from '../words/words.js';
import type { BucketLocks } from './bucket-locks.js';
import type { EntryDraft } from './entry-draft.js';
import { MapClearing } from './map-clearing.js';
import type { MapGrowth } from './map-growth.js';
import type { MapTable } from './map-table.js';

/** As `expected`: whatever entry is there, or none. */
export const ANY = -1;
/** As `expected`: no entry. */
export const ABSENT = 0;

const ORDER = ENTRY.order;
const RCU_HEAD = ENTRY.rcuHead;
const TAKER = ENTRY_TAKER;
const ENTRY_INTENT = INTENT_KIND.entry;
const FREE_INTENT = INTENT_KIND.free;

export class MapWriter {
  private readonly _memory: MapMemory;
  private readonly _words: Words;
  private readonly _intents: Intents;
  private readonly _tag: number;
  private readonly _map: number;
  private readonly _table: MapTable;
  private readonly _locks: BucketLocks;
  private readonly _growth: MapGrowth;
  private readonly _clearing: MapClearing;

  /** @param map address of the map's root */
  constructor(memory: MapMemory, map: number, table: MapTable, locks: BucketLocks, growth: MapGrowth) {
    this._memory = memory;
    this._words = memory.words;
    this._intents = memory.intents;
    this._tag = memory.ownerTag;
    this._map = map;
    this._table = table;
    this._locks = locks;
    this._growth = growth;
    this._clearing = new MapClearing(memory, map, table, locks);
  }

  /**
   * Makes an entry of what the draft holds, key and value, and puts it where the entry of the draft's key is, provided that
   * this is `expected`; frees the one that goes out of the map, or else the new one. May renew the turn first.
   *
   * @param expected address of an entry of this turn, ABSENT or ANY
   * @returns        the entry that was there, 0 for none; the change was made if that is what was expected.
   *
   * Errors   OutOfMemoryError; LockTimeoutError. Then nothing has changed.
   */
  put(draft: EntryDraft, expected: number): number {
    const number = this._locks.numberOf(draft.words[ORDER]!);
    let found = 0;
    let changes = false;
    const frame = this._intents.open(ENTRY_INTENT, this._map);
    try {
      const entry = this._memory.alloc(draft.entryBytes());
      try {
        this._fill(entry, draft, frame);
        this._locks.acquire(number);
        try {
          found = this._table.locate(draft);
          changes = expected === ANY || found === expected;
          if (changes) this._link(entry, found, number, frame);
        } finally {
          this._locks.release(number);
        }
      } finally {
        if (!changes) this._giveBack(entry, frame);
      }
      if (changes && found !== 0) this._freeRcu(found, frame);
    } finally {
      this._intents.close(frame);
    }
    if (changes && found === 0) this._growth.afterInsert(number);
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
    const frame = this._intents.open(ENTRY_INTENT, this._map);
    try {
      let changes = false;
      this._locks.acquire(number);
      try {
        found = this._table.locate(draft);
        changes = found !== 0 && (expected === ANY || found === expected);
        if (changes) this._unlink(found, number, frame);
      } finally {
        this._locks.release(number);
      }
      if (changes) this._freeRcu(found, frame);
    } finally {
      this._intents.close(frame);
    }
    return found;
  }

  /**
   * put(), whatever is there, that tries each lock once; false where the bucket's is busy, or no memory is to be had so, and
   * then nothing has changed.
   */
  tryPut(draft: EntryDraft): boolean {
    const number = this._locks.numberOf(draft.words[ORDER]!);
    let found = 0;
    const frame = this._intents.open(ENTRY_INTENT, this._map);
    try {
      const entry = this._memory.allocNolock(draft.entryBytes());
      if (entry === 0) return false;
      this._fill(entry, draft, frame);
      if (!this._locks.tryAcquire(number)) {
        this._giveBack(entry, frame);
        return false;
      }
      try {
        found = this._table.locate(draft);
        this._link(entry, found, number, frame);
      } finally {
        this._locks.release(number);
      }
      if (found !== 0) this._freeRcu(found, frame);
    } finally {
      this._intents.close(frame);
    }
    if (found === 0) this._growth.tryAfterInsert(number);
    return true;
  }

  /** remove(), whatever is there, if the lock is free at once; else returns false. */
  tryRemove(draft: EntryDraft): boolean {
    const number = this._locks.numberOf(draft.words[ORDER]!);
    const frame = this._intents.open(ENTRY_INTENT, this._map);
    try {
      if (!this._locks.tryAcquire(number)) return false;
      let found = 0;
      try {
        found = this._table.locate(draft);
        if (found !== 0) this._unlink(found, number, frame);
      } finally {
        this._locks.release(number);
      }
      if (found !== 0) this._freeRcu(found, frame);
    } finally {
      this._intents.close(frame);
    }
    return true;
  }

  /** Takes out and frees every entry that was there when it began. */
  clear(): void {
    this._clearing.run();
  }

  /** Copies key and value into an entry that was just allocated, and tells of it. */
  private _fill(entry: number, draft: EntryDraft, frame: number): void {
    // map-record:I5: what it holds from before says nothing, once the intent has the entry.
    this._words.storePlain(entry + TAKER, 0);
    this._intents.take(frame, entry);
    draft.writeTo(this._words, entry);
  }

  private _link(entry: number, found: number, number: number, frame: number): void {
    const words = this._words;
    const { before } = this._table;
    words.storePlain(entry, words.loadPlain(found === 0 ? before : found));
    if (found === 0) this._locks.addEntries(number, 1);
    else this._tell(found, frame);
    // map-table:P3: publishes the entry; one that it replaces keeps its own link.
    words.store(before, entry);
  }

  private _unlink(found: number, number: number, frame: number): void {
    this._tell(found, frame);
    this._locks.addEntries(number, -1);
    // map-table:P3: publishes the way round the entry, which keeps its own link.
    this._words.store(this._table.before, this._words.loadPlain(found));
  }

  /** The entry is about to be off the list. */
  private _tell(found: number, frame: number): void {
    this._intents.takeSecond(frame, found);
    this._words.storePlain(found + TAKER, this._tag);
  }

  /** Frees an entry that is off the list. */
  private _freeRcu(found: number, frame: number): void {
    this._intents.takeSecond(frame, -found);
    this._memory.freeRcu(found, RCU_HEAD);
  }

  /** Frees an entry that was not put into the map: trying each lock once, since one may be why it was not. */
  private _giveBack(entry: number, frame: number): void {
    this._intents.become(frame, FREE_INTENT);
    this._memory.freeNolock(entry);
  }
}
