/**
 * Trylock, then read-only spinning: one try, then plain looking until the lock is free, and the next try. Nobody is
 * next, so whoever is fastest has it, again and again.
 *
 * Follows Rudolph and Segall, Dynamic decentralized cache schemes (1984): test and test-and-set.
 */
import type { Words } from '../../src/words/words.js';

export class ReadOnlySpinLock {
  private readonly _words: Words;
  private readonly _word: number;
  private readonly _tag: number;

  constructor(words: Words, word: number, tag: number) {
    this._words = words;
    this._word = word;
    this._tag = tag;
  }

  acquire(): void {
    while (this._words.compareExchange(this._word, 0, this._tag) !== 0) {
      while (this._words.load(this._word) !== 0) this._words.pause();
    }
  }

  release(): void {
    this._words.store(this._word, 0);
  }
}
