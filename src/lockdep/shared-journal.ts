/**
 * SharedJournal: what the threads of one heap have learnt about their locks, in shared memory of its own, so
 * that each thread's class graph knows what all have seen.
 *
 *     word  0       1      2      3            16
 *          +-------+------+------+--------+- -+-------+--------------+-------+--------------+-------- -
 *          | magic | lock | used | closed |   | bytes | JSON, UTF-8  | bytes | JSON, UTF-8  |  free
 *          +-------+------+------+--------+- -+-------+--------------+-------+--------------+-------- -
 *                                             |<------------------ used ------------------->|
 *
 * Entries are only ever added. Each thread keeps the position up to which it has read.
 *
 * A journal closes once and for all: when it is full, when an owner of its lock does not come back, or when
 * what it holds is no entry. Then nothing is added, and every validator that uses it stops. Who closes it
 * says so; nothing is ever thrown over it, because it is called inside of other people's lock calls.
 *
 * Who may call: any thread, each through a SharedJournal of its own. What is called back under the lock takes no lock.
 *
 * I1  `used` never shrinks, and all below it are whole entries: also when a thread dies between any two steps.
 * P1  append's store of `used` publishes the entries below it; observed by the load of `used` in read.
 */
import { LockTimeoutError } from '../locks/lock-errors.js';
import { RawSpinLock } from '../locks/raw-spin-lock.js';
import { wordsFor } from '../words/units.js';
import { decodeUtf8, encodeUtf8 } from '../words/utf8.js';
import type { Words } from '../words/words.js';
import type { ClosedReason, Journal, JournalEntry } from './journal.js';

export type { ClosedReason } from './journal.js';

/** Words of the header; the entries follow it. */
export const JOURNAL = { magic: 0, lock: 1, used: 2, closed: 3, entries: 16 } as const;

/** 'Ljrn' */
const MAGIC = 0x6e726a4c;

/** Size of a journal that nobody asked for otherwise: a few thousand entries with their stacks. */
export const JOURNAL_BYTES = 2 ** 20;

/** By the value of word `closed`; 0 is open. */
const CLOSED_REASONS: readonly (ClosedReason | undefined)[] = [undefined, 'full', 'abandoned', 'damaged'];

/** Makes an empty journal in zeroed words that nobody else has seen yet. */
export function formatJournal(words: Words): void {
  if (words.lengthWords <= JOURNAL.entries) {
    throw new RangeError(
      `made a lock journal in ${words.lengthWords} words; its header alone has ${JOURNAL.entries}, ` +
        `so give it more, for example ${JOURNAL_BYTES} bytes`,
    );
  }
  words.storePlain(JOURNAL.magic, MAGIC);
}

/** Whether formatJournal() has made a journal in `words`. */
export function isJournal(words: Words): boolean {
  return words.lengthWords > JOURNAL.entries && words.loadPlain(JOURNAL.magic) === MAGIC;
}

/** Throws unless formatJournal() has made a journal in `words`. */
export function requireJournal(words: Words): void {
  if (isJournal(words)) return;
  throw new TypeError(
    `attached to a lock journal in a shared buffer of ${words.lengthWords} words that holds none; ` +
      'pass the handle of a heap that was made with `validate: true`',
  );
}

/** What a SharedJournal of one thread is made with. */
export interface SharedJournalOptions {
  /** This thread's owner tag. */
  readonly tag: number;
  /** How often to look at the journal's lock before it is given up. */
  readonly spinRounds: number;
  /** Told once, in the thread that closes the journal. */
  onClose(reason: ClosedReason): void;
}

export class SharedJournal implements Journal {
  private readonly _words: Words;
  private readonly _lock: RawSpinLock;
  private readonly _options: SharedJournalOptions;
  /** Words of entries that this thread has read or written. */
  private _position = 0;
  /** That this thread has closed the journal, as long as it has told nobody. */
  private _untold: ClosedReason | undefined = undefined;

  /** @param words what formatJournal() has made a journal in */
  constructor(words: Words, options: SharedJournalOptions) {
    this._words = words;
    this._options = options;
    this._lock = new RawSpinLock(words, JOURNAL.lock, options.tag, options.spinRounds, 'lock journal');
  }

