/** Walks one list of blocks, which all lists of pages are: of a zone, of a thread, of a cache's slabs. */
import { descriptorStart } from '../layout/heap-layout.js';
import { DESCRIPTOR } from '../layout/page-descriptor.js';
import type { Books } from './books.js';
import { whatPage } from './what-is.js';

/** A list, and what its blocks have in common. */
export interface PageList {
  readonly name: string;
  /** Page number of the first block, 0 = none. */
  readonly head: number;
  readonly kind: number;
  /** Undefined where the list holds any order. */
  readonly order: number | undefined;
  /** Undefined where blocks of the kind have none. */
  readonly owner: number | undefined;
  /** The pages that the list may hold. */
  readonly from: number;
  readonly to: number;
  /** True where DESCRIPTOR.previous is part of the list. */
  readonly isDoubly: boolean;
}

/** Marks the blocks of a list as listed. Returns how many there are, -1 where the list breaks off. */
export function walkPageList(books: Books, list: PageList): number {
  const { words, geometry } = books;
  let blocks = 0;
  let previous = 0;
  let page = list.head;
  while (page !== 0) {
    if (!belongs(books, list, page)) {
      books.report(`${list.name} leads to page ${page}, which is ${whatPage(books, page)}`);
      return breakOff(books, list);
    }
    if (books.listed[page] !== 0) {
      books.report(`${list.name} comes back to page ${page}`);
      return breakOff(books, list);
    }
    books.listed[page] = 1;
    blocks++;
    const descriptor = descriptorStart(geometry, page);
    const stated = words.loadPlain(descriptor + DESCRIPTOR.previous);
    if (list.isDoubly && stated !== previous) {
      books.report(`page ${page} on ${list.name} has previous page ${stated}, it follows page ${previous}`);
    }
    previous = page;
    page = words.loadPlain(descriptor + DESCRIPTOR.next);
  }
  return blocks;
}

function belongs(books: Books, list: PageList, page: number): boolean {
  return (
    page >= list.from &&
    page < list.to &&
    books.firsts[page] === page &&
    books.kinds[page] === list.kind &&
    (list.owner === undefined || books.owners[page] === list.owner) &&
    (list.order === undefined || books.orders[page] === list.order)
  );
}

function breakOff(books: Books, list: PageList): number {
  books.brokenLists.add(list.name);
  return -1;
}
