/**
 * What a thread had in its hands when it ended: read from the heap before it is reaped, for the histogram that shows where
 * kills have hit.
 *
 * Who may call: main, with proof that the thread runs no more, before the heap is told of it.
 */
import { readNameRecords } from '../../src/inspect/record-name.js';
import { CACHE } from '../../src/layout/cache-record.js';
import { type Geometry, HEADER } from '../../src/layout/heap-header.js';
import { cacheStart, slotStart, zoneStart } from '../../src/layout/heap-layout.js';
import { LOCK, LOCK_KIND, PENDING, WAITERS } from '../../src/layout/lock-record.js';
import { BUCKET_LOCK, BUCKET_LOCK_WORDS, MAP } from '../../src/layout/map-record.js';
import { MEMPOOL } from '../../src/layout/mempool-record.js';
import { NAME, NAME_KIND } from '../../src/layout/name-record.js';
import {
  CACHE_SLOT,
  CACHE_SLOT_WORDS,
  INTENT,
  INTENT_FRAME_WORDS,
  INTENT_FRAMES,
  INTENT_KIND,
  SLOT,
  SLOT_STATE,
  SLOT_STATE_MASK,
  TURN_OPEN,
} from '../../src/layout/thread-slot.js';
import { ZONE } from '../../src/layout/zone-record.js';
import { ownerTag } from '../../src/locks/owner.js';
import type { Words } from '../../src/words/words.js';

/** In a turn, and nothing more: not a critical section. */
export const ONLY_TURN = 'turn';

const INTENT_NAMES: readonly string[] = Object.entries(INTENT_KIND)
  .sort(([, a], [, b]) => a - b)
  .map(([name]) => name);

/** The slots of a thread. @param threadId what Node calls it */
export function slotsOf(words: Words, geometry: Geometry, threadId: number): number[] {
  const slots: number[] = [];
  for (let slot = 0; slot < geometry.slots; slot++) {
    const start = slotStart(geometry, slot);
    const state = words.load(start + SLOT.state) & SLOT_STATE_MASK;
    if (state === SLOT_STATE.free) continue;
    if (words.load(start + SLOT.threadId) === threadId + 1) slots.push(slot);
  }
  return slots;
}

/** True while a slot is of a thread that was found dead. */
export function isOfTheDead(words: Words, geometry: Geometry, slot: number): boolean {
  return (words.load(slotStart(geometry, slot) + SLOT.state) & SLOT_STATE_MASK) >= SLOT_STATE.dead;
}

/** True for a slot that no thread has. */
export function isFree(words: Words, geometry: Geometry, slot: number): boolean {
  return (words.load(slotStart(geometry, slot) + SLOT.state) & SLOT_STATE_MASK) === SLOT_STATE.free;
}

/** Where a thread that ended with this slot was, by classes of critical sections; `turn` alone where it was in none. */
export function whereItWas(words: Words, geometry: Geometry, slot: number): string[] {
  const start = slotStart(geometry, slot);
  const tag = ownerTag(slot, words.load(start + SLOT.generation));
  const found = new Set<string>();
  const lookAt = (word: number, name: string) => {
    if ((words.load(word) & ~PENDING & ~WAITERS) === tag) found.add(name);
  };
  lookAt(HEADER.gracePeriodLock, 'grace-period lock');
  lookAt(HEADER.orphanLock, 'orphan lock');
  lookAt(HEADER.registryLock, 'names lock');
  for (let zone = 0; zone < geometry.zones; zone++)
    lookAt(zoneStart(geometry, zone) + ZONE.lock, 'zone lock');
  for (let id = 0; id < words.load(HEADER.cachesUsed); id++) {
    lookAt(cacheStart(geometry, id) + CACHE.listLock, 'slab lock');
    lookAt(cacheStart(geometry, id) + CACHE.barnLock, 'barn lock');
  }
  lookAtNamed(words, geometry, lookAt);
  for (let other = 0; other < geometry.slots; other++) {
    lookAt(slotStart(geometry, other) + SLOT.borrower, 'borrowing');
    lookAt(slotStart(geometry, other) + SLOT.reaper, 'reaping');
  }
  addSlotWords(words, geometry, start, found);
  if ((words.load(start + SLOT.state) & SLOT_STATE_MASK) !== SLOT_STATE.live) found.add('joining or leaving');
  if (found.size === 0 && (words.load(start + SLOT.turn) & TURN_OPEN) !== 0) found.add(ONLY_TURN);
  return [...found];
}

function lookAtNamed(words: Words, geometry: Geometry, lookAt: (word: number, name: string) => void): void {
  for (const record of readNameRecords(words, geometry, NAME_KIND.map)) {
    const map = words.load(record + NAME.target);
    lookAt(map + MAP.growLock, 'map growth');
    const locks = words.load(map + MAP.locks);
    for (let i = 0; i < 1 << words.load(map + MAP.firstLevel); i++) {
      lookAt(locks + i * BUCKET_LOCK_WORDS + BUCKET_LOCK.lock, 'map bucket');
    }
  }
  for (const record of readNameRecords(words, geometry, NAME_KIND.mempool)) {
    lookAt(words.load(record + NAME.target) + MEMPOOL.lock, 'mempool lock');
  }
  for (const kind of Object.values(LOCK_KIND)) {
    for (const record of readNameRecords(words, geometry, kind)) {
      lookAt(words.load(record + NAME.target) + LOCK.owner, 'named lock');
    }
  }
}

/** What only the thread itself writes. */
function addSlotWords(words: Words, geometry: Geometry, start: number, found: Set<string>): void {
  const note = (word: number, name: string) => {
    if (words.load(start + word) !== 0) found.add(name);
  };
  note(SLOT.pagesAcquired, 'page lists');
  note(SLOT.rcuAcquired, 'waiting lists');
  note(SLOT.stockAcquired, 'group stock');
  note(SLOT.rcuInHand, 'callback');
  note(SLOT.deferring, 'deferred free');
  for (let id = 0; id < geometry.maxCaches; id++) {
    note(SLOT.caches + id * CACHE_SLOT_WORDS + CACHE_SLOT.inHand, 'sheaf in hand');
  }
  const depth = Math.min(words.load(start + SLOT.intentDepth), INTENT_FRAMES);
  for (let i = 0; i < depth; i++) {
    const kind = words.load(start + SLOT.intents + i * INTENT_FRAME_WORDS + INTENT.kind);
    found.add(`intent: ${INTENT_NAMES[kind] ?? kind}`);
  }
}
