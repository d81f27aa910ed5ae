import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditedHeap } from '../../tests/support/audited-heap.js';
import { testCorruptions } from '../../tests/support/corruption.js';
import { DESCRIPTOR } from '../layout/page-descriptor.js';
import { PAGE_LIST, PAGE_LIST_WORDS, SLOT } from '../layout/thread-slot.js';
import { FREE_AREA, FREE_AREA_WORDS, ZONE } from '../layout/zone-record.js';
import { PAGE_SHIFT } from '../words/units.js';

const heap = new AuditedHeap();
const area = (order: number, at: number) => heap.zone(ZONE.freeArea + order * FREE_AREA_WORDS + at);
const list = (slot: number, order: number, at: number) =>
  heap.slot(slot, SLOT.pageLists + order * PAGE_LIST_WORDS + at);
const next = (page: number) => heap.descriptor(page, DESCRIPTOR.next);
const first = heap.at(area(4, FREE_AREA.head));
const second = heap.at(next(first));
/** A free block of an order below 4. */
const smallerOrder = [0, 1, 2, 3].find((order) => heap.at(area(order, FREE_AREA.head)) !== 0)!;
const smaller = heap.at(area(smallerOrder, FREE_AREA.head));
const deferred = heap.at(heap.zone(ZONE.deferred));
const deferredNext = heap.at(next(deferred));
const alphaPage = heap.at(list(0, 0, PAGE_LIST.head));
const alphaPages = heap.at(heap.slot(0, SLOT.listPages));
const alphaBlocks = heap.at(list(0, 0, PAGE_LIST.blocks));
const betaPage = heap.at(list(1, 0, PAGE_LIST.head));
const block = heap.block >>> PAGE_SHIFT;
const freePages = heap.at(heap.zone(ZONE.freePages));
const { firstPage, totalPages } = heap.geometry;

