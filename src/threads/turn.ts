/**
 * A turn: the time from a thread's first heap operation in a run of synchronous code until that run ends.
 * What a turn reads stays allocated until the turn ends; entering is paid once a turn, not once a read.
 *
 *     turn word (in the slot):  even = between turns      +1 = in a turn      +2 = borrowed by another thread
 *                               the rest counts turns
 *
 *     pin()    before raw addresses are handed out: the turn lasts until the synchronous run ends
 *     spend()  before an operation that keeps no address between calls: the turn is renewed every so many
 *              operations, so that a long loop over a map holds up nobody
 *
 * A microtask, queued once a turn, ends it. turn(fn) ends it when fn returns; quiesce() ends and restarts it;
 * whoever is about to sleep leaves it first. A read section is a part of a turn, counted in this thread alone: while
 * one is open, or a turn(fn) runs, the turn can neither be left nor renewed.
 *
 * I1  open exactly when the turn word is odd; pinned only when open; budget > 0 only when open; sections are open
 *     only when pinned.
 * P1  enter: read-modify-write of the turn word, THEN load of the grace-period sequence. Updater: unlink by
 *     an atomic store, THEN add to the sequence, THEN load the turn words. If the load saw the new number, the
 *     unlink came before every read of the turn; if not, the updater sees the odd word and waits.
 * P2  The store that ends a turn publishes that its reads are done; observed by who drives the grace period. It
 *     publishes the thread's page lists as well; observed by who borrows them (borrow:P1).
 *
 * Follows the kernel's context tracking (kernel/context_tracking.c) and liburcu's QSBR.
 */

import { noteActivity } from '../layout/activity.js';
import { HEADER } from '../layout/heap-header.js';
import { ACTIVITY, SLOT, TURN_OPEN, TURN_STEP } from '../layout/thread-slot.js';
import { usedAfterDetach } from '../words/after-detach.js';
import type { Host, Leavable } from '../words/host.js';
import { isThenable } from '../words/is-thenable.js';
import { requireDeepestStack } from '../words/stack-room.js';
import type { Words } from '../words/words.js';
import { LONGEST_BORROWING, takeBack } from './borrow.js';

/** Runs between turns, where this thread holds up no grace period. */
export type BetweenTurns = () => void;

export class Turn implements Leavable {
  /** True while raw addresses may be held: the turn may not be renewed. */
  pinned = false;
  /** Operations left before spend() renews the turn. */
  budget = 0;
  /** Counts turns of this thread: two reads in one epoch are safe to compare by address. */
  epoch = 0;
  /** readLock() without readUnlock(). */
  protected sections = 0;
  private readonly _words: Words;
  private readonly _word: number;
  private readonly _host: Host;
  private readonly _operations: number;
  private readonly _betweenTurns: BetweenTurns;
  private readonly _spinRounds: number;
  private readonly _onMicrotask: () => void;
  private _even: number;
  private _open = false;
  private _queued = false;
  private _closed = false;
  private _scopes = 0;
  /** Of the scopes, those of read(fn). */
  private _reads = 0;
  /** Sections that ended without readUnlock(). */
  private _cut = 0;

  /**
   * @param word         index of the slot's turn word
   * @param even         what the word holds now: turns go on counting where the slot's last owner stopped
   * @param operations   renew after so many spend() calls
   * @param betweenTurns called each time a turn has ended, outside of any turn
   * @param spinRounds   how often to look at a borrower before giving up with LockTimeoutError
   */
  constructor(
    words: Words,
    word: number,
    even: number,
    host: Host,
    operations: number,
    betweenTurns: BetweenTurns,
    spinRounds = LONGEST_BORROWING,
  ) {
    this._words = words;
    this._word = word;
    this._host = host;
    this._operations = operations;
    this._betweenTurns = betweenTurns;
    this._spinRounds = spinRounds;
    this._onMicrotask = () => this.runEnded();
    this._even = even;
  }

  /** True between enter and the end of the turn. */
  isOpen(): boolean {
    return this._open;
  }

  /** True when leave() would neither throw nor make an address stale that the caller may hold. */
  isLeavable(): boolean {
    return !this.pinned && this._scopes === 0;
  }

  /** True inside turn(fn) or a read section. */
  isReading(): boolean {
    return this._scopes > 0 || this.sections > 0;
  }

  /** Forgets every turn(fn) and read section: for a thread that ends inside of one. */
  endScopes(): void {
    this._scopes = 0;
    if (this.sections !== 0) this.cutSections(0);
  }

  /** Makes sure of a turn and keeps it until the synchronous run ends, as raw addresses need. */
  pin(): void {
    if (this.pinned) return;
    if (!this._open) this._begin();
    this.pinned = true;
  }

  /** Makes sure of a turn for one operation that keeps no address after it returns. */
  spend(): void {
    if (--this.budget < 0) this._renew();
  }

  /** Makes the next spend() renew the turn. */
  expire(): void {
    this.budget = 0;
  }

