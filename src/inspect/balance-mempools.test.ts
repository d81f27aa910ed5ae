import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Heap } from '../shared-heap.js';

for (const debug of [false, true]) {
  test(`balance() finds no problem with what mempools of each kind keep (debug: ${debug})`, () => {
    const heap = Heap.create({ bytes: 2 ** 22, debug });
    heap.mempool('objects of a cache', 3, { cache: heap.slabCache('cache', 25) });
    heap.mempool('objects of a size', 3, { bytes: 25 });
    heap.mempool('pages', 2, { order: 1 });
    const { problems, unreachable } = heap.balance();
    assert.deepEqual(problems, []);
    assert.deepEqual(unreachable, []);
    heap.detach();
  });
}
