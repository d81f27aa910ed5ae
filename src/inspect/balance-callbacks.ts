/**
 * The callbacks' share of an audit: each name has a record of its own with an id of its own, ids have no gaps, threads
 * that say they have a function are there, and what waits asks for a callback that was registered.
 */
import { CALLBACK, CALLBACK_WORDS } from '../layout/callback-record.js';
import { FIRST_CALLBACK_ID } from '../layout/thread-slot.js';
import { isVacant } from './balance-slots.js';
import type { Books } from './books.js';
import { reachOnce } from './reach.js';

/** The list of callbacks whose threads have left, as a sentence begins. */
export const ORPHAN_CALLBACKS = 'the list of orphan callbacks';

/** @param what as a sentence begins: `callback 'x'` */
export function checkCallbackRecord(books: Books, record: number, what: string): void {
  if (!reachOnce(books, record, CALLBACK_WORDS, what)) return;
  const { words, geometry } = books;
  const id = words.loadPlain(record + CALLBACK.id);
  const other = books.callbackRecords.get(id);
  if (other !== undefined) books.report(`${what} has id ${id}, as the one at ${other} has`);
  else books.callbackRecords.set(id, record);
  for (let slot = 0; slot < geometry.slots; slot++) {
    const bits = words.loadPlain(record + CALLBACK.slots + (slot >>> 5));
    if ((bits & (1 << (slot & 31))) === 0 || !isVacant(books, slot)) continue;
    books.report(`${what} has a function in slot ${slot}, which is free`);
  }
}

/** When all names are known: the ids, and what waits for them. */
export function checkCallbackIds(books: Books): void {
  const { callbackRecords } = books;
  const last = FIRST_CALLBACK_ID + callbackRecords.size - 1;
  for (const [id, record] of callbackRecords) {
    if (id < FIRST_CALLBACK_ID || id > last) {
      books.report(
        `the callback record at ${record} has id ${id}, ids of ${callbackRecords.size} are ${FIRST_CALLBACK_ID} to ${last}`,
      );
    }
    checkOrphanCount(books, id, record);
  }
  for (const { head, id, list } of books.callbacks.values()) {
    if (callbackRecords.has(id)) continue;
    books.report(`the RcuHead at ${head} on ${list} asks for callback ${id}, which was not registered`);
  }
}

function checkOrphanCount(books: Books, id: number, record: number): void {
  if (books.brokenLists.has(ORPHAN_CALLBACKS)) return;
  let found = 0;
  for (const callback of books.callbacks.values()) {
    if (callback.id === id && callback.list === ORPHAN_CALLBACKS) found++;
  }
  const counted = books.words.loadPlain(record + CALLBACK.orphans);
  if (counted === found) return;
  books.report(`the callback record at ${record} counts ${counted} orphan callbacks, there are ${found}`);
}
