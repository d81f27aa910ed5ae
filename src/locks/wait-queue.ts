/**
 * WaitQueue: who waits for a lock, oldest first. Nothing is linked, so a thread that dies in it breaks nothing.
 *
 *     waiters:  [ 0 | 17 | 0 | 15 | 16|WOKEN | .. ]     one word a slot; the lowest ticket is first
 *
 * Each thread sleeps on its own word, so exactly the chosen one is woken, whether it waits or awaits.
 *
 * Who may call: join, leave, rearm, sleep: the thread of the slot. wakeFirst, wakeAnother, wakeAll: anyone.
 *
 * I1  A slot's word is 0 unless its thread waits, or has died waiting.
 * I2  `handoff` is 0, or the ticket of a place in the queue: of a waiter that was woken in vain while it was first.
 * P1  join and rearm store the place, THEN the waiter looks at the lock. Who releases stores to the lock, THEN
 *     looks at the places. So the waiter finds the lock free, or it is found and woken.
 * P2  A wake changes the place, THEN notifies; a sleeper sleeps only while the place is its bare ticket.
 *
 * Follows kernel/locking/mutex.c (FIFO of waiters, MUTEX_FLAG_HANDOFF) and kernel/futex in sleeping on a word.
 */
import { HEADER } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { LOCK, TICKET_MASK, WOKEN } from '../layout/lock-record.js';
import { SLOT, SLOT_STATE, SLOT_STATE_MASK } from '../layout/thread-slot.js';
import type { AsyncWait, WaitResult, Words } from '../words/words.js';
import type { LockThread } from './lock-thread.js';

const NOBODY = -1;
/** A thread may wait and await on its word at once; both are the same waiter. */
const ALL_OF_ONE = 0x7fffffff;

export class WaitQueue {
  private readonly _words: Words;
  private readonly _thread: LockThread;
  private readonly _record: number;
  /** This thread's own word. */
  private readonly _place: number;
  /** 0 while this thread does not wait. */
  private _ticket = 0;

  constructor(thread: LockThread, record: number) {
    this._words = thread.words;
    this._thread = thread;
    this._record = record;
    this._place = record + LOCK.waiters + thread.slot;
  }

  /** True between join() and leave(). */
  hasJoined(): boolean {
    return this._ticket !== 0;
  }

  /** Goes to the end of the queue, also from inside it. */
  join(): void {
    // Where it is in the queue.
    this._waiveHandoff();
    do {
      // Publishes nothing: tickets only have to differ.
      this._ticket = (this._words.add(this._record + LOCK.tickets, 1) + 1) & TICKET_MASK;
    } while (this._ticket === 0);
    // P1: the place, before the lock is looked at.
    this._words.store(this._place, this._ticket);
  }

  /** Leaves the queue. True when this thread was woken: without the lock, it wakes the next. */
  leave(): boolean {
    // I2: before the place is gone.
    this._waiveHandoff();
    this._ticket = 0;
    // P1: from here on nobody counts on this thread. It learns whether somebody did.
    return (this._words.exchange(this._place, 0) & WOKEN) !== 0;
  }

  /** Waits on after a wake that led nowhere. Where this thread is the first, it is to be next. */
  rearm(): void {
    if ((this._words.load(this._place) & WOKEN) === 0) return;
    // Publishes nothing: a request, which the first waiter may make as often as it likes.
    if (this._isFirst()) this._words.store(this._record + LOCK.handoff, this._ticket);
    // P1: the place, before the lock is looked at again.
    this._words.store(this._place, this._ticket);
  }

  /** True where no other waiter is to be next. */
  mayGo(): boolean {
    // Publishes nothing: one barger more or less.
    const next = this._words.load(this._record + LOCK.handoff);
    return next === 0 || next === this._ticket;
  }

  /** Lets anybody go: who was to be next has had long enough, and asks again if it is alive. */
  forgetHandoff(): void {
    // Publishes nothing: bargers may go again.
    this._words.store(this._record + LOCK.handoff, 0);
  }

  /** Sleeps until it is woken, at most `timeoutMillis`. */
  sleep(timeoutMillis: number): WaitResult {
    // P2: not at all where it was woken meanwhile.
    return this._words.wait(this._place, this._ticket, timeoutMillis);
  }

