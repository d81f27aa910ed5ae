import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cacheWord, classOf, objectsOf, sheafAt } from '../../tests/support/cache-words.js';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { exhaust } from '../../tests/support/exhaust.js';
import { heapTest, partsOf, Stage } from '../../tests/support/stage.js';
import { HEADER } from '../layout/heap-header.js';
import { GFP_NOWAIT } from '../pages/gfp.js';
import type { Heap } from '../shared-heap.js';
import type { Address } from '../words/units.js';

const BYTES = 64;
const ID = classOf(BYTES);
const SMALL = { tiny: { pages: 64 } };

const capacityOf = (heap: Heap): number => cacheWord(heap, ID, 'sheafCapacity');
const take = (heap: Heap, count: number): Address[] =>
  Array.from({ length: count }, () => heap.kmalloc(BYTES));
const sorted = (addresses: readonly number[]): number[] => [...addresses].sort((a, b) => a - b);

/** What a thread has: objects in main, objects in spare; -1 where there is no sheaf. */
function sheavesOf(heap: Heap): [main: number, spare: number] {
  const main = sheafAt(heap, ID, 'main');
  const spare = sheafAt(heap, ID, 'spare');
  return [
    main === HEADER.bootstrapSheaf ? -1 : objectsOf(heap, main).length,
    spare === 0 ? -1 : objectsOf(heap, spare).length,
  ];
}

heapTest(
  'the first kmalloc() gets main a sheaf, and fills it from a slab',
  (stage) => {
    const { heap } = stage;
    assert.deepEqual(sheavesOf(heap), [-1, -1]);
    const p = stage.hold(heap.kmalloc(BYTES));
    const filled = Math.min(capacityOf(heap), cacheWord(heap, ID, 'slabObjects'));
    assert.deepEqual(sheavesOf(heap), [filled - 1, -1]);
    assert.equal(objectsOf(heap, sheafAt(heap, ID, 'main')).includes(p), false);
  },
  SMALL,
);

heapTest(
  'kfree() fills main, then a new main with the full one as spare, then the barn',
  (stage) => {
    const { heap } = stage;
    const capacity = capacityOf(heap);
    const objects = take(heap, 4 * capacity);
    heap.shrink();
    assert.deepEqual(sheavesOf(heap), [-1, -1]);
    const free = (count: number): void => heap.kfreeBulk(objects.splice(0, count));
    free(capacity);
    assert.deepEqual(sheavesOf(heap), [capacity, -1]);
    free(1);
    assert.deepEqual(sheavesOf(heap), [1, capacity]);
    assert.equal(cacheWord(heap, ID, 'fullSheaves'), 0);
    free(capacity);
    assert.deepEqual(sheavesOf(heap), [1, capacity]);
    assert.equal(cacheWord(heap, ID, 'fullSheaves'), 1);
    free(capacity);
    assert.equal(cacheWord(heap, ID, 'fullSheaves'), 2);
    free(objects.length);
  },
  SMALL,
);

heapTest(
  'kmalloc() with main empty takes the spare, and gives no object twice',
  (stage) => {
    const { heap } = stage;
    const capacity = capacityOf(heap);
    const objects = take(heap, capacity + 1);
    heap.shrink();
    heap.kfreeBulk(objects);
    const { main, spare } = { main: sheafAt(heap, ID, 'main'), spare: sheafAt(heap, ID, 'spare') };
    assert.deepEqual(sheavesOf(heap), [1, capacity]);
    const again = take(heap, 2);
    assert.deepEqual([sheafAt(heap, ID, 'main'), sheafAt(heap, ID, 'spare')], [spare, main]);
    assert.deepEqual(sheavesOf(heap), [capacity - 1, 0]);
    again.push(...take(heap, capacity - 1));
    assert.deepEqual(sorted(again), sorted(objects));
    heap.kfreeBulk(again);
  },
  SMALL,
);

