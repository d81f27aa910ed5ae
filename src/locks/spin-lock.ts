/**
 * SpinLock: a word that one thread at a time owns, for a short while. Who finds it taken looks for a moment, and then
 * sleeps where it may; where it may not, it goes on looking.
 *
 *     0 --acquire--> tag --release--> 0                                nobody sleeps
 *     tag --a sleeper--> tag | WAITERS --release--> 0, one is woken --> its tag | WAITERS
 *     dead tag --whoever finds it--> tag, and ownerDied()
 *
 * Sleepers sleep on the lock word itself. One that was woken takes the lock with WAITERS set, since it cannot know
 * whether others sleep on. A sleep is cut into slices: where a thread died between letting go and waking, who sleeps
 * finds out by itself.
 *
 * Who may call: the thread of the tag. Who may not spin calls tryAcquire; nobody calls tryAcquire and then acquire.
 * An observer that throws leaves the lock as it was.
 *
 * I1  Nobody sleeps in a turn: the lock may be taken there, and is then waited for by looking alone.
 * P1  release's exchange publishes every plain write made while holding; observed by the compareExchange of the next.
 * P2  A sleeper sets WAITERS while the lock has an owner, THEN looks whether that is alive, THEN sleeps only if the
 *     word is still the same. release clears the word, forgetDead a dead owner's WAITERS, THEN both wake one.
 * P3  (owner:P1) a dead owner's plain writes are observed by who finds its slot marked dead.
 *
 * Follows Drepper, Futexes Are Tricky (mutex2), and the kernel's spinlock_t, which sleeps under PREEMPT_RT alone.
 */
import { noteActivity } from '../layout/activity.js';
import type { Geometry } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { WAITERS } from '../layout/lock-record.js';
import { ACTIVITY } from '../layout/thread-slot.js';
import type { Words } from '../words/words.js';
import { type LockClass, type LockObserver, lockClass, TAKEN, WAIT } from './lock-class.js';
import { LockTimeoutError, titleOf } from './lock-errors.js';
import { holderOf } from './lock-holder.js';
import type { LockThread } from './lock-thread.js';
import { isDead } from './owner.js';
import { SPINS } from './waiters.js';

/** Looks between two questions whether the owner is alive. */
const LOOKS_AT_OWNER = 16;
/** Longest sleep without a look. */
const SLICE_MILLIS = 200;
/** Slices slept through before giving up. */
const MOST_SLICES = 50;
/** What to do about a lock that is held for long. */
const HELD_LONG = 'Hold it for less, or let heap.watch() tell when its owner dies.';

export class SpinLock {
  readonly name: string;
  private readonly _words: Words;
  private readonly _geometry: Geometry;
  private readonly _thread: LockThread;
  private readonly _observer: LockObserver;
  private readonly _class: LockClass;
  private readonly _word: number;
  private readonly _tag: number;
  private readonly _rounds: number;
  private _ownerDied = false;

  /**
   * @param word   index of the lock word
   * @param rounds how often to look before giving up with LockTimeoutError, where this thread may not sleep
   */
  constructor(
    thread: LockThread,
    word: number,
    rounds: number,
    name: string,
    kind: LockClass = lockClass(name, WAIT.config),
  ) {
    this.name = name;
    this._words = thread.words;
    this._geometry = thread.geometry;
    this._thread = thread;
    this._observer = thread.observer;
    this._class = kind;
    this._word = word;
    this._tag = thread.tag;
    this._rounds = rounds;
  }

  /** Takes the lock, waiting until it is free. Throws LockTimeoutError after the bound. */
  acquire(): void {
    this._observer.lockAcquire(this._class, this._word, 0);
    // P1: observes what the last owner wrote before its release.
    const found = this._words.compareExchange(this._word, 0, this._tag);
    if (found !== 0) this._acquireContended(found);
  }

  /** Takes the lock if it is free, or its owner dead; never waits. */
  tryAcquire(): boolean {
    // P1: observes what the last owner wrote before its release.
    const found = this._words.compareExchange(this._word, 0, this._tag);
    return (found === 0 || this._takeOver(found, this._tag)) && this._tellTried();
  }

  /** Takes the lock as the caller's right allows: waiting, or trying once. */
  acquireIf(maySpin: boolean): boolean {
    if (!maySpin) return this.tryAcquire();
    this.acquire();
    return true;
  }

  /** True while this thread has the lock from one that died with it: what it guards may be half changed. */
  ownerDied(): boolean {
    return this._ownerDied;
  }

