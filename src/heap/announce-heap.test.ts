import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { FakeHost } from '../../tests/support/fake-host.js';
import { Heap } from '../shared-heap.js';
import { HEAP_CREATED } from './announce-heap.js';

const globals = globalThis as Record<symbol, unknown>;
afterEach(() => {
  delete globals[HEAP_CREATED];
});

const create = (): Heap => Heap.create({ pages: 16, threads: 1 }, { host: new FakeHost() });

test('announceHeap() tells the watcher of a heap that was made, ready to be used', () => {
  const seen: [heap: unknown, pages: number][] = [];
  globals[HEAP_CREATED] = (heap: Heap) => seen.push([heap, heap.stats().pages.free]);
  const heap = create();
  assert.deepEqual(seen, [[heap, 16]]);
  assert.equal(HEAP_CREATED, Symbol.for('lull.heapCreated'));
});

test('announceHeap() does nothing where nobody watches, or what watches is no function', () => {
  create();
  globals[HEAP_CREATED] = 'not a function';
  create();
});
