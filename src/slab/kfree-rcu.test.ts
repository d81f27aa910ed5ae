import assert from 'node:assert/strict';
import { assertUnchanged, snapshotOf } from '../../tests/support/balanced.js';
import { cacheWord, classOf, objectsOf, sheafAt } from '../../tests/support/cache-words.js';
import { exhaust } from '../../tests/support/exhaust.js';
import { type Actor, heapTest, partsOf, type Stage } from '../../tests/support/stage.js';
import { HEADER } from '../layout/heap-header.js';
import { GFP_NOWAIT } from '../pages/gfp.js';
import type { Heap } from '../shared-heap.js';
import type { Address } from '../words/units.js';

const BYTES = 64;
const ID = classOf(BYTES);
const SMALL = { tiny: { pages: 64 } };
/** For what looks into sheaves, or at the sizes of objects: those of debug heaps are others. */
const SMALL_AND_PLAIN = { all: { debug: false }, tiny: { pages: 64 } };

const capacityOf = (heap: Heap): number => cacheWord(heap, ID, 'sheafCapacity');
const take = (heap: Heap, count: number): Address[] =>
  Array.from({ length: count }, () => heap.kmalloc(BYTES));

/** Opens a turn of `actor`, which holds up every grace period until its microtasks have run. */
function openTurn(actor: Actor): void {
  partsOf(actor.heap).turn.pin();
}

/** Takes objects until `p` comes, or enough that it would have. */
function comesBack(stage: Stage, p: number): boolean {
  const taken: Address[] = [];
  for (let i = 0; i < 300 && !taken.includes(p as Address); i++) {
    const q = stage.heap.kmalloc(BYTES, GFP_NOWAIT);
    if (q === 0) break;
    taken.push(q);
  }
  stage.heap.kfreeBulk(taken);
  return taken.includes(p as Address);
}

heapTest(
  'kfreeRcu() leaves the object untouched until the turn of another thread ends, then it is handed out again',
  (stage) => {
    const { heap, words, host } = stage;
    const { drainMillis, pollMillis } = heap.geometry;
    const other = stage.attach();
    const p = heap.kmalloc(BYTES);
    words.fillPlain(p, p + BYTES / 4, 0x1234567);
    openTurn(other);
    heap.kfreeRcu(p);
    const assertUntouched = (): void => {
      for (let i = 0; i < BYTES / 4; i++) assert.equal(words.loadPlain(p + i), 0x1234567);
      assert.equal(stage.stats().objectsWaiting, 1);
      assert.equal(comesBack(stage, p), false);
    };
    assertUntouched();
    host.advance(drainMillis);
    assertUntouched();
    host.advance(50 * pollMillis);
    assertUntouched();
    other.host.runMicrotasks();
    host.advance(pollMillis);
    assert.equal(stage.stats().objectsWaiting, 0);
    assert.equal(comesBack(stage, p), true);
  },
  SMALL,
);

heapTest(
  'kfreeRcu() does not wait for turns that began after it was sealed',
  (stage) => {
    const other = stage.attach();
    openTurn(other);
    stage.heap.kfreeRcu(stage.heap.kmalloc(BYTES));
    stage.host.advance(stage.heap.geometry.drainMillis);
    assert.equal(stage.stats().objectsWaiting, 1);
    other.heap.quiesce();
    stage.host.advance(stage.heap.geometry.pollMillis);
    assert.equal(stage.stats().objectsWaiting, 0);
  },
  SMALL,
);

heapTest(
  "kfreeRcu() waits for this thread's own turn; quiesce() in a long loop lets it go on",
  (stage) => {
    const { heap } = stage;
    const capacity = capacityOf(heap);
    for (const p of take(heap, capacity + 1)) heap.kfreeRcu(p);
    assert.deepEqual([stage.stats().objectsWaiting, stage.stats().freedThroughSheaf], [capacity + 1, 0]);
    heap.quiesce();
    assert.deepEqual([stage.stats().objectsWaiting, stage.stats().freedThroughSheaf], [1, capacity]);
    stage.settle();
  },
  SMALL,
);