heapTest(
  'kfree() with main full and room in the spare swaps the two',
  (stage) => {
    const { heap } = stage;
    const capacity = capacityOf(heap);
    const objects = take(heap, 2 * capacity);
    heap.shrink();
    heap.kfreeBulk(objects.slice(0, capacity + 1));
    const again = take(heap, 2);
    // Main has one object less than it holds, the spare none.
    heap.kfreeBulk([again[0]!]);
    assert.deepEqual(sheavesOf(heap), [capacity, 0]);
    heap.kfreeBulk([again[1]!]);
    assert.deepEqual(sheavesOf(heap), [1, capacity]);
    heap.kfreeBulk(objects.slice(capacity + 1));
  },
  SMALL,
);

heapTest(
  'a sheaf that one thread fills goes through the barn to another, whole',
  (stage) => {
    const { heap } = stage;
    const other = stage.attach().heap;
    const capacity = capacityOf(heap);
    const objects = take(heap, 3 * capacity);
    heap.shrink();
    heap.kfreeBulk(objects);
    assert.equal(cacheWord(heap, ID, 'fullSheaves'), 1);
    const [passed] = [cacheWord(heap, ID, 'fullHead')];
    const inside = objectsOf(heap, passed!);
    assert.equal(inside.length, capacity);
    const slabs = cacheWord(heap, ID, 'slabs');
    const got = take(other, capacity);
    assert.deepEqual(sorted(got), sorted(inside));
    assert.equal(sheafAt(other, ID, 'main'), passed);
    assert.deepEqual([cacheWord(heap, ID, 'fullSheaves'), cacheWord(heap, ID, 'slabs')], [0, slabs]);
    other.kfreeBulk(got);
  },
  SMALL,
);

heapTest(
  'an object that one thread frees and another took is handed out by the one that freed it',
  (stage) => {
    const other = stage.attach().heap;
    const p = stage.heap.kmalloc(BYTES);
    other.kfree(p);
    assert.equal(other.kmalloc(BYTES), p);
    other.kfree(p);
  },
  SMALL,
);

heapTest(
  'an empty sheaf that a thread does not need goes to the barn, and serves the next',
  (stage) => {
    const { heap } = stage;
    const capacity = capacityOf(heap);
    const objects = take(heap, 4 * capacity);
    heap.shrink();
    heap.kfreeBulk(objects);
    const full = cacheWord(heap, ID, 'fullSheaves');
    assert.ok(full >= 2);
    // Main and spare run empty; the first sheaf from the barn makes main the spare, the next has none to spare.
    const again = take(heap, 4 * capacity);
    assert.ok(cacheWord(heap, ID, 'emptySheaves') > 0);
    const sheaf = cacheWord(heap, ID, 'emptyHead');
    const other = stage.attach().heap;
    const p = other.kmalloc(BYTES);
    assert.equal(sheafAt(other, ID, 'main'), sheaf);
    other.kfree(p);
    heap.kfreeBulk(again);
  },
  SMALL,
);

heapTest(
  'kfree() with the barn full puts the objects of main back on their slabs',
  (stage) => {
    const { heap } = stage;
    const capacity = capacityOf(heap);
    const { barnSheaves } = heap.geometry;
    const objects = take(heap, capacity * (barnSheaves + 6));
    heap.shrink();
    heap.kfreeBulk(objects);
    assert.equal(cacheWord(heap, ID, 'fullSheaves'), barnSheaves);
    assert.ok(stage.balance().objects.byCache.find(({ id }) => id === ID)!.free > 0);
    const again = take(heap, objects.length);
    assert.equal(new Set(again).size, objects.length);
    heap.kfreeBulk(again);
  },
  { all: { barnSheaves: 2 }, tiny: { pages: 64 } },
);

