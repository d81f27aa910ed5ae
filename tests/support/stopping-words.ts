/**
 * Words of a thread that stops for good before one of its accesses: for tests of what others make of what it leaves.
 *
 *     const stop = stopAt(words, 7);                    the thread's own words, over a buffer that others share
 *     diesIn(() => thread does something)               true where it came to its end: the access was not reached
 */
import type { Words } from '../../src/words/words.js';
import { beforeEachAccess } from './wrapped-words.js';

/** Thrown by every access from the one on that the thread stops at, so that no `finally` changes anything any more. */
export class Stop extends Error {
  override readonly name = 'Stop';
}

export interface StopCounter {
  /** Accesses until the thread stops: 0 = the next one; less = it has stopped. Infinity = it does not stop. */
  left: number;
}

/** From now on `words` stops its thread: after `left` more accesses, and for good. Others' words go on. */
export function stopAt(words: Words, left: number): StopCounter {
  const counter: StopCounter = { left };
  beforeEachAccess(words, (name, given) => {
    if (--counter.left < 0) throw new Stop(`stopped before ${name}(${given.join(', ')})`);
  });
  return counter;
}

/** Runs what the thread does. Returns whether it stopped in the middle; throws what it throws of its own. */
export function diesIn(act: () => void): boolean {
  try {
    act();
    return false;
  } catch (error) {
    if (error instanceof Stop) return true;
    throw error;
  }
}