  /** Lets it go and wakes one that sleeps. */
  release(): void {
    this._observer.lockRelease(this._class, this._word);
    this._letGo();
  }

  /** True where a thread has it that has not been found dead. A look, which may be stale at once. */
  hasLiveOwner(): boolean {
    // Publishes nothing: a look.
    const owner = this._words.load(this._word) & ~WAITERS;
    return owner !== 0 && !isDead(this._words, this._geometry, owner);
  }

  /** A thread has died, which may have had the lock, or was to take it: one that sleeps is to look. */
  forgetDead(): void {
    const words = this._words;
    // P2: finds WAITERS, or who sets it later finds the owner dead.
    const found = words.load(this._word);
    const owner = found & ~WAITERS;
    if (owner !== found && isDead(words, this._geometry, owner)) {
      // P2: who is about to sleep, and has seen the owner alive, finds the word changed.
      words.compareExchange(this._word, found, owner);
    }
    words.notify(this._word, 1);
  }

  private _letGo(): void {
    this._ownerDied = false;
    // P1: publishes everything written while holding. P2: then one that sleeps is woken.
    const found = this._words.exchange(this._word, 0);
    if ((found & WAITERS) !== 0) this._words.notify(this._word, 1);
  }

  /** Tells of a tryAcquire() that took the lock; where the observer throws, the lock is free again. */
  private _tellTried(): boolean {
    try {
      this._observer.lockAcquire(this._class, this._word, TAKEN.trylock);
    } catch (report) {
      this._letGo();
      throw report;
    }
    return true;
  }

  /** Takes the lock from an owner that is dead. `found` is what the word held, and had an owner. */
  private _takeOver(found: number, tag: number): boolean {
    if (!isDead(this._words, this._geometry, found & ~WAITERS)) return false;
    // P3: observes what the dead owner wrote.
    if (this._words.compareExchange(this._word, found, tag | (found & WAITERS)) !== found) return false;
    this._ownerDied = true;
    return true;
  }

  /** @param found what the word held */
  private _acquireContended(found: number): void {
    noteActivity(this._words, slotStart(this._thread.geometry, this._thread.slot), ACTIVITY.lock);
    const maySleep = this._thread.maySleep();
    if ((found & ~WAITERS) !== this._tag) {
      if (this._spin(maySleep ? Math.min(SPINS, this._rounds) : this._rounds)) return;
      if (maySleep && this._sleep()) return;
    }
    this._observer.lockRelease(this._class, this._word);
    throw this._notTaken(maySleep);
  }

  private _notTaken(hasSlept: boolean): Error {
    // Publishes nothing: for the error.
    const owner = this._words.load(this._word) & ~WAITERS;
    if (owner !== this._tag) {
      const waited = hasSlept ? `${MOST_SLICES * SLICE_MILLIS} ms` : `${this._rounds} rounds`;
      return new LockTimeoutError(this.name, holderOf(this._words, owner), waited, HELD_LONG);
    }
    return new Error(
      `acquired ${titleOf(this.name)} in the thread that holds it: it would wait for itself for ever. Release it first; ` +
        'code that may run inside uses tryAcquire()',
    );
  }

  /** Looks until it has the lock; false after so many rounds. */
  private _spin(rounds: number): boolean {
    const words = this._words;
    for (let round = 0; round < rounds; round++) {
      words.pause();
      // Publishes nothing: a look, so that the line stays shared among the waiters.
      const found = words.load(this._word);
      if (found === 0) {
        // P1: observes what the last owner wrote before its release.
        if (words.compareExchange(this._word, 0, this._tag) === 0) return true;
      } else if (round % LOOKS_AT_OWNER === 0 && this._takeOver(found, this._tag)) return true;
    }
    return false;
  }

  /** Sleeps until it has the lock; false after so many slices. */
  private _sleep(): boolean {
    const words = this._words;
    for (let slices = 0; slices < MOST_SLICES; ) {
      // Publishes nothing: a look.
      const found = words.load(this._word);
      if (found === 0) {
        // P1: observes what the last owner wrote before its release. P2: others may sleep on.
        if (words.compareExchange(this._word, 0, this._tag | WAITERS) === 0) return true;
        continue;
      }
      if ((found & WAITERS) === 0) {
        // P2: before it looks whether the owner is alive, and sleeps.
        words.compareExchange(this._word, found, found | WAITERS);
        continue;
      }
      if (this._takeOver(found, this._tag | WAITERS)) return true;
      if (words.wait(this._word, found, SLICE_MILLIS) === 'timed-out') slices++;
    }
    return false;
  }
}