  /**
   * Reads what others have added into `apply`, then runs `fn` while nobody else adds anything. A closed journal
   * is only read.
   *
   * What `fn` appends is in the journal at once, also where `fn` throws afterwards.
   *
   * @returns false when the journal is closed, before or by this call; from then on always.
   */
  exclusively(
    apply: (entry: JournalEntry) => void,
    fn: (append: (entry: JournalEntry) => void) => void,
  ): boolean {
    if (this.closedReason() !== undefined) {
      this.read(apply);
      return false;
    }
    if (!this._acquire()) return false;
    try {
      if (this._read(apply)) fn((entry) => this._append(entry));
    } finally {
      this._lock.release();
      this._tellOfClosing();
    }
    return this.closedReason() === undefined;
  }

  /**
   * Reads into `apply` what others have added since the last time. Needs no lock, and goes on working when the
   * journal is closed.
   *
   * @returns false when there is something in it that is no entry.
   */
  read(apply: (entry: JournalEntry) => void): boolean {
    const isWhole = this._read(apply);
    this._tellOfClosing();
    return isWhole;
  }

  /** Why nothing more is added; undefined while it is. */
  closedReason(): ClosedReason | undefined {
    // Publishes nothing: a flag that is set once.
    return CLOSED_REASONS[this._words.load(JOURNAL.closed)];
  }

  private _read(apply: (entry: JournalEntry) => void): boolean {
    // P1: observes every entry below it.
    const used = this._words.load(JOURNAL.used);
    while (this._position < used) {
      const entry = this._readEntry(used);
      if (entry === undefined) {
        this._close('damaged');
        return false;
      }
      apply(entry);
    }
    return true;
  }

  private _acquire(): boolean {
    try {
      this._lock.acquire();
      return true;
    } catch (error) {
      if (!(error instanceof LockTimeoutError)) throw error;
      this._close('abandoned');
      this._tellOfClosing();
      return false;
    }
  }

  /** Adds an entry; the lock is held, and everything is read. An entry that does not fit closes the journal. */
  private _append(entry: JournalEntry): void {
    const bytes = encodeUtf8(JSON.stringify(entry));
    const start = JOURNAL.entries + this._position;
    const end = this._position + 1 + wordsFor(bytes.length);
    if (JOURNAL.entries + end > this._words.lengthWords) this._close('full');
    if (this.closedReason() !== undefined) return;
    this._words.storePlain(start, bytes.length);
    this._words.writeBytesPlain(start + 1, bytes, bytes.length);
    // P1: publishes the entry that was written above.
    this._words.store(JOURNAL.used, end);
    this._position = end;
  }

  /** The entry at this thread's position, which moves behind it; undefined when there is none. */
  private _readEntry(used: number): JournalEntry | undefined {
    const start = JOURNAL.entries + this._position;
    const byteLength = this._words.loadPlain(start);
    const end = this._position + 1 + wordsFor(byteLength);
    if (byteLength <= 0 || end > used) return undefined;
    const bytes = new Uint8Array(byteLength);
    this._words.readBytesPlain(start + 1, bytes, byteLength);
    const entry = parseEntry(decodeUtf8(bytes));
    if (entry !== undefined) this._position = end;
    return entry;
  }

  private _close(reason: ClosedReason): void {
    // Publishes nothing: the first reason stays.
    const before = this._words.compareExchange(JOURNAL.closed, 0, CLOSED_REASONS.indexOf(reason));
    if (before === 0) this._untold = reason;
  }

  /** Not while the lock is held: who is told may take locks, and so come back here. */
  private _tellOfClosing(): void {
    const reason = this._untold;
    this._untold = undefined;
    if (reason !== undefined) this._options.onClose(reason);
  }
}

/** What `text` says; undefined when that is no entry. */
function parseEntry(text: string): JournalEntry | undefined {
  try {
    const entry: unknown = JSON.parse(text);
    return typeof entry === 'object' && entry !== null ? (entry as JournalEntry) : undefined;
  } catch {
    return undefined;
  }
}
