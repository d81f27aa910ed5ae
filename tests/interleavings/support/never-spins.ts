/**
 * The locks of a model's thread that may not spin: each can be tried, and whoever would wait for one fails the model,
 * also where it happens to be free.
 *
 *     memory.wire(stage, 'alpha', 0, neverSpins)
 */
import assert from 'node:assert/strict';
import type { LockClass } from '../../../src/locks/lock-class.js';
import { LockMaker } from '../../../src/locks/lock-maker.js';
import { RawSpinLock } from '../../../src/locks/raw-spin-lock.js';

type Given = ConstructorParameters<typeof LockMaker>;

/** Makes the locks of a thread, as Surroundings ask for it. */
export type MakesLocks = (...given: Given) => LockMaker;

/** For a thread that may not spin. */
export const neverSpins: MakesLocks = (...given) => new TriedLocks(...given);

class TriedLocks extends LockMaker {
  private readonly _given: Given;

  constructor(...given: Given) {
    super(...given);
    this._given = given;
  }

  override rawSpinLock(word: number, _: LockClass, name: string): RawSpinLock {
    const [words, tag, rounds] = this._given;
    return new TriedLock(words, word, tag, rounds, name);
  }
}

class TriedLock extends RawSpinLock {
  override acquire(): void {
    assert.fail(`a thread that may not spin waits for the lock of ${this.name}`);
  }
}
