import assert from 'node:assert/strict';
import { FakeHost } from '../../tests/support/fake-host.js';
import { type Actor, heapTest, partsOf, type Stage } from '../../tests/support/stage.js';
import { HEADER } from '../layout/heap-header.js';
import { Heap } from '../shared-heap.js';
import { ContextError } from '../threads/context.js';
import type { WaitRight } from '../words/host.js';
import { RcuTimeoutError } from './rcu-timeout-error.js';

const SIZES = { all: { drainMillis: 20, pollMillis: 3 }, tiny: { pages: 128 } };
const BYTES = 64;

/** Counts what it calls, and gives each head's object back. */
class Calls {
  readonly heads: number[] = [];

  /** Has `heap` call it for `name`. Returns the id. */
  register({ heap }: Pick<Actor, 'heap'>, name = 'f'): number {
    return heap.rcu.register(name, (head) => {
      this.heads.push(head);
      heap.kfree(head as never);
    });
  }
}

/** Queues `count` callbacks in turns of `actor`; its run goes on. */
function call({ heap }: Pick<Actor, 'heap'>, id: number, count: number): void {
  for (let i = 0; i < count; i++) heap.rcu.call(heap.kmalloc(BYTES), id);
}

/** Lets every promise that can settle do so, of all threads, and the engine wake who sleeps. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

/** Whether `promise` is settled, looked at later. */
function watched(promise: Promise<void>) {
  const state = { isOver: false, error: undefined as unknown };
  promise.then(
    () => {
      state.isOver = true;
    },
    (error: unknown) => {
      state.isOver = true;
      state.error = error;
    },
  );
  return state;
}

/** Lets time pass in every thread, millisecond by millisecond, until `state` is over. */
async function passUntil(stage: Stage, state: { readonly isOver: boolean }): Promise<void> {
  for (let i = 0; i < 200 && !state.isOver; i++) {
    stage.pass(1);
    await settle();
  }
  assert.equal(state.isOver, true, 'a barrier does not come to its end');
}

heapTest(
  'rcu.barrierSync() returns when the callbacks of this thread were called, however many passes they need',
  (stage) => {
    const calls = new Calls();
    const id = calls.register(stage);
    call(stage, id, 25);
    stage.heap.rcu.barrierSync();
    assert.equal(calls.heads.length, 25);
    stage.heap.rcu.barrierSync();
  },
  SIZES,
);

heapTest(
  'rcu.barrier() resolves when the callbacks are over that other threads had queued, and not before',
  async (stage) => {
    const other = stage.attach();
    const calls = new Calls();
    call(other, calls.register(other), 5);
    const state = watched(stage.heap.rcu.barrier());
    await settle();
    stage.host.advance(50);
    await settle();
    assert.deepEqual([state.isOver, calls.heads.length, stage.host.keptAlive], [false, 0, 1]);
    other.host.advance(50);
    assert.equal(calls.heads.length, 5);
    stage.host.advance(50);
    await settle();
    assert.deepEqual([state.isOver, state.error, stage.host.keptAlive], [true, undefined, 0]);
  },
  SIZES,
);

heapTest(
  'rcu.barrier() does not wait for what is queued after the call',
  async (stage) => {
    const other = stage.attach();
    const calls = new Calls();
    const id = calls.register(other);
    const state = watched(stage.heap.rcu.barrier());
    call(other, id, 3);
    await settle();
    assert.deepEqual([state.isOver, calls.heads.length], [true, 0]);
    other.host.advance(50);
    assert.equal(calls.heads.length, 3);
  },
  SIZES,
);

heapTest(
  'kfreeRcuBarrier() waits for what other threads have in hand: it is sealed by their timer, and freed',
  async (stage) => {
    const other = stage.attach();
    const p = other.heap.kmalloc(BYTES);
    other.heap.kfreeRcu(p);
    other.host.runMicrotasks();
    const state = watched(stage.heap.kfreeRcuBarrier());
    await settle();
    stage.host.advance(60);
    await settle();
    assert.equal(state.isOver, false);
    await passUntil(stage, state);
    assert.deepEqual([state.error, stage.stats().objectsWaiting], [undefined, 0]);
    assert.equal(stage.stats().freedThroughSheaf + stage.stats().freedThroughList, 1);
  },
  SIZES,
);

