import assert from 'node:assert/strict';
import { cacheWord, classOf } from '../../tests/support/cache-words.js';
import { heapTest, partsOf, plainHeapsOnly } from '../../tests/support/stage.js';
import { SHEAF_CACHE } from '../layout/cache-record.js';
import { HEADER } from '../layout/heap-header.js';
import { SHEAF_WORDS } from '../layout/sheaf-record.js';
import { PAGE_WORDS } from '../words/units.js';
import { CLASS_BYTES } from './size-classes.js';

plainHeapsOnly();

heapTest('a heap is made with the cache of sheaves and one for each size class', ({ heap }) => {
  assert.equal(partsOf(heap).caches.used(), CLASS_BYTES.length + 1);
  assert.equal(cacheWord(heap, SHEAF_CACHE, 'objectWords'), SHEAF_WORDS);
  for (const [i, bytes] of CLASS_BYTES.entries())
    assert.equal(cacheWord(heap, i + 1, 'objectWords'), bytes / 4);
});

heapTest('a cache puts as many objects on a slab as fit, and no more than maxSlabObjects', ({ heap }) => {
  const { maxSlabObjects } = heap.geometry;
  for (let id = 0; id <= CLASS_BYTES.length; id++) {
    const slabWords = PAGE_WORDS << cacheWord(heap, id, 'slabOrder');
    const fitting = Math.floor(slabWords / cacheWord(heap, id, 'objectWords'));
    assert.equal(cacheWord(heap, id, 'slabObjects'), Math.min(fitting, maxSlabObjects));
  }
});

heapTest('sheaves of large objects hold fewer, and none more than sheafCapacity', ({ heap }) => {
  const { sheafCapacity } = heap.geometry;
  const wanted = [
    [8, 58],
    [255, 58],
    [256, 26],
    [1023, 26],
    [1024, 12],
    [4095, 12],
    [4096, 4],
    [8192, 4],
  ] as const;
  for (const [bytes, capacity] of wanted) {
    const objectBytes = CLASS_BYTES[classOf(bytes) - 1]!;
    const of = objectBytes >= 4096 ? 4 : objectBytes >= 1024 ? 12 : objectBytes >= 256 ? 26 : 58;
    if (objectBytes === bytes) assert.equal(of, capacity);
    assert.equal(cacheWord(heap, classOf(bytes), 'sheafCapacity'), Math.min(of, sheafCapacity));
  }
});

heapTest('create() makes the next cache until maxCaches are made; other threads see it', (stage) => {
  const { caches } = partsOf(stage.heap);
  const others = partsOf(stage.attach().heap).caches;
  const { maxCaches } = stage.heap.geometry;
  for (let id = CLASS_BYTES.length + 1; id < maxCaches; id++) {
    assert.equal(caches.hasRoom(), true);
    assert.equal(caches.create(2 * id), id);
    assert.equal(others.used(), id + 1);
    assert.equal(others.view(id).objectWords, 2 * id);
  }
  assert.equal(caches.hasRoom(), false);
  assert.equal(others.hasRoom(), false);
});

heapTest('create() writes the record before it counts the cache (slab-caches:P1)', (stage) => {
  const { heap, words } = stage;
  const id = partsOf(heap).caches.used();
  const compareExchange = words.compareExchange.bind(words);
  let seen = 0;
  words.compareExchange = (index, expected, value) => {
    if (index === HEADER.cachesUsed)
      seen = cacheWord(heap, id, 'objectWords') * cacheWord(heap, id, 'sheafCapacity');
    return compareExchange(index, expected, value);
  };
  partsOf(heap).caches.create(10);
  assert.ok(seen > 0);
});

heapTest('view() is the same each time', ({ heap }) => {
  const { caches } = partsOf(heap);
  assert.equal(caches.view(5), caches.view(5));
  assert.notEqual(caches.view(5), caches.view(6));
  assert.equal(caches.view(5).id, 5);
});

heapTest(
  'flush() leaves other threads what they have, shrink() too, and the barn is emptied by shrink() alone',
  (stage) => {
    const { heap } = stage;
    const other = stage.attach().heap;
    const id = classOf(64);
    const capacity = cacheWord(heap, id, 'sheafCapacity');
    const kept = stage.hold(other.kmalloc(64));
    const objects = Array.from({ length: 4 * capacity }, () => heap.kmalloc(64));
    heap.kfreeBulk(objects);
    const full = cacheWord(heap, id, 'fullSheaves');
    assert.ok(full > 0);
    partsOf(heap).caches.flush();
    assert.equal(cacheWord(heap, id, 'fullSheaves'), full);
    partsOf(heap).caches.shrink();
    assert.deepEqual([cacheWord(heap, id, 'fullSheaves'), cacheWord(heap, id, 'emptySheaves')], [0, 0]);
    assert.equal(partsOf(other).kmalloc.cacheOf(kept), id);
  },
  { tiny: { pages: 64 } },
);
