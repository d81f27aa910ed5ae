import assert from 'node:assert/strict';
import { heapTest, partsOf, plainHeapsOnly } from '../../tests/support/stage.js';
import { SlabShrinker } from './slab-shrinker.js';

plainHeapsOnly();

const SMALL = { all: { minFreePages: 0 }, tiny: { pages: 64 } };

heapTest(
  'SlabShrinker.count(), is 0 where nothing is kept, and tells what is',
  (stage) => {
    const { heap } = stage;
    const { words, geometry, membership, caches } = partsOf(heap);
    const shrinker = new SlabShrinker(words, geometry, membership.start, caches);
    assert.equal(shrinker.count(), 0);
    const p = stage.hold(heap.kmalloc(64));
    heap.kfree(heap.kmalloc(64));
    const kept = shrinker.count();
    assert.ok(kept > 0);
    heap.kfreeBulk(Array.from({ length: 20 }, () => heap.kmalloc(64)));
    assert.ok(shrinker.count() > kept || !stage.isTiny);
    heap.shrink();
    assert.equal(shrinker.count(), 0);
    assert.ok(p > 0);
  },
  SMALL,
);

heapTest(
  'SlabShrinker.scan(), gives back cache by cache, and goes on where it stopped',
  (stage) => {
    const { heap } = stage;
    const { words, geometry, membership, caches } = partsOf(heap);
    const shrinker = new SlabShrinker(words, geometry, membership.start, caches);
    for (const bytes of [64, 512, 2048]) heap.kfree(heap.kmalloc(bytes));
    const kept = shrinker.count();
    const scans: number[] = [];
    for (let given = shrinker.scan(1); given > 0 && scans.length < 20; given = shrinker.scan(1))
      scans.push(given);
    // Each of the three, and the slabs of the sheaves.
    assert.ok(scans.length >= 3 && scans.length < 20, `scans: ${scans}`);
    assert.ok(scans.reduce((sum, n) => sum + n, 0) >= kept);
    assert.equal(shrinker.count(), 0);
    assert.equal(heap.stats().pages.inUse, 0);
  },
  SMALL,
);

heapTest(
  'SlabShrinker.scan(), of everything leaves nothing',
  (stage) => {
    const { heap } = stage;
    const { words, geometry, membership, caches } = partsOf(heap);
    const shrinker = new SlabShrinker(words, geometry, membership.start, caches);
    heap.kfreeBulk(Array.from({ length: 30 }, (_, i) => heap.kmalloc(8 + 32 * i)));
    assert.ok(shrinker.scan(shrinker.count()) > 0);
    assert.equal(shrinker.count(), 0);
    assert.equal(shrinker.scan(100), 0);
  },
  SMALL,
);
