/**
 * The pages of a dead thread: what it kept on its lists, had between them and a zone, or had taken from a thread that was
 * idle, goes back to the zones.
 *
 *     threadList of its slot  --------------------------------------------> zone
 *     deferred, owner its slot --on the zone's list--> drained with it ---> zone
 *                              --never pushed----------------------------->
 *
 * No word of the slot is believed: every descriptor is looked at. Blocks go back in batches, each under one hold of the
 * zone's lock.
 *
 * Who may call: who reaps the slot, in this order, when nobody dead holds a zone's lock any more (zone-repair.ts):
 *
 *     undoBorrowing()      of the slots that it had borrowed
 *     shutBorrowersOut()   of its own (borrow-repair.ts)
 *     forgetPageLists()    before the slot's lists are used for what else it leaves
 *     returnPages()        when nothing comes to these lists any more
 *
 * I1  A block whose state names the slot is nobody else's, but for those on a zone's deferred list. So to return what is
 *     found, or to stop and let another begin again, returns each block once.
 */
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { descriptorStart, slotStart, zoneStart } from '../layout/heap-layout.js';
import {
  DESCRIPTOR,
  OWNER_SHIFT,
  PAGE_KIND,
  pageKind,
  pageOrder,
  pageTail,
} from '../layout/page-descriptor.js';
import { SLOT } from '../layout/thread-slot.js';
import { ZONE } from '../layout/zone-record.js';
import { notToBeHad } from '../locks/lock-errors.js';
import { endBorrowings, isBorrowedBy } from '../threads/borrow-repair.js';
import type { Words } from '../words/words.js';
import { takePageLists } from './take-page-lists.js';
import type { Zone } from './zone.js';

/** Blocks that go back under one hold of a zone's lock. */
const BATCH = 32;

/**
 * Gives back the slots that the dead thread had borrowed. What was on their page lists becomes the dead thread's before,
 * whole, for it may have begun with that.
 */
export function undoBorrowing(words: Words, geometry: Geometry, deadSlot: number, deadTag: number): void {
  // Publishes nothing: slots that were claimed since were not borrowed by the dead.
  const claimed = words.load(HEADER.slotsClaimed);
  for (let slot = 0; slot < claimed; slot++) {
    const start = slotStart(geometry, slot);
    if (!isBorrowedBy(words, start, deadTag)) continue;
    takePageLists(words, geometry, slot, deadSlot);
  }
  endBorrowings(words, geometry, deadTag);
}

/** Makes the lists of the slot empty ones that nobody is inside. What was on them is found by its states. */
export function forgetPageLists(words: Words, geometry: Geometry, deadSlot: number): void {
  const start = slotStart(geometry, deadSlot);
  // The heads and counts of all orders.
  words.fillPlain(start + SLOT.pageLists, start + SLOT.listHigh, 0);
  for (const word of [SLOT.listPages, SLOT.listHigh, SLOT.allocFactor, SLOT.freeCount, SLOT.pagesAcquired]) {
    words.storePlain(start + word, 0);
  }
}

/**
 * Gives every page that is the slot's back to its zone.
 *
 * @param zones all zones, by number
 * @returns how many pages were found
 *
 * Errors   LockTimeoutError where a zone's lock is not to be had; the same again goes on.
 */
export function returnPages(
  words: Words,
  geometry: Geometry,
  deadSlot: number,
  zones: readonly Zone[],
): number {
  forgetPageLists(words, geometry, deadSlot);
  let pages = 0;
  for (let zone = 0; zone < zones.length; zone++) {
    // What is deferred and names the slot after this was never pushed: the dead push no more.
    if (!zones[zone]!.drain(true)) throw notToBeHad('a zone');
    pages += sweep(words, geometry, zoneStart(geometry, zone), deadSlot, zones[zone]!);
  }
  return pages;
}

function sweep(words: Words, geometry: Geometry, record: number, deadSlot: number, zone: Zone): number {
  const endPage = words.loadPlain(record + ZONE.endPage);
  let pages = 0;
  let batch: number[] = [];
  for (let page = words.loadPlain(record + ZONE.startPage); page < endPage; page++) {
    const state = words.loadPlain(descriptorStart(geometry, page) + DESCRIPTOR.state);
    if (state >>> OWNER_SHIFT !== deadSlot || !isInTransit(state)) continue;
    pages += 1 << pageOrder(state);
    batch.push(page);
    if (batch.length < BATCH) continue;
    zone.putAll(batch);
    batch = [];
  }
  if (batch.length > 0) zone.putAll(batch);
  return pages;
}

function isInTransit(state: number): boolean {
  const kind = pageKind(state);
  return (kind === PAGE_KIND.threadList || kind === PAGE_KIND.deferred) && pageTail(state) === 0;
}