heapTest(
  'kfreeRcuBarrier() waits for what a thread has posted in a turn that goes on, and asks it to seal when the turn ends',
  async (stage) => {
    const other = stage.attach();
    other.heap.kfreeRcu(other.heap.kmalloc(BYTES));
    const state = watched(stage.heap.kfreeRcuBarrier());
    stage.host.advance(60);
    await settle();
    assert.equal(state.isOver, false);
    // Its turn ends, and its timers never come.
    other.host.runMicrotasks();
    for (let i = 0; i < 5; i++) {
      stage.host.advance(3);
      await settle();
      other.heap.turn(() => {});
    }
    stage.host.advance(3);
    await settle();
    assert.deepEqual([state.isOver, state.error, stage.stats().objectsWaiting], [true, undefined, 0]);
  },
  SIZES,
);

heapTest(
  'kfreeRcuBarrier() does not wait for a thread that is idle and has nothing in hand',
  async (stage) => {
    const other = stage.attach();
    other.heap.kfree(other.heap.kmalloc(BYTES));
    other.host.runMicrotasks();
    const state = watched(stage.heap.kfreeRcuBarrier());
    await settle();
    assert.equal(state.isOver, true);
    stage.heap.kfreeRcuBarrierSync();
    assert.deepEqual(stage.host.timers, []);
  },
  SIZES,
);

heapTest(
  'kfreeRcuBarrierSync() frees what this thread has in hand, through sheaf and list and of whole pages',
  (stage) => {
    const { heap } = stage;
    for (const bytes of [16, BYTES, 5000, 10_000]) heap.kfreeRcu(heap.kmalloc(bytes));
    heap.kfreeRcuBarrierSync();
    const { objectsWaiting, freedThroughSheaf, freedThroughList } = stage.stats();
    assert.deepEqual([objectsWaiting, freedThroughSheaf + freedThroughList], [0, 4]);
  },
  SIZES,
);

heapTest(
  'kfreeRcuBarrier() waits for callbacks as well',
  async (stage) => {
    const other = stage.attach();
    const calls = new Calls();
    call(other, calls.register(other), 2);
    const state = watched(stage.heap.kfreeRcuBarrier());
    await passUntil(stage, state);
    assert.equal(calls.heads.length, 2);
  },
  SIZES,
);

heapTest(
  'rcu.barrierSync() inside turn(fn), a read section and a callback throws, and waits for nothing',
  (stage) => {
    const { heap } = stage;
    const calls = new Calls();
    call(stage, calls.register(stage), 1);
    assert.throws(() => heap.turn(() => heap.rcu.barrierSync()), /inside turn\(fn\)/);
    assert.throws(() => heap.rcu.read(() => heap.kfreeRcuBarrierSync()), /inside/);
    assert.equal(calls.heads.length, 0);
    const thrown: unknown[] = [];
    const id = heap.rcu.register('waits', (head) => {
      heap.kfree(head as never);
      try {
        heap.rcu.barrierSync();
      } catch (error) {
        thrown.push(error);
      }
    });
    call(stage, id, 1);
    heap.rcu.barrierSync();
    assert.equal(calls.heads.length, 1);
    assert.match(
      String(thrown[0]),
      /^Error: called rcu\.barrierSync\(\) in an RCU callback.* use rcu\.barrier\(\)/,
    );
  },
  SIZES,
);

heapTest(
  'rcu.barrier() called in a callback waits for that one too, and for those behind it',
  async (stage) => {
    const { heap } = stage;
    const calls = new Calls();
    let state: ReturnType<typeof watched> | undefined;
    const id = heap.rcu.register('waits', (head) => {
      heap.kfree(head as never);
      state = watched(heap.rcu.barrier());
    });
    call(stage, id, 1);
    call(stage, calls.register(stage), 4);
    heap.rcu.barrierSync();
    await passUntil(stage, state!);
    assert.deepEqual([state!.error, calls.heads.length], [undefined, 4]);
  },
  SIZES,
);