heapTest(
  'a full sheaf goes to the barn whole after its grace period, and from there to another thread',
  (stage) => {
    const { heap } = stage;
    const other = stage.attach().heap;
    const capacity = capacityOf(heap);
    const objects = take(heap, capacity + 1);
    for (const p of objects) heap.kfreeRcu(p);
    const sealed = objects.slice(0, capacity);
    assert.deepEqual(objectsOf(heap, sheafAt(heap, ID, 'rcu')), [objects[capacity]]);
    const fullBefore = cacheWord(heap, ID, 'fullSheaves');
    stage.host.runMicrotasks();
    assert.equal(cacheWord(heap, ID, 'fullSheaves'), fullBefore + 1);
    const sheaf = cacheWord(heap, ID, 'fullHead');
    assert.deepEqual(objectsOf(heap, sheaf), sealed);
    assert.equal(stage.stats().sheavesReused, 1);
    const got = Array.from({ length: capacity }, () => other.kmalloc(BYTES));
    assert.equal(sheafAt(other, ID, 'main'), sheaf);
    assert.deepEqual(new Set(got), new Set(sealed));
    other.kfreeBulk(got);
    stage.settle();
  },
  SMALL_AND_PLAIN,
);

heapTest(
  'a sheaf whose barn has its fill is emptied onto its slabs',
  (stage) => {
    const { heap } = stage;
    const capacity = capacityOf(heap);
    for (const p of take(heap, 6 * capacity)) heap.kfreeRcu(p);
    stage.settle();
    assert.equal(cacheWord(heap, ID, 'fullSheaves'), 1);
    const { freedThroughSheaf, objectsWaiting } = stage.stats();
    assert.deepEqual([freedThroughSheaf, objectsWaiting], [6 * capacity, 0]);
  },
  { all: { barnSheaves: 1, debug: false }, tiny: { pages: 64 } },
);

heapTest(
  'a sheaf that comes from the barn forgets what stood behind it there',
  (stage) => {
    const { heap } = stage;
    const p = heap.kmalloc(BYTES);
    const cache = partsOf(heap).caches.view(ID);
    const sheaves = [0, 1].map(() => cache.takeEmptySheaf(GFP_NOWAIT));
    for (const sheaf of sheaves) cache.putEmptySheaf(sheaf);
    assert.equal(cacheWord(heap, ID, 'emptySheaves'), 2);
    heap.kfreeRcu(p);
    assert.equal(sheafAt(heap, ID, 'rcu'), sheaves[1]);
    stage.settle();
    heap.kfreeRcu(heap.kmalloc(BYTES));
    stage.settle();
    assert.equal(stage.stats().freedThroughSheaf, 2);
  },
  SMALL_AND_PLAIN,
);

heapTest(
  'sheaves of several caches wait side by side',
  (stage) => {
    const { heap } = stage;
    const sizes = [8, 64, 100, 1000];
    for (const bytes of sizes) for (let i = 0; i < 5; i++) heap.kfreeRcu(heap.kmalloc(bytes));
    assert.equal(stage.stats().objectsWaiting, 20);
    stage.settle();
    const { freedThroughSheaf, freedThroughList } = stage.stats();
    assert.deepEqual([freedThroughSheaf, freedThroughList], [20, 0]);
    assert.equal(stage.balance().objects.live, stage.balance().reachable);
  },
  { tiny: { pages: 100 } },
);

heapTest(
  'freedThroughSheaf and freedThroughList count exactly which way each object took',
  (stage) => {
    const { heap } = stage;
    for (const p of take(heap, 7)) heap.kfreeRcu(p);
    for (const bytes of [8193, 10_000, 20_000]) heap.kfreeRcu(heap.kmalloc(bytes));
    stage.settle();
    const { freedThroughSheaf, freedThroughList } = stage.stats();
    assert.deepEqual([freedThroughSheaf, freedThroughList], [10, 0]);
  },
  SMALL,
);

