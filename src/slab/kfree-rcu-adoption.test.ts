/** What a thread takes over, or is posted by a hook meanwhile: it waits for a grace period of its own, and something comes for it. */
import assert from 'node:assert/strict';
import { cacheWord, classOf } from '../../tests/support/cache-words.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { LockHook } from '../../tests/support/hooked-locks.js';
import { type Actor, heapTest, partsOf, plainHeapsOnly, type Stage } from '../../tests/support/stage.js';
import { HEADER } from '../layout/heap-header.js';
import type { GracePeriod } from '../rcu/grace-period.js';
import { RcuTimeoutError } from '../rcu/rcu-timeout-error.js';
import { Heap } from '../shared-heap.js';
import { KfreeRcuShrinker } from './kfree-rcu-shrinker.js';

// Words of the heap, and its locks, are replaced.
plainHeapsOnly();

const BYTES = 64;
const SIZES = { all: { drainMillis: 20, pollMillis: 3 }, tiny: { pages: 128 } };
const THROUGH_HEADS = {
  all: { ...SIZES.all, pointerPageSource: 'none' as const },
  tiny: SIZES.tiny,
};

/** A thread whose turn goes on until its microtasks run. */
function busyThread(stage: Stage, name = 'busy'): Actor {
  const busy = stage.attach(name);
  partsOf(busy.heap).turn.pin();
  return busy;
}

/** As `of`, but `once` runs just after its first snap(). */
function afterFirstSnap(of: GracePeriod, once: (cookie: number) => void): GracePeriod {
  let task: typeof once | undefined = once;
  return Object.assign(Object.create(of), {
    snap: () => {
      const cookie = of.snap();
      const run = task;
      task = undefined;
      run?.(cookie);
      return cookie;
    },
  });
}

function freed(stage: Stage): number {
  return stage.stats().freedThroughList + stage.stats().freedThroughSheaf;
}

heapTest(
  'KfreeRcuShrinker.scan(), leaves what a thread unlinks and leaves meanwhile to a grace period that comes after',
  (stage) => {
    const leaver = stage.attach('leaver');
    const p = leaver.heap.kmalloc(BYTES);
    stage.endTurns();
    const busy = busyThread(stage);
    const { kfreeRcu, gracePeriod, turn, driver } = partsOf(stage.heap);
    let reader: Actor | undefined;
    const between = afterFirstSnap(gracePeriod, (cookie) => {
      gracePeriod.drive(cookie);
      // Its turn begins after the grace period has, and before the object is unlinked.
      reader = busyThread(stage, 'reader');
      leaver.heap.kfreeRcu(p);
      leaver.heap.detach();
    });
    turn.run(() => new KfreeRcuShrinker(kfreeRcu, between).scan(1000));
    busy.host.runMicrotasks();
    driver.flush();
    assert.equal(freed(stage), 0, 'freed under a reader');
    reader!.host.runMicrotasks();
    stage.settle();
    assert.equal(freed(stage), 1);
  },
  THROUGH_HEADS,
);

heapTest(
  'KfreeRcuShrinker.scan(), that takes orphans over has the end of the turn go on with them',
  (stage) => {
    const leaver = stage.attach('leaver');
    const busy = busyThread(stage);
    leaver.heap.kfreeRcu(leaver.heap.kmalloc(BYTES));
    leaver.heap.detach();
    const { kfreeRcu, gracePeriod, turn } = partsOf(stage.heap);
    turn.run(() => new KfreeRcuShrinker(kfreeRcu, gracePeriod).scan(1000));
    assert.deepEqual([stage.words.loadPlain(HEADER.orphanObjects), stage.host.timers], [0, [3]]);
    busy.host.runMicrotasks();
    stage.settle();
  },
  SIZES,
);

heapTest(
  'synchronizeRcuSync(), that takes orphans over and gives up leaves a timer for them',
  (stage) => {
    const leaver = stage.attach('leaver');
    const busy = busyThread(stage);
    leaver.heap.kfreeRcu(leaver.heap.kmalloc(BYTES));
    leaver.heap.detach();
    partsOf(stage.heap).words.wait = (_index, _expected, millis) => {
      stage.host.advance(millis);
      return 'timed-out';
    };
    assert.deepEqual(stage.host.timers, []);
    assert.throws(() => stage.heap.synchronizeRcuSync({ timeoutMillis: 5 }), RcuTimeoutError);
    assert.equal(stage.words.loadPlain(HEADER.orphanObjects), 0);
    busy.host.runMicrotasks();
    // No turn of this thread ends any more.
    stage.host.advance(6);
    assert.equal(stage.stats().objectsWaiting, 0);
  },
  SIZES,
);

heapTest(
  'RcuDriver.flush(), seals what a hook posts while it takes orphans over',
  (stage) => {
    const hook = new LockHook();
    const host = new FakeHost();
    const { lockMaker } = hook;
    const heap = Heap.attach(stage.heap.handle, { name: 'hooked' }, { host, lockMaker });
    const leaver = stage.attach('leaver');
    const p = heap.kmalloc(BYTES);
    host.runMicrotasks();
    const busy = busyThread(stage);
    leaver.heap.kfreeRcu(leaver.heap.kmalloc(BYTES));
    leaver.heap.detach();
    busy.host.runMicrotasks();
    let calls = 0;
    hook.run = (_region, lock) => {
      if (lock === 'orphans' && calls++ === 0) heap.kfreeRcu(p);
    };
    partsOf(heap).driver.flush();
    host.advance(100);
    assert.deepEqual([calls > 0, stage.stats().objectsWaiting], [true, 0]);
    heap.detach();
  },
  SIZES,
);

heapTest(
  'kfreeRcuBarrier(), ends though an object that it waited for was freed by mistake',
  (stage) => {
    const block = stage.heap.kmalloc(10_000);
    const busy = busyThread(stage);
    stage.heap.kfreeRcu(block);
    stage.heap.kfree(block);
    stage.host.runMicrotasks();
    busy.host.runMicrotasks();
    assert.throws(() => partsOf(stage.heap).driver.flush(), RangeError);
    stage.heap.kfreeRcuBarrierSync({ timeoutMillis: 0 });
  },
  THROUGH_HEADS,
);

heapTest(
  'DoneFrees.run(), hands over what a hook posts while a backlog is handed over',
  (stage) => {
    const hook = new LockHook();
    const host = new FakeHost('may-neither');
    const { lockMaker } = hook;
    const worklet = Heap.attach(stage.heap.handle, { name: 'worklet' }, { host, lockMaker });
    const capacity = cacheWord(stage.heap, classOf(BYTES), 'sheafCapacity');
    const take = () => worklet.turn(() => worklet.kmallocNolock(BYTES));
    const busy = busyThread(stage);
    // One more, so that a sheaf is sealed.
    const extra = Array.from({ length: capacity + 1 }, take);
    let calls = 0;
    hook.run = (_region, lock) => {
      if (lock === 'orphans' && calls++ === 0) for (const p of extra) worklet.kfreeRcu(p);
    };
    let posted = extra.length;
    for (; calls === 0; posted++) worklet.turn(() => worklet.kfreeRcu(take()));
    assert.equal(stage.stats().objectsWaiting, posted);
    busy.host.runMicrotasks();
    worklet.detach();
    stage.settle();
    assert.equal(freed(stage), posted);
  },
  SIZES,
);
