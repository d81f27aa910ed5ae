/**
 * What a dead thread had of slabs and sheaves: finds it by what is written on it, and gives it back.
 *
 *     SLOT.deferring     on the deferred list: that is where it is; not there: it was not pushed     finishDeferring()
 *     words of the slot  forgotten: sheaves are found without them                                   forgetSheaves()
 *     an intent `slab`   the block that it names is a slab, or goes back                             finishSlabIntent()
 *     SHEAF.holder       the sheaf is emptied onto its slabs and goes back                           returnSheaves()
 *     LISTED.held        the slab was in its hands, and goes back                                    returnSheaves()
 *
 * In this order; the zombie's turn ends between the last two lines and the others. What is in sheaves that wait for a grace
 * period is not given back here, but to the orphans (rcu/waiting-sheaves-of.ts).
 *
 * Who may call: who has claimed the slot of a dead thread, once the locks of the dead are repaired. Spins.
 *
 * I1  Each can be stopped anywhere and done again.
 * I2  Under the lock of the cache of sheaves a slab in its books stays one, so what says that it is a sheaf of the dead is
 *     one. Nobody else touches that.
 */
import { settleFront } from '../groups/stock-moves.js';
import { CACHE, SHEAF_CACHE } from '../layout/cache-record.js';
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { cacheStart, descriptorStart } from '../layout/heap-layout.js';
import {
  DESCRIPTOR,
  LISTED,
  PAGE_KIND,
  pageKind,
  pageOrder,
  pageOwner,
  pageTail,
} from '../layout/page-descriptor.js';
import { SHEAF, SHEAF_HOLDER, SHEAF_WORDS, sheafHolder, waitingHolder } from '../layout/sheaf-record.js';
import { CACHE_SLOT, CACHE_SLOT_WORDS, INTENT, INTENT_KIND, SLOT } from '../layout/thread-slot.js';
import type { PageAllocator } from '../pages/page-allocator.js';
import { isPosted } from '../rcu/dead-slot.js';
import type { Intents } from '../threads/intents.js';
import { PAGE_SHIFT, PAGE_WORDS } from '../words/units.js';
import type { Words } from '../words/words.js';
import { isOnDeferredList } from './cache-repair.js';
import type { SlabCaches } from './slab-caches.js';

/** The slot of a dead thread, with the allocator over it. */
export interface DeadSlot {
  readonly words: Words;
  readonly geometry: Geometry;
  /** Number of the slot, and its word index. */
  readonly slot: number;
  readonly start: number;
  readonly intents: Intents;
  readonly pages: PageAllocator;
  readonly caches: SlabCaches;
}

/** Settles whether the object that the thread was about to defer has been freed by that. Before its intents are finished. */
export function finishDeferring(dead: DeadSlot): void {
  const { words, geometry, start, caches } = dead;
  // owner:P1: the thread's own.
  const object = words.load(start + SLOT.deferring);
  if (object === 0) return;
  const id = pageOwner(words.loadPlain(descriptorStart(geometry, object >>> PAGE_SHIFT) + DESCRIPTOR.state));
  // Before the lock: it may be the same.
  const sheaves = sheavesOf(dead);
  const slabs = caches.slabsOf(id);
  slabs.lock.acquire();
  if (isOnDeferredList(words, cacheStart(geometry, id), object)) settlePushed(dead, id, object, sheaves);
  // deferred-objects:P2: publishes that its free is over.
  words.store(start + SLOT.deferring, 0);
  slabs.lock.release();
}

/**
 * Empties the words of the slot that lead to sheaves: from now on the slot has none, but by what stands on them. All but
 * those to rcu sheaves: as long as those are not linked, barriers have no other way to them (mendWaiting).
 */
