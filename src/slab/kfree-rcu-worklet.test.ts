import assert from 'node:assert/strict';
import { whileLocked } from '../../tests/support/bare-heap.js';
import { cacheWord, classOf } from '../../tests/support/cache-words.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { heapTest, partsOf } from '../../tests/support/stage.js';
import { HEADER } from '../layout/heap-header.js';
import { SLOT } from '../layout/thread-slot.js';
import { Heap } from '../shared-heap.js';
import { BACKLOG_SHEAVES } from './done-frees.js';

const BYTES = 64;
const SHEAVES = 6;

heapTest(
  'KfreeRcu.freeDone(), frees one sheaf a turn beside those begun, where the thread may not spin',
  (stage) => {
    const worklet = Heap.attach(
      stage.heap.handle,
      { name: 'worklet' },
      { host: new FakeHost('may-neither') },
    );
    const capacity = cacheWord(stage.heap, classOf(BYTES), 'sheafCapacity');
    const reader = stage.attach();
    partsOf(reader.heap).turn.pin();
    // One more, which seals the last full sheaf.
    for (let i = 0; i <= SHEAVES * capacity; i++) {
      worklet.turn(() => worklet.kfreeRcu(worklet.kmallocNolock(BYTES)));
    }
    assert.equal(stage.stats().objectsWaiting, SHEAVES * capacity + 1);
    reader.host.runMicrotasks();
    let waiting = stage.stats().objectsWaiting;
    let turns = 0;
    for (; waiting > 1 && turns < 100; turns++) {
      worklet.turn(() => {});
      const left = stage.stats().objectsWaiting;
      assert.ok(waiting - left <= capacity, `${waiting - left} objects freed at the end of one turn`);
      waiting = left;
    }
    // What is in hand waits on: a worklet has no timer that would seal it.
    assert.equal(waiting, 1);
    assert.ok(turns >= SHEAVES && turns <= SHEAVES + 2, `${turns} turns`);
    worklet.detach();
    stage.settle();
  },
  { tiny: { pages: 64 } },
);

heapTest(
  'KfreeRcu.freeDone(), leaves a backlog to others where the thread may not spin, and they free it',
  (stage) => {
    const host = new FakeHost('may-neither');
    const worklet = Heap.attach(stage.heap.handle, { name: 'worklet' }, { host });
    const capacity = cacheWord(stage.heap, classOf(BYTES), 'sheafCapacity');
    const reader = stage.attach();
    partsOf(reader.heap).turn.pin();
    const posted = 3 * BACKLOG_SHEAVES * capacity + 1;
    const { start } = partsOf(worklet).membership;
    for (let i = 0; i < posted; i++) {
      worklet.turn(() => worklet.kfreeRcu(worklet.kmallocNolock(BYTES)));
      const kept = stage.words.loadPlain(start + SLOT.waitingObjects);
      assert.ok(kept <= (BACKLOG_SHEAVES + 1) * capacity, `${kept} objects wait in the worklet`);
    }
    assert.equal(stage.stats().objectsWaiting, posted);
    assert.ok(stage.words.loadPlain(HEADER.orphanObjects) > 0);
    stage.balance();
    // Who held all of it up ends the turn, and takes over what there is.
    reader.host.runMicrotasks();
    reader.host.advance(100);
    worklet.turn(() => {});
    assert.ok(stage.stats().objectsWaiting <= (BACKLOG_SHEAVES + 1) * capacity);
    for (let i = 0; i <= BACKLOG_SHEAVES; i++) worklet.turn(() => {});
    assert.equal(stage.stats().objectsWaiting, 1);
    worklet.detach();
    stage.settle();
    assert.equal(stage.stats().freedThroughSheaf, posted);
  },
  { tiny: { pages: 100 } },
);

heapTest(
  'KfreeRcu.freeDone(), keeps a backlog where another thread has the lock of the orphans',
  (stage) => {
    const host = new FakeHost('may-neither');
    const worklet = Heap.attach(stage.heap.handle, { name: 'worklet' }, { host });
    const capacity = cacheWord(stage.heap, classOf(BYTES), 'sheafCapacity');
    const reader = stage.attach();
    partsOf(reader.heap).turn.pin();
    const posted = 2 * BACKLOG_SHEAVES * capacity + 1;
    whileLocked(stage.words, HEADER.orphanLock, () => {
      for (let i = 0; i < posted; i++) {
        worklet.turn(() => worklet.kfreeRcu(worklet.kmallocNolock(BYTES)));
      }
    });
    assert.equal(stage.words.loadPlain(HEADER.orphanObjects), 0);
    stage.balance();
    worklet.turn(() => {});
    assert.equal(stage.words.loadPlain(HEADER.orphanObjects), posted - 1);
    reader.host.runMicrotasks();
    reader.host.advance(100);
    worklet.detach();
    stage.settle();
    assert.equal(stage.stats().freedThroughSheaf, posted);
  },
  { tiny: { pages: 100 } },
);

heapTest(
  'KfreeRcu.seal(), takes over no objects where the thread may not spin: they may be any number',
  (stage) => {
    const worklet = Heap.attach(
      stage.heap.handle,
      { name: 'worklet' },
      { host: new FakeHost('may-neither') },
    );
    const leaver = stage.attach();
    const reader = stage.attach();
    partsOf(reader.heap).turn.pin();
    leaver.heap.kfreeRcu(leaver.heap.kmalloc(BYTES));
    leaver.host.runMicrotasks();
    leaver.heap.detach();
    assert.equal(stage.words.loadPlain(HEADER.orphanObjects), 1);
    worklet.turn(() => partsOf(worklet).kfreeRcu.seal());
    assert.equal(stage.words.loadPlain(HEADER.orphanObjects), 1);
    reader.host.runMicrotasks();
    stage.heap.turn(() => partsOf(stage.heap).kfreeRcu.seal());
    assert.equal(stage.words.loadPlain(HEADER.orphanObjects), 0);
    worklet.detach();
    stage.settle();
  },
  { tiny: { pages: 100 } },
);
