/** Locks of a heap at rest: nobody holds one. Those of maps are looked at with their map. */
import { CACHE } from '../layout/cache-record.js';
import { HEADER } from '../layout/heap-header.js';
import { cacheStart, slotStart, zoneStart } from '../layout/heap-layout.js';
import { PENDING } from '../layout/lock-record.js';
import { SLOT, TURN_BORROWED } from '../layout/thread-slot.js';
import { ZONE } from '../layout/zone-record.js';
import type { Books } from './books.js';

/** A lock word holds the owner's generation above its slot number + 1. */
const TAG_SLOT_MASK = 0xff;
const TAG_GENERATION_SHIFT = 8;

export function checkLocks(books: Books): void {
  const { geometry } = books;
  checkLock(books, HEADER.gracePeriodLock, 'the grace-period lock');
  checkLock(books, HEADER.orphanLock, 'the orphan lock');
  checkLock(books, HEADER.registryLock, 'the registry lock');
  for (let zone = 0; zone < geometry.zones; zone++) {
    checkLock(books, zoneStart(geometry, zone) + ZONE.lock, `the lock of zone ${zone}`);
  }
  for (const { id } of books.caches) {
    checkLock(books, cacheStart(geometry, id) + CACHE.listLock, `the list lock of cache ${id}`);
    checkLock(books, cacheStart(geometry, id) + CACHE.barnLock, `the barn lock of cache ${id}`);
  }
  for (let slot = 0; slot < geometry.slots; slot++) checkSlotLocks(books, slot);
}

/** Reports a lock that is held. `name` is how a sentence begins. */
export function checkLock(books: Books, word: number, name: string): void {
  // One that was terminated may have asked to be next: that holds up nobody, and so is no finding.
  const tag = books.words.loadPlain(word) & ~PENDING;
  if (tag === 0) return;
  const slot = (tag & TAG_SLOT_MASK) - 1;
  books.report(`${name} is held by slot ${slot}, generation ${tag >>> TAG_GENERATION_SHIFT}`);
}

function checkSlotLocks(books: Books, slot: number): void {
  const { words } = books;
  const start = slotStart(books.geometry, slot);
  const rcu = words.loadPlain(start + SLOT.rcuAcquired);
  const pages = words.loadPlain(start + SLOT.pagesAcquired);
  if (rcu !== 0) books.report(`slot ${slot} is inside its rcu words: acquired is ${rcu}`);
  if (pages !== 0) books.report(`slot ${slot} is inside its page lists: acquired is ${pages}`);
  const turn = words.loadPlain(start + SLOT.turn);
  checkLock(books, start + SLOT.borrower, `the right to borrow slot ${slot}`);
  if ((turn & TURN_BORROWED) !== 0) books.report(`slot ${slot} is borrowed: its turn word is ${turn}`);
}
