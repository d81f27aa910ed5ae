import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AuditedHeap,
  BUSY,
  BUSY_BYTES,
  EMPTY,
  NAMED,
  SHEAF_CAPACITY,
  WIDE,
} from '../../tests/support/audited-heap.js';
import { CACHE } from '../layout/cache-record.js';
import { formatSlabinfo, readSlabinfo, type SlabInfo, slabPagesOf } from './slabinfo.js';

test('readSlabinfo() agrees with an audit on the objects of each cache, and on the pages of slabs', () => {
  const heap = new AuditedHeap();
  const { pages, objects } = heap.audit();
  const rows = readSlabinfo(heap.words, heap.geometry);
  assert.equal(slabPagesOf(rows), pages.slab);
  assert.ok(objects.byCache.length > 3);
  for (const { id, objectBytes, total, free } of objects.byCache) {
    const { name, objsize, num_objs, active_objs } = rows[id]!;
    assert.deepEqual([objsize, num_objs, active_objs], [objectBytes, total, total - free], name);
  }
});

test('readSlabinfo() names the caches as the kernel does, or as their users did', () => {
  const heap = new AuditedHeap();
  const rows = readSlabinfo(heap.words, heap.geometry);
  assert.deepEqual(
    [0, BUSY, EMPTY, WIDE, NAMED].map((id) => rows[id]!.name),
    ['sheaf', 'kmalloc-32', 'kmalloc-64', 'kmalloc-2k', 'c'],
  );
  assert.equal(rows.length, NAMED + 1);
});

test('readSlabinfo() shows what threads and the barn may keep, and what the barn keeps', () => {
  const heap = new AuditedHeap();
  const { limit, batchcount, sharedfactor, sharedavail } = readSlabinfo(heap.words, heap.geometry)[BUSY]!;
  assert.deepEqual([limit, batchcount, sharedfactor], [2 * SHEAF_CAPACITY, SHEAF_CAPACITY, 2]);
  assert.equal(sharedavail, 2 * SHEAF_CAPACITY);
});

test('readSlabinfo() counts a slab without an object in use as not active', () => {
  const heap = new AuditedHeap();
  const { active_slabs, num_slabs, active_objs } = readSlabinfo(heap.words, heap.geometry)[EMPTY]!;
  assert.deepEqual([active_slabs, num_slabs, active_objs], [0, 1, 0]);
  const busy = readSlabinfo(heap.words, heap.geometry)[BUSY]!;
  assert.ok(busy.num_slabs > 1);
  assert.equal(busy.active_slabs, busy.num_slabs - heap.at(heap.cache(BUSY, CACHE.emptySlabs)));
  assert.notEqual(busy.active_slabs, 0);
});

test('readSlabinfo() believes no more slabs than there are pages, and follows no sheaf out of the heap', () => {
  const heap = new AuditedHeap();
  const { words, geometry } = heap;
  words.storePlain(heap.cache(BUSY, CACHE.slabs), 2 ** 30);
  words.storePlain(heap.cache(BUSY, CACHE.freeObjects), -9);
  words.storePlain(heap.cache(BUSY, CACHE.emptySlabs), 2 ** 30);
  for (const elsewhere of [0, -1, 77, words.lengthWords, words.lengthWords - 1]) {
    words.storePlain(heap.cache(BUSY, CACHE.fullHead), elsewhere);
    const row = readSlabinfo(words, geometry)[BUSY]!;
    assert.deepEqual([row.num_slabs, row.active_slabs, row.sharedavail], [geometry.totalPages, 0, 0]);
    assert.equal(row.active_objs, row.num_objs);
  }
});

const ROW: SlabInfo = {
  ...{ name: 'bio-312', active_objs: 12, num_objs: 12, objsize: 320, objperslab: 12, pagesperslab: 1 },
  ...{ limit: 0, batchcount: 0, sharedfactor: 0, active_slabs: 1, num_slabs: 1, sharedavail: 0 },
};

test('formatSlabinfo() prints heading and columns of the kernel', () => {
  // The three lines are copied from a machine.
  assert.equal(
    formatSlabinfo([ROW]),
    `slabinfo - version: 2.1
# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>
bio-312               12     12    320   12    1 : tunables    0    0    0 : slabdata      1      1      0
`,
  );
});

test('formatSlabinfo() leaves out caches without a slab, and keeps a name in one column', () => {
  const rows = [
    { ...ROW, name: 'my objects' },
    { ...ROW, num_slabs: 0 },
  ];
  const [, , row, ...rest] = formatSlabinfo(rows).split('\n');
  assert.match(row!, /^my_objects {8} +12 /);
  assert.deepEqual(rest, ['']);
  assert.equal(BUSY_BYTES, 32);
});
