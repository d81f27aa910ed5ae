/**
 * RawSpinLock: a word that one thread at a time owns. Never sleeps, in any context.
 *
 *     0 = free, else the owner's tag (owner.ts), so that others can tell a holder that has died
 *
 * A waiter spins read-only and only then tries again, so waiting costs the owner no exclusive request for the
 * line. Who may not spin calls tryAcquire; nobody calls tryAcquire and then acquire. An observer that throws leaves
 * the lock as it was.
 *
 * I1  Only the owner releases, and it holds the lock for a bounded number of steps: no wait, no callback inside.
 * P1  release's store publishes every plain write made while holding; observed by the compareExchange of the
 *     next acquire.
 *
 * Follows kernel/locking/qspinlock.c in its read-only spinning, not in its queue.
 */
import type { Words } from '../words/words.js';
import { LockTimeoutError } from './lock-errors.js';

export class RawSpinLock {
  private readonly _words: Words;
  private readonly _word: number;
  private readonly _tag: number;
  private readonly _rounds: number;
  readonly name: string;

  /**
   * @param word   index of the lock word
   * @param tag    this thread's owner tag
   * @param rounds how often to look before giving up with LockTimeoutError
   */
  constructor(words: Words, word: number, tag: number, rounds: number, name: string) {
    this._words = words;
    this._word = word;
    this._tag = tag;
    this._rounds = rounds;
    this.name = name;
  }

  /** Takes the lock, spinning until it is free. Throws LockTimeoutError after the bound. */
  acquire(): void {
    // P1: observes what the last owner wrote before its release.
    if (this._words.compareExchange(this._word, 0, this._tag) !== 0) this._spin();
  }

  /** Takes the lock if it is free; never spins. */
  tryAcquire(): boolean {
    // P1: observes what the last owner wrote before its release.
    return this._words.compareExchange(this._word, 0, this._tag) === 0;
  }

  /** Takes the lock as the caller's right allows: spinning, or trying once. */
  acquireIf(maySpin: boolean): boolean {
    if (!maySpin) return this.tryAcquire();
    this.acquire();
    return true;
  }

  release(): void {
    // P1: publishes everything written while holding; observed by the next acquire.
    this._words.store(this._word, 0);
  }

  private _spin(): void {
    for (let round = 0; round < this._rounds; round++) {
      this._words.pause();
      // Publishes nothing: a look, so that the line stays shared among the waiters.
      if (this._words.load(this._word) !== 0) continue;
      // P1: observes what the last owner wrote before its release.
      if (this._words.compareExchange(this._word, 0, this._tag) === 0) return;
    }
    // P1: a last try, which else names the owner in the error.
    const owner = this._words.compareExchange(this._word, 0, this._tag);
    if (owner !== 0) throw new LockTimeoutError(this.name, owner, `${this._rounds} rounds`);
  }
}