heapTest(
  'rcu.barrier() rejects with RcuTimeoutError when its time is over, naming who holds it up, and leaves nothing behind',
  async (stage) => {
    const other = stage.attach('slow one');
    const calls = new Calls();
    call(other, calls.register(other), 3);
    const state = watched(stage.heap.rcu.barrier({ timeoutMillis: 10 }));
    await settle();
    for (let i = 0; i < 10; i++) {
      stage.host.advance(1);
      await settle();
    }
    assert.ok(state.error instanceof RcuTimeoutError);
    assert.match(
      state.error.message,
      /the callbacks of all threads after 10 ms: thread 'slow one' \(slot 1\) has 3 callbacks waiting$/,
    );
    assert.deepEqual([stage.host.timers, stage.host.keptAlive], [[], 0]);
    assert.throws(() => stage.heap.rcu.barrierSync({ timeoutMillis: 0 }), RcuTimeoutError);
    other.host.advance(50);
    stage.heap.rcu.barrierSync({ timeoutMillis: 0 });
  },
  SIZES,
);

heapTest(
  'kfreeRcuBarrier() names the threads that have objects in hand, or are in a turn, when its time is over',
  (stage) => {
    const other = stage.attach('slow one');
    const wait = () => stage.heap.kfreeRcuBarrierSync({ timeoutMillis: 0 });
    const slow = /deferred frees of all threads after 0 ms: thread 'slow one' \(slot 1\) /.source;
    other.heap.kfreeRcu(other.heap.kmalloc(BYTES));
    other.host.runMicrotasks();
    assert.throws(wait, new RegExp(`${slow}has objects in hand$`));
    partsOf(other.heap).turn.pin();
    assert.throws(wait, new RegExp(`${slow}is in a turn that does not end$`));
  },
  SIZES,
);

heapTest(
  'a barrier whose time is over names the thread whose turn holds up what waits, though nothing of it waits',
  (stage) => {
    const other = stage.attach('slow one');
    const calls = new Calls();
    partsOf(other.heap).turn.pin();
    call(stage, calls.register(stage), 1);
    assert.throws(
      () => stage.heap.rcu.barrierSync({ timeoutMillis: 0 }),
      /has 1 callback waiting; the grace period is held up by thread 'slow one' \(slot 1\), in a turn that does not end$/,
    );
    other.host.runMicrotasks();
    stage.heap.rcu.barrierSync({ timeoutMillis: 0 });
  },
  SIZES,
);

heapTest(
  'barriers of a heap that was left are refused like everything else',
  async (stage) => {
    const other = stage.attach();
    other.heap.detach();
    const refused = /^Error: used a heap after detach\(\)/;
    assert.throws(() => other.heap.rcu.barrierSync(), refused);
    assert.throws(() => other.heap.kfreeRcuBarrierSync(), refused);
    await assert.rejects(other.heap.rcu.barrier(), refused);
    await assert.rejects(other.heap.kfreeRcuBarrier(), refused);
  },
  SIZES,
);

heapTest(
  'rcu.barrier() called off by its signal rejects with the reason, and leaves nothing behind',
  async (stage) => {
    const other = stage.attach();
    const calls = new Calls();
    call(other, calls.register(other), 1);
    const controller = new AbortController();
    const reason = new Error('no more');
    const state = watched(stage.heap.rcu.barrier({ signal: controller.signal }));
    await settle();
    controller.abort(reason);
    await settle();
    assert.deepEqual([state.error, stage.host.timers, stage.host.keptAlive], [reason, [], 0]);
    await assert.rejects(stage.heap.kfreeRcuBarrier({ signal: controller.signal }), reason);
  },
  SIZES,
);

heapTest(
  'barriers refuse options that are none, and a context that may not wait',
  async (stage) => {
    const { heap } = stage;
    await assert.rejects(heap.rcu.barrier({ timeoutMillis: -1 }), RangeError);
    await assert.rejects(heap.kfreeRcuBarrier({ limit: 3 } as never), TypeError);
    assert.throws(() => heap.rcu.barrierSync({ timeoutMillis: 'long' as never }), RangeError);
    const rights: WaitRight[] = ['may-spin', 'may-neither'];
    for (const right of rights) {
      const guest = Heap.attach(heap.handle, {}, { host: new FakeHost(right) });
      assert.throws(() => guest.rcu.barrierSync(), ContextError);
      assert.throws(() => guest.kfreeRcuBarrierSync(), ContextError);
      guest.detach();
    }
  },
  SIZES,
);

