/**
 * What kills can be aimed at: the words that say that a thread is in a critical section. A kill at random rarely hits those
 * that last for a few accesses.
 *
 *     of all threads   a lock's word, taken by compareExchange
 *     its own          a word of its slot that is not 0 meanwhile
 */
import { readNameRecords } from '../../src/inspect/record-name.js';
import { CACHE } from '../../src/layout/cache-record.js';
import { type Geometry, HEADER } from '../../src/layout/heap-header.js';
import { cacheStart, slotStart, zoneStart } from '../../src/layout/heap-layout.js';
import { LOCK, LOCK_KIND, lockRecordWords } from '../../src/layout/lock-record.js';
import { BUCKET_LOCK, BUCKET_LOCK_WORDS, MAP } from '../../src/layout/map-record.js';
import { MEMPOOL } from '../../src/layout/mempool-record.js';
import { NAME, NAME_KIND } from '../../src/layout/name-record.js';
import { SLOT } from '../../src/layout/thread-slot.js';
import { ZONE } from '../../src/layout/zone-record.js';
import type { Words } from '../../src/words/words.js';

export const AIMS = [
  'zone lock',
  'slab lock',
  'barn lock',
  'names lock',
  'orphan lock',
  'grace-period lock',
  'map bucket',
  'map growth',
  'mempool lock',
  'named lock',
  'borrowing',
  'intent',
  'page lists',
  'waiting lists',
  'group stock',
] as const;

export type Aim = (typeof AIMS)[number];

/** Words of the thread with this slot that are to be waited for; empty where there is nothing of the kind yet. */
export function wordsOf(words: Words, geometry: Geometry, slot: number, aim: Aim): ReadonlySet<number> {
  const own = slotStart(geometry, slot);
  switch (aim) {
    case 'zone lock':
      return upTo(geometry.zones, (zone) => zoneStart(geometry, zone) + ZONE.lock);
    case 'slab lock':
      return upTo(geometry.maxCaches, (id) => cacheStart(geometry, id) + CACHE.listLock);
    case 'barn lock':
      return upTo(geometry.maxCaches, (id) => cacheStart(geometry, id) + CACHE.barnLock);
    case 'names lock':
      return new Set([HEADER.registryLock]);
    case 'orphan lock':
      return new Set([HEADER.orphanLock]);
    case 'grace-period lock':
      return new Set([HEADER.gracePeriodLock]);
    case 'map bucket':
      return new Set(targets(words, geometry, NAME_KIND.map).flatMap((map) => bucketsOf(words, map)));
    case 'map growth':
      return new Set(targets(words, geometry, NAME_KIND.map).map((map) => map + MAP.growLock));
    case 'mempool lock':
      return new Set(targets(words, geometry, NAME_KIND.mempool).map((pool) => pool + MEMPOOL.lock));
    case 'named lock':
      return new Set(namedLocks(words, geometry));
    case 'borrowing':
      return upTo(geometry.slots, (other) => slotStart(geometry, other) + SLOT.borrower);
    case 'intent':
      return new Set([own + SLOT.intentDepth]);
    case 'page lists':
      return new Set([own + SLOT.pagesAcquired]);
    case 'waiting lists':
      return new Set([own + SLOT.rcuAcquired]);
    case 'group stock':
      return new Set([own + SLOT.stockAcquired]);
  }
}

function upTo(count: number, wordOf: (number: number) => number): Set<number> {
  const found = new Set<number>();
  for (let i = 0; i < count; i++) found.add(wordOf(i));
  return found;
}

function targets(words: Words, geometry: Geometry, kind: number): number[] {
  return readNameRecords(words, geometry, kind).map((record) => words.load(record + NAME.target));
}

function bucketsOf(words: Words, map: number): number[] {
  const locks = words.load(map + MAP.locks);
  return [
    ...upTo(1 << words.load(map + MAP.firstLevel), (i) => locks + i * BUCKET_LOCK_WORDS + BUCKET_LOCK.lock),
  ];
}

/** Who owns it, and below it who waits, reads or has a permit: a word for each of them. */
function namedLocks(words: Words, geometry: Geometry): number[] {
  const found: number[] = [];
  for (const kind of Object.values(LOCK_KIND)) {
    for (const lock of targets(words, geometry, kind)) {
      found.push(lock + LOCK.owner);
      const size = kind === LOCK_KIND.semaphore ? words.load(lock + LOCK.size) : 0;
      const end = lockRecordWords(kind, geometry.slots, size);
      for (let word = LOCK.waiters; word < end; word++) found.push(lock + word);
    }
  }
  return found;
}
