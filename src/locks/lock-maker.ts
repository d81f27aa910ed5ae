/**
 * LockMaker: makes the spin and local locks of one thread: all with its tag and its bound. Who is unobserved
 * gets locks that tell nobody, at no cost.
 */
import type { Words } from '../words/words.js';
import { LocalTrylock } from './local-trylock.js';
import { type LockClass, type LockObserver, UNOBSERVED } from './lock-class.js';
import { ObservedLocalTrylock, ObservedRawSpinLock } from './observed-locks.js';
import { RawSpinLock } from './raw-spin-lock.js';
import { SpinBound } from './spin-bound.js';

export class LockMaker {
  readonly observer: LockObserver;
  /** Of all raw locks that it makes. */
  readonly bound: SpinBound;
  private readonly _words: Words;
  private readonly _tag: number;

  /**
   * @param tag    the thread's owner tag
   * @param rounds how often a waiter looks before LockTimeoutError
   */
  constructor(words: Words, tag: number, rounds: number, observer: LockObserver = UNOBSERVED) {
    this.observer = observer;
    this._words = words;
    this._tag = tag;
    this.bound = new SpinBound(rounds);
  }

  /** @param name of this lock, among those of its class */
  rawSpinLock(word: number, lockClass: LockClass, name: string): RawSpinLock {
    const { _words: words, _tag: tag, bound, observer } = this;
    if (observer === UNOBSERVED) return new RawSpinLock(words, word, tag, bound, name);
    return new ObservedRawSpinLock(words, word, tag, bound, name, lockClass, observer);
  }

  localTrylock(word: number, lockClass: LockClass): LocalTrylock {
    const { _words: words, observer } = this;
    if (observer === UNOBSERVED) return new LocalTrylock(words, word);
    return new ObservedLocalTrylock(words, word, lockClass, observer);
  }
}
