import assert from 'node:assert/strict';
import { cacheWord, classOf } from '../../tests/support/cache-words.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { heapTest, partsOf } from '../../tests/support/stage.js';
import { Heap } from '../shared-heap.js';

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
