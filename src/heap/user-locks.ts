/**
 * UserLocks: the locks that users name. A record in the heap for each, found through the registry, and in each
 * thread one object that works on it.
 *
 * Records are never freed, so a lock word is never taken for something else by a thread that dies or sleeps on it.
 */

import { LOCK, LOCK_KIND, type LockKindNumber, lockRecordWords } from '../layout/lock-record.js';
import { CondVar } from '../locks/cond-var.js';
import type { LockThread } from '../locks/lock-thread.js';
import { Mutex } from '../locks/mutex.js';
import { RwLock } from '../locks/rw-lock.js';
import { Semaphore } from '../locks/semaphore.js';
import { SeqLock } from '../locks/seq-lock.js';
import { usedAfterDetach } from '../words/after-detach.js';
import type { Words } from '../words/words.js';
import type { NamedTarget } from './registry.js';

/** What all of them can be told. */
interface NamedLock {
  /** This thread leaves the heap: gives up its waits, and releases what it has. */
  abandon(): void;
  /** The thread of a slot is dead: clears what it has in the record, and wakes who can go on now. */
  forgetDead(slot: number): void;
}

/** Finding and making names, of the heap. */
export interface NameMaker {
  /** What a name stands for; the memory that `make` returns where it is new, which is given back where it is not used. */
  findOrPublish(kind: number, name: string, make: () => number): number;
  /** Takes zeroed words; throws OutOfMemoryError. */
  take(words: number): number;
  /** All names of some kinds. */
  list(): readonly NamedTarget[];
}

const KINDS: readonly number[] = Object.values(LOCK_KIND);
const MAX_PERMITS = 1024;
const MAX_SEQ_WORDS = 64;

export class UserLocks {
  private readonly _words: Words;
  private readonly _thread: LockThread;
  private readonly _names: NameMaker;
  /** By address of the record. */
  private readonly _opened = new Map<number, NamedLock>();
  private readonly _records = new Map<string, number>();

  constructor(thread: LockThread, names: NameMaker) {
    this._words = thread.words;
    this._thread = thread;
    this._names = names;
  }

  mutex(name: string): Mutex {
    return this._open(LOCK_KIND.mutex, name, 0) as Mutex;
  }

  rwLock(name: string): RwLock {
    return this._open(LOCK_KIND.rwLock, name, 0) as RwLock;
  }

  condVar(name: string): CondVar {
    return this._open(LOCK_KIND.condVar, name, 0) as CondVar;
  }

  semaphore(name: string, permits: number): Semaphore {
    requireSize('semaphore', name, 'permits', permits, MAX_PERMITS);
    return this._open(LOCK_KIND.semaphore, name, permits) as Semaphore;
  }

  seqLock(name: string, words: number): SeqLock {
    requireSize('seqlock', name, 'words', words, MAX_SEQ_WORDS);
    return this._open(LOCK_KIND.seqLock, name, words) as SeqLock;
  }

  /** This thread leaves the heap: gives up every wait of it, releases what it has, and locks nothing any more. */
  abandon(): void {
    this._thread.isAttached = false;
    for (const lock of this._opened.values()) lock.abandon();
  }

  /** This thread could not leave: what it had is released, and it can lock again. */
  resume(): void {
    this._thread.isAttached = true;
  }

  /** Takes the dead threads of some slots out of every lock of the heap. */
  forgetDead(slots: readonly number[]): void {
    if (slots.length === 0) return;
    for (const { kind, name, target } of this._names.list()) {
      if (!KINDS.includes(kind)) continue;
      const lock = this._opened.get(target) ?? this._make(kind as LockKindNumber, name, target);
      for (const slot of slots) lock.forgetDead(slot);
    }
  }

  private _open(kind: LockKindNumber, name: string, size: number): NamedLock {
    this._requireAttached();
    const key = `${kind} ${name}`;
    const record = this._records.get(key) ?? this._findOrMake(kind, name, size);
    const found = this._words.loadPlain(record + LOCK.size);
    if (found !== size) {
      throw new RangeError(
        `opened lock '${name}' with size ${size}, which was made with ${found}; a lock has one size in all threads`,
      );
    }
    this._records.set(key, record);
    let lock = this._opened.get(record);
    if (lock === undefined) {
      lock = this._make(kind, name, record);
      this._opened.set(record, lock);
    }
    return lock;
  }

  private _requireAttached(): void {
    if (this._thread.isAttached) return;
    throw usedAfterDetach();
  }

  private _findOrMake(kind: LockKindNumber, name: string, size: number): number {
    return this._names.findOrPublish(kind, name, () => this._makeRecord(kind, size));
  }

  private _makeRecord(kind: LockKindNumber, size: number): number {
    const record = this._names.take(lockRecordWords(kind, this._thread.geometry.slots, size));
    this._words.storePlain(record + LOCK.kind, kind);
    this._words.storePlain(record + LOCK.size, size);
    return record;
  }

  private _make(kind: LockKindNumber, name: string, record: number): NamedLock {
    switch (kind) {
      case LOCK_KIND.mutex:
        return new Mutex(this._thread, record, name);
      case LOCK_KIND.rwLock:
        return new RwLock(this._thread, record, name);
      case LOCK_KIND.condVar:
        return new CondVar(this._thread, record, name);
      case LOCK_KIND.semaphore:
        return new Semaphore(this._thread, record, name);
      case LOCK_KIND.seqLock:
        return new SeqLock(this._thread, record, name);
    }
  }
}

function requireSize(what: string, name: string, unit: string, size: number, most: number): void {
  if (Number.isInteger(size) && size >= 1 && size <= most) return;
  throw new RangeError(
    `opened ${what} '${name}' with ${unit}: ${String(size)}; it is an integer in 1..${most}`,
  );
}