  /** sleep() for an async task; undefined where the engine has no such thing. */
  sleepAsync(timeoutMillis: number): AsyncWait | undefined {
    return this._words.waitAsync(this._place, this._ticket, timeoutMillis);
  }

  /** Ends the sleep of this thread's own async task. */
  wakeSelf(): void {
    this._words.notify(this._place, ALL_OF_ONE);
  }

  /** Sees to it that the first waiter looks at the lock; false where nobody waits. */
  wakeFirst(): boolean {
    for (;;) {
      const slot = this._oldest(false);
      if (slot === NOBODY) return false;
      if (this.wake(slot)) return true;
    }
  }

  /** Wakes the first waiter that is not awake yet; false where there is none. Two that wake at once wake two. */
  wakeAnother(): boolean {
    for (;;) {
      const slot = this._oldest(true);
      if (slot === NOBODY) return false;
      if (this._wake(slot, true)) return true;
    }
  }

  /** Wakes every waiter. */
  wakeAll(): void {
    // Publishes nothing: a slot that is claimed later looks at the lock itself.
    const claimed = this._words.load(HEADER.slotsClaimed);
    for (let slot = 0; slot < claimed; slot++) this.wake(slot);
  }

  /** Wakes the thread of a slot; false where it does not wait. Takes a dead one out of the queue. */
  wake(slot: number): boolean {
    return this._wake(slot, false);
  }

  /** Takes the dead thread of a slot out of the queue. The slot is marked dead, and nobody has it anew yet. */
  forgetDead(slot: number): void {
    const word = this._record + LOCK.waiters + slot;
    for (;;) {
      // Publishes nothing, as the next: the dead has no use for it.
      const place = this._words.load(word);
      if (place === 0 || this._forget(word, place)) return;
    }
  }

  /** @param mustSleep true: false also where another has woken it meanwhile */
  private _wake(slot: number, mustSleep: boolean): boolean {
    const words = this._words;
    const word = this._record + LOCK.waiters + slot;
    // P1: looked at after the lock was changed.
    const place = words.load(word);
    if (place === 0 || (mustSleep && (place & WOKEN) !== 0)) return false;
    const state = words.load(slotStart(this._thread.geometry, slot) + SLOT.state);
    if ((state & SLOT_STATE_MASK) >= SLOT_STATE.dead) {
      this._forget(word, place);
      return false;
    }
    // P2: the place, before the sleeper is notified. Whoever set it before may have died before notifying.
    if ((place & WOKEN) === 0 && words.compareExchange(word, place, place | WOKEN) !== place) return false;
    words.notify(word, ALL_OF_ONE);
    return true;
  }

  /** False where the word has changed: the slot may have its next thread by now, which is not to lose its place. */
  private _forget(word: number, place: number): boolean {
    // I2: before the place is gone. Publishes nothing, as the next: the dead has no use for it.
    this._words.compareExchange(this._record + LOCK.handoff, place & TICKET_MASK, 0);
    return this._words.compareExchange(word, place, 0) === place;
  }

  /** This thread does not insist on being next. */
  private _waiveHandoff(): void {
    // Publishes nothing: bargers may go again.
    if (this._ticket !== 0) this._words.compareExchange(this._record + LOCK.handoff, this._ticket, 0);
  }

  private _isFirst(): boolean {
    return this._oldest(false) === this._thread.slot;
  }

  private _oldest(isAsleep: boolean): number {
    const words = this._words;
    const waiters = this._record + LOCK.waiters;
    // Publishes nothing: a slot that is claimed later looks at the lock itself.
    const claimed = words.load(HEADER.slotsClaimed);
    let oldest = NOBODY;
    let lowest = 0;
    for (let slot = 0; slot < claimed; slot++) {
      // P1: looked at after the lock was changed.
      const place = words.load(waiters + slot);
      if (place === 0 || (isAsleep && (place & WOKEN) !== 0)) continue;
      const ticket = place & TICKET_MASK;
      if (oldest !== NOBODY && !isOlder(ticket, lowest)) continue;
      oldest = slot;
      lowest = ticket;
    }
    return oldest;
  }
}

/** Tickets wrap: the older of two lies at most half the range behind. */
export function isOlder(ticket: number, other: number): boolean {
  return (ticket - other) << 3 < 0;
}
