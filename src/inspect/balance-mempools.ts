/** The share of mempools in an audit: each keeps what it says, and nobody else leads to what it keeps. */
import { MAX_MEMPOOL_ELEMENTS, MEMPOOL, MEMPOOL_KIND, mempoolRecordWords } from '../layout/mempool-record.js';
import { MAX_ORDER, PAGE_BYTES, PAGE_WORDS, wordsFor } from '../words/units.js';
import { checkLock } from './balance-locks.js';
import type { Books } from './books.js';
import { reachOnce } from './reach.js';

/** @param what as a sentence begins: `mempool 'x'` */
export function checkMempool(books: Books, record: number, what: string, isQuiescent: boolean): void {
  const { words } = books;
  const minimum = words.loadPlain(record + MEMPOOL.minimum);
  if (minimum < 1 || minimum > MAX_MEMPOOL_ELEMENTS) {
    // Its room is not to be believed then, but the record is there.
    reachOnce(books, record, MEMPOOL.objects, what);
    books.report(`${what} keeps ${minimum} elements, it can keep 1 to ${MAX_MEMPOOL_ELEMENTS}`);
    return;
  }
  if (!reachOnce(books, record, mempoolRecordWords(minimum), what)) return;
  if (isQuiescent) checkLock(books, record + MEMPOOL.lock, `the lock of ${what}`);
  const elementWords = wordsOfElement(books, record, what);
  const elements = words.loadPlain(record + MEMPOOL.elements);
  if (elements < 0 || elements > minimum) {
    books.report(`${what} has ${elements} elements, it has room for ${minimum}`);
    return;
  }
  for (let i = 0; i < elements; i++) {
    const p = words.loadPlain(record + MEMPOOL.objects + i);
    reachOnce(books, p, elementWords, `element ${i} of ${what}`);
  }
  const drained = words.loadPlain(record + MEMPOOL.drained);
  if (isQuiescent && drained !== 0) {
    books.report(`${what} is in the middle of taking in ${drained}, and its lock should be free`);
  }
  let p = words.loadPlain(record + MEMPOOL.deferred);
  while (p !== 0 && reachOnce(books, p, elementWords, `a deferred element of ${what}`))
    p = words.loadPlain(p);
}

/** Least words of an element; 1 where the record does not say. */
function wordsOfElement(books: Books, record: number, what: string): number {
  const { words, caches } = books;
  const kind = words.loadPlain(record + MEMPOOL.kind);
  const size = words.loadPlain(record + MEMPOOL.size);
  if (kind === MEMPOOL_KIND.bytes && size >= 1 && size <= PAGE_BYTES << MAX_ORDER) return wordsFor(size);
  if (kind === MEMPOOL_KIND.order && size >= 0 && size <= MAX_ORDER) return PAGE_WORDS << size;
  const cache = kind === MEMPOOL_KIND.cache ? caches[size] : undefined;
  if (cache !== undefined && size > 0) return books.roomIn(cache);
  books.report(`${what} is made of elements of kind ${kind} and size ${size}, of which there are none`);
  return 1;
}
