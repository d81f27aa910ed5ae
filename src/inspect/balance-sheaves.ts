/**
 * The sheaves' share of an audit: those that threads have in hand and those in the barns. Sheaves that wait for
 * a grace period are in balance-waiting.
 *
 *     slot, per cache   main (never 0: the bootstrap sheaf where there is none) | spare | rcu | in hand
 *     slot, cache 0     rcu: blocks of pages that wait; nothing else
 *     slot              reserve -> sheaf -> sheaf -> 0
 *     barn, per cache   full -> sheaf -> sheaf -> 0 | empty -> sheaf -> 0
 */
import { CACHE, SHEAF_CACHE } from '../layout/cache-record.js';
import { HEADER } from '../layout/heap-header.js';
import { cacheStart, slotStart } from '../layout/heap-layout.js';
import { SHEAF, SHEAF_HOLDER, sheafHolder } from '../layout/sheaf-record.js';
import { CACHE_SLOT, CACHE_SLOT_WORDS, SLOT } from '../layout/thread-slot.js';
import { isVacant } from './balance-slots.js';
import { type Books, type CacheBook, PLACE } from './books.js';
import { checkHolder, claimBareSheaf, claimSheaf } from './sheaf-claim.js';

export function checkSheaves(books: Books): void {
  for (let slot = 0; slot < books.geometry.slots; slot++) {
    checkSlotSheaves(books, slot);
    checkReserve(books, slot);
  }
  for (const cache of books.caches) if (cache.sound && cache.id !== SHEAF_CACHE) checkBarn(books, cache);
}

/** Looks at what the slot has for every cache that there may ever be: those that are not made have nothing. */
function checkSlotSheaves(books: Books, slot: number): void {
  const { words, geometry } = books;
  const start = slotStart(geometry, slot);
  const isFree = isVacant(books, slot);
  const without: number[] = [];
  for (let id = 0; id < geometry.maxCaches; id++) {
    const place = start + SLOT.caches + id * CACHE_SLOT_WORDS;
    const main = words.loadPlain(place + CACHE_SLOT.main);
    const spare = words.loadPlain(place + CACHE_SLOT.spare);
    const rcu = words.loadPlain(place + CACHE_SLOT.rcu);
    const inHand = words.loadPlain(place + CACHE_SLOT.inHand);
    const cache = id === SHEAF_CACHE ? undefined : books.caches[id];
    const isOfBlocks = id === SHEAF_CACHE && !isFree;
    if (isOfBlocks) checkBlocksInHand(books, slot, rcu);
    if ((isFree || cache === undefined) && ![main, spare, isOfBlocks ? 0 : rcu, inHand].every(isNone)) {
      const reason = isFree ? 'is free' : 'can have none';
      books.report(
        `slot ${slot} has sheaves ${main}, ${spare}, ${rcu} and ${inHand} for cache ${id}, and ${reason}`,
      );
    }
    if (!cache?.sound) continue;
    if (!isFree && (main === 0 || rcu === 0)) without.push(id);
    checkSlotCache(books, slot, cache, { main, spare, rcu, inHand });
  }
  if (without.length === 0) return;
  const caches =
    without.length === 1 ? `cache ${without[0]}` : `${without.length} caches from ${without[0]} on`;
  books.report(`slot ${slot} has 0 for a main or rcu sheaf of ${caches}, not the bootstrap sheaf`);
}

function checkBlocksInHand(books: Books, slot: number, rcu: number): void {
  if (isNone(rcu)) return;
  const name = `the rcu sheaf of slot ${slot} for blocks of pages`;
  const blocks = claimSheaf(books, rcu, name, books.caches[SHEAF_CACHE], PLACE.waiting);
  if (blocks === 0) books.report(`${name} at ${rcu} holds none`);
}

function isNone(sheaf: number): boolean {
  return sheaf === 0 || sheaf === HEADER.bootstrapSheaf;
}

