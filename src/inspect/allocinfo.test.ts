import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditedHeap, BUSY, BUSY_BYTES } from '../../tests/support/audited-heap.js';
import { makeStillHeap } from '../../tests/support/still-heap.js';
import { CACHE_SLOT } from '../layout/thread-slot.js';
import { GFP_KERNEL } from '../pages/gfp.js';
import { formatAllocinfo } from './allocinfo.js';
import { readStatistics } from './statistics.js';

test('readAllocinfo() lists what an audit finds in the hands of users, what waits included', () => {
  const heap = new AuditedHeap();
  const { objects, pages } = heap.audit();
  const { allocinfo, slabinfo } = readStatistics(heap.words);
  for (const { id, objectBytes, live, waiting } of objects.byCache) {
    const row = allocinfo.find(({ tag }) => tag === `slab:${slabinfo[id]!.name}`);
    assert.equal(row?.calls ?? 0, live + waiting, slabinfo[id]!.name);
    assert.equal(row?.size ?? 0, objectBytes * (live + waiting));
  }
  const blocks = allocinfo.find(({ tag }) => tag === 'pages');
  assert.deepEqual(blocks, {
    size: 4096 * blocks!.calls,
    calls: pages.allocated + pages.deferred,
    tag: 'pages',
  });
});

test('readAllocinfo() lists no object that a sheaf in hand keeps', () => {
  const heap = new AuditedHeap();
  const calls = (): number => {
    const { allocinfo, slabinfo } = readStatistics(heap.words);
    return allocinfo.find(({ tag }) => tag === `slab:${slabinfo[BUSY]!.name}`)!.calls;
  };
  const before = calls();
  const main = heap.sheafPlace(0, CACHE_SLOT.main);
  heap.words.storePlain(heap.sheafPlace(0, CACHE_SLOT.inHand), heap.at(main));
  heap.words.storePlain(main, 0);
  assert.equal(calls(), before);
});

test('readAllocinfo() of a fresh heap is empty, and goes by size', () => {
  const { words, kmalloc, pages } = makeStillHeap({ pages: 64, threads: 1 });
  assert.deepEqual(readStatistics(words).allocinfo, []);
  for (let i = 0; i < 3; i++) kmalloc.alloc(BUSY_BYTES, GFP_KERNEL);
  pages.allocPages(2, GFP_KERNEL);
  const rows = readStatistics(words).allocinfo.filter(({ tag }) => tag !== 'slab:sheaf');
  assert.deepEqual(rows, [
    { size: 16384, calls: 4, tag: 'pages' },
    { size: 96, calls: 3, tag: 'slab:kmalloc-32' },
  ]);
});

test('formatAllocinfo() prints heading and columns of the kernel', () => {
  assert.equal(
    formatAllocinfo([{ size: 16384, calls: 4, tag: 'pages' }]),
    'allocinfo - version: 1.0\n#     <size>  <calls> <tag info>\n       16384        4 pages\n',
  );
});
