import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditedHeap } from '../../tests/support/audited-heap.js';
import { assertUnchanged, snapshotOf } from '../../tests/support/balanced.js';
import { joinStillHeap, makeStillHeap } from '../../tests/support/still-heap.js';
import { Random, SEED, SEED_NOTE } from '../../tests/threads/seed.js';
import { HEADER, HEADER_WORDS } from '../layout/heap-header.js';
import { CACHE_SLOT, SLOT, TURN_OPEN } from '../layout/thread-slot.js';
import { GFP_KERNEL } from '../pages/gfp.js';
import { PAGE_WORDS } from '../words/units.js';
import { balance } from './balance.js';
import { readCounters, readStatistics } from './statistics.js';

test('readStatistics() of a fresh heap counts its pages and its one thread', () => {
  const { words, geometry } = makeStillHeap({ pages: 20, threads: 3, name: 'only' });
  assert.deepEqual(readCounters(words, geometry), {
    gracePeriods: 0,
    freedThroughSheaf: 0,
    freedThroughList: 0,
    sheavesReused: 0,
    objectsWaiting: 0,
    pages: { total: geometry.totalPages, free: 20, threadLists: 0, inUse: 0, metadata: geometry.firstPage },
    threads: [{ slot: 0, name: 'only', generation: 1, inTurn: false }],
  });
});

test('readStatistics() agrees with an audit on pages, and counts all that waits', () => {
  const heap = new AuditedHeap();
  const { pages, objects } = heap.audit();
  const stats = readStatistics(heap.words);
  assert.equal(stats.pages.free, pages.free);
  assert.equal(stats.pages.threadLists, pages.threadLists);
  assert.equal(stats.pages.inUse, pages.slab + pages.allocated + pages.deferred);
  const { free, threadLists, inUse, metadata, total } = stats.pages;
  assert.equal(free + threadLists + inUse + metadata, total);
  // Objects in sheaves, and five blocks of pages: three of alpha's, two that gamma left.
  assert.equal(stats.objectsWaiting, objects.waiting + 5);
});

test('readStatistics() counts grace periods from the number that the heap started with', () => {
  const heap = new AuditedHeap();
  assert.equal(heap.geometry.firstSequence, -8);
  assert.equal(readStatistics(heap.words).gracePeriods, 1);
  heap.words.storePlain(HEADER.gracePeriodSequence, 13);
  assert.equal(readStatistics(heap.words).gracePeriods, 5);
});

test('readStatistics() counts grace periods across the wrap of their number', () => {
  const { words } = makeStillHeap({ pages: 20, threads: 1, firstSequence: 0x7ffffffc });
  words.storePlain(HEADER.gracePeriodSequence, -0x80000000 + 8);
  assert.equal(readStatistics(words).gracePeriods, 3);
});

test('readStatistics() counts by which way objects were freed, of threads that left too', () => {
  const { words, handle } = makeStillHeap({ pages: 100, threads: 2 });
  const { kmalloc, kfreeRcu, pages, membership } = joinStillHeap(handle, 'second');
  for (let i = 0; i < 5; i++) kfreeRcu.post(kmalloc.alloc(32, GFP_KERNEL), 0);
  kfreeRcu.post(pages.allocPages(1, GFP_KERNEL), 0);
  assert.equal(readStatistics(words).objectsWaiting, 6);
  kfreeRcu.seal();
  assert.equal(readStatistics(words).objectsWaiting, 6);
  assert.equal(kfreeRcu.drive(), true);
  kfreeRcu.freeDone();
  words.storePlain(membership.start + SLOT.state, 0);
  const stats = readStatistics(words);
  assert.equal(stats.objectsWaiting, 0);
  assert.equal(stats.freedThroughSheaf, 5);
  assert.equal(stats.freedThroughList, 1);
  assert.equal(stats.sheavesReused, 1);
  assert.deepEqual(
    stats.threads.map(({ name }) => name),
    ['main'],
  );
});

test('readStatistics() says which threads are in a turn', () => {
  const heap = new AuditedHeap();
  heap.words.storePlain(heap.slot(1, SLOT.turn), heap.at(heap.slot(1, SLOT.turn)) | TURN_OPEN);
  assert.deepEqual(readStatistics(heap.words).threads, [
    { slot: 0, name: 'alpha', generation: 1, inTurn: false },
    { slot: 1, name: 'beta', generation: 1, inTurn: true },
  ]);
});

test('readStatistics() believes no rcu sheaf that has become something else', () => {
  const heap = new AuditedHeap();
  const before = readStatistics(heap.words).objectsWaiting;
  const place = heap.sheafPlace(0, CACHE_SLOT.rcu);
  const rcu = heap.at(place);
  for (const elsewhere of [0, -1, 77, heap.words.lengthWords, heap.wide]) {
    heap.words.storePlain(place, elsewhere);
    heap.words.storePlain(heap.wide, 1000);
    assert.equal(readStatistics(heap.words).objectsWaiting, before - 1);
  }
  heap.words.storePlain(place, rcu);
  assert.deepEqual(balance(heap.words, { held: heap.held }).problems, []);
});

test('readStatistics() writes nothing', () => {
  const { words } = new AuditedHeap();
  const before = snapshotOf(words);
  readStatistics(words);
  assertUnchanged(words, before);
});

test('readStatistics() holds the counters of readCounters()', () => {
  const { words, geometry } = new AuditedHeap();
  const counters = readCounters(words, geometry);
  const stats = readStatistics(words);
  for (const [name, value] of Object.entries(counters)) {
    assert.deepEqual(stats[name as keyof typeof stats], value, name);
  }
});

/** Numbers anywhere in `value` that no statistic can be. */
function impossibleNumbers(value: unknown, path = 'stats'): string[] {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 ? [] : [`${path} = ${value}`];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, part]) => impossibleNumbers(part, `${path}.${name}`));
}

test('readStatistics() of words that hold anything at all ends, with numbers that can be', () => {
  const heap = new AuditedHeap();
  const { words, geometry } = heap;
  const random = new Random(SEED, 1);
  const before = snapshotOf(words);
  const end = geometry.totalPages * PAGE_WORDS;
  const ends = [HEADER_WORDS, geometry.descriptorsStart, end];
  for (let round = 0; round < 300; round++) {
    // Far more rounds with one or two words wrong than with many.
    const wrong = 1 << random.below(random.oneIn(10) ? 16 : 4);
    for (let i = 0; i < wrong; i++) {
      const word = HEADER.gracePeriodSequence + random.below(ends[round % 3]! - HEADER.gracePeriodSequence);
      words.storePlain(word, random.oneIn(3) ? random.below(end) : random.next() | 0);
    }
    const found = impossibleNumbers(readStatistics(words));
    assert.deepEqual(found, [], `round ${round} ${SEED_NOTE}`);
    if (random.oneIn(4)) for (let i = 0; i < before.length; i++) words.storePlain(i, before[i]!);
  }
});
