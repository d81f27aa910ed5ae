/**
 * Walks lists of RcuHeads, which are linked through two words somewhere in an object or a block of pages.
 *
 *     kfreeRcu    func < 4096     how far into the object the head lies: the object waits to be freed
 *     callbacks   func >= 4096    id of a callback: the object is in use, and the list leads to it
 */
import { SHEAF_CACHE } from '../layout/cache-record.js';
import { FIRST_CALLBACK_ID, RCU_HEAD, RCU_HEAD_WORDS } from '../layout/thread-slot.js';
import { PAGE_WORDS } from '../words/units.js';
import { type Books, PLACE } from './books.js';
import { REACH, reach, roomWords } from './reach.js';
import { whatIs } from './what-is.js';

/**
 * Marks what waits on the list as waiting.
 *
 * @param name  the list, as a sentence begins
 * @param heads receives the heads in their order
 * @returns     false where the list breaks off
 */
export function walkHeads(books: Books, first: number, name: string, heads: number[]): boolean {
  for (let head = first; head !== 0; head = books.words.loadPlain(head + RCU_HEAD.next)) {
    if (!books.isInside(head) || !books.isInside(head + RCU_HEAD.func)) {
      books.report(`${name} leads to address ${head}, which is ${whatIs(books, head)}`);
      return false;
    }
    const func = books.words.loadPlain(head + RCU_HEAD.func);
    if (func < 0 || func >= FIRST_CALLBACK_ID) {
      const last = FIRST_CALLBACK_ID - 1;
      books.report(
        `the RcuHead at ${head} on ${name} has func ${func}, its place in its object is 0 to ${last}`,
      );
      return false;
    }
    if (!claimWaiting(books, head, func, name)) return false;
    heads.push(head);
  }
  return true;
}

/**
 * Marks what callbacks on the list lie in as reached, and notes them for checkCallbackIds().
 *
 * @param list  the list, as a sentence begins
 * @param heads receives the heads in their order
 * @returns     false where the list breaks off
 */
export function walkCallbacks(books: Books, first: number, list: string, heads: number[]): boolean {
  for (let head = first; head !== 0; head = books.words.loadPlain(head + RCU_HEAD.next)) {
    const other = books.callbacks.get(head);
    if (other !== undefined) {
      books.report(`${list} leads to the RcuHead at ${head}, which is on ${other.list} as well`);
      return false;
    }
    if (!reachHolder(books, head, list)) return false;
    books.callbacks.set(head, { head, id: books.words.loadPlain(head + RCU_HEAD.func), list });
    heads.push(head);
  }
  return true;
}

function reachHolder(books: Books, head: number, list: string): boolean {
  const holder = books.holderOf(head);
  const given = holder === 0 ? head : books.innerOf(holder);
  const isWithin = head >= given && head + RCU_HEAD_WORDS <= given + roomWords(books, given);
  if (holder !== 0 && isWithin && reach(books, given, 1) !== REACH.notInUse) return true;
  if (books.isObscure(head)) return false;
  books.report(
    holder === 0
      ? `${list} leads to address ${head}, which is ${whatIs(books, head)}`
      : `${list} leads to word ${head - given} of address ${given}, which is ${whatIs(books, holder)}`,
  );
  return false;
}

function claimWaiting(books: Books, head: number, func: number, name: string): boolean {
  const address = head - func;
  const object = books.objectAt(address);
  const isObject =
    object >= 0 && books.places[object] === PLACE.live && books.cacheOf(address).id !== SHEAF_CACHE;
  const block = books.blockAt(address);
  const isBlock = block !== 0 && books.listed[block] === 0;
  if (!isObject && !isBlock) {
    if (books.isObscure(address)) return false;
    books.report(
      `the RcuHead at ${head} on ${name} names address ${address}, which is ${whatIs(books, address)}`,
    );
    return false;
  }
  const roomWords = isObject ? books.cacheOf(address).objectWords : PAGE_WORDS << books.orders[block]!;
  if (func + RCU_HEAD_WORDS > roomWords) {
    books.report(
      `the RcuHead at ${head} on ${name} lies at word ${func} of ${whatIs(books, address)}, which ends before`,
    );
  }
  if (isObject) books.places[object] = PLACE.waiting;
  else books.listed[block] = PLACE.waiting;
  return true;
}
