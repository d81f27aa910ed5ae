/**
 * Claims a sheaf for the place it stands in, and the objects in it for the sheaf: each sheaf stands in one
 * place, each object in one sheaf (sheaf-record:I1 of a heap at rest). A sheaf that waits, and names the cache of the
 * sheaves themselves, holds blocks of pages.
 */
import { SHEAF_CACHE } from '../layout/cache-record.js';
import { HEADER } from '../layout/heap-header.js';
import { SHEAF } from '../layout/sheaf-record.js';
import { type Books, type CacheBook, PLACE, PLACE_MASK, type Place, REACHED } from './books.js';
import { whatIs } from './what-is.js';

/**
 * Claims the sheaf at `sheaf`.
 *
 * @param where what should be a sheaf, as a sentence begins: `the main sheaf of slot 0 for cache 3`
 * @param cache the cache it must name; undefined where any will do
 * @param place where its objects are then
 * @returns how many objects it holds, -1 where it is no sheaf or somebody else's: then do not follow it
 */
export function claimSheaf(
  books: Books,
  sheaf: number,
  where: string,
  cache: CacheBook | undefined,
  place: Place,
): number {
  if (!claimBareSheaf(books, sheaf, where)) return -1;
  const named = books.words.loadPlain(sheaf + SHEAF.cache);
  if (named === SHEAF_CACHE && place === PLACE.waiting && (cache === undefined || cache.id === SHEAF_CACHE)) {
    return claimBlocks(books, sheaf, `${where} at ${sheaf}`, books.caches[named]!);
  }
  if (cache === undefined && (named <= SHEAF_CACHE || named >= books.caches.length)) {
    books.report(
      `${where} at ${sheaf} names cache ${named}, caches with sheaves are 1 to ${lastCache(books)}`,
    );
    return statedCount(books, sheaf);
  }
  const owner = cache ?? books.caches[named]!;
  if (named !== owner.id) books.report(`${where} at ${sheaf} names cache ${named}`);
  if (!owner.sound) return statedCount(books, sheaf);
  return claimObjects(books, sheaf, `${where} at ${sheaf}`, owner, place);
}

/** Claims a sheaf without looking at what it says; false where it is none, or somebody else's. */
export function claimBareSheaf(books: Books, sheaf: number, where: string): boolean {
  const object = books.objectAt(sheaf);
  const isSheaf = object >= 0 && books.cacheOf(sheaf).id === SHEAF_CACHE;
  if (!isSheaf || (books.places[object]! & PLACE_MASK) !== PLACE.live) {
    if (books.isObscure(sheaf)) return false;
    const what = sheaf === HEADER.bootstrapSheaf ? 'the bootstrap sheaf' : whatIs(books, sheaf);
    books.report(`${where} is address ${sheaf}, which is ${what}`);
    return false;
  }
  const other = books.sheaves.get(sheaf);
  if (other !== undefined) {
    books.report(`${where} is sheaf ${sheaf}, which is ${other} as well`);
    return false;
  }
  books.sheaves.set(sheaf, where);
  books.places[object]! |= REACHED;
  return true;
}

/** sheaf-record:I2: what is written on a sheaf says whose it is. */
export function checkHolder(books: Books, sheaf: number, name: string, holder: number): void {
  const found = books.words.loadPlain(sheaf + SHEAF.holder);
  if (found !== holder) books.report(`${name} has ${found} for holder, it is ${holder}`);
}

/** What a sheaf says it holds, where its objects cannot be looked at. */
function statedCount(books: Books, sheaf: number): number {
  return Math.max(0, books.words.loadPlain(sheaf + SHEAF.count));
}

function lastCache(books: Books): number {
  return books.caches.length - 1;
}

function claimBlocks(books: Books, sheaf: number, name: string, cache: CacheBook): number {
  const count = claimCount(books, sheaf, name, cache);
  for (let i = 0; i < count; i++) {
    const address = books.words.loadPlain(sheaf + SHEAF.objects + i);
    const block = books.blockAt(address);
    if (block !== 0 && books.listed[block] === 0) books.listed[block] = PLACE.waiting;
    else books.report(`${name} holds address ${address}, which is ${whatIs(books, address)}`);
  }
  return count;
}

/** How many a sheaf of the cache holds; 0 where what it says cannot be. */
function claimCount(books: Books, sheaf: number, name: string, cache: CacheBook): number {
  const { words } = books;
  const count = words.loadPlain(sheaf + SHEAF.count);
  const capacity = words.loadPlain(sheaf + SHEAF.capacity);
  if (capacity !== cache.sheafCapacity) {
    books.report(
      `${name} has capacity ${capacity}, sheaves of cache ${cache.id} have ${cache.sheafCapacity}`,
    );
  }
  if (count >= 0 && count <= cache.sheafCapacity) return count;
  books.report(`${name} counts ${count} objects, it has room for ${cache.sheafCapacity}`);
  return 0;
}

function claimObjects(books: Books, sheaf: number, name: string, cache: CacheBook, place: Place): number {
  const { words, places } = books;
  const count = claimCount(books, sheaf, name, cache);
  for (let i = 0; i < count; i++) {
    const address = words.loadPlain(sheaf + SHEAF.objects + i);
    const object = books.objectAt(address);
    if (object >= 0 && places[object] === PLACE.live && books.cacheOf(address) === cache) {
      places[object] = place;
    } else if (!books.isObscure(address)) {
      books.report(`${name} holds address ${address}, which is ${whatIs(books, address)}`);
    }
  }
  return count;
}
