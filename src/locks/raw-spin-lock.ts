/**
 * RawSpinLock: a word that one thread at a time owns. Never sleeps, in any context.
 *
 *     0 --acquire, tryAcquire--> tag --release--> 0
 *     tag of a dead thread --takeFromDead--> tag
 *     tag --one that has looked for long--> tag | PENDING --release--> PENDING --that one--> its tag
 *
 * A waiter spins read-only and only then tries again, so waiting costs the owner no exclusive request for the
 * line. Who may not spin calls tryAcquire; nobody calls tryAcquire and then acquire. An observer that throws leaves
 * the lock as it was.
 *
 * PENDING says that somebody is next: newcomers leave the lock alone, and tryAcquire refuses, or a flood of either
 * could keep a waiter out for ever. It is a claim to be next and no ownership: whoever finds the lock free and
 * PENDING so many times in a row takes it all the same. So a claimant that was terminated, or does not run, holds up
 * nobody for long, and needs no repair.
 *
 * I1  Only the owner releases, and it holds the lock for a bounded number of steps: no wait, no callback inside.
 * I2  While one that has set PENDING goes on looking, it is passed at most once for each `_lenience` looks of another.
 * I3  Who has given up on an owner does not wait as long for the same one again: of many calls that meet the lock of a dead
 *     thread, before its death is known, the first waits for all of them.
 * P1  release's and publishes every plain write made while holding; observed by the compareExchange of the next
 *     acquire.
 *
 * Follows kernel/locking/qspinlock.c in its read-only spinning and its pending bit, not in its queue.
 */
import type { Geometry } from '../layout/heap-header.js';
import { PENDING } from '../layout/lock-record.js';
import type { Words } from '../words/words.js';
import { LockTimeoutError } from './lock-errors.js';
import { holderOf } from './lock-holder.js';
import { wasFoundDead } from './owner.js';
import { HASTE, SpinBound } from './spin-bound.js';

/** Looks after which a waiter asks to be next. */
const PATIENCE = 512;
/** Looks in a row at a lock that is free and PENDING, before another than the claimant takes it. */
const LENIENCE = 64;
/** Both are at most this part of all rounds, as 1 / 2^n: where a waiter soon gives up, they come about as well. */
const ROUNDS_SHIFT = 4;

export class RawSpinLock {
  private readonly _words: Words;
  private readonly _word: number;
  private readonly _tag: number;
  private readonly _bound: SpinBound;
  private readonly _patience: number;
  private readonly _lenience: number;
  /** Looks in a row at the lock free and PENDING. */
  private _passedOver = 0;
  /** Owner that a call gave up on; 0 = none. */
  private _givenUpOn = 0;
  readonly name: string;

  /**
   * @param word   index of the lock word
   * @param tag    this thread's owner tag
   * @param bound  how often to look before giving up with LockTimeoutError
   */
  constructor(words: Words, word: number, tag: number, bound: number | SpinBound, name: string) {
    this._words = words;
    this._word = word;
    this._tag = tag;
    this._bound = typeof bound === 'number' ? new SpinBound(bound) : bound;
    const { rounds } = this._bound;
    this._patience = Math.min(PATIENCE, rounds >> ROUNDS_SHIFT);
    this._lenience = Math.min(LENIENCE, rounds >> ROUNDS_SHIFT);
    this.name = name;
  }

  /** Takes the lock, spinning until it is free. Throws LockTimeoutError after the bound. */
  acquire(): void {
    // P1: observes what the last owner wrote before its release.
    if (this._words.compareExchange(this._word, 0, this._tag) !== 0) this._spin();
  }

  /** Takes the lock if it is free and nobody is next; never spins. */
  tryAcquire(): boolean {
    // P1: observes what the last owner wrote before its release.
    const found = this._words.compareExchange(this._word, 0, this._tag);
    if (found === PENDING) return this._takeFree(PENDING, false);
    this._passedOver = 0;
    return found === 0;
  }

