/**
 * The slabs' share of an audit: each object is on its slab's freelist or in use, and a slab is on its cache's
 * partial list exactly when it has a free object (cache-record:I2, page-descriptor:I4).
 */
import { CACHE, SHEAF_CACHE } from '../layout/cache-record.js';
import { cacheStart, descriptorStart, slotStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND } from '../layout/page-descriptor.js';
import { SLOT } from '../layout/thread-slot.js';
import { PAGE_WORDS } from '../words/units.js';
import { type Books, type CacheBook, PLACE } from './books.js';
import { walkPageList } from './page-list-walk.js';

/** What the slabs of each cache come to, by cache id. */
interface SlabCounts {
  readonly slabs: Int32Array;
  /** Slabs on the partial list of which no object is in use. */
  readonly emptySlabs: Int32Array;
  /** Objects on freelists. */
  readonly freeObjects: Int32Array;
}

export function checkSlabs(books: Books): void {
  const caches = books.caches.length;
  const counts = {
    slabs: new Int32Array(caches),
    emptySlabs: new Int32Array(caches),
    freeObjects: new Int32Array(caches),
  };
  const partial = new Int32Array(caches);
  for (const cache of books.caches) if (cache.sound) partial[cache.id] = walkPartialList(books, cache);
  for (const page of books.blocks) {
    if (books.kinds[page] !== PAGE_KIND.slab) continue;
    const cache = books.caches[books.owners[page]!];
    if (cache === undefined) continue;
    counts.slabs[cache.id]! += 1;
    if (books.bases[page]! >= 0) checkSlab(books, cache, page, counts);
    else books.brokenLists.add(freeName(cache));
  }
  for (const cache of books.caches) {
    if (cache.sound) checkCounters(books, cache, partial[cache.id]!, counts);
  }
}

function walkPartialList(books: Books, cache: CacheBook): number {
  const head = books.words.loadPlain(cacheStart(books.geometry, cache.id) + CACHE.partialHead);
  if (head === 0) return 0;
  return walkPageList(books, {
    name: partialName(cache),
    head,
    kind: PAGE_KIND.slab,
    order: cache.slabOrder,
    owner: cache.id,
    from: books.geometry.firstPage,
    to: books.geometry.totalPages,
    isDoubly: true,
  });
}

function checkSlab(books: Books, cache: CacheBook, page: number, counts: SlabCounts): void {
  const descriptor = descriptorStart(books.geometry, page);
  const name = `the slab at page ${page} of cache ${cache.id}`;
  const objects = books.words.loadPlain(descriptor + DESCRIPTOR.objects);
  const inUse = books.words.loadPlain(descriptor + DESCRIPTOR.inUse);
  if (objects !== cache.slabObjects) {
    books.report(`${name} counts ${objects} objects, a slab of the cache holds ${cache.slabObjects}`);
  }
  const free = walkFreelist(books, cache, page, name);
  const isOnList = books.listed[page] !== 0;
  if (isOnList && inUse === 0) counts.emptySlabs[cache.id]! += 1;
  checkListed(books, cache, page, name, isOnList);
  if (free < 0) {
    books.brokenLists.add(freeName(cache));
    return;
  }
  counts.freeObjects[cache.id]! += free;
  if (inUse + free !== cache.slabObjects) {
    books.report(
      `${name} counts ${inUse} objects in use, of ${cache.slabObjects} its freelist holds ${free}`,
    );
  }
  const mustBeOnList = free > 0;
  if (mustBeOnList === isOnList || books.brokenLists.has(partialName(cache))) return;
  const where = isOnList ? 'on' : 'not on';
  books.report(`${name} is ${where} ${partialName(cache)}, and ${free} of its objects are free`);
}

function checkListed(books: Books, cache: CacheBook, page: number, name: string, isOnList: boolean): void {
  const listed = books.words.loadPlain(descriptorStart(books.geometry, page) + DESCRIPTOR.listed);
  if (listed !== 0 && listed !== 1) {
    books.report(`${name} has ${listed} for listed, it is 0 or 1`);
  } else if (listed !== Number(isOnList) && !books.brokenLists.has(partialName(cache))) {
    const where = isOnList ? 'on' : 'not on';
    books.report(`${name} has ${listed} for listed, and is ${where} ${partialName(cache)}`);
  }
}

/** Marks the objects of a slab's freelist. Returns how many there are, -1 where the list breaks off. */
function walkFreelist(books: Books, cache: CacheBook, page: number, name: string): number {
  const { words, places } = books;
  const start = page * PAGE_WORDS;
  const end = start + cache.slabObjects * cache.objectWords;
  let object = words.loadPlain(descriptorStart(books.geometry, page) + DESCRIPTOR.freelist);
  let free = 0;
  while (object !== 0) {
    const place = object >= start && object < end ? books.objectAt(object) : -1;
    if (place < 0) {
      books.report(`the freelist of ${name} leads to address ${object}, which is none of its objects`);
      return -1;
    }
    if (places[place] === PLACE.freelist) {
      books.report(`the freelist of ${name} comes back to object ${object}`);
      return -1;
    }
    places[place] = PLACE.freelist;
    free++;
    object = words.loadPlain(object + cache.linkOffset);
  }
  return free;
}

function checkCounters(books: Books, cache: CacheBook, partial: number, counts: SlabCounts): void {
  const record = cacheStart(books.geometry, cache.id);
  const slabs = books.words.loadPlain(record + CACHE.slabs);
  const partialSlabs = books.words.loadPlain(record + CACHE.partialSlabs);
  const emptySlabs = books.words.loadPlain(record + CACHE.emptySlabs);
  const found = counts.slabs[cache.id]! - (cache.id === SHEAF_CACHE ? carvedSlabs(books) : 0);
  const foundEmpty = counts.emptySlabs[cache.id]!;
  if (slabs !== found) {
    books.report(`cache ${cache.id} counts ${slabs} slabs, there are ${found}`);
  }
  const freeObjects = books.words.loadPlain(record + CACHE.freeObjects);
  const foundFree = counts.freeObjects[cache.id]!;
  if (freeObjects !== foundFree && slabs === found && !books.brokenLists.has(freeName(cache))) {
    books.report(`cache ${cache.id} counts ${freeObjects} free objects, its freelists hold ${foundFree}`);
  }
  if (partial < 0) return;
  if (partialSlabs !== partial) {
    books.report(`cache ${cache.id} counts ${partialSlabs} slabs on its partial list, it holds ${partial}`);
  }
  if (emptySlabs !== foundEmpty) {
    books.report(`cache ${cache.id} counts ${emptySlabs} empty slabs, its list holds ${foundEmpty}`);
  }
}

/** Slabs of sheaves that threads have made without a lock, and not counted yet. */
function carvedSlabs(books: Books): number {
  let slabs = 0;
  for (let slot = 0; slot < books.geometry.slots; slot++) {
    slabs += books.words.loadPlain(slotStart(books.geometry, slot) + SLOT.carvedSlabs);
  }
  return slabs;
}

function freeName(cache: CacheBook): string {
  return `the freelists of cache ${cache.id}`;
}

function partialName(cache: CacheBook): string {
  return `the partial list of cache ${cache.id}`;
}
