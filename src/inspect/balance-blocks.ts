/**
 * The descriptors' share of an audit: cuts the pages into blocks by their state words, the truth about pages
 * (page-descriptor:I1 to I3). What lists and counters say is held against this.
 *
 *     page   16      17      18      19      20
 *     state  slab 1  slab 1  free 0  ?       free 2      -> slab at 16, free block at 18, page 19 in no block
 */

import type { Geometry } from '../layout/heap-header.js';
import { descriptorStart } from '../layout/heap-layout.js';
import {
  DESCRIPTOR,
  PAGE_KIND,
  pageKind,
  pageOrder,
  pageOwner,
  pageState,
  pageTail,
} from '../layout/page-descriptor.js';
import { MAX_LIST_ORDER } from '../layout/thread-slot.js';
import { MAX_ORDER } from '../words/units.js';
import type { Books } from './books.js';
import { whatPage } from './what-is.js';

/** First page of zone `zone`. */
export function zoneFrom(geometry: Geometry, zone: number): number {
  return Math.max(geometry.firstPage, zone * geometry.zonePages);
}

/** First page behind zone `zone`. */
export function zoneTo(geometry: Geometry, zone: number): number {
  return Math.min(geometry.totalPages, (zone + 1) * geometry.zonePages);
}

/** Finds every block, and makes room for the place of every object. */
export function findBlocks(books: Books): void {
  checkOwnPages(books);
  let objects = 0;
  for (let zone = 0; zone < books.geometry.zones; zone++) {
    const to = zoneTo(books.geometry, zone);
    let page = zoneFrom(books.geometry, zone);
    while (page < to) {
      const state = stateOf(books, page);
      if (startProblem(page, state, to) !== '') {
        page = skipLost(books, page, to);
        continue;
      }
      enterBlock(books, page, state);
      if (pageKind(state) === PAGE_KIND.slab) objects = enterSlab(books, page, objects);
      page += 1 << pageOrder(state);
    }
  }
  books.places = new Uint8Array(objects);
}

/** The heap's own pages are in no block, and their descriptors stay as they were made. */
function checkOwnPages(books: Books): void {
  for (let page = 0; page < books.geometry.firstPage; page++) {
    const state = stateOf(books, page);
    if (state === PAGE_KIND.tail) continue;
    books.report(`page ${page} has state ${hexOf(state)}, one of the heap's own pages has 0x0`);
  }
}

function stateOf(books: Books, page: number): number {
  return books.words.loadPlain(descriptorStart(books.geometry, page) + DESCRIPTOR.state);
}

/** Why no block can start here; '' where one does. */
function startProblem(page: number, state: number, to: number): string {
  const kind = pageKind(state);
  const order = pageOrder(state);
  if (kind === PAGE_KIND.tail || pageTail(state) !== 0) return "is a tail's";
  if (kind > PAGE_KIND.deferred) return `is of kind ${kind}, the last is ${PAGE_KIND.deferred}`;
  if (order > MAX_ORDER) return `has order ${order}, the largest is ${MAX_ORDER}`;
  if (page % (1 << order) !== 0) return `has order ${order}, which starts at a multiple of ${1 << order}`;
  if (page + (1 << order) > to) return `has order ${order}, and its zone ends before page ${to}`;
  return '';
}

/** Reports the pages from `page` on in which no block starts; returns the next in which one does. */
function skipLost(books: Books, page: number, to: number): number {
  const state = stateOf(books, page);
  let next = page + 1;
  while (next < to && startProblem(next, stateOf(books, next), to) !== '') next++;
  const pages = next === page + 1 ? `page ${page} is` : `pages ${page} to ${next - 1} are`;
  const reason = startProblem(page, state, to);
  books.report(`${pages} in no block: state ${hexOf(state)} of page ${page} ${reason}`);
  return next;
}

function enterBlock(books: Books, page: number, state: number): void {
  const order = pageOrder(state);
  const end = page + (1 << order);
  books.blocks.push(page);
  books.kinds.fill(pageKind(state), page, end);
  books.firsts.fill(page, page, end);
  books.orders[page] = order;
  books.owners[page] = pageOwner(state);
  for (let inner = page; inner < end; inner++) {
    const isTail = inner !== page && pageKind(state) !== PAGE_KIND.slab;
    const wanted = isTail
      ? PAGE_KIND.tail
      : pageState(pageKind(state), order, pageOwner(state), inner - page);
    if (stateOf(books, inner) === wanted) continue;
    const found = hexOf(stateOf(books, inner));
    books.report(`page ${inner} has state ${found}, ${whatPage(books, inner)} it is ${hexOf(wanted)}`);
    break;
  }
  const problem = ownerProblem(books, page);
  if (problem !== '') books.report(`page ${page} is ${whatPage(books, page)}, ${problem}`);
}

/** What is wrong with a block's owner, or with its order by its owner. */
function ownerProblem(books: Books, page: number): string {
  const owner = books.owners[page]!;
  const order = books.orders[page]!;
  switch (books.kinds[page]) {
    case PAGE_KIND.threadList:
      if (owner >= books.geometry.slots) return `the last slot is ${books.geometry.slots - 1}`;
      return order > MAX_LIST_ORDER ? `the largest order there is ${MAX_LIST_ORDER}` : '';
    case PAGE_KIND.deferred:
      return owner >= books.geometry.slots ? `the last slot is ${books.geometry.slots - 1}` : '';
    case PAGE_KIND.slab:
      if (owner >= books.caches.length) return `the last cache is ${books.caches.length - 1}`;
      if (!books.caches[owner]!.sound || order === books.caches[owner]!.slabOrder) return '';
      return `of order ${order}; slabs of the cache have order ${books.caches[owner]!.slabOrder}`;
    default:
      return owner === 0 ? '' : `and names owner ${owner}, it has none`;
  }
}

/** Gives the slab's objects their places; returns how many objects there are then. */
function enterSlab(books: Books, page: number, objects: number): number {
  const cache = books.caches[books.owners[page]!];
  const isFit = cache?.sound && cache.slabOrder === books.orders[page];
  books.bases[page] = isFit ? objects : -1;
  return isFit ? objects + cache.slabObjects : objects;
}

function hexOf(state: number): string {
  return `0x${(state >>> 0).toString(16)}`;
}
