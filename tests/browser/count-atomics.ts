/**
 * Counts this thread's operations of Atomics, as a measure of the steps of a call where there is no clock fine
 * enough: an audio worklet has only Date. Installed over the engine's own functions; makes no object while it counts.
 */
import { replaceAtomic } from './wait-traps.js';

export interface Tally {
  count: number;
}

/** Counts from now on, for as long as this thread lives. */
export function countAtomics(): Tally {
  const tally: Tally = { count: 0 };
  const { load, store, exchange, compareExchange, add, and, or } = Atomics;
  replaceAtomic('load', (words: Int32Array, index: number) => {
    tally.count++;
    return load(words, index);
  });
  replaceAtomic('compareExchange', (words: Int32Array, index: number, expected: number, value: number) => {
    tally.count++;
    return compareExchange(words, index, expected, value);
  });
  const change = { store, exchange, add, and, or };
  for (const name of ['store', 'exchange', 'add', 'and', 'or'] as const) {
    const real = change[name] as (words: Int32Array, index: number, value: number) => number;
    replaceAtomic(name, (words: Int32Array, index: number, value: number) => {
      tally.count++;
      return real(words, index, value);
    });
  }
  return tally;
}