export function forgetSheaves(words: Words, geometry: Geometry, start: number): void {
  // stock-moves:I2: it may say something of a main sheaf that has to do with the work of a reaper.
  settleFront(words, start);
  for (let id = 0; id < geometry.maxCaches; id++) {
    const place = start + SLOT.caches + id * CACHE_SLOT_WORDS;
    words.storePlain(place + CACHE_SLOT.main, HEADER.bootstrapSheaf);
    words.storePlain(place + CACHE_SLOT.spare, 0);
    words.storePlain(place + CACHE_SLOT.inHand, 0);
  }
  words.storePlain(start + SLOT.reservedHead, 0);
  words.storePlain(start + SLOT.reservedCount, 0);
}

/** True where the object, or the block of pages, is in a sheaf of the slot: free, or waiting for a grace period. */
export function holdsObject(dead: DeadSlot, object: number): boolean {
  for (const sheaf of sheavesOf(dead)) {
    const count = countOf(dead.words, sheaf);
    for (let i = 0; i < count; i++) {
      if (dead.words.loadPlain(sheaf + SHEAF.objects + i) === object) return true;
    }
  }
  return false;
}

/**
 * Gives back the sheaves of the slot that do not wait for a grace period, and the slabs that were in its hands.
 * @returns how many objects were in the sheaves
 */
export function returnSheaves(dead: DeadSlot): number {
  forgetSheaves(dead.words, dead.geometry, dead.start);
  const sheaves = freeSheavesOf(dead);
  dropDoubles(dead.words, sheaves);
  let objects = 0;
  for (const sheaf of sheaves) objects += returnSheaf(dead, sheaf);
  returnSlabs(dead);
  return objects;
}

/** Gives back the block that was becoming a slab, or was one; the caller closes the intent. */
export function finishSlabIntent(dead: DeadSlot, frame: number): void {
  const { words, geometry, slot, intents, pages, caches } = dead;
  const id = words.loadPlain(frame + INTENT.b);
  const block = words.loadPlain(frame + INTENT.a) || words.loadPlain(dead.start + SLOT.inHand);
  if (block === 0 || block % PAGE_WORDS !== 0) return;
  const descriptor = descriptorStart(geometry, block >>> PAGE_SHIFT);
  // slab-pages:P1: where it is a slab, it says whose.
  const state = words.load(descriptor + DESCRIPTOR.state);
  // A slab: returnSheaves() finds it where it is the thread's. On a list of the thread: returned with that.
  if (pageKind(state) !== PAGE_KIND.allocated) return;
  intents.take(frame, block);
  makeTails(words, geometry, block >>> PAGE_SHIFT, pageOrder(state));
  const link = caches.linkOffset(id);
  if (link !== 0) {
    if (!isPosted(words, geometry, slot, block)) caches.retireBlock(block, link);
    return;
  }
  intents.become(frame, INTENT_KIND.free);
  pages.freePages(block);
}

/** What is on the deferred list has left where the thread had it. */
function settlePushed(
  { words, intents }: DeadSlot,
  id: number,
  object: number,
  sheaves: readonly number[],
): void {
  intents.settle(object);
  if (id === SHEAF_CACHE) words.storePlain(object + SHEAF.holder, SHEAF_HOLDER.nobody);
  for (const sheaf of sheaves) {
    const last = countOf(words, sheaf) - 1;
    if (last < 0 || words.loadPlain(sheaf + SHEAF.objects + last) !== object) continue;
    words.storePlain(sheaf + SHEAF.count, last);
  }
}

/** All sheaves of the slot, wherever they are. */
function sheavesOf({ words, geometry, slot, caches }: DeadSlot): number[] {
  const found: number[] = [];
  const slabs = caches.slabsOf(SHEAF_CACHE);
  const objects = words.loadPlain(cacheStart(geometry, SHEAF_CACHE) + CACHE.slabObjects);
  slabs.lock.acquire();
  for (let page = geometry.firstPage; page < geometry.totalPages; page++) {
    if (!isInBooks(words, geometry, page)) continue;
    for (let n = 0; n < objects; n++) {
      const sheaf = page * PAGE_WORDS + n * SHEAF_WORDS;
      const holder = words.loadPlain(sheaf + SHEAF.holder) & SHEAF_HOLDER.slotMask;
      if (holder === sheafHolder(slot)) found.push(sheaf);
    }
  }
  slabs.lock.release();
  return found;
}

