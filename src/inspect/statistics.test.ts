import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditedHeap } from '../../tests/support/audited-heap.js';
import { assertUnchanged, snapshotOf } from '../../tests/support/balanced.js';
import { drive } from '../../tests/support/drive.js';
import { joinStillHeap, makeStillHeap } from '../../tests/support/still-heap.js';
import { Random, SEED, SEED_NOTE } from '../../tests/threads/seed.js';
import { CALLBACK } from '../layout/callback-record.js';
import { HEADER, HEADER_WORDS } from '../layout/heap-header.js';
import { CACHE_SLOT, FIRST_CALLBACK_ID, RCU_HEAD, SLOT, TURN_OPEN } from '../layout/thread-slot.js';
import { GFP_KERNEL } from '../pages/gfp.js';
import { PAGE_WORDS } from '../words/units.js';
import type { Words } from '../words/words.js';
import { balance } from './balance.js';
import { type HeapStats, readCounters, readStatistics } from './statistics.js';

/** An RcuHead at the start of a block, as kfreeRcu links it where it has no sheaf. */
function linkedHead(words: Words, block: number): number {
  words.storePlain(block + RCU_HEAD.next, 0);
  words.storePlain(block + RCU_HEAD.func, 0);
  return block;
}

test('readStatistics() of a fresh heap counts its pages and its one thread', () => {
  const { words, geometry } = makeStillHeap({ pages: 20, threads: 3, name: 'only' });
  assert.deepEqual(readCounters(words, geometry), {
    gracePeriods: 0,
    freedThroughSheaf: 0,
    freedThroughList: 0,
    freedWaited: 0,
    sheavesReused: 0,
    throttled: 0,
    callbacksInvoked: 0,
    callbackErrors: 0,
    objectsWaiting: 0,
    callbacksWaiting: 0,
    waitingWords: 0,
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
  const { words, handle } = makeStillHeap({ pages: 100, threads: 2, sheafCapacity: 8 });
  const { kmalloc, kfreeRcu, gracePeriod, pages, membership } = joinStillHeap(handle, 'second');
  for (let i = 0; i < 5; i++) kfreeRcu.post(kmalloc.alloc(32, GFP_KERNEL), 0);
  kfreeRcu.adoptHeads(linkedHead(words, pages.allocPages(1, GFP_KERNEL)), 1);
  assert.equal(readStatistics(words).objectsWaiting, 6);
  kfreeRcu.seal();
  assert.equal(readStatistics(words).objectsWaiting, 6);
  assert.equal(drive({ kfreeRcu, gracePeriod }), true);
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

test('readStatistics() counts callbacks that wait, those of threads that left too, and tells who can run them', () => {
  const heap = new AuditedHeap();
  const { words, callback } = heap;
  const waiting = ({ callbacksWaiting, callbacks, vmstat }: HeapStats) => [
    callbacksWaiting,
    callbacks,
    [vmstat.nr_rcu_callbacks, vmstat.nr_rcu_stranded],
  ];
  assert.deepEqual(waiting(readStatistics(words)), [
    3,
    [{ name: 'f', id: FIRST_CALLBACK_ID, threads: 1, stranded: 0 }],
    [3, 0],
  ]);
  words.storePlain(callback + CALLBACK.slots, 0);
  assert.deepEqual(waiting(readStatistics(words)), [
    3,
    [{ name: 'f', id: FIRST_CALLBACK_ID, threads: 0, stranded: 1 }],
    [3, 1],
  ]);
  // Slot 2 has a function, and its thread has left.
  words.storePlain(callback + CALLBACK.slots, 1 << 2);
  assert.equal(readStatistics(words).callbacks[0]!.stranded, 1);
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