heapTest(
  'rcu.barrier() waits for callbacks whose thread leaves meanwhile, which another takes over',
  async (stage) => {
    const [leaver, heir] = [stage.attach(), stage.attach()];
    const calls = new Calls();
    const id = calls.register(leaver);
    calls.register(heir);
    // A turn that goes on, so that the leaver gives up waiting for its callbacks, and hands them over.
    const sleeps = stage.attach();
    stage.hold(sleeps.heap.kmalloc(BYTES));
    call(leaver, id, 3);
    const state = watched(stage.heap.rcu.barrier());
    await settle();
    partsOf(leaver.heap).words.wait = () => 'timed-out';
    leaver.heap.detach();
    assert.deepEqual([calls.heads.length, stage.words.load(HEADER.orphanCallbackCount)], [0, 3]);
    stage.host.advance(10);
    await settle();
    assert.equal(state.isOver, false);
    sleeps.host.runMicrotasks();
    stage.host.advance(10);
    await settle();
    assert.equal(state.isOver, false, 'nobody has taken them over yet');
    await passUntil(stage, state);
    assert.deepEqual([calls.heads.length, stage.words.load(HEADER.orphanCallbackCount)], [3, 0]);
  },
  SIZES,
);

heapTest(
  'rcu.barrier() of a thread that leaves the heap rejects, unless it is over',
  async (stage) => {
    const [other, guest] = [stage.attach(), stage.attach()];
    const calls = new Calls();
    call(other, calls.register(other), 1);
    const state = watched(guest.heap.rcu.barrier());
    await settle();
    guest.heap.detach();
    await settle();
    assert.match(String(state.error), /^Error: detached from the heap while a task/);
    assert.deepEqual([guest.host.timers, guest.host.keptAlive], [[], 0]);
    await assert.rejects(guest.heap.rcu.barrier(), /detach/);
    assert.throws(() => guest.heap.kfreeRcuBarrierSync(), /detach/);
  },
  SIZES,
);

heapTest(
  'rcu.barrier() has a thread take callbacks over that never comes to its timers, when a turn of its own ends',
  async (stage) => {
    const [leaver, heir] = [stage.attach(), stage.attach()];
    const calls = new Calls();
    const id = calls.register(leaver);
    partsOf(heir.heap).words.waitAsync = () => undefined;
    calls.register(heir);
    const busy = stage.attach();
    stage.hold(busy.heap.kmalloc(BYTES));
    call(leaver, id, 3);
    partsOf(leaver.heap).words.wait = () => 'timed-out';
    leaver.heap.detach();
    busy.host.runMicrotasks();
    const state = watched(stage.heap.rcu.barrier());
    for (let i = 0; i < 5; i++) {
      stage.host.advance(3);
      await settle();
      heir.heap.turn(() => {});
    }
    stage.host.advance(3);
    await settle();
    assert.deepEqual([state.isOver, calls.heads.length], [true, 3]);
  },
  SIZES,
);

heapTest(
  'rcu.barrier() ends, though threads leave objects behind all the time, and callbacks are queued behind it',
  async (stage) => {
    const calls = new Calls();
    const id = calls.register(stage);
    const { turn } = partsOf(stage.attach('busy').heap);
    turn.pin();
    call(stage, id, 1);
    stage.host.runMicrotasks();
    const state = watched(stage.heap.rcu.barrier());
    for (let i = 0; i < 20 && !state.isOver; i++) {
      const host = new FakeHost();
      const leaver = Heap.attach(stage.heap.handle, { name: 'leaver' }, { host });
      leaver.kfreeRcu(leaver.kmalloc(BYTES));
      host.runMicrotasks();
      leaver.detach();
      call(stage, id, 1);
      turn.quiesce();
      stage.host.advance(3);
      await settle();
    }
    assert.equal(state.isOver, true, 'a barrier does not come to its end');
    turn.leave();
  },
  SIZES,
);
