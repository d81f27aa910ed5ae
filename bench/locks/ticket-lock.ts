/**
 * A ticket lock: in the order of arrival, whoever comes.
 *
 *     word 0  next ticket      word 1  ticket that may enter
 *
 * Follows Mellor-Crummey and Scott, Algorithms for scalable synchronization (1991), without its backing off.
 */
import type { Words } from '../../src/words/words.js';

export class TicketLock {
  private readonly _words: Words;
  private readonly _next: number;
  private readonly _serving: number;

  constructor(words: Words, word: number) {
    this._words = words;
    this._next = word;
    this._serving = word + 1;
  }

  acquire(): void {
    const ticket = this._words.add(this._next, 1);
    while (this._words.load(this._serving) !== ticket) this._words.pause();
  }

  release(): void {
    // Only the owner writes it.
    this._words.store(this._serving, (this._words.loadPlain(this._serving) + 1) | 0);
  }
}
