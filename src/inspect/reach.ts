/**
 * Reaching: marks what somebody can get at, an object or a block of pages in use, as found. What is in use and
 * was never found is lost, or held by somebody who did not say so.
 */
import { SHEAF_CACHE } from '../layout/cache-record.js';
import { BYTES_PER_WORD, PAGE_WORDS } from '../words/units.js';
import { type Books, PLACE, PLACE_MASK, REACHED } from './books.js';
import { whatIs } from './what-is.js';

/** How far reach() got. */
export const REACH = { fresh: 0, again: 1, tooSmall: 2, notInUse: 3 } as const;
export type Reach = (typeof REACH)[keyof typeof REACH];

/**
 * Marks the object or block at `given`, as its user knows it.
 * @param needsWords how many words it must have
 * @returns `fresh` where it was not reached before, or why it is not what somebody took it for
 */
export function reach(books: Books, given: number, needsWords: number): Reach {
  const address = books.outerOf(given);
  const object = books.objectAt(address);
  if (object >= 0) {
    const cache = books.cacheOf(address);
    const place = books.places[object]!;
    if ((place & PLACE_MASK) !== PLACE.live || cache.id === SHEAF_CACHE) return REACH.notInUse;
    books.places[object] = place | REACHED;
    if (books.objectRoom(address) < needsWords) return REACH.tooSmall;
    return (place & REACHED) === 0 ? REACH.fresh : REACH.again;
  }
  const block = books.blockAt(address);
  if (block === 0 || books.listed[block] === PLACE.waiting) return REACH.notInUse;
  const before = books.listed[block]!;
  books.listed[block] = REACHED;
  if (PAGE_WORDS << books.orders[block]! < needsWords) return REACH.tooSmall;
  return before === REACHED ? REACH.again : REACH.fresh;
}

/** Words of the object or block at `given`; 0 where there is none. */
export function roomWords(books: Books, given: number): number {
  const address = books.outerOf(given);
  if (books.objectAt(address) >= 0) return books.objectRoom(address);
  const block = books.blockAt(address);
  return block === 0 ? 0 : PAGE_WORDS << books.orders[block]!;
}

/**
 * reach() for what must have one way to it alone.
 *
 * @param what as a sentence begins: `segment 3 of map 'x'`
 * @returns    false, and a problem, where it may not be followed
 */
export function reachOnce(books: Books, address: number, needsWords: number, what: string): boolean {
  const result = reach(books, address, needsWords);
  if (result === REACH.fresh) return true;
  reportReach(books, address, needsWords, what, result);
  return false;
}

/** Says why `address` is not what `what` takes it for. */
export function reportReach(
  books: Books,
  address: number,
  needsWords: number,
  what: string,
  result: Reach,
): void {
  if (books.isObscure(address)) return;
  if (result === REACH.again) {
    books.report(`${what} is address ${address}, which something else leads to as well`);
  } else if (result === REACH.tooSmall) {
    const has = roomWords(books, address) * BYTES_PER_WORD;
    books.report(`${what} at ${address} takes ${needsWords * BYTES_PER_WORD} bytes, its object has ${has}`);
  } else {
    books.report(`${what} is address ${address}, which is ${whatIs(books, address)}`);
  }
}
