/**
 * balance: proves that the books of a heap add up. Every page is in one state and on the list that belongs to
 * it, every object is in one place, every counter is the number of what it counts, and what threads can find
 * by name is in use.
 *
 *     constants -> caches -> blocks of pages -> page lists -> slabs -> sheaves -> what waits -> names and maps
 *
 * Each step rests on what those before it have shown, and a heap that is broken in one place makes few
 * problems, which name it. Nothing is written, nothing is taken: the answer is right for a heap at rest, where
 * no thread is in the middle of an operation; on a busy one it may name problems that are none.
 */
import { readGeometry } from '../layout/heap-header.js';
import type { Words } from '../words/words.js';
import { findBlocks } from './balance-blocks.js';
import { readCaches } from './balance-caches.js';
import { checkCallbackIds } from './balance-callbacks.js';
import { checkDeferredObjects } from './balance-deferred.js';
import { checkGroups } from './balance-groups.js';
import { checkHeader, constantProblems } from './balance-header.js';
import { checkLocks } from './balance-locks.js';
import { checkNames, NAMES, reachHeld } from './balance-names.js';
import { checkPages } from './balance-pages.js';
import { type BalanceReport, emptyReport, sumUp } from './balance-report.js';
import { checkSheaves } from './balance-sheaves.js';
import { checkSlabs } from './balance-slabs.js';
import { checkSlots } from './balance-slots.js';
import { checkWaiting } from './balance-waiting.js';
import { Books } from './books.js';

/** What balance() may be told. */
export interface BalanceOptions {
  /** Addresses that the caller holds: objects and blocks that count as reachable. */
  readonly held?: Iterable<number>;
  /** False where some lock may be held; true unless given. */
  readonly quiescent?: boolean;
}

/**
 * Audits the heap in `words`.
 *
 * @returns what is wrong, in `problems`; and where every page and object is. Where the header's constants are
 *          wrong there is nothing but problems.
 *
 * Errors   None, whatever the words hold.
 * Context  Any thread. Looks at every descriptor and every object.
 */
export function balance(words: Words, options: BalanceOptions = {}): BalanceReport {
  const problems = constantProblems(words);
  if (problems.length > 0) return emptyReport(problems);
  const isQuiescent = options.quiescent ?? true;
  const books = new Books(words, readGeometry(words));
  checkHeader(books);
  checkSlots(books);
  readCaches(books);
  findBlocks(books);
  checkPages(books);
  checkSlabs(books);
  checkDeferredObjects(books);
  checkSheaves(books);
  checkWaiting(books);
  checkNames(books, isQuiescent);
  if (!books.brokenLists.has(NAMES)) checkCallbackIds(books);
  checkGroups(books);
  reachHeld(books, options.held ?? []);
  if (isQuiescent) checkLocks(books);
  return sumUp(books);
}
