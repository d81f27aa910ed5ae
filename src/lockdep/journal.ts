/**
 * Journal: the one order in which all threads of a heap learn about their locks.
 *
 *     class 0, class 1, edge 0 -> 1, usage of 1, class 2, report, ...
 *
 * A class graph changes only by entries. Whoever applies the same entries in the same order has the same graph,
 * with the same numbers: the n-th class entry is class n.
 *
 * PrivateJournal is that order for the validators of one thread, in plain JavaScript.
 */
import type { LockKind, WaitType } from '../locks/lock-class.js';

/** Something that was learnt. Plain values only, so that it can be written as JSON. */
export type JournalEntry =
  | {
      readonly kind: 'class';
      readonly name: string;
      readonly subclass: number;
      readonly rank: number;
      readonly outer: WaitType;
      readonly inner: WaitType;
      readonly lockKind: LockKind;
    }
  | {
      readonly kind: 'edge';
      /** Numbers of classes: `to` was waited for while `from` was held. */
      readonly from: number;
      readonly to: number;
      /** DEPENDENCY bits that are new. */
      readonly bits: number;
      readonly stack: string;
      readonly thread: string;
    }
  | {
      readonly kind: 'usage';
      readonly node: number;
      /** USAGE bits that are new. */
      readonly bits: number;
      readonly stack: string;
      readonly thread: string;
    }
  | { readonly kind: 'report'; readonly key: string }
  /** Where a turn began: of no interest to a class graph. */
  | { readonly kind: 'turn'; readonly stack: string };

/**
 * Why nothing more is added to a journal.
 *
 *     full         there is no room
 *     abandoned    a thread that was adding to it does not come back
 *     damaged      what it holds is no entry
 */
export type ClosedReason = 'full' | 'abandoned' | 'damaged';

export interface Journal {
  /**
   * Reads what others have appended into `apply`, then runs `fn` while nobody else appends.
   *
   * `fn` may not be run at all when the journal is closed.
   *
   * @returns false when the journal is closed, before or by this call; from then on always.
   */
  exclusively(
    apply: (entry: JournalEntry) => void,
    fn: (append: (entry: JournalEntry) => void) => void,
  ): boolean;

  /** Reads what others have appended into `apply`, also from a closed journal; false where something is no entry. */
  read(apply: (entry: JournalEntry) => void): boolean;

  /** Why nothing more is added; undefined while it is. */
  closedReason(): ClosedReason | undefined;
}

export class PrivateJournal implements Journal {
  readonly entries: JournalEntry[];
  private readonly _maxEntries: number;
  private _position = 0;
  private _isFull = false;

  /**
   * @param entries    what is known from before, for example from a file; read by the first exclusively()
   * @param maxEntries entries there is room for
   */
  constructor(entries: readonly JournalEntry[] = [], maxEntries = Number.POSITIVE_INFINITY) {
    this.entries = [...entries];
    this._maxEntries = maxEntries;
  }

  exclusively(
    apply: (entry: JournalEntry) => void,
    fn: (append: (entry: JournalEntry) => void) => void,
  ): boolean {
    if (this._isFull) return false;
    this.read(apply);
    fn((entry) => this._append(entry));
    return !this._isFull;
  }

  read(apply: (entry: JournalEntry) => void): boolean {
    while (this._position < this.entries.length) apply(this.entries[this._position++]!);
    return true;
  }

  closedReason(): ClosedReason | undefined {
    return this._isFull ? 'full' : undefined;
  }

  private _append(entry: JournalEntry): void {
    if (this.entries.length >= this._maxEntries) this._isFull = true;
    if (this._isFull) return;
    this.entries.push(entry);
    this._position = this.entries.length;
  }
}
