import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditedHeap, BUSY, WIDE } from '../../tests/support/audited-heap.js';
import { testCorruptions } from '../../tests/support/corruption.js';
import { makeStillHeap } from '../../tests/support/still-heap.js';
import { CACHE } from '../layout/cache-record.js';
import { descriptorStart } from '../layout/heap-layout.js';
import {
  DESCRIPTOR,
  PAGE_KIND,
  pageKind,
  pageOrder,
  pageOwner,
  pageState,
} from '../layout/page-descriptor.js';
import { SLOT } from '../layout/thread-slot.js';
import { FREE_AREA, FREE_AREA_WORDS, ZONE } from '../layout/zone-record.js';
import { PAGE_SHIFT } from '../words/units.js';
import { balance } from './balance.js';

const heap = new AuditedHeap();
const state = (page: number) => heap.descriptor(page, DESCRIPTOR.state);
const freeHead = (order: number) =>
  heap.at(heap.zone(ZONE.freeArea + order * FREE_AREA_WORDS + FREE_AREA.head));
/** First page of the allocated block of order 2, of a free block of order 4, of a slab of order 2. */
const block = heap.block >>> PAGE_SHIFT;
const free = freeHead(4);
const wide = (heap.wide >>> PAGE_SHIFT) & ~3;
const threadPage = heap.at(heap.slot(0, SLOT.pageLists));
/** A page of odd number among those of order 0 on some thread's list, and whose list that is. */
const oddPage = Array.from({ length: heap.geometry.totalPages / 2 }, (_, i) => 2 * i + 1).find((page) => {
  const found = heap.at(state(page));
  return pageKind(found) === PAGE_KIND.threadList && pageOrder(found) === 0;
})!;
const oddSlot = pageOwner(heap.at(state(oddPage)));
const slabPage = heap.at(heap.cache(BUSY, CACHE.partialHead));
const freePages = heap.at(heap.zone(ZONE.freePages));
const deferred = heap.at(heap.zone(ZONE.deferred));

testCorruptions(heap, [
  {
    what: "a state of one of the heap's own pages",
    word: state(1),
    value: pageState(PAGE_KIND.free, 0, 0),
    problems: ["page 1 has state 0x1, one of the heap's own pages has 0x0"],
  },
  {
    what: 'pages in no block where the start of one is lost',
    word: state(block),
    value: 0,
    problems: [
      `pages ${block} to ${block + 3} are in no block: state 0x0 of page ${block} is a tail's`,
      `held address ${heap.block} is in no block`,
    ],
  },
  {
    what: 'a block of a kind that there is not',
    word: state(block),
    value: pageState(6, 2, 0),
    problems: [
      `pages ${block} to ${block + 3} are in no block: state 0x26 of page ${block} is of kind 6, the last is 5`,
      `held address ${heap.block} is in no block`,
    ],
  },
  {
    what: 'a block above the largest order',
    word: state(free),
    value: pageState(PAGE_KIND.free, 11, 0),
    problems: [
      `pages ${free} to ${free + 15} are in no block: state 0xb1 of page ${free} has order 11, the largest is 10`,
      `the free list of order 4 of zone 0 leads to page ${free}, which is in no block`,
      `zone 0 counts ${freePages} free pages, there are ${freePages - 16}`,
    ],
  },
  {
    what: 'a block that does not start at a multiple of its size (page-descriptor:I2)',
    word: state(oddPage),
    value: pageState(PAGE_KIND.threadList, 1, 0),
    problems: [
      `page ${oddPage} is in no block: state 0x12 of page ${oddPage} has order 1, which starts at a multiple of 2`,
      `the list of order 0 of slot ${oddSlot} leads to page ${oddPage}, which is in no block`,
    ],
  },
  {
    what: 'a page inside a block with a state of its own (page-descriptor:I1)',
    word: state(block + 2),
    value: pageState(PAGE_KIND.allocated, 0, 0),
    problems: [`page ${block + 2} has state 0x3, inside an allocated block of order 2 it is 0x0`],
  },
  {
    what: "a page of a slab with another page's state",
    word: state(wide + 3),
    value: heap.at(state(wide + 2)),
    problems: [`page ${wide + 3} has state 0x60824, inside a slab of cache 48 it is 0x60c24`],
  },
  {
    what: 'a free block with an owner',
    word: state(free),
    value: pageState(PAGE_KIND.free, 4, 1),
    problems: [`page ${free} is a free block of order 4 of zone 0, and names owner 1, it has none`],
  },
  {
    what: 'a deferred block of a slot that there is not',
    word: state(deferred),
    value: pageState(PAGE_KIND.deferred, 4, 4),
    problems: [`page ${deferred} is a deferred block of order 4 of zone 0, the last slot is 3`],
  },
  {
    what: 'a block on a list of a slot that there is not',
    word: state(threadPage),
    value: pageState(PAGE_KIND.threadList, 0, 4),
    problems: [
      `page ${threadPage} is a block of order 0 on a list of slot 4, the last slot is 3`,
      `the list of order 0 of slot 0 leads to page ${threadPage}, which is a block of order 0 on a list of slot 4`,
    ],
  },
  {
    what: 'a slab of a cache that is not made',
    word: state(slabPage),
    value: pageState(PAGE_KIND.slab, 0, 70),
    problems: [
      `page ${slabPage} is a slab of cache 70, the last cache is 65`,
      `the partial list of cache 4 leads to page ${slabPage}, which is a slab of cache 70`,
      'cache 4 counts 6 slabs, there are 5',
    ],
  },
  {
    what: "a slab of another order than its cache's",
    word: state(wide),
    value: pageState(PAGE_KIND.slab, 1, WIDE),
    problems: [
      `page ${wide + 1} has state 0x60424, inside a slab of cache 48 it is 0x60414`,
      `page ${wide} is a slab of cache 48, of order 1; slabs of the cache have order 2`,
      `pages ${wide + 2} to ${wide + 3} are in no block: state 0x60824 of page ${wide + 2} is a tail's`,
      `the partial list of cache 48 leads to page ${wide}, which is a slab of cache 48`,
    ],
  },
]);

test('balance() reports a block that reaches beyond its zone', () => {
  const { words, geometry } = makeStillHeap({ pages: 3, threads: 1 });
  const last = geometry.totalPages - 1;
  words.storePlain(descriptorStart(geometry, last) + DESCRIPTOR.state, pageState(PAGE_KIND.allocated, 1, 0));
  assert.deepEqual(
    balance(words).problems[0],
    `page ${last} is in no block: state 0x13 of page ${last} has order 1, and its zone ends before page ${last + 1}`,
  );
});
