/**
 * The deferred frees' share of an audit: objects that were freed where their cache was busy. Each is an object of its
 * cache, in use on its slab, and nowhere else (cache-record:I3).
 */
import { CACHE } from '../layout/cache-record.js';
import { cacheStart } from '../layout/heap-layout.js';
import { type Books, type CacheBook, PLACE } from './books.js';
import { whatIs } from './what-is.js';

export function checkDeferredObjects(books: Books): void {
  for (const cache of books.caches) if (cache.sound) walkDeferred(books, cache);
}

function walkDeferred(books: Books, cache: CacheBook): void {
  const { words, places } = books;
  let address = words.loadPlain(cacheStart(books.geometry, cache.id) + CACHE.deferred);
  while (address !== 0) {
    const object = books.objectAt(address);
    if (object < 0 || places[object] !== PLACE.live || books.cacheOf(address) !== cache) {
      if (books.isObscure(address)) return;
      books.report(
        `the deferred frees of cache ${cache.id} lead to address ${address}, which is ${whatIs(books, address)}`,
      );
      return;
    }
    places[object] = PLACE.deferred;
    address = words.loadPlain(address + cache.linkOffset);
  }
}
