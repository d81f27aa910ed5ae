/** What a page or an address is, in words: the second half of most sentences that an audit reports. */
import { PAGE_KIND } from '../layout/page-descriptor.js';
import { PAGE_SHIFT, PAGE_WORDS } from '../words/units.js';
import { type Books, PLACE, PLACE_MASK } from './books.js';

/** Says what `page` is: a block of some kind, inside one, or no page that is handed out. */
export function whatPage(books: Books, page: number): string {
  const { firstPage, totalPages } = books.geometry;
  if (page < 0 || page >= totalPages) return 'no page of the heap';
  if (page < firstPage) return "one of the heap's own pages";
  if (books.kinds[page] === PAGE_KIND.tail) return 'in no block';
  const block = whatBlock(books, books.firsts[page]!);
  return books.firsts[page] === page ? block : `inside ${block}`;
}

/** Says what `address` is: an object and where it is, a block of pages, inside one, or no address. */
export function whatIs(books: Books, address: number): string {
  const { totalPages } = books.geometry;
  if (!Number.isInteger(address) || address <= 0) return 'no address';
  if (address >= totalPages * PAGE_WORDS) return "beyond the heap's end";
  const page = address >>> PAGE_SHIFT;
  if (books.kinds[page] !== PAGE_KIND.slab || books.isObscure(address)) {
    const what = whatPage(books, page);
    return address % PAGE_WORDS === 0 || what.startsWith('in') ? what : `inside ${what}`;
  }
  const object = books.objectAt(address);
  if (object < 0) return `inside ${whatBlock(books, books.firsts[page]!)}, and not where an object starts`;
  return `an object of cache ${books.cacheOf(address).id}${whatPlace(books.places[object]! & PLACE_MASK)}`;
}

function whatBlock(books: Books, first: number): string {
  const order = books.orders[first]!;
  const owner = books.owners[first]!;
  const zone = Math.floor(first / books.geometry.zonePages);
  switch (books.kinds[first]) {
    case PAGE_KIND.free:
      return `a free block of order ${order} of zone ${zone}`;
    case PAGE_KIND.deferred:
      return `a deferred block of order ${order} of zone ${zone}`;
    case PAGE_KIND.threadList:
      return `a block of order ${order} on a list of slot ${owner}`;
    case PAGE_KIND.slab:
      return `a slab of cache ${owner}`;
    default: {
      const waits = books.listed[first] === PLACE.waiting ? ' that waits for a grace period' : '';
      return `an allocated block of order ${order}${waits}`;
    }
  }
}

function whatPlace(place: number): string {
  switch (place) {
    case PLACE.freelist:
      return " on its slab's freelist";
    case PLACE.sheaf:
      return ' in a sheaf';
    case PLACE.deferred:
      return ' whose free was put off';
    case PLACE.waiting:
      return ' that waits for a grace period';
    default:
      return ' in use';
  }
}