  /** Runs `fn` in a turn that ends when `fn` returns; nests. `fn` must be synchronous. */
  run<T>(fn: () => T, call = 'turn(fn)'): T {
    const outermost = !this._open;
    if (outermost) {
      this.enter();
      this.note(ACTIVITY.scope);
    }
    const pinned = this.pinned;
    const sections = this.sections;
    this.pinned = true;
    this._scopes++;
    try {
      const result = fn();
      if (isThenable(result)) refuseAsync(call);
      return result;
    } finally {
      this._scopes--;
      // What `fn` has begun, and left by an exception, ends here.
      if (this.sections > sections) this.cutSections(sections);
      this.pinned = pinned;
      if (outermost) this.end();
    }
  }

  /** run(), as a read section of the user's. */
  read<T>(fn: () => T): T {
    this._reads++;
    try {
      return this.run(fn, 'rcu.read(fn)');
    } finally {
      this._reads--;
    }
  }

  /** Begins a read section, in a turn that lasts until the synchronous run ends; nests. */
  readLock(): void {
    if (!this.pinned) this.pin();
    this.sections++;
  }

  /** Ends the innermost read section. */
  readUnlock(): void {
    if (this.sections === 0) this._refuseUnlock();
    this.sections--;
  }

  /** Notes what this thread does, an ACTIVITY, for who reports a stall: in slow paths alone. */
  note(activity: number): void {
    noteActivity(this._words, this._word - SLOT.turn, activity);
  }

  /** Ends the turn and starts the next: the caller keeps no address across it. */
  quiesce(): void {
    this._requireNoScope('quiesce()');
    if (!this._open) return;
    requireDeepestStack();
    const pinned = this.pinned;
    this.end();
    this.enter();
    this.pinned = pinned;
  }

  /** Ends the turn, if there is one. Throws inside turn(fn) or a read section, whose addresses would go stale. */
  leave(): void {
    this._requireNoScope('waiting');
    if (!this._open) return;
    requireDeepestStack();
    this.end();
  }

  /** Ends the turn, if there is one, and every section that is still open: the code that began them is over. */
  finish(): void {
    if (this._open) this.end();
  }

  /** Ends the last turn: this thread leaves the heap, and every later operation throws. */
  close(): void {
    this.leave();
    this._closed = true;
  }

  /** Stores where the turn began, by a number that others know. */
  protected noteStack(number: number): void {
    this._words.storePlain(this._word - SLOT.turn + SLOT.turnStack, number);
  }

  private _renew(): void {
    if (!this._open) this._begin();
    else if (!this.pinned) {
      requireDeepestStack();
      this.end();
      this.enter();
    }
    this.budget = this._operations;
  }

  private _begin(): void {
    this.enter();
    this.note(ACTIVITY.began);
    if (this._queued) return;
    this._queued = true;
    this._host.queueMicrotask(this._onMicrotask);
  }

  /** The synchronous run that began the turn is over. */
  protected runEnded(): void {
    this._queued = false;
    if (this._open) this.end();
  }

  protected enter(): void {
    if (this._closed) {
      throw usedAfterDetach();
    }
    // A turn is neither begun nor ended half-way; who begins one has the stack to end it.
    requireDeepestStack();
    const open = this._even | TURN_OPEN;
    // P1: the read-modify-write; an updater that loads the word later sees it odd. borrow:P1: observes the lists.
    if (this._words.compareExchange(this._word, this._even, open) !== this._even) {
      takeBack(this._words, this._word - SLOT.turn, this._even, TURN_OPEN, this._spinRounds);
    }
    // P1: the load after it; where it sees the new number, it also sees the unlink before that number.
    this._words.load(HEADER.gracePeriodSequence);
    this._open = true;
    this.epoch++;
  }

  protected end(): void {
    this._close();
    this._betweenTurns();
    // A hook of a lock that was taken there may have begun a turn, which is over with the hook.
    if (this._open) this._close();
  }

  /** Ends the innermost sections, but for `kept`, without readUnlock(). */
  protected cutSections(kept: number): void {
    this._cut += this.sections - kept;
    this.sections = kept;
  }

  private _close(): void {
    if (this.sections !== 0) this.cutSections(0);
    this._open = false;
    this.pinned = false;
    this.budget = 0;
    this._even = (this._even + TURN_STEP) | 0;
    // P2: publishes that every read of the turn is done. borrow:P1: and what the turn has left on the lists.
    this._words.store(this._word, this._even);
  }

  private _requireNoScope(what: string): void {
    if (this.isReading()) this._refuse(what);
  }

  private _refuse(what: string): never {
    let where = 'a read section';
    let wayOut = 'call rcu.readUnlock() first';
    if (this._reads > 0) [where, wayOut] = ['rcu.read(fn)', 'return from fn first'];
    else if (this._scopes > 0) [where, wayOut] = ['turn(fn)', 'return from fn first, or leave out turn()'];
    throw new Error(`${what} inside ${where}, which promised to keep what it read: ${wayOut}`);
  }

  private _refuseUnlock(): never {
    if (this._cut === 0)
      throw new Error('called rcu.readUnlock() without rcu.readLock(): no read section is open');
    this._cut--;
    throw new Error(
      'called rcu.readUnlock() of a read section that is over: it ended with its turn, which lasts no longer than a run ' +
        'of synchronous code, or with the turn(fn) or rcu.read(fn) that it began in. Unlock before an await',
    );
  }
}

function refuseAsync(call: string): never {
  throw new TypeError(
    `${call} was given a function that returns a promise; a turn ends when fn returns, so what fn reads ` +
      'after an await may be freed. Pass a synchronous function.',
  );
}
