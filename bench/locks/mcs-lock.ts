/**
 * A queue lock: each waiter looks at a word of its own, which the one before it clears.
 *
 *     tail word: node of the last in the queue, 0 = free      node: word 0 = must wait, word 1 = node of the next
 *
 * Follows Mellor-Crummey and Scott, Algorithms for scalable synchronization (1991).
 */
import type { Words } from '../../src/words/words.js';

const MUST_WAIT = 0;
const NEXT = 1;

export class McsLock {
  private readonly _words: Words;
  private readonly _tail: number;
  private readonly _node: number;

  /** @param node two words of this thread's own, on a line of their own */
  constructor(words: Words, tail: number, node: number) {
    this._words = words;
    this._tail = tail;
    this._node = node;
  }

  acquire(): void {
    const words = this._words;
    words.store(this._node + NEXT, 0);
    words.store(this._node + MUST_WAIT, 1);
    const before = words.exchange(this._tail, this._node);
    if (before === 0) return;
    words.store(before + NEXT, this._node);
    while (words.load(this._node + MUST_WAIT) !== 0) words.pause();
  }

  release(): void {
    const words = this._words;
    if (
      words.load(this._node + NEXT) === 0 &&
      words.compareExchange(this._tail, this._node, 0) === this._node
    )
      return;
    // Somebody has come, and is about to say who it is.
    while (words.load(this._node + NEXT) === 0) words.pause();
    words.store(words.load(this._node + NEXT) + MUST_WAIT, 0);
  }
}
