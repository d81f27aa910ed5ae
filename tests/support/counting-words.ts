/** Words that count accesses: for tests of how many steps something takes. */
import type { Words } from '../../src/words/words.js';

const ACCESSES = [
  ...['load', 'store', 'exchange', 'compareExchange', 'add', 'and', 'or', 'wait', 'notify', 'pause'],
  ...['loadPlain', 'storePlain', 'dereference', 'fillPlain', 'readBytesPlain', 'writeBytesPlain'],
] as const;

export interface AccessCounter {
  /** Accesses since the counter was made, or this was set. */
  count: number;
  /** How often the thread spun: pause() and wait(). */
  spins: number;
}

/** Counts from now on every access through `words`, which goes on doing what it does. */
export function countAccesses(words: Words): AccessCounter {
  const counter: AccessCounter = { count: 0, spins: 0 };
  const methods = words as unknown as Record<string, (...given: unknown[]) => unknown>;
  for (const name of ACCESSES) {
    const access = methods[name]!.bind(words);
    const isSpin = name === 'pause' || name === 'wait';
    methods[name] = (...given) => {
      counter.count++;
      if (isSpin) counter.spins++;
      return access(...given);
    };
  }
  return counter;
}
