/** heap.failslab and heap.failPageAlloc, seen from outside. What every operation does then: tests/properties/fault-points.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeHost } from '../../tests/support/fake-host.js';
import { SLOT } from '../layout/thread-slot.js';
import { GFP_NOWAIT } from '../pages/gfp.js';
import { Heap } from '../shared-heap.js';
import { type Address, NONE } from '../words/units.js';
import { OutOfMemoryError } from './heap-errors.js';
import type { HeapOptions } from './heap-options.js';

const SIZE: HeapOptions = { bytes: 8 * 2 ** 20, threads: 4, faultInjection: true, hashSeed: [1, 2] };

function makeHeap(options: HeapOptions = {}): Heap {
  return Heap.create({ ...SIZE, ...options }, { host: new FakeHost() });
}

function counter(heap: Heap, word: number): number {
  return heap.words.loadPlain(heap.geometry.slotsStart + word);
}

test('failslab.nth, makes the n-th object fail for a caller that may not wait, once, and counts it', () => {
  const heap = makeHeap();
  heap.failslab.set({ nth: 3 });
  const objects = Array.from({ length: 5 }, () => heap.kmalloc(24, GFP_NOWAIT));
  assert.deepEqual(
    objects.map((p) => p === NONE),
    [false, false, true, false, false],
  );
  assert.equal(heap.failslab.nth, 0);
  assert.equal(counter(heap, SLOT.slabFaults), 1);
});

test('failslab, makes a caller that may wait try again, and with all attempts failing throws OutOfMemoryError', () => {
  const heap = makeHeap();
  heap.failslab.set({ nth: 1 });
  assert.notEqual(heap.kmalloc(24), NONE);
  assert.equal(heap.failslab.nth, 0);
  heap.failslab.set({ probability: 100 });
  assert.throws(() => heap.kmalloc(24), OutOfMemoryError);
  heap.failslab.set({});
  assert.notEqual(heap.kmalloc(24), NONE);
});

test('failslab, fails nolock calls too unless it is told to leave them alone', () => {
  const heap = makeHeap();
  heap.failslab.set({ probability: 100 });
  assert.equal(heap.kmallocNolock(24), NONE);
  heap.failslab.set({ probability: 100, ignoreNolock: true });
  assert.notEqual(heap.kmallocNolock(24), NONE);
});

test('failslab, by size and by cache fails those alone', () => {
  const heap = makeHeap();
  const points = heap.slabCache('points', 40);
  const lines = heap.slabCache('lines', 40);
  heap.failslab.set({ probability: 100, cache: 'points' });
  assert.equal(points.alloc(GFP_NOWAIT), NONE);
  assert.notEqual(lines.alloc(GFP_NOWAIT), NONE);
  heap.failslab.set({ probability: 100, cache: 64 });
  assert.equal(heap.kmalloc(60, GFP_NOWAIT), NONE);
  assert.notEqual(heap.kmalloc(65, GFP_NOWAIT), NONE);
  heap.failslab.set({ probability: 100, least: 100, most: 200 });
  assert.notEqual(heap.kmalloc(99, GFP_NOWAIT), NONE);
  assert.equal(heap.kmalloc(150, GFP_NOWAIT), NONE);
  assert.throws(() => heap.failslab.set({ cache: 'circles' }), RangeError);
});

test('failPageAlloc, makes blocks of the chosen orders fail', () => {
  const heap = makeHeap();
  heap.failPageAlloc.set({ probability: 100, least: 2 });
  assert.notEqual(heap.allocPages(1, GFP_NOWAIT), NONE);
  assert.equal(heap.allocPages(2, GFP_NOWAIT), NONE);
  assert.equal(heap.allocPagesNolock(3), NONE);
  assert.equal(counter(heap, SLOT.pageFaults), 2);
  assert.throws(() => heap.allocPages(Number.NaN), RangeError);
  assert.throws(() => heap.failPageAlloc.set({ cache: 64 }), RangeError);
});

test('failslab, of one thread leaves the others alone', () => {
  const heap = makeHeap();
  const other = Heap.attach(heap.handle, { name: 'other' }, { host: new FakeHost() });
  heap.failslab.set({ probability: 100 });
  assert.notEqual(other.kmalloc(24, GFP_NOWAIT), NONE);
  assert.equal(heap.kmalloc(24, GFP_NOWAIT), NONE);
});

test('failslab, works in a debug heap and in a validating one', () => {
  for (const more of [{ debug: true }, { validate: true }, { debug: true, validate: true }]) {
    const heap = makeHeap(more);
    heap.failslab.set({ interval: 2 });
    const objects = Array.from({ length: 6 }, () => heap.kmalloc(24, GFP_NOWAIT));
    assert.equal(objects.filter((p) => p === NONE).length, 3);
    heap.kfreeBulk(objects.filter((p): p is Address => p !== NONE));
  }
});

test('failslab, of a heap without fault injection says how to make one', () => {
  const heap = makeHeap({ faultInjection: false });
  assert.throws(() => heap.failslab, /Heap\.create\(\{ faultInjection: true \}\)/);
  assert.throws(() => heap.failPageAlloc, /heap\.failPageAlloc/);
  assert.throws(() => makeHeap({ faultInjection: 1 as never }), TypeError);
});
