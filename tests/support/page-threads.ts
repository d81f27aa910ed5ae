/**
 * Threads that have pages and nothing else, and what a reaper does about them: for tests of what the page allocator leaves
 * when a thread dies. Each has words of its own over the heap's buffer, so that one can be stopped.
 */
import assert from 'node:assert/strict';
import type { GroupCharges } from '../../src/groups/group-charges.js';
import { type Geometry, HEADER } from '../../src/layout/heap-header.js';
import { slotStart, zoneStart } from '../../src/layout/heap-layout.js';
import { CACHE_SLOT, CACHE_SLOT_WORDS, SLOT, SLOT_STATE } from '../../src/layout/thread-slot.js';
import { ZONE } from '../../src/layout/zone-record.js';
import { ownerTag } from '../../src/locks/owner.js';
import { RawSpinLock } from '../../src/locks/raw-spin-lock.js';
import { forgetPageLists, returnPages, undoBorrowing } from '../../src/pages/dead-pages.js';
import { IdlePageLists } from '../../src/pages/idle-page-lists.js';
import { NO_PAGE_FAULT, PageAllocator } from '../../src/pages/page-allocator.js';
import { Rights } from '../../src/pages/rights.js';
import { ThreadPageLists } from '../../src/pages/thread-page-lists.js';
import { Zone } from '../../src/pages/zone.js';
import { repairZone } from '../../src/pages/zone-repair.js';
import { shutBorrowersOut } from '../../src/threads/borrow-repair.js';
import { ThreadContext } from '../../src/threads/context.js';
import { releaseSlot } from '../../src/threads/slot-release.js';
import { joinHeap } from '../../src/threads/thread-registry.js';
import type { Words } from '../../src/words/words.js';
import { FakeHost } from './fake-host.js';

/** Nothing is charged to a group. */
const NO_CHARGES = { active: 0 } as unknown as GroupCharges;

/** Who waits gives up soon: in tests nobody else runs, and models change a lock fewer times. */
const ROUNDS = 50;

export interface PageThread {
  readonly words: Words;
  readonly geometry: Geometry;
  readonly slot: number;
  readonly start: number;
  readonly tag: number;
  readonly zones: readonly Zone[];
  readonly pages: PageAllocator;
  readonly idle: IdlePageLists;
}

/** Joins a thread that has no objects: its sheaves are the one that none can be taken from. */
export function joinForPages(words: Words, geometry: Geometry, name: string): void {
  const { start } = joinHeap(words, geometry, name);
  for (let id = 0; id < geometry.maxCaches; id++) {
    const place = start + SLOT.caches + id * CACHE_SLOT_WORDS;
    words.store(place + CACHE_SLOT.main, HEADER.bootstrapSheaf);
    words.store(place + CACHE_SLOT.rcu, HEADER.bootstrapSheaf);
  }
}

/** Wires the thread of slot `slot`, which has joined; with the locks of another, where `tag` and its words are given. */
export function pageThread(
  words: Words,
  geometry: Geometry,
  slot: number,
  tag = ownerTag(slot, words.load(slotStart(geometry, slot) + SLOT.generation)),
): PageThread {
  const start = slotStart(geometry, slot);
  const zones = zonesFor(words, geometry, start, tag);
  const lists = new ThreadPageLists(words, geometry, slot, start);
  const rights = new Rights(new ThreadContext(new FakeHost()));
  const pages = new PageAllocator(words, geometry, start, zones, 0, lists, NO_PAGE_FAULT, rights, NO_CHARGES);
  const idle = new IdlePageLists(words, geometry, slot, tag, zones);
  return { words, geometry, slot, start, tag, zones, pages, idle };
}

/** All zones, for who counts in the slot at `start` and locks with `tag`. */
export function zonesFor(words: Words, geometry: Geometry, start: number, tag: number): Zone[] {
  const zones: Zone[] = [];
  for (let zone = 0; zone < geometry.zones; zone++) {
    zones.push(new Zone(words, geometry, zone, zoneLock(words, geometry, zone, tag), start));
  }
  return zones;
}

export function zoneLock(words: Words, geometry: Geometry, zone: number, tag: number): RawSpinLock {
  return new RawSpinLock(words, zoneStart(geometry, zone) + ZONE.lock, tag, ROUNDS, `zone ${zone}`);
}

/** Says that the threads of the slots run no more. */
export function kill(words: Words, geometry: Geometry, slots: readonly number[]): void {
  for (const slot of slots) words.store(slotStart(geometry, slot) + SLOT.state, SLOT_STATE.zombie);
}

/** What a reaper does about zones and their locks. Returns the zones that it repaired. */
export function takeZoneLocks({ words, geometry, tag }: PageThread): number[] {
  const repaired: number[] = [];
  for (let zone = 0; zone < geometry.zones; zone++) {
    const lock = zoneLock(words, geometry, zone, tag);
    if (!lock.takeFromDead(geometry)) continue;
    repairZone(words, geometry, zone);
    lock.release();
    repaired.push(zone);
  }
  return repaired;
}

/**
 * What a reaper does about the pages of dead threads; then their slots are free.
 *
 * @param finish does what a dead thread had begun, over its slot, with the reaper's locks
 */
export function reapPages(
  reaper: PageThread,
  dead: readonly number[],
  finish: (estate: PageThread) => void = () => {},
): void {
  const { words, geometry, tag } = reaper;
  takeZoneLocks(reaper);
  for (const slot of dead) {
    const start = slotStart(geometry, slot);
    undoBorrowing(words, geometry, slot, ownerTag(slot, words.load(start + SLOT.generation)));
  }
  for (const slot of dead) {
    const start = slotStart(geometry, slot);
    // Another reaper has come that far.
    if (words.load(start + SLOT.state) === SLOT_STATE.free) continue;
    assert.ok(shutBorrowersOut(words, geometry, start, ROUNDS), `slot ${slot} is borrowed`);
    forgetPageLists(words, geometry, slot);
    finish(pageThread(words, geometry, slot, tag));
    returnPages(words, geometry, slot, zonesFor(words, geometry, start, tag));
    releaseSlot(words, start, tag);
  }
}
