/**
 * The page allocator's share of an audit: every block is on the list that its state word names, on no other,
 * and every counter is the number of what it counts.
 *
 *     free          a free list of its zone, of its order; its buddy is not free as well (zone-record:I1)
 *     deferred      its zone's stack: neither merged nor counted free yet
 *     thread list   the list of its slot, of its order
 */
import { slotStart, zoneStart } from '../layout/heap-layout.js';
import { PAGE_KIND } from '../layout/page-descriptor.js';
import { MAX_LIST_ORDER, PAGE_LIST, PAGE_LIST_WORDS, SLOT } from '../layout/thread-slot.js';
import { FREE_AREA, FREE_AREA_WORDS, ZONE } from '../layout/zone-record.js';
import { MAX_ORDER } from '../words/units.js';
import { zoneFrom, zoneTo } from './balance-blocks.js';
import type { Books } from './books.js';
import { walkPageList } from './page-list-walk.js';

export function checkPages(books: Books): void {
  for (let zone = 0; zone < books.geometry.zones; zone++) checkZone(books, zone);
  for (let slot = 0; slot < books.geometry.slots; slot++) checkThreadLists(books, slot);
  checkListed(books);
}

function checkZone(books: Books, zone: number): void {
  const { words, geometry } = books;
  const record = zoneStart(geometry, zone);
  const from = zoneFrom(geometry, zone);
  const to = zoneTo(geometry, zone);
  const startPage = words.loadPlain(record + ZONE.startPage);
  const endPage = words.loadPlain(record + ZONE.endPage);
  if (startPage !== from || endPage !== to) {
    books.report(`zone ${zone} has pages ${startPage} to ${endPage}, the plan gives it ${from} to ${to}`);
  }
  for (let order = 0; order <= MAX_ORDER; order++) checkFreeArea(books, zone, order);
  walkPageList(books, {
    name: deferredName(zone),
    head: words.loadPlain(record + ZONE.deferred),
    kind: PAGE_KIND.deferred,
    order: undefined,
    owner: undefined,
    from,
    to,
    isDoubly: false,
  });
  checkDrain(books, zone, record);
  const counted = words.loadPlain(record + ZONE.freePages);
  const found = freePagesOf(books, from, to);
  if (counted !== found) books.report(`zone ${zone} counts ${counted} free pages, there are ${found}`);
}

/** Blocks that left the deferred list are in the buddy before the zone's lock is released. */
function checkDrain(books: Books, zone: number, record: number): void {
  const draining = books.words.loadPlain(record + ZONE.draining);
  const drained = books.words.loadPlain(record + ZONE.drained);
  if (draining === 0 && drained === 0) return;
  books.report(`zone ${zone} notes pages ${draining} and ${drained} as half drained, and nobody drains it`);
}

function checkFreeArea(books: Books, zone: number, order: number): void {
  const { words, geometry } = books;
  const area = zoneStart(geometry, zone) + ZONE.freeArea + order * FREE_AREA_WORDS;
  const head = words.loadPlain(area + FREE_AREA.head);
  const counted = words.loadPlain(area + FREE_AREA.blocks);
  if (head === 0 && counted === 0) return;
  const name = freeListName(zone, order);
  const from = zoneFrom(geometry, zone);
  const to = zoneTo(geometry, zone);
  const list = { name, head, kind: PAGE_KIND.free, order, owner: undefined, from, to, isDoubly: true };
  const found = walkPageList(books, list);
  if (found >= 0 && counted !== found) books.report(`${name} counts ${counted} blocks, it holds ${found}`);
}

/** Pages of the free blocks from `from` to `to`, by their descriptors. */
function freePagesOf(books: Books, from: number, to: number): number {
  let pages = 0;
  for (let page = from; page < to; page++) if (books.kinds[page] === PAGE_KIND.free) pages++;
  return pages;
}

function checkThreadLists(books: Books, slot: number): void {
  const { words, geometry } = books;
  const start = slotStart(geometry, slot);
  let pages = 0;
  for (let order = 0; order <= MAX_LIST_ORDER; order++) {
    const list = start + SLOT.pageLists + order * PAGE_LIST_WORDS;
    const head = words.loadPlain(list + PAGE_LIST.head);
    const counted = words.loadPlain(list + PAGE_LIST.blocks);
    if (head === 0 && counted === 0) continue;
    const name = threadListName(slot, order);
    const found = walkPageList(books, {
      name,
      head,
      kind: PAGE_KIND.threadList,
      order,
      owner: slot,
      from: geometry.firstPage,
      to: geometry.totalPages,
      isDoubly: false,
    });
    if (found < 0) pages = Number.NaN;
    else if (counted !== found) books.report(`${name} counts ${counted} blocks, it holds ${found}`);
    pages += found << order;
  }
  const counted = words.loadPlain(start + SLOT.listPages);
  if (!Number.isNaN(pages) && counted !== pages) {
    books.report(`slot ${slot} counts ${counted} pages on its lists, they hold ${pages}`);
  }
}

/** Every block that belongs on a list is on it, and no two free buddies stand side by side. */
function checkListed(books: Books): void {
  for (const page of books.blocks) {
    const kind = books.kinds[page]!;
    if (kind === PAGE_KIND.free) checkBuddy(books, page);
    if (kind === PAGE_KIND.allocated || kind === PAGE_KIND.slab || books.listed[page] !== 0) continue;
    if (kind === PAGE_KIND.threadList && !hasThreadList(books, page)) continue;
    const name = listNameOf(books, page);
    if (!books.brokenLists.has(name)) {
      books.report(`the block of order ${books.orders[page]} at page ${page} is not on ${name}`);
    }
  }
}

/** True where there is a list for the block's owner and order. */
function hasThreadList(books: Books, page: number): boolean {
  return books.owners[page]! < books.geometry.slots && books.orders[page]! <= MAX_LIST_ORDER;
}

function checkBuddy(books: Books, page: number): void {
  const order = books.orders[page]!;
  const buddy = page ^ (1 << order);
  if (order === MAX_ORDER || buddy < page || buddy >= books.geometry.totalPages) return;
  if (Math.floor(buddy / books.geometry.zonePages) !== Math.floor(page / books.geometry.zonePages)) return;
  if (books.kinds[buddy] !== PAGE_KIND.free || books.firsts[buddy] !== buddy) return;
  if (books.orders[buddy] !== order) return;
  books.report(`the free blocks of order ${order} at pages ${page} and ${buddy} are buddies, and not merged`);
}

/** The list that a block's state word puts it on. */
function listNameOf(books: Books, page: number): string {
  const zone = Math.floor(page / books.geometry.zonePages);
  const order = books.orders[page]!;
  switch (books.kinds[page]) {
    case PAGE_KIND.free:
      return freeListName(zone, order);
    case PAGE_KIND.deferred:
      return deferredName(zone);
    default:
      return threadListName(books.owners[page]!, order);
  }
}

function freeListName(zone: number, order: number): string {
  return `the free list of order ${order} of zone ${zone}`;
}

function deferredName(zone: number): string {
  return `the deferred list of zone ${zone}`;
}

function threadListName(slot: number, order: number): string {
  return `the list of order ${order} of slot ${slot}`;
}
