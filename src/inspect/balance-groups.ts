/**
 * The memory groups' share of an audit: each is found by its name, and its usage is what its objects and pages come to,
 * what the groups below it come to, and what threads' stocks hold of it (group-record:I2); its ledgers say the same (I5).
 *
 *     header.groupTable -> buckets -> records        objects of accounted caches, blocks of pages, stocks -> record
 */
import { SHEAF_CACHE } from '../layout/cache-record.js';
import {
  GRANULE_WORDS,
  GROUP,
  GROUP_CLOSED,
  GROUP_TABLE,
  ledgersOf,
  MAX_GROUP_DEPTH,
  PAGE_GRANULES,
} from '../layout/group-record.js';
import { HEADER } from '../layout/heap-header.js';
import { descriptorStart, slotStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND } from '../layout/page-descriptor.js';
import { SLOT, STOCK, STOCK_GRANULES_MASK, STOCK_GROUPS, STOCK_WORDS } from '../layout/thread-slot.js';
import { PAGE_WORDS } from '../words/units.js';
import { type Books, PLACE, PLACE_MASK } from './books.js';
import { reachOnce, roomWords } from './reach.js';

/** Granules that each record's own objects, pages and stocks come to. */
type Sums = Map<number, number>;

export function checkGroups(books: Books): void {
  const sums: Sums = new Map();
  const isWhole = readTable(books, sums);
  addObjects(books, sums);
  addBlocks(books, sums);
  addStocks(books, sums);
  if (isWhole) checkUsage(books, sums);
}

/** Fills in the records; false where the table could not be followed to its end. */
function readTable(books: Books, sums: Sums): boolean {
  const { words } = books;
  const table = words.loadPlain(HEADER.groupTable);
  if (table === 0) return true;
  if (!reachOnce(books, table, GROUP_TABLE.firsts + 1, 'the table of memory groups')) return false;
  const buckets = words.loadPlain(table + GROUP_TABLE.buckets);
  const room = roomWords(books, table) - GROUP_TABLE.firsts;
  if (buckets < 1 || buckets > room) {
    books.report(`the table of memory groups has ${buckets} buckets, there is room for 1 to ${room}`);
    return false;
  }
  for (let i = 0; i < buckets; i++) {
    let record = words.loadPlain(table + GROUP_TABLE.firsts + i);
    for (; record !== 0; record = words.loadPlain(record + GROUP.next)) {
      if (!reachOnce(books, record, GROUP.name, `a memory group of bucket ${i}`)) return false;
      sums.set(record, 0);
    }
  }
  return true;
}

function addObjects(books: Books, sums: Sums): void {
  const first = books.words.loadPlain(HEADER.accountedCaches);
  if (first === 0) return;
  const last = lastAccounted(books, first);
  for (const page of books.blocks) {
    const id = books.owners[page]!;
    const isAccounted = books.kinds[page] === PAGE_KIND.slab && id >= first && id <= last;
    if (isAccounted && books.bases[page]! >= 0) addSlab(books, sums, page, id);
  }
}

/** The accounted caches are as many as the plain ones of the size classes, which are all that came before the users'. */
function lastAccounted(books: Books, first: number): number {
  const { caches } = books;
  let last = first;
  for (let id = first + 1; id < caches.length; id++) {
    const plain = caches[id - first + SHEAF_CACHE + 1];
    if (plain === undefined || caches[id]!.objectWords !== plain.objectWords + GRANULE_WORDS) break;
    last = id;
  }
  return last;
}

function addSlab(books: Books, sums: Sums, page: number, id: number): void {
  const { objectWords, slabObjects } = books.caches[id]!;
  for (let i = 0; i < slabObjects; i++) {
    const place = books.places[books.bases[page]! + i]! & PLACE_MASK;
    if (place !== PLACE.live && place !== PLACE.waiting) continue;
    const object = page * PAGE_WORDS + i * objectWords;
    const group = books.words.loadPlain(object + objectWords - 1);
    // Uncharged, and not free yet: of a thread that was stopped there.
    if (group === 0) continue;
    add(books, sums, group, objectWords / GRANULE_WORDS, `object ${object}`);
  }
}

function addBlocks(books: Books, sums: Sums): void {
  for (const page of books.blocks) {
    if (books.kinds[page] !== PAGE_KIND.allocated) continue;
    const group = books.words.loadPlain(descriptorStart(books.geometry, page) + DESCRIPTOR.group);
    if (group === 0) continue;
    add(books, sums, group, PAGE_GRANULES << books.orders[page]!, `the block at page ${page}`);
  }
}

function addStocks(books: Books, sums: Sums): void {
  for (let slot = 0; slot < books.geometry.slots; slot++) {
    const stock = slotStart(books.geometry, slot) + SLOT.stock;
    for (let i = 0; i < STOCK_GROUPS; i++) {
      const place = stock + i * STOCK_WORDS;
      const granules = books.words.loadPlain(place + STOCK.granules) & STOCK_GRANULES_MASK;
      if (granules === 0) continue;
      add(books, sums, books.words.loadPlain(place + STOCK.group), granules, `the stock of slot ${slot}`);
    }
  }
}

function add(books: Books, sums: Sums, group: number, granules: number, what: string): void {
  const before = sums.get(group);
  if (before === undefined) books.report(`${what} is charged to address ${group}, which is no memory group`);
  else sums.set(group, before + granules);
}

function checkUsage(books: Books, sums: Sums): void {
  const totals: Sums = new Map();
  for (const [record, granules] of sums) addUpwards(books, totals, record, granules);
  checkChildren(books, sums);
  for (const record of sums.keys()) {
    const usage = books.words.loadPlain(record + GROUP.usage);
    const total = totals.get(record) ?? 0;
    checkLedgers(books, record, usage);
    if (usage === total || (usage === GROUP_CLOSED && total === 0)) continue;
    books.report(
      `the memory group at ${record} has ${usage} granules charged, what it has comes to ${total}`,
    );
  }
}

/** What a group counts as its children are the groups that are not closed and part of it. */
function checkChildren(books: Books, sums: Sums): void {
  const { words } = books;
  const children: Sums = new Map();
  for (const record of sums.keys()) {
    const parent = words.loadPlain(record + GROUP.parent);
    if (words.loadPlain(record + GROUP.usage) >= 0) children.set(parent, (children.get(parent) ?? 0) + 1);
  }
  for (const record of sums.keys()) {
    const counted = words.loadPlain(record + GROUP.children);
    const found = children.get(record) ?? 0;
    if (counted !== found)
      books.report(`the memory group at ${record} counts ${counted} groups as part of it, ${found} are`);
  }
}

/** (group-record:I5) */
function checkLedgers(books: Books, record: number, usage: number): void {
  const { words, geometry } = books;
  const ledgers = ledgersOf(words, record);
  let sum = 0;
  if (ledgers < record || ledgers + geometry.slots > record + roomWords(books, record)) {
    books.report(`the memory group at ${record} has a name that leaves no room for its ledgers`);
    return;
  }
  for (let slot = 0; slot < geometry.slots; slot++) sum = (sum + words.loadPlain(ledgers + slot)) | 0;
  if (sum === Math.max(0, usage)) return;
  books.report(`the memory group at ${record} has ${usage} granules charged, its ledgers say ${sum}`);
}

function addUpwards(books: Books, totals: Sums, record: number, granules: number): void {
  let group = record;
  for (let depth = 0; group !== 0 && depth < MAX_GROUP_DEPTH; depth++) {
    totals.set(group, (totals.get(group) ?? 0) + granules);
    group = books.words.loadPlain(group + GROUP.parent);
  }
}
