/** What an audit of a heap comes to: its problems, and where every page and every object is. */
import { PAGE_KIND } from '../layout/page-descriptor.js';
import { SHELL, SHELL_STATE, shellHeadWords } from '../layout/shell-record.js';
import { BYTES_PER_WORD, PAGE_SHIFT } from '../words/units.js';
import { type Books, PLACE, PLACE_MASK, REACHED } from './books.js';

/** Pages by what their block is; the sum of all but `total` is `total`, but for pages that a problem names. */
export interface PageCount {
  total: number;
  /** The heap's own. */
  metadata: number;
  free: number;
  threadLists: number;
  deferred: number;
  slab: number;
  allocated: number;
}

/** Objects by where they are. */
export interface ObjectCount {
  /** In nobody's books but the user's, or a sheaf in use. */
  live: number;
  /** On their slab's freelist, or on the way there: their free was put off. */
  free: number;
  /** In a thread's or a barn's sheaf. */
  inSheaves: number;
  /** For a grace period: in an rcu sheaf or on a callback list. */
  waiting: number;
}

export interface CacheCount extends ObjectCount {
  readonly id: number;
  readonly objectBytes: number;
  /** All objects of its slabs. */
  total: number;
}

export interface BalanceReport {
  /** A sentence each, without its full stop; empty when the books add up. */
  readonly problems: string[];
  readonly pages: PageCount;
  /** `byCache` holds the caches that have objects. */
  readonly objects: ObjectCount & { readonly byCache: CacheCount[] };
  /** Objects and blocks of pages that names, sheaves in use and held addresses lead to. */
  readonly reachable: number;
  /** Objects that a debug heap found damaged, and never uses again. Not among the unreachable. */
  readonly quarantinedObjects: number;
  readonly unreachableObjects: number;
  readonly unreachablePages: number;
  /** Some of the objects and blocks that nothing leads to. */
  readonly unreachable: number[];
}

const MAX_UNREACHABLE = 20;

/** The report of a heap that could not be looked into. */
export function emptyReport(problems: string[]): BalanceReport {
  return {
    problems,
    pages: { total: 0, metadata: 0, free: 0, threadLists: 0, deferred: 0, slab: 0, allocated: 0 },
    objects: { live: 0, free: 0, inSheaves: 0, waiting: 0, byCache: [] },
    reachable: 0,
    quarantinedObjects: 0,
    unreachableObjects: 0,
    unreachablePages: 0,
    unreachable: [],
  };
}

/** What was reached and what was not, summed up as blocks and objects go by. */
interface Reckoning {
  quarantinedObjects: number;
  reachable: number;
  unreachableObjects: number;
  unreachablePages: number;
  readonly unreachable: number[];
}

export function sumUp(books: Books): BalanceReport {
  const { pages, objects } = emptyReport([]);
  const reckoning: Reckoning = {
    reachable: 0,
    quarantinedObjects: 0,
    unreachableObjects: 0,
    unreachablePages: 0,
    unreachable: [],
  };
  const counts: (CacheCount | undefined)[] = [];
  pages.total = books.geometry.totalPages;
  pages.metadata = books.geometry.firstPage;
  for (const page of books.blocks) {
    countPages(books, page, pages);
    const kind = books.kinds[page];
    if (kind === PAGE_KIND.allocated) reckonBlock(books, page, reckoning);
    if (kind !== PAGE_KIND.slab || books.bases[page]! < 0) continue;
    const { id, objectWords } = books.caches[books.owners[page]!]!;
    counts[id] ??= { id, objectBytes: objectWords * BYTES_PER_WORD, total: 0, ...noObjects() };
    countSlab(books, page, counts[id], reckoning);
  }
  for (const count of counts) {
    if (count === undefined) continue;
    objects.byCache.push(count);
    objects.live += count.live;
    objects.free += count.free;
    objects.inSheaves += count.inSheaves;
    objects.waiting += count.waiting;
  }
  return { problems: books.problems(), pages, objects, ...reckoning };
}

function noObjects(): ObjectCount {
  return { live: 0, free: 0, inSheaves: 0, waiting: 0 };
}

function countPages(books: Books, page: number, pages: PageCount): void {
  const size = 1 << books.orders[page]!;
  switch (books.kinds[page]) {
    case PAGE_KIND.free:
      pages.free += size;
      return;
    case PAGE_KIND.threadList:
      pages.threadLists += size;
      return;
    case PAGE_KIND.deferred:
      pages.deferred += size;
      return;
    case PAGE_KIND.slab:
      pages.slab += size;
      return;
    default:
      pages.allocated += size;
  }
}

function reckonBlock(books: Books, page: number, reckoning: Reckoning): void {
  const found = books.listed[page];
  if (found === REACHED) reckoning.reachable++;
  if (found !== 0) return;
  reckoning.unreachablePages += 1 << books.orders[page]!;
  noteUnreachable(reckoning, page << PAGE_SHIFT);
}

function countSlab(books: Books, page: number, count: CacheCount, reckoning: Reckoning): void {
  const { slabObjects, objectWords } = books.caches[count.id]!;
  const base = books.bases[page]!;
  count.total += slabObjects;
  for (let i = 0; i < slabObjects; i++) {
    const place = books.places[base + i]!;
    switch (place & PLACE_MASK) {
      case PLACE.freelist:
      case PLACE.deferred:
        count.free++;
        break;
      case PLACE.sheaf:
        count.inSheaves++;
        break;
      case PLACE.waiting:
        count.waiting++;
        break;
      default:
        count.live++;
        if ((place & REACHED) !== 0) reckoning.reachable++;
        else {
          reckonLost(books, (page << PAGE_SHIFT) + i * objectWords, count.id, reckoning);
        }
    }
  }
}

function reckonLost(books: Books, outer: number, cache: number, reckoning: Reckoning): void {
  const head = shellHeadWords(books.geometry, PAGE_KIND.slab, cache);
  if (head > 0 && books.words.loadPlain(outer + SHELL.state) === SHELL_STATE.quarantined) {
    reckoning.quarantinedObjects++;
    return;
  }
  reckoning.unreachableObjects++;
  noteUnreachable(reckoning, outer + head);
}

function noteUnreachable(reckoning: Reckoning, address: number): void {
  if (reckoning.unreachable.length < MAX_UNREACHABLE) reckoning.unreachable.push(address);
}