testCorruptions(heap, [
  {
    what: 'a zone with other pages than planned',
    word: heap.zone(ZONE.endPage),
    value: totalPages - 1,
    problems: [
      `zone 0 has pages ${firstPage} to ${totalPages - 1}, the plan gives it ${firstPage} to ${totalPages}`,
    ],
  },
  {
    what: 'a wrong number of free pages',
    word: heap.zone(ZONE.freePages),
    value: freePages + 1,
    problems: [`zone 0 counts ${freePages + 1} free pages, there are ${freePages}`],
  },
  {
    what: 'a wrong number of free blocks of an order',
    word: area(4, FREE_AREA.blocks),
    value: 3,
    problems: ['the free list of order 4 of zone 0 counts 3 blocks, it holds 2'],
  },
  {
    what: 'free blocks that are on no list',
    word: area(4, FREE_AREA.head),
    value: 0,
    problems: [
      'the free list of order 4 of zone 0 counts 2 blocks, it holds 0',
      `the block of order 4 at page ${first} is not on the free list of order 4 of zone 0`,
      `the block of order 4 at page ${second} is not on the free list of order 4 of zone 0`,
    ],
  },
  {
    what: 'a free list that leads to an allocated block',
    word: area(4, FREE_AREA.head),
    value: block,
    problems: [
      `the free list of order 4 of zone 0 leads to page ${block}, which is an allocated block of order 2`,
    ],
  },
  {
    what: 'a free list that leads to a free block of another order',
    word: next(second),
    value: smaller,
    problems: [
      `the free list of order 4 of zone 0 leads to page ${smaller}, which is a free block of order ${smallerOrder} of zone 0`,
    ],
  },
  {
    what: 'a free list that leads into the middle of a block',
    word: next(first),
    value: second + 1,
    problems: [
      `the free list of order 4 of zone 0 leads to page ${second + 1}, which is inside a free block of order 4 of zone 0`,
    ],
  },
  {
    what: "a free list that leads to the heap's own pages",
    word: area(9, FREE_AREA.head),
    value: 1,
    problems: ["the free list of order 9 of zone 0 leads to page 1, which is one of the heap's own pages"],
  },
  {
    what: 'a free list that leads out of the heap',
    word: area(9, FREE_AREA.head),
    value: -5,
    problems: ['the free list of order 9 of zone 0 leads to page -5, which is no page of the heap'],
  },
  {
    what: 'a free list that is a circle',
    word: next(second),
    value: first,
    problems: [`the free list of order 4 of zone 0 comes back to page ${first}`],
  },
  {
    what: 'a wrong previous link',
    word: heap.descriptor(second, DESCRIPTOR.previous),
    value: 0,
    problems: [
      `page ${second} on the free list of order 4 of zone 0 has previous page 0, it follows page ${first}`,
    ],
  },
  {
    what: 'deferred blocks that are on no list',
    word: heap.zone(ZONE.deferred),
    value: deferredNext,
    problems: [`the block of order 4 at page ${deferred} is not on the deferred list of zone 0`],
  },
  {
    what: 'a deferred list that leads to a free block',
    word: next(deferredNext),
    value: first,
    problems: [
      `the deferred list of zone 0 leads to page ${first}, which is a free block of order 4 of zone 0`,
    ],
  },
  {
    what: 'a deferred list that is a circle',
    word: next(deferredNext),
    value: deferred,
    problems: [`the deferred list of zone 0 comes back to page ${deferred}`],
  },
  {
    what: 'a drain that was not brought to its end',
    word: heap.zone(ZONE.draining),
    value: deferred,
    problems: [`zone 0 notes pages ${deferred} and 0 as half drained, and nobody drains it`],
  },
  {
    what: 'a wrong number of pages on the lists of a thread',
    word: heap.slot(0, SLOT.listPages),
    value: 0,
    problems: [`slot 0 counts 0 pages on its lists, they hold ${alphaPages}`],
  },
  {
    what: 'a wrong number of blocks on a list of a thread',
    word: list(0, 0, PAGE_LIST.blocks),
    value: alphaBlocks + 4,
    problems: [`the list of order 0 of slot 0 counts ${alphaBlocks + 4} blocks, it holds ${alphaBlocks}`],
  },
  {
    what: "a thread's list that leads to a block of another thread's",
    word: list(0, 0, PAGE_LIST.head),
    value: betaPage,
    problems: [
      `the list of order 0 of slot 0 leads to page ${betaPage}, which is a block of order 0 on a list of slot 1`,
    ],
  },
  {
    what: "a thread's list that is a circle",
    word: next(alphaPage),
    value: alphaPage,
    problems: [`the list of order 0 of slot 0 comes back to page ${alphaPage}`],
  },
  {
    what: "a thread's list cut short",
    word: next(betaPage),
    value: 0,
    problems: [
      'the list of order 0 of slot 1 counts 3 blocks, it holds 1',
      'slot 1 counts 3 pages on its lists, they hold 1',
      `the block of order 0 at page ${betaPage - 2} is not on the list of order 0 of slot 1`,
      `the block of order 0 at page ${betaPage - 1} is not on the list of order 0 of slot 1`,
    ],
  },
]);

test('balance() reports free buddies that were not merged (zone-record:I1)', () => {
  const unmerged = new AuditedHeap();
  const { words } = unmerged;
  // The free block of order 4 becomes two of order 3, each on the list of its order.
  const state = (page: number) => unmerged.descriptor(page, DESCRIPTOR.state);
  words.storePlain(state(first), 0x31);
  words.storePlain(state(first + 8), 0x31);
  words.storePlain(area(4, FREE_AREA.head), second);
  words.storePlain(area(4, FREE_AREA.blocks), 1);
  words.storePlain(unmerged.descriptor(second, DESCRIPTOR.previous), 0);
  words.storePlain(unmerged.descriptor(first, DESCRIPTOR.next), first + 8);
  words.storePlain(unmerged.descriptor(first + 8, DESCRIPTOR.next), 0);
  words.storePlain(unmerged.descriptor(first + 8, DESCRIPTOR.previous), first);
  words.storePlain(area(3, FREE_AREA.head), first);
  words.storePlain(area(3, FREE_AREA.blocks), 2);
  assert.deepEqual(unmerged.audit().problems, [
    `the free blocks of order 3 at pages ${first} and ${first + 8} are buddies, and not merged`,
  ]);
});
