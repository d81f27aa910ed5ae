import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditedHeap } from '../../tests/support/audited-heap.js';
import { HEADER } from '../layout/heap-header.js';
import { SHEAF } from '../layout/sheaf-record.js';
import { CACHE_SLOT, SLOT } from '../layout/thread-slot.js';
import { PAGE_WORDS } from '../words/units.js';
import { liesOnPages, readBetween, readCaches, readSheaf, readSlots, sumOfSlots } from './plausible.js';

test('readBetween() returns the word, or the bound that it lies beyond', () => {
  const { words } = new AuditedHeap();
  const read = (value: number): number => {
    words.storePlain(HEADER.orphanObjects, value);
    return readBetween(words, HEADER.orphanObjects, 2, 9);
  };
  assert.deepEqual([-1, 2, 5, 9, 10].map(read), [2, 2, 5, 9, 9]);
});

test('readSlots() and readCaches() count no more than there is room for', () => {
  const { words, geometry } = new AuditedHeap();
  assert.equal(readSlots(words, geometry), 3);
  assert.equal(readCaches(words, geometry), words.load(HEADER.cachesUsed));
  words.storePlain(HEADER.slotsClaimed, 1000);
  words.storePlain(HEADER.cachesUsed, -5);
  assert.deepEqual([readSlots(words, geometry), readCaches(words, geometry)], [geometry.slots, 0]);
});

test('sumOfSlots() adds the slots up, also of a thread that has left, and takes no wrapped counter for negative', () => {
  const heap = new AuditedHeap();
  for (const [slot, count] of [1, -1, 2].entries()) {
    heap.words.storePlain(heap.slot(slot, SLOT.drains), count);
  }
  heap.words.storePlain(heap.slot(3, SLOT.drains), 100);
  assert.equal(sumOfSlots(heap.words, heap.geometry, SLOT.drains), 3 + 0xffffffff);
});

test('liesOnPages() takes no record that is not whole on the pages', () => {
  const { geometry } = new AuditedHeap();
  const first = geometry.firstPage * PAGE_WORDS;
  const end = geometry.totalPages * PAGE_WORDS;
  const tried = [0, -1, first - 1, first, end - 4, end - 3, end].map((at) => liesOnPages(geometry, at, 4));
  assert.deepEqual(tried, [false, false, false, true, true, false, false]);
});

test('readSheaf() believes a count that a sheaf can have', () => {
  const heap = new AuditedHeap();
  const sheaf = heap.at(heap.sheafPlace(0, CACHE_SLOT.rcu));
  const read = (count: number): number => {
    heap.words.storePlain(sheaf + SHEAF.count, count);
    return readSheaf(heap.words, heap.geometry, sheaf);
  };
  assert.deepEqual([0, 3, 58, 59, -1].map(read), [0, 3, 58, 0, 0]);
  assert.equal(readSheaf(heap.words, heap.geometry, HEADER.bootstrapSheaf), 0);
});
