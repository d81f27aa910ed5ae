/**
 * The locks that the `zone-lock` comparison tries in the place of the zone's: what each is called, and how it is made.
 *
 * All stand on the same Words as Lull's own, in the same place: a lock may use LOCK_LINES lines from `word` on, of which
 * the first is its own and each further one belongs to one thread. None of them survives the death of a thread.
 */
import { RawSpinLock } from '../../src/locks/raw-spin-lock.js';
import { LINE_WORDS } from '../../src/words/units.js';
import type { Words } from '../../src/words/words.js';
import { McsLock } from './mcs-lock.js';
import { ReadOnlySpinLock } from './read-only-spin-lock.js';
import { TicketLock } from './ticket-lock.js';
import { TryThenLock } from './try-then-lock.js';

export interface SectionLock {
  acquire(): void;
  release(): void;
}

export const MAX_LOCK_THREADS = 8;
export const LOCK_LINES = 1 + MAX_LOCK_THREADS;

/** A minute or so of looking, as in a heap. */
const SPIN_ROUNDS = 1_000_000_000;

export const LOCK_NAMES = ['try-then-lock', 'check-first', 'read-only-spin', 'ticket', 'mcs'] as const;

export type LockName = (typeof LOCK_NAMES)[number];

/** Lull's own lock, which is taken without a try where the caller may spin. */
function checkFirst(words: Words, word: number, thread: number): RawSpinLock {
  return new RawSpinLock(words, word, thread + 1, SPIN_ROUNDS, 'bench');
}

/**
 * Makes one thread's view of a lock.
 *
 * @param word    first of LOCK_LINES * LINE_WORDS words that are zero at the start.
 * @param thread  0 to MAX_LOCK_THREADS - 1, another for each thread.
 */
export function makeLock(name: LockName, words: Words, word: number, thread: number): SectionLock {
  switch (name) {
    case 'try-then-lock':
      return new TryThenLock(checkFirst(words, word, thread));
    case 'check-first':
      return checkFirst(words, word, thread);
    case 'read-only-spin':
      return new ReadOnlySpinLock(words, word, thread + 1);
    case 'ticket':
      return new TicketLock(words, word);
    case 'mcs':
      return new McsLock(words, word, word + (1 + thread) * LINE_WORDS);
  }
}