heapTest(
  'kfreeRcu() of a block of pages keeps its contents behind the head, and gives the pages back',
  (stage) => {
    const { heap, words } = stage;
    const other = stage.attach();
    const block = heap.kmalloc(10_000);
    words.fillPlain(block, block + 2500, 77);
    openTurn(other);
    heap.kfreeRcu(block, 40);
    stage.host.advance(100);
    for (let i = 0; i < 2500; i++) if (i !== 40 && i !== 41) assert.equal(words.loadPlain(block + i), 77);
    assert.equal(stage.stats().objectsWaiting, 1);
    stage.balance();
    other.host.runMicrotasks();
    stage.settle();
    heap.shrink();
    assert.equal(stage.stats().pages.inUse, 0);
  },
  SMALL,
);

heapTest(
  'kfreeRcu() with no memory for a sheaf goes by the list through the head, and frees in the end',
  (stage) => {
    const { heap, words } = stage;
    const other = stage.attach();
    const objects = [8, 64, 1000].map((bytes) => heap.kmalloc(bytes));
    words.fillPlain(objects[1]!, objects[1]! + 16, 55);
    const { giveBack } = exhaust(heap);
    openTurn(other);
    const waitingBefore = stage.stats().objectsWaiting;
    for (const [i, p] of objects.entries()) heap.kfreeRcu(p, i === 0 ? 0 : 3 * i);
    assert.equal(stage.stats().objectsWaiting, waitingBefore + 3);
    for (const cache of [8, 64, 1000].map(classOf))
      assert.equal(sheafAt(heap, cache, 'rcu'), HEADER.bootstrapSheaf);
    for (let i = 0; i < 16; i++) if (i !== 3 && i !== 4) assert.equal(words.loadPlain(objects[1]! + i), 55);
    stage.host.advance(100);
    assert.equal(stage.stats().objectsWaiting, 3);
    assert.equal(comesBack(stage, objects[1]!), false);
    other.host.runMicrotasks();
    stage.settle();
    const { freedThroughList, freedThroughSheaf } = stage.stats();
    assert.deepEqual([freedThroughList, freedThroughSheaf], [3, 0]);
    assert.equal(comesBack(stage, objects[1]!), true);
    giveBack();
  },
  SMALL,
);

heapTest(
  'kfreeRcu() with a sheaf in hand needs no memory',
  (stage) => {
    const { heap } = stage;
    const objects = take(heap, 2);
    heap.kfreeRcu(objects[0]!);
    const { giveBack } = exhaust(heap);
    heap.kfreeRcu(objects[1]!);
    giveBack();
    stage.settle();
    assert.deepEqual([stage.stats().freedThroughSheaf, stage.stats().freedThroughList], [2, 0]);
  },
  SMALL,
);

heapTest(
  'kfreeRcu() on the list refuses a head that does not lie inside the object, and changes nothing',
  (stage) => {
    const { heap, words } = stage;
    const objects = [
      [8, 0],
      [BYTES, 14],
      [3000, 3072 / 4 - 2],
    ] as const;
    const held = objects.map(([bytes]) => stage.hold(heap.kmalloc(bytes)));
    const block = stage.hold(heap.kmalloc(30_000));
    const { giveBack } = exhaust(heap);
    const check = (p: Address, offset: number, room: number): void => {
      const before = snapshotOf(words);
      assert.throws(() => heap.kfreeRcu(p, offset), {
        name: 'RangeError',
        message:
          `kfreeRcu of address ${p} with an RcuHead at word ${offset} of it; the head's two words must lie ` +
          `inside the object: an offset in 0..${room}`,
      });
      assertUnchanged(words, before);
    };
    for (const [i, [, room]] of objects.entries()) {
      for (const offset of [room + 1, room + 2, -1, 0.5, Number.NaN, 2 ** 32]) check(held[i]!, offset, room);
    }
    for (const offset of [4095, 4096, 8000]) check(block, offset, 4094);
    // The last place that fits is taken.
    heap.kfreeRcu(held[1]!, 14);
    heap.kfreeRcu(block, 4094);
    for (const p of [held[1]!, block]) stage.held.delete(p);
    giveBack();
    stage.settle();
  },
  SMALL_AND_PLAIN,
);

