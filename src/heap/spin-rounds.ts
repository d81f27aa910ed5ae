/**
 * How often a waiter looks at a lock before it gives up, where the heap was not told: about LIMIT_MILLIS long. A look costs
 * from 5 ns to 50 ns, by engine and processor (with or without Atomics.pause), so it is measured where the first heap of a
 * thread is made, in a few milliseconds.
 *
 * Who may call: who makes a heap.
 */
import { RawSpinLock } from '../locks/raw-spin-lock.js';
import type { Host } from '../words/host.js';
import { NativeWords, reserveBuffer } from '../words/native-words.js';
import { PAGE_BYTES } from '../words/units.js';

/** How long a waiter is to look. */
const LIMIT_MILLIS = 2000;
/** What is taken where the clock does not tell: five nanoseconds a look. */
export const SPIN_ROUNDS = 400_000_000;
/** The first looks are slow, for the engine to compile them. */
const WARM_UP = 50_000;
const SAMPLE = 100_000;
/** A clock may be as coarse as a millisecond: less than this tells nothing. */
const LEAST_MILLIS = 0.1;
const SAMPLES = 8;
const LEAST_ROUNDS = 10_000_000;
const MOST_ROUNDS = 2_000_000_000;

let known: number | undefined;

/** The rounds that take about two seconds in this engine; measured once, by the clock of the first that asks. */
export function measuredSpinRounds(host: Host): number {
  known ??= measure(host);
  return known;
}

function measure(host: Host): number {
  // Who may not spin has no use for it, and no time.
  if (host.waitRight === 'may-neither') return SPIN_ROUNDS;
  const words = new NativeWords(reserveBuffer(PAGE_BYTES));
  look(words, WARM_UP);
  // The shortest: in the others this thread may have had to wait for a processor.
  let least = Number.POSITIVE_INFINITY;
  for (let sample = 0; sample < SAMPLES; sample++) {
    const begun = host.nowMillis();
    look(words, SAMPLE);
    const millis = host.nowMillis() - begun;
    if (millis >= LEAST_MILLIS) least = Math.min(least, millis);
  }
  return least === Number.POSITIVE_INFINITY ? SPIN_ROUNDS : bounded((SAMPLE * LIMIT_MILLIS) / least);
}

function bounded(rounds: number): number {
  return Math.round(Math.min(MOST_ROUNDS, Math.max(LEAST_ROUNDS, rounds)));
}

/** Looks at a lock that is never let go. */
function look(words: NativeWords, rounds: number): void {
  const [word, owner, own] = [1, 2, 3];
  words.storePlain(word, owner);
  try {
    new RawSpinLock(words, word, own, rounds, 'nobody').acquire();
  } catch {
    // As was to be expected.
  }
}
