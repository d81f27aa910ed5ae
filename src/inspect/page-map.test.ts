import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditedHeap } from '../../tests/support/audited-heap.js';
import { DESCRIPTOR, PAGE_KIND, pageState } from '../layout/page-descriptor.js';
import { PAGE_SHIFT } from '../words/units.js';
import { PAGE_USE, readPageMap } from './page-map.js';

test('readPageMap() counts the pages of each use as an audit does', () => {
  const heap = new AuditedHeap();
  const { pages } = heap.audit();
  const counts = new Array<number>(7).fill(0);
  for (const use of readPageMap(heap.words)) counts[use]! += 1;
  assert.equal(counts[PAGE_USE.metadata], pages.metadata);
  assert.equal(counts[PAGE_USE.free], pages.free);
  assert.equal(counts[PAGE_USE.threadList], pages.threadLists);
  assert.equal(counts[PAGE_USE.allocated], pages.allocated);
  assert.equal(counts[PAGE_USE.slab], pages.slab);
  assert.equal(counts[PAGE_USE.deferred], pages.deferred);
  assert.equal(counts[PAGE_USE.other], 0);
});

test('readPageMap() shows every page of a block as the block is used', () => {
  const heap = new AuditedHeap();
  const block = heap.block >>> PAGE_SHIFT;
  const wide = (heap.wide >>> PAGE_SHIFT) & ~3;
  const uses = readPageMap(heap.words);
  assert.deepEqual([...uses.slice(block, block + 4)], new Array(4).fill(PAGE_USE.allocated));
  assert.deepEqual([...uses.slice(wide, wide + 4)], new Array(4).fill(PAGE_USE.slab));
  assert.equal(uses[0], PAGE_USE.metadata);
});

test('readPageMap() shows pages in no block as other, and ends with the heap', () => {
  const heap = new AuditedHeap();
  const block = heap.block >>> PAGE_SHIFT;
  const last = heap.geometry.totalPages - 1;
  heap.words.storePlain(heap.descriptor(block, DESCRIPTOR.state), 0);
  heap.words.storePlain(heap.descriptor(last, DESCRIPTOR.state), pageState(PAGE_KIND.allocated, 10, 0));
  const uses = readPageMap(heap.words);
  assert.equal(uses.length, heap.geometry.totalPages);
  assert.deepEqual([...uses.slice(block, block + 4)], new Array(4).fill(PAGE_USE.other));
});