heapTest(
  'shrink() returns every page, from sheaves, barn and slabs',
  (stage) => {
    const { heap } = stage;
    const { firstPage, totalPages } = heap.geometry;
    for (const bytes of [8, 64, 100, 1024, 6144, 8192]) {
      heap.kfreeBulk(Array.from({ length: 40 }, () => heap.kmalloc(bytes)));
    }
    assert.ok(stage.stats().pages.inUse > 0);
    heap.shrink();
    const { pages } = stage.balance();
    assert.deepEqual([pages.free, pages.slab, pages.threadLists], [totalPages - firstPage, 0, 0]);
    assert.deepEqual(sheavesOf(heap), [-1, -1]);
  },
  { tiny: { pages: 400 } },
);

heapTest(
  'flush() at detach() leaves nothing of the thread behind but what the barn has',
  (stage) => {
    const other = stage.attach().heap;
    const capacity = capacityOf(other);
    other.kfreeBulk(take(other, 3 * capacity));
    assert.notDeepEqual(sheavesOf(other), [-1, -1]);
    other.detach();
    stage.balance();
    stage.heap.shrink();
    const { firstPage, totalPages } = stage.heap.geometry;
    assert.equal(stage.stats().pages.free, totalPages - firstPage);
  },
  SMALL,
);

heapTest(
  'a cache without a sheaf to be had takes from its slabs and frees to them',
  (stage) => {
    const { heap } = stage;
    const slabObjects = cacheWord(heap, ID, 'slabObjects');
    // Slabs with free objects, and no sheaf in hand.
    const objects = take(heap, 3 * slabObjects);
    heap.kfreeBulk(objects.filter((_, i) => i % slabObjects !== 0));
    heap.shrink();
    const kept = objects.filter((_, i) => i % slabObjects === 0);
    const { giveBack } = exhaust(heap);
    assert.deepEqual(sheavesOf(heap), [-1, -1]);
    const p = heap.kmalloc(BYTES, GFP_NOWAIT);
    assert.notEqual(p, 0);
    assert.deepEqual(sheavesOf(heap), [-1, -1]);
    heap.kfree(p);
    assert.deepEqual(sheavesOf(heap), [-1, -1]);
    assert.equal(heap.kmalloc(BYTES, GFP_NOWAIT), p);
    heap.kfree(p);
    giveBack();
    heap.kfreeBulk(kept);
  },
  SMALL,
);

for (const configuration of CONFIGURATIONS) {
  test(`kfree() with main full and no sheaf to be had puts main back on its slabs (${configuration.label})`, () => {
    let fails = false;
    const stage = new Stage(configuration, { tiny: { pages: 100 } }, { shouldFail: () => fails });
    const { heap } = stage;
    const capacity = capacityOf(heap);
    const objects = take(heap, 4 * capacity);
    heap.shrink();
    heap.kfreeBulk(objects.splice(0, 2 * capacity));
    // Every sheaf that lies about is taken, so that a new one needs a page.
    const cache = partsOf(heap).caches.view(ID);
    fails = true;
    const sheaves: number[] = [];
    for (
      let sheaf = cache.takeEmptySheaf(GFP_NOWAIT);
      sheaf !== 0;
      sheaf = cache.takeEmptySheaf(GFP_NOWAIT)
    ) {
      sheaves.push(sheaf);
    }
    assert.deepEqual(sheavesOf(heap), [capacity, capacity]);
    heap.kfree(objects.pop()!);
    assert.deepEqual(sheavesOf(heap), [1, capacity]);
    fails = false;
    for (const sheaf of sheaves) cache.putEmptySheaf(sheaf);
    heap.kfreeBulk(objects);
    stage.endTurns();
    stage.balance();
  });
}

heapTest(
  'kmalloc(), where the stack ends in getting main a sheaf, hands out the object that it has',
  (stage) => {
    const { heap } = stage;
    const { sheaves } = partsOf(heap).caches;
    sheaves.take = () => {
      throw new RangeError('Maximum call stack size exceeded');
    };
    stage.hold(heap.kmalloc(BYTES));
    assert.deepEqual(sheavesOf(heap), [-1, -1]);
    delete (sheaves as Partial<typeof sheaves>).take;
    stage.settle();
  },
  SMALL,
);