  /** Takes the lock as the caller's right allows: spinning, or trying once. */
  acquireIf(maySpin: boolean): boolean {
    if (!maySpin) return this.tryAcquire();
    this.acquire();
    return true;
  }

  /**
   * acquireIf() for who gives something back, and has another place for it: false also where the lock is not to be had at all.
   */
  acquireToGive(maySpin: boolean): boolean {
    try {
      return this.acquireIf(maySpin);
    } catch (error) {
      if (!(error instanceof LockTimeoutError)) throw error;
      return false;
    }
  }

  /**
   * Takes the lock from a thread that was found dead; false where its owner was not, or it has none. What the lock guards
   * is as the dead thread left it: perhaps half written.
   */
  takeFromDead(geometry: Geometry): boolean {
    const found = this.ownerFoundDead(geometry);
    if (found === 0) return false;
    // owner:P1: what the dead thread wrote was observed; of those who come for the lock now, one has it.
    return this._words.compareExchange(this._word, found, this._tag | (found & PENDING)) === found;
  }

  release(): void {
    // P1: publishes everything written while holding; observed by the next acquire. Leaves who is next.
    this._words.and(this._word, PENDING);
  }

  /** What the lock word holds, where its owner was found dead; else 0. */
  protected ownerFoundDead(geometry: Geometry): number {
    // Publishes nothing: whose it is.
    const found = this._words.load(this._word);
    const tag = found & ~PENDING;
    return tag !== 0 && wasFoundDead(this._words, geometry, tag) ? found : 0;
  }

  private _spin(): void {
    let isNext = false;
    const { rounds } = this._bound;
    const roundsAgain = this._givenUpOn === 0 ? rounds : Math.ceil(rounds / HASTE);
    for (let round = 0; round < rounds; round++) {
      if (round === roundsAgain && this._isGivenUp()) break;
      this._words.pause();
      // Publishes nothing: a look, so that the line stays shared among the waiters.
      const found = this._words.load(this._word);
      if ((found & ~PENDING) === 0) {
        this._givenUpOn = 0;
        if (this._takeFree(found, isNext)) return;
        continue;
      }
      this._passedOver = 0;
      // Where the claim was its own, another has passed: it claims anew.
      if ((found & PENDING) === 0) isNext = round >= this._patience && this._claim(found);
    }
    this._tryLast(isNext, this._givenUpOn === 0 ? rounds : roundsAgain);
  }

  /** I3: the owner that a call gave up on has it still. */
  private _isGivenUp(): boolean {
    // Publishes nothing: who has it.
    const owner = this._words.load(this._word) & ~PENDING;
    if (owner !== this._givenUpOn) this._givenUpOn = 0;
    return this._givenUpOn !== 0;
  }

  /** Takes the lock, found free; false where another was faster, or is next. */
  private _takeFree(found: number, isNext: boolean): boolean {
    if (found === PENDING && !isNext && ++this._passedOver <= this._lenience) return false;
    this._passedOver = 0;
    // P1: observes what the last owner wrote before its release.
    return this._words.compareExchange(this._word, found, this._tag) === found;
  }

  /** Asks to be next, after the owner that was found. */
  private _claim(found: number): boolean {
    // Publishes nothing: a claim.
    return this._words.compareExchange(this._word, found, found | PENDING) === found;
  }

  private _tryLast(isNext: boolean, rounds: number): void {
    // Publishes nothing: whether somebody is next.
    const free = this._words.load(this._word) & PENDING;
    // P1: a last try, which else names the owner in the error.
    const owner = this._words.compareExchange(this._word, free, this._tag);
    if (owner === free) return;
    // Publishes nothing: takes the claim back. Another's that it may be is made again at that one's next look.
    if (isNext) this._words.and(this._word, ~PENDING);
    this._givenUpOn = owner & ~PENDING;
    throw new LockTimeoutError(this.name, holderOf(this._words, this._givenUpOn), `${rounds} rounds`);
  }
}