/** Those of them whose objects are free. Where blocks of pages are left in one, they wait once more: that never harms. */
function freeSheavesOf(dead: DeadSlot): number[] {
  const { words, slot } = dead;
  const free: number[] = [];
  for (const sheaf of sheavesOf(dead)) {
    const holder = words.loadPlain(sheaf + SHEAF.holder);
    if ((holder & SHEAF_HOLDER.waiting) !== 0) continue;
    if (words.loadPlain(sheaf + SHEAF.cache) === SHEAF_CACHE && countOf(words, sheaf) > 0) {
      words.storePlain(sheaf + SHEAF.holder, waitingHolder(slot));
    } else free.push(sheaf);
  }
  return free;
}

/**
 * Objects are moved from the end of one sheaf to the end of another: where the thread stopped before the first of the two
 * was shortened, both end with them. Before anything is given back.
 */
function dropDoubles(words: Words, sheaves: readonly number[]): void {
  const seen = new Set<number>();
  for (const sheaf of sheaves) {
    let count = countOf(words, sheaf);
    while (count > 0 && seen.has(words.loadPlain(sheaf + SHEAF.objects + count - 1))) count--;
    if (count < countOf(words, sheaf)) words.storePlain(sheaf + SHEAF.count, count);
    for (let i = 0; i < count; i++) seen.add(words.loadPlain(sheaf + SHEAF.objects + i));
  }
}

function returnSheaf({ words, caches }: DeadSlot, sheaf: number): number {
  const objects = countOf(words, sheaf);
  if (objects === 0) caches.sheaves.put(sheaf);
  else caches.view(words.loadPlain(sheaf + SHEAF.cache)).discardSheaf(sheaf);
  return objects;
}

/** Gives back the slabs that the thread had made, or taken off their lists. */
function returnSlabs({ words, geometry, slot, caches }: DeadSlot): void {
  for (let page = geometry.firstPage; page < geometry.totalPages; page++) {
    const descriptor = descriptorStart(geometry, page);
    if (!isFirstOfSlab(words.loadPlain(descriptor + DESCRIPTOR.state))) continue;
    // slab-pages:P1: what it says is what was said when it became a slab, or later.
    const state = words.load(descriptor + DESCRIPTOR.state);
    if (!isFirstOfSlab(state) || words.loadPlain(descriptor + DESCRIPTOR.listed) !== LISTED.held + slot)
      continue;
    caches.slabsOf(pageOwner(state)).releaseHeld(page);
  }
}

/** Pages of a block that was half made a slab belong to the block again. */
function makeTails(words: Words, geometry: Geometry, page: number, order: number): void {
  for (let tail = (1 << order) - 1; tail > 0; tail--) {
    words.storePlain(descriptorStart(geometry, page + tail) + DESCRIPTOR.state, PAGE_KIND.tail);
  }
}

/** True for a slab of sheaves of which one may be in use. Under the lock of their cache. */
function isInBooks(words: Words, geometry: Geometry, page: number): boolean {
  const descriptor = descriptorStart(geometry, page);
  const look = words.loadPlain(descriptor + DESCRIPTOR.state);
  if (!isFirstOfSlab(look) || pageOwner(look) !== SHEAF_CACHE) return false;
  // slab-pages:P1: publishes `listed`, which says the truth as long as the state is the same after it.
  const state = words.load(descriptor + DESCRIPTOR.state);
  const isHeld = words.loadPlain(descriptor + DESCRIPTOR.listed) >= LISTED.held;
  // As above.
  return !isHeld && state === look && words.load(descriptor + DESCRIPTOR.state) === state;
}

function isFirstOfSlab(state: number): boolean {
  return pageKind(state) === PAGE_KIND.slab && pageTail(state) === 0;
}

/** What is in a sheaf; a bare one holds nothing. */
function countOf(words: Words, sheaf: number): number {
  return words.loadPlain(sheaf + SHEAF.capacity) === 0 ? 0 : words.loadPlain(sheaf + SHEAF.count);
}
