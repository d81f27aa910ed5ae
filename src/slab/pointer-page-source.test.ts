import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whileLocked } from '../../tests/support/bare-heap.js';
import { cacheIndex, cacheWord, classOf, sheafAt } from '../../tests/support/cache-words.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { partsOf, plainHeapsOnly } from '../../tests/support/stage.js';
import { SHEAF_CACHE } from '../layout/cache-record.js';
import { HEADER } from '../layout/heap-header.js';
import { zoneStart } from '../layout/heap-layout.js';
import { SLOT } from '../layout/thread-slot.js';
import { ZONE } from '../layout/zone-record.js';
import { LockTimeoutError } from '../locks/lock-errors.js';
import { Heap } from '../shared-heap.js';
import type { Address } from '../words/units.js';
import { POINTER_PAGE_SOURCES, type PointerPageSourceName } from './pointer-page-source.js';

plainHeapsOnly();

const BYTES = 64;
const ID = classOf(BYTES);
const RESERVED = 3;

class Scene {
  readonly host = new FakeHost();
  readonly heap: Heap;
  readonly slot: number;

  constructor(pointerPageSource: PointerPageSourceName) {
    const sizes = { bytes: 4 * 2 ** 20, threads: 2, spinRounds: 10, reservedSheaves: RESERVED };
    const lists = { pageListBatch: 16, pageListHigh: 64 };
    this.heap = Heap.create({ ...sizes, ...lists, pointerPageSource }, { host: this.host });
    this.slot = partsOf(this.heap).membership.start;
  }

  word(name: 'reservedHead' | 'reservedCount' | 'freedThroughSheaf' | 'freedThroughList'): number {
    return this.heap.words.loadPlain(this.slot + SLOT[name]);
  }

  /** Every lock busy on the way to a sheaf of the cache. */
  whileBusy<T>(fn: () => T): T {
    const { words, geometry } = this.heap;
    const locks = [
      cacheIndex(this.heap, ID, 'barnLock'),
      cacheIndex(this.heap, SHEAF_CACHE, 'listLock'),
      zoneStart(geometry, 0) + ZONE.lock,
    ];
    return locks.reduce<() => T>((inner, lock) => () => whileLocked(words, lock, inner), fn)();
  }

  /** Posts one object, and says whether it found a sheaf. */
  post(): boolean {
    const p = this.heap.kmalloc(BYTES);
    this.whileBusy(() => this.heap.kfreeRcu(p));
    return sheafAt(this.heap, ID, 'rcu') !== HEADER.bootstrapSheaf;
  }

  settle(): void {
    this.host.runMicrotasks();
    this.host.advance(100);
    this.host.runMicrotasks();
    assert.deepEqual(this.heap.balance().problems, []);
    assert.equal(this.heap.stats().objectsWaiting, 0);
  }

  /** Leaves, and looks at the books through another attachment. */
  leave(): void {
    const host = new FakeHost();
    const other = Heap.attach(this.heap.handle, {}, { host });
    this.heap.detach();
    assert.deepEqual([this.word('reservedHead'), this.word('reservedCount')], [0, 0]);
    assert.deepEqual(other.balance().problems, []);
    other.detach();
  }
}

for (const name of POINTER_PAGE_SOURCES) {
  test(`PointerPageSource ${name}, frees what is posted after its grace period, and keeps nothing when its thread leaves`, () => {
    const scene = new Scene(name);
    const { heap } = scene;
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 200; i++) heap.kfreeRcu(heap.kmalloc(BYTES));
      scene.settle();
    }
    const [throughSheaf, throughList] = [scene.word('freedThroughSheaf'), scene.word('freedThroughList')];
    assert.equal(throughSheaf + throughList, 1000);
    assert.equal(throughSheaf === 0, name === 'none', `${throughSheaf} of 1000 went through a sheaf`);
    scene.leave();
  });
}

test('PointerPageSource opportunistic, goes by the RcuHead where a lock is busy, and never spins', () => {
  const scene = new Scene('opportunistic');
  assert.equal(scene.post(), false);
  scene.settle();
  assert.equal(scene.word('freedThroughList'), 1);
  scene.leave();
});

test('PointerPageSource thread-list, cuts up a page of its own list with every lock busy; without one it has none', () => {
  const scene = new Scene('thread-list');
  const { pages } = partsOf(scene.heap);
  const p = scene.heap.kmalloc(BYTES);
  pages.drain();
  scene.whileBusy(() => scene.heap.kfreeRcu(p));
  assert.equal(sheafAt(scene.heap, ID, 'rcu'), HEADER.bootstrapSheaf);
  const blocks = Array.from({ length: 20 }, () => pages.allocPages(0, 0));
  for (const block of blocks) pages.freePagesNolock(block);
  assert.equal(scene.post(), true);
  assert.equal(scene.word('reservedCount'), 15);
  const counted = () => cacheWord(scene.heap, SHEAF_CACHE, 'slabs');
  const before = counted();
  assert.deepEqual(scene.heap.balance().problems, []);
  scene.settle();
  assert.equal(counted(), before, 'no sheaf of the slab has come back');
  partsOf(scene.heap).kfreeRcu.shrink(false);
  assert.equal(counted(), before + 1, 'the slab is counted with the first sheaf that comes back');
  scene.leave();
});

test('PointerPageSource reserved, has what was set aside at the start, and tops it up between turns only', () => {
  const scene = new Scene('reserved');
  assert.equal(scene.word('reservedCount'), RESERVED);
  const sizes = [BYTES, BYTES + 8, BYTES + 16, BYTES + 24];
  const objects = sizes.map((bytes) => scene.heap.kmalloc(bytes));
  for (const p of objects) scene.heap.kfreeRcu(p);
  assert.equal(scene.word('reservedCount'), 0);
  const found = sizes.map((bytes) => sheafAt(scene.heap, classOf(bytes), 'rcu') !== HEADER.bootstrapSheaf);
  assert.deepEqual(found, [true, true, true, false]);
  scene.host.runMicrotasks();
  assert.equal(scene.word('reservedCount'), RESERVED);
  scene.settle();
  scene.leave();
});

test('PointerPageSource none, never has a sheaf', () => {
  const scene = new Scene('none');
  scene.heap.kfreeRcu(scene.heap.kmalloc(BYTES));
  assert.equal(sheafAt(scene.heap, ID, 'rcu'), HEADER.bootstrapSheaf);
  scene.settle();
  assert.equal(scene.word('freedThroughList'), 1);
});

test('PointerPageSource raw-lock, spins also where that is forbidden, but not for a lock that its own thread holds', () => {
  const scene = new Scene('raw-lock');
  const { heap } = scene;
  const { context, ownerTag } = partsOf(heap);
  context.enterAtomic('a raw lock');
  const [p, q] = [heap.kmalloc(BYTES), heap.kmalloc(BYTES)] as [Address, Address];
  const lock = cacheIndex(heap, SHEAF_CACHE, 'listLock');
  whileLocked(heap.words, lock, () => assert.throws(() => heap.kfreeRcu(p), LockTimeoutError));
  heap.words.store(lock, ownerTag);
  heap.kfreeRcu(q);
  heap.words.store(lock, 0);
  assert.equal(sheafAt(heap, ID, 'rcu'), HEADER.bootstrapSheaf);
  context.exitAtomic('a raw lock');
  heap.kfreeRcu(p);
  scene.settle();
});