heapTest(
  'kfreeRcu() in a long loop with quiesce() needs no more memory than one round',
  (stage) => {
    const { heap } = stage;
    for (let i = 0; i < 4000; i++) {
      heap.kfreeRcu(heap.kmalloc(8 * (1 + (i % 5))));
      if (i % 16 === 15) heap.quiesce();
    }
    stage.settle();
    const { freedThroughList, freedThroughSheaf, gracePeriods } = stage.stats();
    assert.equal(freedThroughList + freedThroughSheaf, 4000);
    assert.ok(gracePeriods > 10, `${gracePeriods} grace periods, across the wrap of their number`);
  },
  { tiny: { pages: 48 } },
);

heapTest(
  'what waits when a thread detaches is taken over by the next thread that ends a turn',
  (stage) => {
    const leaver = stage.attach();
    const blocker = stage.attach();
    openTurn(blocker);
    const objects = take(leaver.heap, 5);
    for (const p of objects) leaver.heap.kfreeRcu(p);
    leaver.heap.kfreeRcu(leaver.heap.kmalloc(10_000));
    leaver.heap.detach();
    assert.equal(stage.words.load(HEADER.orphanObjects), 6);
    assert.equal(stage.stats().objectsWaiting, 6);
    stage.balance();
    // Somebody else ends a turn, and takes over what has to wait on.
    openTurn(stage);
    stage.host.runMicrotasks();
    stage.host.advance(stage.heap.geometry.drainMillis);
    assert.equal(stage.words.load(HEADER.orphanObjects), 0);
    assert.equal(stage.stats().objectsWaiting, 6);
    stage.balance();
    assert.equal(comesBack(stage, objects[0]!), false);
    blocker.host.runMicrotasks();
    stage.settle();
    const { freedThroughSheaf, freedThroughList } = stage.stats();
    assert.deepEqual([freedThroughSheaf, freedThroughList], [6, 0]);
  },
  SMALL,
);

heapTest(
  'detach() with nobody in a turn frees everything on the way',
  (stage) => {
    const leaver = stage.attach();
    for (const p of take(leaver.heap, 5)) leaver.heap.kfreeRcu(p);
    leaver.heap.kfreeRcu(leaver.heap.kmalloc(10_000));
    leaver.heap.detach();
    assert.equal(stage.stats().objectsWaiting, 0);
    stage.heap.shrink();
    assert.equal(stage.stats().pages.inUse, 0);
  },
  SMALL,
);

heapTest(
  'the last thread that detaches leaves what waits to the next that attaches',
  (stage) => {
    const { heap } = stage;
    const leaver = stage.attach();
    heap.detach();
    const blocker = stage.attach();
    openTurn(blocker);
    for (const p of take(leaver.heap, 3)) leaver.heap.kfreeRcu(p);
    leaver.heap.detach();
    blocker.host.runMicrotasks();
    blocker.heap.detach();
    const next = stage.attach();
    next.heap.shrink();
    assert.equal(stage.stats().objectsWaiting, 0);
  },
  SMALL,
);

heapTest(
  'what one thread took over moves on, whoever asked it to',
  (stage) => {
    for (const ask of [(heap: Heap) => heap.shrink(), (heap: Heap) => void heap.synchronizeRcu()]) {
      const leaver = stage.attach();
      const blocker = stage.attach();
      openTurn(blocker);
      for (const p of take(leaver.heap, 3)) leaver.heap.kfreeRcu(p);
      leaver.heap.detach();
      ask(stage.heap);
      assert.equal(stage.words.load(HEADER.orphanObjects), 0);
      assert.equal(stage.stats().objectsWaiting, 3);
      blocker.heap.detach();
      openTurn(stage);
      stage.host.runMicrotasks();
      stage.host.advance(10 * stage.heap.geometry.drainMillis);
      assert.equal(stage.stats().objectsWaiting, 0);
    }
  },
  SMALL,
);
