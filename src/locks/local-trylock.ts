/**
 * LocalTrylock: keeps a thread's own words from being entered twice by the same thread, when a hook or a
 * callback that runs in the middle of an operation comes back into the heap.
 *
 *     acquired word in the thread's slot: 0 = free, 1 = inside
 *
 * Plain accesses suffice: only the slot's thread enters, and it does one thing at a time. Never waits; who
 * finds it taken goes another way.
 *
 * Follows include/linux/local_lock_internal.h (local_trylock_t without PREEMPT_RT).
 */
import type { Words } from '../words/words.js';

export class LocalTrylock {
  private readonly _words: Words;
  private readonly _word: number;

  /** @param word index of the `acquired` word */
  constructor(words: Words, word: number) {
    this._words = words;
    this._word = word;
  }

  /** Enters; throws where this thread is inside already, which only a missing tryAcquire can cause. */
  acquire(): void {
    if (!this.tryAcquire()) {
      throw new Error(
        `acquired local lock at word ${this._word} while holding it: a callback re-entered an operation that must use tryAcquire()`,
      );
    }
  }

  /** Enters unless this thread is inside already. */
  tryAcquire(): boolean {
    if (this._words.loadPlain(this._word) !== 0) return false;
    this._words.storePlain(this._word, 1);
    return true;
  }

  /** True where this thread is inside. */
  isAcquired(): boolean {
    return this._words.loadPlain(this._word) !== 0;
  }

  release(): void {
    this._words.storePlain(this._word, 0);
  }
}
