import assert from 'node:assert/strict';
import { assertUnchanged, snapshotOf } from '../../tests/support/balanced.js';
import { cacheWord, classOf, objectsOf, sheafAt } from '../../tests/support/cache-words.js';
import { exhaust } from '../../tests/support/exhaust.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { heapTest, partsOf } from '../../tests/support/stage.js';
import { Heap } from '../shared-heap.js';
import { ContextError } from '../threads/context.js';
import type { Address } from '../words/units.js';

const BYTES = 64;
const ID = classOf(BYTES);
const SIZES = { tiny: { pages: 64 } };
const PLAIN = { all: { debug: false, validate: false }, ...SIZES };

heapTest(
  'kfreeRcuMightsleep() goes by a sheaf, as kfreeRcu() does, and ends no turn',
  (stage) => {
    const { heap } = stage;
    const { turn } = partsOf(heap);
    const [p, q] = [heap.kmalloc(BYTES), heap.kmalloc(10_000)];
    const { epoch } = turn;
    heap.kfreeRcuMightsleep(p);
    heap.kfreeRcuMightsleep(q);
    assert.equal(turn.epoch, epoch);
    assert.equal(stage.stats().objectsWaiting, 2);
    stage.settle();
    const { freedThroughSheaf, freedWaited } = stage.stats();
    assert.deepEqual([freedThroughSheaf, freedWaited], [2, 0]);
  },
  SIZES,
);

heapTest(
  'kfreeRcuMightsleep() fills the sheaf in hand before it takes another',
  (stage) => {
    const { heap } = stage;
    const capacity = cacheWord(heap, ID, 'sheafCapacity');
    const objects = Array.from({ length: capacity + 1 }, () => heap.kmalloc(BYTES));
    for (const p of objects) heap.kfreeRcuMightsleep(p);
    assert.deepEqual(objectsOf(heap, sheafAt(heap, ID, 'rcu')), [objects[capacity]]);
    stage.settle();
    assert.equal(stage.stats().freedThroughSheaf, capacity + 1);
  },
  PLAIN,
);

heapTest(
  'kfreeRcuMightsleep() reclaims for a sheaf where trying brings none',
  (stage) => {
    const { heap } = stage;
    const p = heap.kmalloc(BYTES);
    // So that no shrinker of the heap has anything.
    heap.shrink();
    const { giveBack } = exhaust(heap);
    let given = false;
    heap.registerShrinker({
      name: 'mine',
      count: () => (given ? 0 : 1),
      scan: () => {
        given = true;
        giveBack();
        return 1;
      },
    });
    heap.kfreeRcuMightsleep(p);
    assert.equal(given, true);
    stage.settle();
    const { freedThroughSheaf, freedThroughList, freedWaited } = stage.stats();
    assert.deepEqual([freedThroughSheaf, freedThroughList, freedWaited], [1, 0, 0]);
  },
  SIZES,
);

heapTest(
  'kfreeRcuMightsleep() waits for a grace period and frees, where there is no memory at all',
  (stage) => {
    const { heap } = stage;
    let waited = 0;
    for (const bytes of [BYTES, 10_000]) {
      const { gracePeriods } = stage.stats();
      const p = heap.kmalloc(bytes);
      heap.shrink();
      const { giveBack } = exhaust(heap);
      heap.kfreeRcuMightsleep(p);
      const { freedThroughSheaf, freedThroughList, freedWaited, ...stats } = stage.stats();
      assert.deepEqual([freedThroughSheaf, freedThroughList, freedWaited], [0, 0, ++waited]);
      assert.ok(stats.gracePeriods > gracePeriods);
      giveBack();
      stage.settle();
    }
  },
  SIZES,
);

heapTest(
  'kfreeRcuMightsleep() throws where this thread may not wait, whatever the way, and nothing has changed',
  (stage) => {
    for (const right of ['may-spin', 'may-neither'] as const) {
      const heap = Heap.attach(stage.heap.handle, { name: right }, { host: new FakeHost(right) });
      const p = heap.kmallocNolock(BYTES);
      heap.kfreeRcu(heap.kmallocNolock(BYTES));
      const before = snapshotOf(stage.words);
      assert.throws(() => heap.kfreeRcuMightsleep(p), {
        name: 'ContextError',
        message: /which may not wait; use kfreeRcu\(p, headOffset\)/,
      });
      assertUnchanged(stage.words, before);
      heap.kfreeNolock(p);
      heap.detach();
    }
    const { heap } = stage;
    const p = heap.kmalloc(BYTES);
    partsOf(heap).context.enterAtomic('a hook');
    assert.throws(() => heap.kfreeRcuMightsleep(p), ContextError);
    partsOf(heap).context.exitAtomic('a hook');
    heap.kfree(p);
  },
  SIZES,
);

heapTest(
  'kfreeRcuMightsleep() throws inside turn(fn) and read sections, also of another heap, and nothing has changed',
  (stage) => {
    const { heap, words } = stage;
    const p = heap.kmalloc(BYTES);
    const other = Heap.create({ bytes: 2 ** 20 }, { host: stage.host });
    const refuse = (): void => {
      const before = snapshotOf(words);
      assert.throws(() => heap.kfreeRcuMightsleep(p), /inside turn\(fn\) or a read section/);
      assertUnchanged(words, before);
    };
    heap.turn(refuse);
    other.turn(refuse);
    partsOf(heap).turn.readLock();
    refuse();
    partsOf(heap).turn.readUnlock();
    other.detach();
    heap.kfreeRcuMightsleep(p);
    stage.settle();
  },
  PLAIN,
);

heapTest(
  'kfreeRcuMightsleep() refuses what is no object, and a shrinker that throws does not keep it from freeing',
  (stage) => {
    const { heap } = stage;
    assert.throws(() => heap.kfreeRcuMightsleep(7 as Address), RangeError);
    const p = heap.kmalloc(BYTES);
    heap.shrink();
    const { giveBack } = exhaust(heap);
    const takeOff = heap.registerShrinker({
      name: 'mine',
      count: () => 1,
      scan: () => {
        throw new Error('no');
      },
    });
    assert.throws(() => heap.kfreeRcuMightsleep(p), /^Error: no$/);
    takeOff();
    assert.equal(stage.stats().freedWaited, 1);
    giveBack();
    stage.settle();
  },
  SIZES,
);

heapTest(
  'kfreeRcuBulk() frees all, by heads at the same offset, and stops at the first that is refused',
  (stage) => {
    const { heap } = stage;
    const objects = Array.from({ length: 7 }, (_, i) => heap.kmalloc(i === 3 ? 20_000 : BYTES));
    heap.kfreeRcuBulk(objects, 5);
    assert.equal(stage.stats().objectsWaiting, 7);
    stage.settle();
    const [p, q] = [heap.kmalloc(BYTES), heap.kmalloc(BYTES)];
    assert.throws(() => heap.kfreeRcuBulk([p, 3 as Address, q]), /freed address 3/);
    assert.equal(stage.stats().objectsWaiting, 1);
    heap.kfree(q);
    assert.throws(() => heap.kfreeRcuBulk(5 as never), /called kfreeRcuBulk\(\) with 5; it takes an array/);
    heap.kfreeRcuBulk([]);
    stage.settle();
    assert.equal(stage.stats().freedThroughSheaf, 8);
  },
  SIZES,
);
