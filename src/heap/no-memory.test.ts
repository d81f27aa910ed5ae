/**
 * Freeing never allocates: in a heap with exactly 0 free pages, in which every page and every object is taken, each
 * call that frees, unlocks or ends a turn does its work, and not a page is handed out meanwhile.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { partsOf, plainHeapsOnly, Stage } from '../../tests/support/stage.js';
import { SLOT } from '../layout/thread-slot.js';
import { GFP_KERNEL, GFP_NOWAIT } from '../pages/gfp.js';
import type { PageFault } from '../pages/page-allocator.js';
import type { Heap } from '../shared-heap.js';
import { type Address, MAX_ORDER } from '../words/units.js';
import { OutOfMemoryError } from './heap-errors.js';

plainHeapsOnly();

const SIZES = { all: { minFreePages: 0, pages: 128, pageListHigh: 8 } };
const OBJECT_BYTES = 64;

/** Others take every page that comes free, while it is on. */
class Faults implements PageFault {
  isOn = false;

  shouldFail(): boolean {
    return this.isOn;
  }
}

/** Takes every page and every object that there is, and shows that it has. */
function takeAll(heap: Heap): Address[] {
  const taken: Address[] = [];
  for (const take of [
    () => heap.allocPages(0),
    ...[2048, 256, OBJECT_BYTES, 8].map((bytes) => () => heap.kmalloc(bytes)),
  ]) {
    try {
      for (;;) taken.push(take());
    } catch (error) {
      assert.ok(error instanceof OutOfMemoryError);
    }
  }
  for (let order = 0; order <= MAX_ORDER; order++) assert.equal(heap.allocPages(order, GFP_NOWAIT), 0);
  const { pages } = heap.stats();
  assert.deepEqual([pages.free, pages.threadLists], [0, 0], 'exactly 0 pages are free');
  return taken;
}

function pagesAllocated(heap: Heap): number {
  return heap.words.loadPlain(partsOf(heap).membership.start + SLOT.pagesAllocated);
}

/** What is there before the heap is full, for what is done after. */
function makeScene({ heap }: Stage) {
  const map = heap.map<string, string>('map');
  for (let i = 0; i < 20; i++) map.set(`key ${i}`, `value ${i}`);
  const objects = Array.from({ length: 24 }, () => heap.kmalloc(OBJECT_BYTES));
  const cache = heap.slabCache('things', 200);
  return {
    map,
    cache,
    objects,
    things: [cache.alloc(), cache.alloc()],
    blocks: [0, 0, 1, 1, 4, 4].map((order) => heap.allocPages(order)),
    pool: heap.mempool('pool', 2, { bytes: 100 }),
    mutex: heap.mutex('mutex'),
    rwLock: heap.rwLock('rwlock'),
    semaphore: heap.semaphore('semaphore', 1),
  };
}
type Scene = ReturnType<typeof makeScene>;

const CALLS: readonly (readonly [string, (scene: Scene, stage: Stage) => unknown])[] = [
  ['kfree()', ({ objects }, { heap }) => heap.kfree(objects.pop()!)],
  ['kfreeNolock()', ({ objects }, { heap }) => heap.kfreeNolock(objects.pop()!)],
  ['kfreeBulk()', ({ objects }, { heap }) => heap.kfreeBulk(objects.splice(0, 4))],
  ['kfreeBulkNolock()', ({ objects }, { heap }) => heap.kfreeBulkNolock(objects.splice(0, 4))],
  ['kfreeRcu()', ({ objects }, { heap }) => heap.kfreeRcu(objects.pop()!)],
  ['kfreeRcu() of pages', ({ blocks }, { heap }) => heap.kfreeRcu(blocks.shift()!)],
  ['free() of a slab cache', ({ cache, things }) => cache.free(things.pop()!)],
  ['freePages()', ({ blocks }, { heap }) => heap.freePages(blocks.shift()!)],
  ['freePages() of a large block', ({ blocks }, { heap }) => heap.freePages(blocks.pop()!)],
  ['freePagesNolock()', ({ blocks }, { heap }) => heap.freePagesNolock(blocks.shift()!)],
  ['delete() of a map', ({ map }) => assert.equal(map.delete('key 3'), true)],
  ['clear() of a map', ({ map }) => map.clear()],
  [
    'free() of a mempool',
    ({ pool }) => {
      const p = pool.alloc(GFP_NOWAIT);
      assert.notEqual(p, 0);
      return () => pool.free(p);
    },
  ],
  [
    'freeNolock() of a mempool',
    ({ pool }) => {
      const p = pool.alloc(GFP_NOWAIT);
      return () => pool.freeNolock(p);
    },
  ],
  ['release() of a mutex', ({ mutex }) => mutex.tryLock()!.release()],
  ['release() of a readers-writer lock', ({ rwLock }) => rwLock.tryWrite()!.release()],
  ['release() of a semaphore', ({ semaphore }) => semaphore.tryAcquire()!.release()],
  [
    'the end of a turn, after kfreeRcu()',
    ({ objects }, { heap, host }) => {
      for (const p of objects.splice(0, 10)) heap.kfreeRcu(p);
      return () => host.runMicrotasks();
    },
  ],
  ['quiesce()', (_scene, { heap }) => heap.quiesce()],
];

const FREES_MANY = new Set([
  'kfreeBulk()',
  'kfreeBulkNolock()',
  'clear() of a map',
  'the end of a turn, after kfreeRcu()',
]);

/** Where the call to be shown comes in two steps: the second. */
function finish(second: unknown): void {
  if (typeof second === 'function') second();
}

/** Runs `body` in each configuration, and looks at the books after it. */
function fullHeapTest(name: string, body: (stage: Stage, faults: Faults) => void): void {
  for (const configuration of CONFIGURATIONS) {
    test(`${name} (${configuration.label})`, () => {
      const faults = new Faults();
      const stage = new Stage(configuration, SIZES, faults);
      body(stage, faults);
      stage.settle();
      stage.balance();
    });
  }
}

for (const [name, call] of CALLS) {
  fullHeapTest(`${name} in a heap without a free page allocates nothing`, (stage, faults) => {
    const { heap } = stage;
    const scene = makeScene(stage);
    for (const p of takeAll(heap)) stage.hold(p);
    const before = pagesAllocated(heap);
    // What one object leaves free is no page, or the last thing that happens. What many leave others take at once.
    faults.isOn = FREES_MANY.has(name);
    finish(call(scene, stage));
    assert.equal(pagesAllocated(heap), before);
    stage.endTurns();
    assert.equal(pagesAllocated(heap), before, 'at the end of the turn');
    for (const p of [...scene.objects, ...scene.things, ...scene.blocks]) stage.hold(p);
  });
}

fullHeapTest(
  'all of it in a row leaves the books in order, and memory that can be had again',
  (stage, faults) => {
    const { heap } = stage;
    const scene = makeScene(stage);
    const taken = takeAll(heap);
    const before = pagesAllocated(heap);
    faults.isOn = true;
    for (const [, call] of CALLS) finish(call(scene, stage));
    stage.endTurns();
    assert.equal(pagesAllocated(heap), before);
    heap.kfreeBulk(taken);
    heap.kfreeBulk(scene.objects);
    for (const p of scene.blocks) heap.freePages(p);
    for (const p of scene.things) scene.cache.free(p);
    stage.endTurns();
    assert.equal(pagesAllocated(heap), before);
    faults.isOn = false;
    heap.freePages(heap.allocPages(3, GFP_KERNEL));
  },
);
