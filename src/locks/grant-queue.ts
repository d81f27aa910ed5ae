/**
 * GrantQueue: who waits for a notification, and which of them were notified.
 *
 *     place    [ 0 | 17 | 0 | 15 | .. ]       one word a slot: ticket, from which the oldest is told
 *     counts   [ 0 | 2 waiting | 0 | 1 waiting, 1 granted | .. ]       one word a slot
 *
 *     join: waiting + 1 --> grant: granted + 1 --> claim: waiting - 1, granted - 1
 *                      \--> leave: waiting - 1, where none is granted
 *
 * Several of one thread may wait: one that sleeps, and async tasks. They are counted, and each grant is for one.
 *
 * Who may call: grantOne, grantAll: anyone; forget: who has proof of the death. The rest: the thread of the slot.
 *
 * I1  granted is at most waiting, in every word of counts; both are 0 in a slot that nobody has.
 * I2  Others add to granted alone, the thread itself takes off alone: it may take off what it has seen.
 * I3  A place says who is first, not who waits: that is for the counts to say.
 * P1  A waiter joins, THEN lets the mutex go; who notifies of what it changed under the mutex finds it.
 * P2  A grant is counted, THEN notified; a sleeper sleeps only while the counts are those in which it found none.
 */
import { HEADER } from '../layout/heap-header.js';
import { GRANTED_ONE, LOCK, MAX_WAITING, TICKET_MASK, WAITING_ONE } from '../layout/lock-record.js';
import type { AsyncWait, WaitResult, Words } from '../words/words.js';
import type { LockThread } from './lock-thread.js';
import { isOlder } from './wait-queue.js';

const NOBODY = -1;
/** A thread may wait and await on its word at once. */
const ALL_OF_ONE = 0x7fffffff;

export class GrantQueue {
  private readonly _words: Words;
  private readonly _thread: LockThread;
  private readonly _record: number;
  /** Counts, by slot. */
  private readonly _counts: number;
  /** How many of this thread wait. */
  private _waiting = 0;
  /** This thread's counts when it last looked for a grant. */
  private _seen = 0;

  constructor(thread: LockThread, record: number) {
    this._words = thread.words;
    this._thread = thread;
    this._record = record;
    this._counts = record + LOCK.waiters + thread.geometry.slots;
  }

  /** True where one more of this thread would be too many. */
  isFull(): boolean {
    return this._waiting === MAX_WAITING;
  }

  /** One more of this thread waits. */
  join(): void {
    if (this._waiting++ === 0) this._takePlace();
    // P1: before the mutex is let go.
    this._words.add(this._counts + this._thread.slot, WAITING_ONE);
  }

  /** Takes a grant for one of this thread; false where there is none: then it may sleep. */
  claim(): boolean {
    const word = this._counts + this._thread.slot;
    // P2: looked at before sleeping.
    this._seen = this._words.load(word);
    if (grantedOf(this._seen) === 0) return false;
    // Publishes nothing (I2).
    this._words.add(word, -(WAITING_ONE + GRANTED_ONE));
    this._ceaseWaiting(true);
    return true;
  }

  /** One of this thread waits no more; false where there is a grant, which one of this thread is to claim. */
  leave(): boolean {
    const word = this._counts + this._thread.slot;
    for (;;) {
      // P2: one that was granted meanwhile does not leave.
      const counts = this._words.load(word);
      if (grantedOf(counts) > 0) return false;
      if (this._words.compareExchange(word, counts, counts - WAITING_ONE) === counts) break;
    }
    this._ceaseWaiting(false);
    return true;
  }

  /** Sleeps until there may be a grant, at most `timeoutMillis`; after claim() in vain. */
  sleep(timeoutMillis: number): WaitResult {
    return this._words.wait(this._counts + this._thread.slot, this._seen, timeoutMillis);
  }

  /** sleep() for an async task; undefined where the engine has no such thing. */
  sleepAsync(timeoutMillis: number): AsyncWait | undefined {
    return this._words.waitAsync(this._counts + this._thread.slot, this._seen, timeoutMillis);
  }

  /** Ends the sleep of this thread's async tasks. */
  wakeSelf(): void {
    this._words.notify(this._counts + this._thread.slot, ALL_OF_ONE);
  }

  /** Grants to the waiter that is first; false where nobody waits. */
  grantOne(): boolean {
    for (;;) {
      const slot = this._first();
      if (slot === NOBODY) return false;
      // P1: looked at after the mutex was had.
      const counts = this._words.load(this._counts + slot);
      if (mayBeGranted(counts) && this._grant(slot, counts, counts + GRANTED_ONE)) return true;
    }
  }

  /** Grants to every waiter. */
  grantAll(): void {
    // Publishes nothing: in a slot that is claimed later nobody waits yet.
    const claimed = this._words.load(HEADER.slotsClaimed);
    for (let slot = 0; slot < claimed; slot++) this._grantAllOf(slot);
  }

  /** Nobody of a thread waits any more: it has died, or leaves the heap. */
  forget(slot: number): void {
    // Publishes nothing, as the next.
    this._words.store(this._record + LOCK.waiters + slot, 0);
    this._words.store(this._counts + slot, 0);
  }

  private _takePlace(): void {
    // Publishes nothing, as the next: tickets only have to differ.
    const ticket = (this._words.add(this._record + LOCK.tickets, 1) + 1) & TICKET_MASK;
    this._words.store(this._record + LOCK.waiters + this._thread.slot, ticket);
  }

  private _ceaseWaiting(isGranted: boolean): void {
    this._waiting--;
    // Publishes nothing (I3).
    if (this._waiting === 0) this._words.store(this._record + LOCK.waiters + this._thread.slot, 0);
    // The next of this thread starts anew: others are not passed over by a thread with many tasks.
    else if (isGranted) this._takePlace();
  }

  /** The slot of the oldest place among those where one waits for a grant. */
  private _first(): number {
    const words = this._words;
    // Publishes nothing: in a slot that is claimed later nobody waits yet.
    const claimed = words.load(HEADER.slotsClaimed);
    let first = NOBODY;
    let lowest = 0;
    for (let slot = 0; slot < claimed; slot++) {
      // P1: looked at after the mutex was had.
      if (!mayBeGranted(words.load(this._counts + slot))) continue;
      const ticket = words.load(this._record + LOCK.waiters + slot);
      if (first !== NOBODY && !isOlder(ticket, lowest)) continue;
      first = slot;
      lowest = ticket;
    }
    return first;
  }

  private _grantAllOf(slot: number): void {
    for (;;) {
      // P1: looked at after the mutex was had.
      const counts = this._words.load(this._counts + slot);
      if (counts === 0) return;
      // Notifies also where all were granted before: whoever did that may have died first.
      const waiting = waitingOf(counts);
      if (this._grant(slot, counts, waiting * WAITING_ONE + waiting * GRANTED_ONE)) return;
    }
  }

  /** False where the counts have changed meanwhile. */
  private _grant(slot: number, counts: number, granted: number): boolean {
    const word = this._counts + slot;
    // P2: the grant, before the sleeper is notified.
    if (this._words.compareExchange(word, counts, granted) !== counts) return false;
    this._words.notify(word, ALL_OF_ONE);
    return true;
  }
}

function waitingOf(counts: number): number {
  return counts & (GRANTED_ONE - 1);
}

function grantedOf(counts: number): number {
  return counts >>> 16;
}

function mayBeGranted(counts: number): boolean {
  return waitingOf(counts) > grantedOf(counts);
}
