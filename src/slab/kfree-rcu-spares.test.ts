/** Sheaves that kfreeRcu sets aside, and its shrinker. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whileLocked } from '../../tests/support/bare-heap.js';
import { cacheIndex, classOf, sheafAt } from '../../tests/support/cache-words.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { partsOf, plainHeapsOnly } from '../../tests/support/stage.js';
import { SHEAF_CACHE } from '../layout/cache-record.js';
import { HEADER } from '../layout/heap-header.js';
import { Heap } from '../shared-heap.js';
import { KfreeRcuShrinker } from './kfree-rcu-shrinker.js';
import { BACK_OFF_MILLIS } from './sheaf-reserve.js';

plainHeapsOnly();

const BYTES = 64;

class Scene {
  readonly host = new FakeHost();
  readonly heap = Heap.create({ bytes: 4 * 2 ** 20, threads: 3 }, { host: this.host });
  readonly shrinker = new KfreeRcuShrinker(partsOf(this.heap).kfreeRcu, partsOf(this.heap).gracePeriod);

  spares(): number {
    return partsOf(this.heap).kfreeRcu.spares();
  }

  /** Posts one object where the slabs of sheaves and the barn are locked; says whether it found a sheaf. */
  postWhileLocked(bytes = BYTES): boolean {
    const { heap } = this;
    const p = heap.kmalloc(bytes);
    const locks = [cacheIndex(heap, classOf(bytes), 'barnLock'), cacheIndex(heap, SHEAF_CACHE, 'listLock')];
    const post = () => heap.kfreeRcu(p);
    locks.reduce<() => void>((inner, lock) => () => whileLocked(heap.words, lock, inner), post)();
    return sheafAt(heap, classOf(bytes), 'rcu') !== HEADER.bootstrapSheaf;
  }

  settle(): void {
    this.host.advance(100);
    assert.equal(this.heap.stats().objectsWaiting, 0);
    assert.deepEqual(this.heap.balance().problems, []);
  }
}

test('spare sheaves, are taken when one was missed, 5 of them, and help out the next time', () => {
  const scene = new Scene();
  assert.equal(scene.spares(), 0);
  scene.heap.kfreeRcu(scene.heap.kmalloc(BYTES));
  scene.settle();
  assert.equal(scene.spares(), 0, 'who never misses one needs none');
  assert.equal(scene.postWhileLocked(), false);
  scene.host.runMicrotasks();
  assert.equal(scene.spares(), 5);
  scene.settle();
  for (let i = 0; i < 5; i++) assert.equal(scene.postWhileLocked(BYTES + 64 * i), true, `${i}`);
  assert.equal(scene.spares(), 0);
  scene.host.runMicrotasks();
  assert.equal(scene.spares(), 5);
  scene.settle();
  assert.equal(scene.heap.stats().freedThroughList, 1);
});

test('KfreeRcuShrinker, counts spares and what waits, gives the spares back, and sets none aside for 5 s', () => {
  const scene = new Scene();
  const { heap, host, shrinker } = scene;
  scene.postWhileLocked();
  scene.settle();
  assert.equal(shrinker.count(), 5);
  heap.kfreeRcu(heap.kmalloc(BYTES));
  assert.equal(shrinker.count(), 6);
  assert.equal(
    heap.turn(() => shrinker.scan(1)),
    5,
  );
  assert.equal(scene.spares(), 0);
  scene.settle();
  assert.equal(scene.postWhileLocked(), false);
  host.runMicrotasks();
  assert.equal(scene.spares(), 0);
  scene.settle();
  host.advance(BACK_OFF_MILLIS);
  scene.postWhileLocked();
  host.runMicrotasks();
  assert.equal(scene.spares(), 5);
  scene.settle();
});

test('KfreeRcuShrinker, seals and frees what is in hand, once no turn holds it up', () => {
  const scene = new Scene();
  const { heap, shrinker } = scene;
  const other = Heap.attach(heap.handle, {}, { host: new FakeHost() });
  for (let i = 0; i < 7; i++) heap.kfreeRcu(heap.kmalloc(BYTES));
  heap.kfreeRcu(heap.kmalloc(20_000));
  // Its own turn is one that may read them.
  assert.equal(
    heap.turn(() => shrinker.scan(100)),
    0,
  );
  assert.equal(shrinker.count(), 8);
  scene.host.runMicrotasks();
  assert.equal(shrinker.count(), 0, 'all were freed, and no sheaf was set aside while memory is short');
  partsOf(other).turn.pin();
  heap.kfreeRcu(heap.kmalloc(BYTES));
  scene.host.runMicrotasks();
  assert.equal(
    heap.turn(() => shrinker.scan(100)),
    0,
  );
  other.detach();
  partsOf(heap).gracePeriod.drive(partsOf(heap).gracePeriod.snap());
  assert.equal(
    heap.turn(() => shrinker.scan(100)),
    1,
  );
  assert.equal(shrinker.count(), 0);
});

test('an allocation that finds no memory asks the kfree_rcu shrinker as well', () => {
  const scene = new Scene();
  scene.postWhileLocked();
  scene.settle();
  const { heap } = scene;
  assert.equal(scene.spares(), 5);
  assert.throws(() => {
    for (;;) heap.allocPages(0);
  }, /OutOfMemoryError|found no|no \d+ bytes/);
  assert.equal(scene.spares(), 0);
});

test('heap.shrink(), gives spare sheaves back, and others may be set aside at once', () => {
  const scene = new Scene();
  scene.postWhileLocked();
  scene.settle();
  scene.heap.shrink();
  assert.equal(scene.spares(), 0);
  assert.equal(scene.heap.stats().pages.inUse, 0);
  scene.postWhileLocked();
  scene.host.runMicrotasks();
  assert.equal(scene.spares(), 5);
});
