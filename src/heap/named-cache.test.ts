import assert from 'node:assert/strict';
import { heapTest, partsOf } from '../../tests/support/stage.js';
import { __GFP_ZERO, GFP_KERNEL, GFP_NOWAIT } from '../pages/gfp.js';
import type { Address } from '../words/units.js';

const SMALL = { tiny: { pages: 64 } };

heapTest(
  'slabCache() is the same cache in every thread, by its name',
  (stage) => {
    const other = stage.attach().heap;
    const mine = stage.heap.slabCache('points', 24);
    const theirs = other.slabCache('points', 24);
    assert.deepEqual([mine.name, mine.objectBytes], ['points', 24]);
    const p = mine.alloc();
    theirs.free(p);
    assert.equal(theirs.alloc(), p);
    mine.free(p);
    assert.equal(partsOf(stage.heap).caches.used(), 66);
  },
  SMALL,
);

heapTest(
  'slabCache() has its objects apart from kmalloc() and from other caches',
  (stage) => {
    const { heap } = stage;
    const [points, lines] = [heap.slabCache('points', 24), heap.slabCache('lines', 24)];
    const all = [points.alloc(), lines.alloc(), heap.kmalloc(24)];
    assert.equal(new Set(all.map((p) => partsOf(heap).kmalloc.cacheOf(p))).size, 3);
    for (const p of all.slice(1)) {
      assert.throws(() => points.free(p), {
        name: 'RangeError',
        message: `freed address ${p} to slab cache points, of which it is not an object; use kfree()`,
      });
    }
    points.free(all[0]!);
    lines.free(all[1]!);
    heap.kfree(all[2]!);
  },
  SMALL,
);

heapTest(
  'slabCache() rounds its size up to 8 bytes, and takes any size that rounds to the same',
  (stage) => {
    const cache = stage.heap.slabCache('points', 21);
    assert.equal(cache.objectBytes, 24);
    assert.equal(stage.heap.slabCache('points', 24).objectBytes, 24);
    const p = cache.alloc();
    assert.equal(partsOf(stage.heap).kmalloc.usableWords(p), 6);
    cache.free(p);
  },
  SMALL,
);

heapTest(
  'slabCache() of a name that was made with another size throws a RangeError that states both',
  (stage) => {
    stage.heap.slabCache('points', 24);
    const other = stage.attach().heap;
    assert.throws(() => other.slabCache('points', 32), {
      name: 'RangeError',
      message: 'opened slab cache points for objects of 32 bytes; it was made for 24',
    });
    other.slabCache('points', 24);
  },
  SMALL,
);

heapTest(
  'slabCache() of what is no size throws a RangeError that states the range, and makes nothing',
  (stage) => {
    for (const bytes of [0, -8, 8193, 1.5, Number.NaN]) {
      assert.throws(() => stage.heap.slabCache('points', bytes), {
        name: 'RangeError',
        message: `opened slab cache points for objects of ${bytes} bytes; a size is an integer in 1..8192`,
      });
    }
    assert.equal(partsOf(stage.heap).caches.used(), 65);
    for (const bytes of [1, 8192]) stage.heap.slabCache(`of ${bytes}`, bytes);
  },
  SMALL,
);

heapTest(
  'slabCache() of what is no name throws a TypeError',
  (stage) => {
    for (const name of ['', 'x'.repeat(5000)]) assert.throws(() => stage.heap.slabCache(name, 8), TypeError);
  },
  SMALL,
);

heapTest(
  'slabCache() beyond maxCaches throws a RangeError that says so, and leaves no record behind',
  (stage) => {
    const { heap } = stage;
    const { maxCaches } = heap.geometry;
    for (let id = 65; id < maxCaches; id++) heap.slabCache(`cache ${id}`, 8);
    assert.throws(() => heap.slabCache('one more', 8), {
      name: 'RangeError',
      message: `made slab cache one more in a heap with all ${maxCaches} caches made; create the heap with a larger maxCaches`,
    });
    assert.equal(heap.slabCache('cache 70', 8).name, 'cache 70');
    stage.balance();
  },
  SMALL,
);

heapTest(
  'alloc() takes gfp as kmalloc() does: zeroed, 0 without the right to wait, or OutOfMemoryError',
  (stage) => {
    const { heap, words } = stage;
    const cache = heap.slabCache('blocks', 8192);
    const dirty = cache.alloc();
    words.fillPlain(dirty, dirty + 2048, -1);
    cache.free(dirty);
    const clean = cache.alloc(GFP_KERNEL | __GFP_ZERO);
    for (let i = 0; i < 2048; i++) assert.equal(words.loadPlain(clean + i), 0);
    const taken: Address[] = [clean];
    for (let p = cache.alloc(GFP_NOWAIT); p !== 0; p = cache.alloc(GFP_NOWAIT)) taken.push(p);
    assert.ok(taken.length > 4);
    // What others do not need is reclaimed first.
    const takeAll = () => {
      for (;;) taken.push(cache.alloc());
    };
    assert.throws(takeAll, { name: 'OutOfMemoryError', requestedBytes: 8192 });
    for (const p of taken) cache.free(p);
  },
  SMALL,
);

heapTest(
  'objects of a named cache may go by kfree(), kfreeBulk() and kfreeRcu() as well',
  (stage) => {
    const { heap } = stage;
    const cache = heap.slabCache('points', 24);
    const [a, b, c] = [cache.alloc(), cache.alloc(), cache.alloc()];
    heap.kfree(a);
    heap.kfreeBulk([b]);
    heap.kfreeRcu(c);
    stage.settle();
    assert.equal(stage.stats().freedThroughSheaf, 1);
  },
  SMALL,
);

heapTest(
  'objects of a cache that another thread made are freed by a thread that never opened it',
  (stage) => {
    const other = stage.attach().heap;
    const p = stage.heap.slabCache('points', 24).alloc();
    other.kfree(p);
    assert.throws(() => other.kfree((p + 2) as Address), /2 words inside the 24-byte object/);
  },
  SMALL,
);