type SlotSheaves = Readonly<Record<keyof typeof CACHE_SLOT, number>>;

function checkSlotCache(
  books: Books,
  slot: number,
  cache: CacheBook,
  { main, spare, rcu, inHand }: SlotSheaves,
): void {
  const whose = `sheaf of slot ${slot} for cache ${cache.id}`;
  if (!isNone(main)) claimOwn(books, slot, main, `the main ${whose}`, cache);
  if (spare !== 0) claimOwn(books, slot, spare, `the spare ${whose}`, cache);
  // Where its thread stopped while it began to use main, the sheaf is in hand, and main still says so too.
  if (!isNone(inHand) && inHand !== main) {
    claimOwn(books, slot, inHand, `the ${whose} in hand`, cache);
  }
  if (isNone(rcu)) return;
  const objects = claimSheaf(books, rcu, `the rcu ${whose}`, cache, PLACE.waiting);
  if (objects === 0) books.report(`the rcu ${whose} at ${rcu} holds no object`);
}

function claimOwn(books: Books, slot: number, sheaf: number, name: string, cache: CacheBook): void {
  if (claimSheaf(books, sheaf, name, cache, PLACE.sheaf) < 0) return;
  checkHolder(books, sheaf, `${name} at ${sheaf}`, sheafHolder(slot));
}

/** Sheaves that a thread has set aside for kfreeRcu name no cache yet. */
function checkReserve(books: Books, slot: number): void {
  const { words } = books;
  const start = slotStart(books.geometry, slot);
  const name = `the reserve of slot ${slot}`;
  let sheaves = 0;
  for (
    let sheaf = words.loadPlain(start + SLOT.reservedHead);
    sheaf !== 0;
    sheaf = words.loadPlain(sheaf + SHEAF.next)
  ) {
    if (!claimBareSheaf(books, sheaf, name)) return;
    checkHolder(books, sheaf, `${name} leads to sheaf ${sheaf}, which`, sheafHolder(slot));
    sheaves++;
  }
  const counted = words.loadPlain(start + SLOT.reservedCount);
  if (counted !== sheaves) books.report(`${name} counts ${counted} sheaves, its list holds ${sheaves}`);
}

function checkBarn(books: Books, cache: CacheBook): void {
  const record = cacheStart(books.geometry, cache.id);
  const full = books.words.loadPlain(record + CACHE.fullSheaves);
  const empty = books.words.loadPlain(record + CACHE.emptySheaves);
  checkBarnList(books, cache, 'full', books.words.loadPlain(record + CACHE.fullHead), full);
  checkBarnList(books, cache, 'empty', books.words.loadPlain(record + CACHE.emptyHead), empty);
}

function checkBarnList(
  books: Books,
  cache: CacheBook,
  kind: 'full' | 'empty',
  head: number,
  counted: number,
): void {
  const where = `a sheaf on the ${kind} list of the barn of cache ${cache.id}`;
  let sheaves = 0;
  for (let sheaf = head; sheaf !== 0; sheaf = books.words.loadPlain(sheaf + SHEAF.next)) {
    const objects = claimSheaf(books, sheaf, where, cache, PLACE.sheaf);
    if (objects < 0) return;
    checkHolder(books, sheaf, `${where} at ${sheaf}`, SHEAF_HOLDER.nobody);
    sheaves++;
    const count = books.words.loadPlain(sheaf + SHEAF.count);
    if ((kind === 'full') !== (count !== 0)) books.report(`${where} at ${sheaf} holds ${count} objects`);
  }
  const barn = `the barn of cache ${cache.id}`;
  if (counted !== sheaves)
    books.report(`${barn} counts ${counted} ${kind} sheaves, its list holds ${sheaves}`);
  const most = books.geometry.barnSheaves;
  if (sheaves > most) books.report(`${barn} holds ${sheaves} ${kind} sheaves, allowed are ${most}`);
}
