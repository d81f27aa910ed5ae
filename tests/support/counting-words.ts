/** Words that count accesses: for tests of how many steps something takes. */
import type { Words } from '../../src/words/words.js';
import { beforeEachAccess } from './wrapped-words.js';

export interface AccessCounter {
  /** Accesses since the counter was made, or this was set. */
  count: number;
  /** How often the thread spun: pause() and wait(). */
  spins: number;
}

/** Counts from now on every access through `words`, which goes on doing what it does. */
export function countAccesses(words: Words): AccessCounter {
  const counter: AccessCounter = { count: 0, spins: 0 };
  beforeEachAccess(words, (name) => {
    counter.count++;
    if (name === 'pause' || name === 'wait') counter.spins++;
  });
  return counter;
}
