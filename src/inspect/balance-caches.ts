/**
 * The caches' share of an audit: does each record make sense by itself. A cache whose record does not is left
 * out of everything that follows.
 */
import { CACHE, TYPESAFE_WORDS } from '../layout/cache-record.js';
import { HEADER } from '../layout/heap-header.js';
import { cacheStart } from '../layout/heap-layout.js';
import { MAX_SLAB_ORDER } from '../layout/page-descriptor.js';
import { PAGE_WORDS } from '../words/units.js';
import type { Books, CacheBook } from './books.js';

const MAX_OBJECT_WORDS = PAGE_WORDS << MAX_SLAB_ORDER;

/** Reads the records of all caches that are made into `books.caches`. */
export function readCaches(books: Books): void {
  const { words, geometry } = books;
  let used = words.loadPlain(HEADER.cachesUsed);
  if (used < 1 || used > geometry.maxCaches) {
    books.report(`the header counts ${used} caches, there is room for 1 to ${geometry.maxCaches}`);
    used = geometry.maxCaches;
  }
  let made = 0;
  while (made < geometry.maxCaches && objectWordsOf(books, made) !== 0) made++;
  if (made > used) books.report(`the header counts ${used} caches, ${made} are made`);
  for (let id = 0; id < Math.min(used, Math.max(made, 1)); id++) books.caches.push(readCache(books, id));
  if (made < used && used === words.loadPlain(HEADER.cachesUsed)) {
    books.report(`the header counts ${used} caches, cache ${made} is not made`);
  }
}

function objectWordsOf(books: Books, id: number): number {
  return books.words.loadPlain(cacheStart(books.geometry, id) + CACHE.objectWords);
}

function readCache(books: Books, id: number): CacheBook {
  const { words } = books;
  const record = cacheStart(books.geometry, id);
  const cache = {
    id,
    objectWords: words.loadPlain(record + CACHE.objectWords),
    slabOrder: words.loadPlain(record + CACHE.slabOrder),
    slabObjects: words.loadPlain(record + CACHE.slabObjects),
    sheafCapacity: words.loadPlain(record + CACHE.sheafCapacity),
    linkOffset: words.loadPlain(record + CACHE.linkOffset),
    sound: true,
  };
  const problem = recordProblem(books, cache);
  if (problem === '') return cache;
  books.report(problem);
  cache.sound = false;
  return cache;
}

/** What is wrong with a cache's constants; '' where they make sense. */
function recordProblem(books: Books, cache: CacheBook): string {
  const { id, objectWords, slabOrder, slabObjects, sheafCapacity, linkOffset } = cache;
  if (objectWords < 2 || objectWords > MAX_OBJECT_WORDS || objectWords % 2 !== 0) {
    return `cache ${id} has objects of ${objectWords} words, allowed are even numbers from 2 to ${MAX_OBJECT_WORDS}`;
  }
  if (slabOrder < 0 || slabOrder > MAX_SLAB_ORDER) {
    return `cache ${id} has slabs of order ${slabOrder}, allowed are 0 to ${MAX_SLAB_ORDER}`;
  }
  const fitting = Math.floor((PAGE_WORDS << slabOrder) / objectWords);
  const allowed = Math.min(fitting, books.geometry.maxSlabObjects);
  if (slabObjects < 1 || slabObjects > allowed) {
    return `cache ${id} puts ${slabObjects} objects on a slab, allowed are 1 to ${allowed}`;
  }
  if (sheafCapacity < 1 || sheafCapacity > books.geometry.sheafCapacity) {
    return `cache ${id} has sheaves of capacity ${sheafCapacity}, allowed are 1 to ${books.geometry.sheafCapacity}`;
  }
  if (linkOffset !== 0 && linkOffset !== objectWords - TYPESAFE_WORDS) {
    return `cache ${id} links its objects through word ${linkOffset}, allowed are 0 and ${objectWords - TYPESAFE_WORDS}`;
  }
  return '';
}
