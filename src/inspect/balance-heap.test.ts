import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TINY } from '../heap/heap-options.js';
import { zoneStart } from '../layout/heap-layout.js';
import { FREE_AREA, ZONE } from '../layout/zone-record.js';
import { Heap } from '../shared-heap.js';
import { balance } from './balance.js';
import { readStatistics } from './statistics.js';

/** Waits until nothing waits for a grace period. */
async function settle(heap: Heap): Promise<void> {
  for (let round = 0; round < 100 && heap.stats().objectsWaiting > 0; round++) await heap.synchronizeRcu();
  assert.equal(heap.stats().objectsWaiting, 0);
}

test('balance() of a heap with a map that grew, was changed and emptied finds all of it', async () => {
  const heap = Heap.create({ bytes: 32 * 2 ** 20, mapBucketsLog2: 1 });
  const map = heap.map<string, unknown[] | number | string>('cities');
  const inRoot = heap.balance();
  assert.deepEqual(inRoot.problems, []);
  for (let i = 0; i < 5000; i++) map.set(`city ${i}`, i % 3 === 0 ? i : ['a', i]);
  for (let i = 0; i < 5000; i += 2) map.set(`city ${i}`, 'x'.repeat(i % 300));
  for (let i = 0; i < 5000; i += 5) map.delete(`city ${i}`);
  const busy = heap.balance();
  assert.deepEqual([...busy.problems, ...busy.unreachable], []);
  await settle(heap);
  const full = heap.balance();
  assert.deepEqual([...full.problems, ...full.unreachable], []);
  assert.ok(full.reachable > 4000);
  map.clear();
  await settle(heap);
  const empty = heap.balance();
  assert.deepEqual([...empty.problems, ...empty.unreachable], []);
  assert.ok(empty.reachable < full.reachable - 3000);
  heap.detach();
});

test('balance() of a heap finds keys and values of every kind to fit their entries', () => {
  const heap = Heap.create({ bytes: 16 * 2 ** 20 });
  const map = heap.map<string | number | Uint8Array, string | number | boolean | null | object>('kinds');
  const keys = ['', 'latin ü', 'wide \u{1f600}', 'x'.repeat(3000), 7, -1, 0.5, 2 ** 40, new Uint8Array(5)];
  const values = [
    0,
    1.5,
    '',
    'plain',
    'wide \u2603',
    true,
    false,
    null,
    new Uint8Array(9),
    [1, 'é'],
    { a: '\u2603' },
  ];
  for (const key of keys) for (const value of values) map.set(key, value);
  assert.equal(map.size, keys.length);
  const report = heap.balance();
  assert.deepEqual([...report.problems, ...report.unreachable], []);
  heap.detach();
});

test('balance() counts what kmalloc() and allocPages() gave out as unreachable, unless it is held', () => {
  const heap = Heap.create({ ...TINY, pages: 64 });
  const object = heap.kmalloc(100);
  const block = heap.allocPages(3);
  const unheld = heap.balance();
  assert.deepEqual(unheld.problems, []);
  assert.equal(unheld.unreachableObjects, 1);
  assert.equal(unheld.unreachablePages, 8);
  assert.deepEqual(new Set(unheld.unreachable), new Set([object, block]));
  const held = heap.balance({ held: [object, block] });
  assert.equal(held.unreachableObjects + held.unreachablePages, 0);
  heap.kfree(object);
  heap.freePages(block);
  const freed = heap.balance();
  assert.deepEqual([...freed.problems, ...freed.unreachable], []);
  heap.detach();
});

test("balance() of a heap whose threads have all left finds nothing on any thread's lists", async () => {
  const heap = Heap.create({ ...TINY, pages: 300 });
  const second = Heap.attach(heap.handle, { name: 'second' });
  const words = heap.words;
  const map = second.map<number, number>('left behind');
  for (let i = 0; i < 100; i++) map.set(i % 10, i);
  second.detach();
  const one = heap.balance();
  assert.deepEqual([...one.problems, ...one.unreachable], []);
  await settle(heap);
  heap.map('left behind').clear();
  await settle(heap);
  heap.detach();
  const none = balance(words);
  assert.deepEqual([...none.problems, ...none.unreachable], []);
  assert.equal(none.pages.threadLists, 0);
  assert.deepEqual(readStatistics(words).threads, []);
});

test('balance() reports a free list that leads into another zone', () => {
  const heap = Heap.create({ bytes: 80 * 2 ** 20, threads: 1 });
  const { words, geometry } = heap;
  const head = zoneStart(geometry, 1) + ZONE.freeArea + 20 + FREE_AREA.head;
  const page = words.loadPlain(head);
  const foreign = words.loadPlain(zoneStart(geometry, 0) + ZONE.freeArea + 20 + FREE_AREA.head);
  words.storePlain(head, foreign);
  const { problems } = heap.balance();
  words.storePlain(head, page);
  assert.deepEqual(problems, [
    `the free list of order 10 of zone 1 leads to page ${foreign}, which is a free block of order 10 of zone 0`,
  ]);
  assert.deepEqual(heap.balance().problems, []);
  heap.detach();
});
