import assert from 'node:assert/strict';
import { cacheWord, classOf } from '../../tests/support/cache-words.js';
import { heapTest, partsOf } from '../../tests/support/stage.js';
import { GFP_NOWAIT } from '../pages/gfp.js';

const BYTES = 64;
const SIZES = { all: { drainMillis: 20, pollMillis: 3 }, tiny: { pages: 64 } };

heapTest(
  'a heap on which nothing waits starts no timer',
  (stage) => {
    const { heap, host } = stage;
    for (let i = 0; i < 10; i++) {
      heap.kfree(heap.kmalloc(BYTES));
      host.runMicrotasks();
    }
    assert.deepEqual(host.timers, []);
  },
  SIZES,
);

heapTest(
  'the first turn that ends after a post starts the drain timer, later ones start no second',
  (stage) => {
    const { heap, host } = stage;
    heap.kfreeRcu(heap.kmalloc(BYTES));
    assert.deepEqual(host.timers, []);
    host.runMicrotasks();
    assert.deepEqual(host.timers, [20]);
    host.advance(5);
    heap.kfreeRcu(heap.kmalloc(BYTES));
    host.runMicrotasks();
    assert.deepEqual(host.timers, [15]);
  },
  SIZES,
);

heapTest(
  'the drain timer seals part-filled sheaves and frees them, and the timers end',
  (stage) => {
    const { heap, host } = stage;
    heap.kfreeRcu(heap.kmalloc(BYTES));
    heap.kfreeRcu(heap.kmalloc(200));
    host.advance(19);
    assert.equal(stage.stats().objectsWaiting, 2);
    host.advance(1);
    assert.equal(stage.stats().objectsWaiting, 0);
    // A sheaf of 58 that holds one gives it to the main sheaf.
    const reused = stage.isTiny ? 2 : 0;
    assert.deepEqual([stage.stats().freedThroughSheaf, stage.stats().sheavesReused], [2, reused]);
    assert.deepEqual(host.timers, []);
  },
  SIZES,
);

heapTest(
  'while a turn of another thread holds it up, the timer looks again every pollMillis',
  (stage) => {
    const { heap, host } = stage;
    const other = stage.attach();
    partsOf(other.heap).turn.pin();
    heap.kfreeRcu(heap.kmalloc(BYTES));
    host.advance(20);
    for (let look = 0; look < 5; look++) {
      assert.deepEqual(host.timers, [3]);
      host.advance(3);
      assert.equal(stage.stats().objectsWaiting, 1);
    }
    other.host.runMicrotasks();
    host.advance(3);
    assert.equal(stage.stats().objectsWaiting, 0);
    assert.deepEqual(host.timers, []);
  },
  SIZES,
);

heapTest(
  'a full sheaf needs no timer: the end of the turn drives it',
  (stage) => {
    const { heap, host } = stage;
    const capacity = cacheWord(heap, classOf(BYTES), 'sheafCapacity');
    const objects = Array.from({ length: capacity + 1 }, () => heap.kmalloc(BYTES));
    for (const p of objects) heap.kfreeRcu(p);
    host.runMicrotasks();
    assert.equal(host.nowMillis(), 0);
    assert.equal(stage.stats().freedThroughSheaf, capacity);
    stage.settle();
  },
  SIZES,
);

heapTest(
  'a turn that ends with sheaves that wait on starts the poll timer',
  (stage) => {
    const { heap, host } = stage;
    const other = stage.attach();
    partsOf(other.heap).turn.pin();
    const capacity = cacheWord(heap, classOf(BYTES), 'sheafCapacity');
    const objects = Array.from({ length: capacity + 1 }, () => heap.kmalloc(BYTES));
    for (const p of objects) heap.kfreeRcu(p);
    host.runMicrotasks();
    assert.deepEqual(host.timers, [3]);
    other.host.runMicrotasks();
    stage.settle();
    assert.deepEqual(host.timers, []);
  },
  SIZES,
);

heapTest(
  'a post makes the next operation that keeps no address renew the turn, and so drive',
  (stage) => {
    const { turn, kmalloc, kfreeRcu } = partsOf(stage.heap);
    turn.spend();
    const { epoch } = turn;
    kfreeRcu.post(kmalloc.alloc(BYTES, GFP_NOWAIT), 0);
    turn.spend();
    assert.equal(turn.epoch, epoch + 1);
    turn.spend();
    assert.equal(turn.epoch, epoch + 1);
    stage.host.runMicrotasks();
    stage.settle();
  },
  SIZES,
);

heapTest(
  'detach() calls the timer off',
  (stage) => {
    const other = stage.attach();
    other.heap.kfreeRcu(other.heap.kmalloc(BYTES));
    other.host.runMicrotasks();
    assert.deepEqual(other.host.timers, [20]);
    other.heap.detach();
    assert.deepEqual(other.host.timers, []);
  },
  SIZES,
);

heapTest(
  'two heaps of one thread have timers of their own',
  (stage) => {
    const one = stage.attach();
    const two = stage.attach();
    one.heap.kfreeRcu(one.heap.kmalloc(BYTES));
    two.heap.kfreeRcu(two.heap.kmalloc(BYTES));
    one.host.runMicrotasks();
    two.host.runMicrotasks();
    one.host.advance(20);
    assert.deepEqual([one.host.timers, two.host.timers], [[], [20]]);
    assert.equal(stage.stats().objectsWaiting, 1);
    two.host.advance(20);
  },
  SIZES,
);

heapTest(
  'a deferred free that cannot be done throws where it is done, and the next ones are done all the same',
  (stage) => {
    const { heap, host } = stage;
    const block = heap.kmalloc(10_000);
    heap.kfreeRcu(block);
    // The caller's mistake: the block is freed twice.
    heap.kfree(block);
    assert.throws(() => host.runMicrotasks(), /freed address \d+, which is in a free block/);
    assert.equal(host.timers.length, 1, 'what is left is not forgotten');
    heap.kfreeRcu(heap.kmalloc(BYTES));
    stage.settle();
    assert.equal(stage.stats().freedThroughSheaf, 1);
  },
  // A debug heap refuses the second free itself.
  { all: { ...SIZES.all, debug: false }, tiny: SIZES.tiny },
);
