/**
 * The slabs' share of an audit: each object is on its slab's freelist or in use, and a slab is on its cache's
 * partial list exactly when it has a free object (cache-record:I2, page-descriptor:I4).
 */
import { CACHE, SHEAF_CACHE } from '../layout/cache-record.js';
import { cacheStart, descriptorStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, LISTED, PAGE_KIND } from '../layout/page-descriptor.js';
import { SHEAF } from '../layout/sheaf-record.js';
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
    if (!isCarved(books, cache, page)) counts.slabs[cache.id]! += 1;
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
  if (isCarved(books, cache, page) && !isOnList) return;
  if (listed >= LISTED.held && listed < LISTED.held + books.geometry.slots) {
    books.report(`${name} is in the hands of slot ${listed - LISTED.held}`);
  } else if (listed !== LISTED.no && listed !== LISTED.yes) {
    books.report(`${name} has ${listed} for listed, which says nothing`);
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
    checkFreeSheaf(books, cache, object);
    object = words.loadPlain(object + cache.linkOffset);
  }
  return free;
}

function checkCounters(books: Books, cache: CacheBook, partial: number, counts: SlabCounts): void {
  const record = cacheStart(books.geometry, cache.id);
  const slabs = books.words.loadPlain(record + CACHE.slabs);
  const partialSlabs = books.words.loadPlain(record + CACHE.partialSlabs);
  const emptySlabs = books.words.loadPlain(record + CACHE.emptySlabs);
  const found = counts.slabs[cache.id]!;
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

/** True for a slab of sheaves that a thread has made without a lock, and that is in no book yet. */
function isCarved(books: Books, cache: CacheBook, page: number): boolean {
  const listed = books.words.loadPlain(descriptorStart(books.geometry, page) + DESCRIPTOR.listed);
  return cache.id === SHEAF_CACHE && listed === LISTED.carved;
}

/** sheaf-record:I2 and I3. */
function checkFreeSheaf(books: Books, cache: CacheBook, sheaf: number): void {
  if (cache.id !== SHEAF_CACHE) return;
  const holder = books.words.loadPlain(sheaf + SHEAF.holder);
  const capacity = books.words.loadPlain(sheaf + SHEAF.capacity);
  if (holder !== 0) books.report(`the free sheaf at ${sheaf} has ${holder} for holder, it is nobody's`);
  if (capacity !== 0) books.report(`the free sheaf at ${sheaf} has capacity ${capacity}, it has none`);
}

function freeName(cache: CacheBook): string {
  return `the freelists of cache ${cache.id}`;
}

function partialName(cache: CacheBook): string {
  return `the partial list of cache ${cache.id}`;
}
