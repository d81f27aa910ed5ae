import assert from 'node:assert/strict';
import { heapTest, partsOf, plainHeapsOnly } from '../../tests/support/stage.js';
import { CACHE } from '../layout/cache-record.js';
import { cacheStart } from '../layout/heap-layout.js';

// Words of locks are written.
plainHeapsOnly();

const OBJECTS = 150;
const BYTES = 64;
const SIZES = {
  all: { drainMillis: 20, pollMillis: 3, spinRounds: 64, pointerPageSource: 'none' as const },
  tiny: { pages: 256 },
};

heapTest(
  'DoneFrees, loses no object of a head where the lock of its slabs is not to be had',
  (stage) => {
    const { words, heap } = stage;
    const { heap: owner, host } = stage.attach();
    const objects = Array.from({ length: OBJECTS }, () => owner.kmalloc(BYTES));
    host.runMicrotasks();
    for (const p of objects) owner.kfreeRcu(p);
    const caches = partsOf(owner).caches.used();
    const locks = Array.from({ length: caches }, (_, id) => cacheStart(heap.geometry, id) + CACHE.listLock);
    for (const lock of locks) words.store(lock, partsOf(heap).ownerTag);
    host.runMicrotasks();
    host.advance(60);
    for (const lock of locks) words.store(lock, 0);
    host.advance(60);
    assert.equal(stage.stats().objectsWaiting, 0);
    assert.deepEqual(stage.heap.balance().unreachable, []);
  },
  SIZES,
);
