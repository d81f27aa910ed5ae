import assert from 'node:assert/strict';
import { FakeHost } from '../../tests/support/fake-host.js';
import { heapTest, partsOf, type Stage } from '../../tests/support/stage.js';
import { CALLBACK } from '../layout/callback-record.js';
import { REQUEST, SLOT } from '../layout/thread-slot.js';
import { callbackRecords } from '../rcu/callback-records.js';
import { BLIMIT, QHIMARK } from '../rcu/callbacks.js';
import { Heap } from '../shared-heap.js';
import { PAGE_WORDS } from '../words/units.js';
import { OutOfMemoryError } from './heap-errors.js';

const BYTES = 64;
const SIZES = { all: { drainMillis: 20, pollMillis: 3 }, tiny: { pages: 128 } };

/** Objects with an RcuHead each, which the test keeps. */
function objectsOf(stage: Stage, count: number): number[] {
  return Array.from({ length: count }, () => stage.hold(stage.heap.kmalloc(BYTES)));
}

heapTest(
  'rcu.register() gives ids from 4096 on, the same for a name in every thread and however often it is asked',
  (stage) => {
    const { heap } = stage;
    const other = stage.attach();
    const first = heap.rcu.register('first', () => {});
    const second = other.heap.rcu.register('second', () => {});
    assert.deepEqual([first, second], [4096, 4097]);
    assert.equal(
      other.heap.rcu.register('first', () => {}),
      first,
    );
    assert.equal(
      heap.rcu.register('second', () => {}),
      second,
    );
    assert.equal(
      heap.rcu.register('first', () => {}),
      first,
    );
    assert.deepEqual(
      callbackRecords(partsOf(stage.heap).words).map(({ id, name }) => [id, name]),
      [
        [second, 'second'],
        [first, 'first'],
      ],
    );
  },
  SIZES,
);

heapTest(
  'rcu.register() says in the record which threads can run the callback',
  (stage) => {
    const other = stage.attach();
    stage.heap.rcu.register('f', () => {});
    const { record } = callbackRecords(partsOf(stage.heap).words)[0]!;
    const bits = () => stage.words.loadPlain(record + CALLBACK.slots);
    assert.equal(bits(), 1);
    other.heap.rcu.register('f', () => {});
    assert.equal(bits(), 3);
    assert.deepEqual(stage.stats().callbacks, [{ name: 'f', id: 4096, threads: 2, stranded: 0 }]);
  },
  SIZES,
);

heapTest(
  'rcu.register() of a name again replaces the function of this thread, also for what waits',
  (stage) => {
    const { heap } = stage;
    const seen: string[] = [];
    const id = heap.rcu.register('f', () => void seen.push('old'));
    heap.rcu.call(objectsOf(stage, 1)[0]!, id);
    heap.rcu.register('f', () => void seen.push('new'));
    stage.endTurns();
    assert.deepEqual(seen, ['new']);
  },
  SIZES,
);

heapTest(
  'rcu.register() refuses what is no name or no function, and nothing has changed',
  (stage) => {
    const { rcu } = stage.heap;
    const noop = () => {};
    for (const name of ['', 7, undefined, null, {}, 'x'.repeat(4097)]) {
      assert.throws(() => rcu.register(name as string, noop), {
        name: 'TypeError',
        message: /a name is a string/,
      });
    }
    for (const fn of [undefined, null, 7, 'fn', {}]) {
      assert.throws(() => rcu.register('f', fn as () => void), {
        name: 'TypeError',
        message: /registered the RCU callback 'f' with .* it takes a function/,
      });
    }
    assert.deepEqual(callbackRecords(partsOf(stage.heap).words), []);
  },
  SIZES,
);

heapTest(
  'rcu.register() of a new name is refused where nobody may spin, of one that there is not',
  (stage) => {
    const host = new FakeHost('may-neither');
    const worklet = Heap.attach(stage.heap.handle, { name: 'worklet' }, { host });
    const register = () => worklet.rcu.register('f', () => {});
    assert.throws(register, { name: 'ContextError', message: /opened 'f'/ });
    assert.equal(
      stage.heap.rcu.register('f', () => {}),
      4096,
    );
    assert.equal(register(), 4096);
    worklet.detach();
  },
  SIZES,
);

heapTest(
  'rcu.register() that finds no memory throws, and can be made again',
  (stage) => {
    const { heap } = stage;
    const taken: number[] = [];
    for (;;) {
      const p = heap.kmallocNolock(4096);
      if (p === 0) break;
      taken.push(p);
    }
    const rest: number[] = [];
    for (;;) {
      const p = heap.kmallocNolock(40);
      if (p === 0) break;
      rest.push(p);
    }
    assert.throws(() => heap.rcu.register('f', () => {}), OutOfMemoryError);
    assert.deepEqual(callbackRecords(partsOf(stage.heap).words), []);
    for (const p of [...taken, ...rest]) heap.kfree(p as never);
    assert.equal(
      heap.rcu.register('f', () => {}),
      4096,
    );
  },
  { all: { bytes: 2 ** 20 }, tiny: { pages: 64 } },
);

heapTest(
  'rcu.call() has the function called with the head between turns, when every turn that was open then has ended',
  (stage) => {
    const { heap, host } = stage;
    const other = stage.attach();
    const calls: unknown[] = [];
    const id = heap.rcu.register('f', (head) => void calls.push([head, partsOf(heap).turn.isOpen()]));
    const [p] = objectsOf(stage, 1) as [number];
    partsOf(other.heap).turn.pin();
    heap.rcu.call(p + 3, id);
    assert.deepEqual(stage.stats().callbacksWaiting, 1);
    host.runMicrotasks();
    host.advance(30);
    assert.deepEqual(calls, []);
    other.host.runMicrotasks();
    host.advance(3);
    assert.deepEqual(calls, [[p + 3, false]]);
    const { callbacksWaiting, callbacksInvoked, callbackErrors } = stage.stats();
    assert.deepEqual([callbacksWaiting, callbacksInvoked, callbackErrors], [0, 1, 0]);
    assert.deepEqual(host.timers, []);
  },
  SIZES,
);

heapTest(
  'rcu.call() with an id that only another thread has a function for is refused',
  (stage) => {
    const other = stage.attach();
    const id = other.heap.rcu.register('f', () => {});
    const [p] = objectsOf(stage, 1) as [number];
    assert.throws(() => stage.heap.rcu.call(p, id), {
      name: 'TypeError',
      message: /pass what rcu.register\(name, fn\) returned in this thread/,
    });
    assert.throws(() => stage.heap.rcu.call(p, 17), { name: 'RangeError' });
    assert.throws(() => stage.heap.rcu.call(3, id), { name: 'TypeError' });
    stage.heap.rcu.register('f', () => {});
    assert.throws(() => stage.heap.rcu.call(3, id), {
      name: 'RangeError',
      message: /RcuHead at 3, which is/,
    });
    assert.equal(stage.stats().callbacksWaiting, 0);
  },
  SIZES,
);

heapTest(
  'two RcuHeads of one object wait for two callbacks',
  (stage) => {
    const { heap } = stage;
    const calls: unknown[] = [];
    const one = heap.rcu.register('one', (head) => void calls.push(['one', head]));
    const two = heap.rcu.register('two', (head) => void calls.push(['two', head]));
    const [p] = objectsOf(stage, 1) as [number];
    heap.rcu.call(p + 2, two);
    heap.rcu.call(p + 9, one);
    stage.endTurns();
    assert.deepEqual(calls, [
      ['two', p + 2],
      ['one', p + 9],
    ]);
  },
  SIZES,
);

heapTest(
  'an object that only a callback waits for is reachable, and in use',
  (stage) => {
    const { heap } = stage;
    const other = stage.attach();
    partsOf(other.heap).turn.pin();
    const id = heap.rcu.register('free', (head) => heap.kfree(head as never));
    heap.rcu.call(heap.kmalloc(BYTES), id);
    heap.rcu.call(heap.kmalloc(10_000), id);
    const { unreachable, problems } = heap.balance();
    assert.deepEqual([problems, unreachable], [[], []]);
    stage.endTurns();
    stage.pass(3);
    assert.equal(stage.stats().callbacksInvoked, 2);
  },
  SIZES,
);

heapTest(
  'a pass that leaves callbacks behind is followed by the next one as soon as the timer comes',
  (stage) => {
    const { heap, host } = stage;
    let calls = 0;
    const id = heap.rcu.register('f', () => void calls++);
    for (const p of objectsOf(stage, 3 * BLIMIT - 5)) heap.rcu.call(p, id);
    host.runMicrotasks();
    assert.deepEqual([calls, host.timers], [BLIMIT, [0]]);
    host.advance(0);
    assert.deepEqual([calls, host.timers, host.nowMillis()], [3 * BLIMIT - 5, [], 0]);
  },
  SIZES,
);

heapTest(
  'what a callback throws is told to the listeners of callbackError until they are taken off',
  (stage) => {
    const { heap } = stage;
    const mistake = new Error('mistake');
    const told: unknown[] = [];
    const id = heap.rcu.register('thrower', () => {
      throw mistake;
    });
    const stop = heap.rcu.on('callbackError', (event) => void told.push(event));
    heap.rcu.on('callbackError', () => void told.push('second'));
    const [p, q] = objectsOf(stage, 2) as [number, number];
    heap.rcu.call(p, id);
    stage.endTurns();
    assert.deepEqual(told, [{ error: mistake, name: 'thrower', id, head: p }, 'second']);
    stop();
    heap.rcu.call(q, id);
    stage.endTurns();
    assert.deepEqual(told.slice(2), ['second']);
    assert.deepEqual([stage.stats().callbackErrors, stage.stats().callbacksInvoked], [2, 2]);
  },
  SIZES,
);

heapTest(
  'a callback may free, allocate, retire, and delete from a map',
  (stage) => {
    const { heap } = stage;
    const map = heap.map<string, number>('m');
    for (let i = 0; i < 8; i++) map.set(`key ${i}`, i);
    const id = heap.rcu.register('work', (head) => {
      const key = `key ${stage.words.loadPlain(head + 2)}`;
      assert.equal(map.delete(key), true);
      map.set(`${key} again`, 1);
      heap.kfreeRcu(heap.kmalloc(100));
      heap.kfree(head as never);
    });
    for (let i = 0; i < 8; i++) {
      const p = heap.kmalloc(BYTES);
      stage.words.storePlain(p + 2, i);
      heap.rcu.call(p, id);
    }
    stage.endTurns();
    stage.settle();
    assert.deepEqual([...map.keys()].sort(), [...Array(8).keys()].map((i) => `key ${i} again`).sort());
    assert.equal(stage.stats().callbackErrors, 0);
  },
  SIZES,
);

heapTest(
  'what a callback posts in the timer of the driver is not forgotten',
  (stage) => {
    const { heap, host } = stage;
    const other = stage.attach();
    partsOf(other.heap).turn.pin();
    const id = heap.rcu.register('post', () => heap.kfreeRcu(heap.kmalloc(100)));
    heap.rcu.call(objectsOf(stage, 1)[0]!, id);
    host.runMicrotasks();
    other.host.runMicrotasks();
    host.advance(3);
    assert.equal(stage.stats().callbacksInvoked, 1);
    host.advance(20 + 3);
    assert.equal(stage.stats().objectsWaiting, 0);
  },
  SIZES,
);

heapTest(
  'a callback may wait for a grace period, renew its turn, and run turns of its own',
  (stage) => {
    const { heap } = stage;
    const steps: string[] = [];
    const id = heap.rcu.register('wait', () => {
      heap.kfree(heap.kmalloc(BYTES));
      heap.quiesce();
      steps.push('quiesced');
      heap.synchronizeRcuSync();
      steps.push('waited');
      heap.turn(() => void steps.push('turned'));
    });
    const later = heap.rcu.register('later', () => void steps.push('later'));
    const [p, q] = objectsOf(stage, 2) as [number, number];
    heap.rcu.call(p, id);
    heap.rcu.call(q, later);
    stage.endTurns();
    assert.deepEqual(steps, ['quiesced', 'waited', 'turned', 'later']);
    assert.equal(stage.stats().callbackErrors, 0);
    assert.equal(partsOf(heap).turn.isOpen(), false);
  },
  SIZES,
);

heapTest(
  'the turn that a callback begins ends with the pass',
  (stage) => {
    const { heap, host } = stage;
    const turns: boolean[] = [];
    const id = heap.rcu.register('begin', () => {
      turns.push(partsOf(heap).turn.isOpen());
      stage.hold(heap.kmalloc(BYTES));
      turns.push(partsOf(heap).turn.isOpen());
    });
    heap.rcu.call(objectsOf(stage, 1)[0]!, id);
    heap.quiesce();
    assert.deepEqual(turns, [false, true]);
    assert.equal(partsOf(heap).turn.isOpen(), true);
    heap.rcu.call(objectsOf(stage, 1)[0]!, id);
    host.runMicrotasks();
    assert.deepEqual(turns.slice(2), [false, true]);
    assert.equal(stage.stats().threads[0]!.inTurn, false);
  },
  SIZES,
);

heapTest(
  'a callback that detaches its thread is the last one that the thread calls',
  (stage) => {
    const other = stage.attach();
    const heap = other.heap;
    let calls = 0;
    const id = heap.rcu.register('leave', () => {
      calls++;
      heap.detach();
    });
    const objects = objectsOf(stage, 3);
    stage.endTurns();
    for (const p of objects) heap.rcu.call(p, id);
    other.host.runMicrotasks();
    assert.equal(calls, 1);
    assert.deepEqual(other.host.timers, []);
    other.host.advance(100);
    assert.equal(calls, 1);
    assert.throws(() => heap.rcu.call(objects[0]!, id), /after detach\(\)/);
    // What it left runs where somebody has a function.
    assert.equal(stage.stats().callbacksWaiting, 2);
    const seen: number[] = [];
    stage.heap.rcu.register('leave', (head) => void seen.push(head));
    stage.endTurns();
    stage.pass(50);
    assert.deepEqual(seen.sort(), objects.slice(1).sort());
  },
  SIZES,
);

heapTest(
  'callbacks of two heaps of one thread are called each by its own heap',
  (stage) => {
    const host = new FakeHost();
    const heaps = [0, 1].map(() => Heap.create({ ...stage.options }, { host }));
    const calls: number[] = [];
    for (const [index, heap] of heaps.entries()) {
      const id = heap.rcu.register('f', () => void calls.push(index));
      heap.rcu.call(heap.kmalloc(BYTES), id);
    }
    host.runMicrotasks();
    host.advance(10);
    assert.deepEqual(calls.sort(), [0, 1]);
    for (const heap of heaps) heap.detach();
  },
  SIZES,
);

heapTest(
  'flush() in the middle of a turn calls no callback, the end of the turn does',
  (stage) => {
    const { heap } = stage;
    let calls = 0;
    const id = heap.rcu.register('f', () => void calls++);
    heap.rcu.call(objectsOf(stage, 1)[0]!, id);
    partsOf(heap).turn.quiesce();
    heap.rcu.call(objectsOf(stage, 1)[0]!, id);
    heap.turn(() => heap.shrink());
    assert.equal(calls, 1);
    stage.endTurns();
    assert.equal(calls, 2);
  },
  SIZES,
);

heapTest(
  'a flood starts its grace period in the turn that makes it, and is over soon after',
  (stage) => {
    const { heap, words, host } = stage;
    let calls = 0;
    const id = heap.rcu.register('f', () => void calls++);
    const block = stage.hold(heap.allocPages(5));
    const sequence = partsOf(heap).gracePeriod.sequence();
    const other = stage.attach();
    partsOf(other.heap).turn.pin();
    const heads = Math.min(QHIMARK + 2, (PAGE_WORDS << 5) / 2);
    for (let i = 0; i < heads; i++) heap.rcu.call(block + 2 * i, id);
    assert.notEqual(partsOf(heap).gracePeriod.sequence(), sequence, 'a grace period runs already');
    const requests = partsOf(other.heap).membership.start + SLOT.requests;
    assert.equal(words.loadPlain(requests), REQUEST.quiescentState, 'who holds it up is asked');
    other.host.runMicrotasks();
    assert.equal(words.loadPlain(requests), 0);
    host.runMicrotasks();
    assert.equal(calls, 10_000);
    host.advance(0);
    assert.equal(calls, heads);
    assert.equal(words.loadPlain(partsOf(heap).membership.start + SLOT.rcuInHand), 0);
  },
  // So many stacks would only take time.
  { all: { debug: false }, tiny: { pages: 256 } },
);

heapTest(
  'a flood of callbacks that each free a page does not fill a small heap',
  (stage) => {
    const { heap } = stage;
    const id = heap.rcu.register('free', (head) => heap.kfree(head));
    for (let turn = 0; turn < 500; turn++) {
      for (let i = 0; i < 20; i++) heap.rcu.call(heap.kmalloc(4096), id);
      heap.quiesce();
    }
    heap.rcu.barrierSync();
    assert.equal(stage.stats().callbacksWaiting, 0);
  },
  { all: { debug: false }, tiny: { pages: 1000 } },
);

heapTest(
  'rcu.call() works in a hook and in a raw lock, and its callback waits until they are over',
  (stage) => {
    const { heap } = stage;
    const { context } = partsOf(heap);
    let calls = 0;
    const id = heap.rcu.register('f', () => void calls++);
    const [p] = objectsOf(stage, 1) as [number];
    context.enterAtomic('a hook');
    heap.rcu.call(p, id);
    heap.quiesce();
    assert.equal(calls, 0);
    context.exitAtomic('a hook');
    heap.quiesce();
    assert.equal(calls, 1);
  },
  SIZES,
);

heapTest(
  'a thread that may neither wait nor spin calls blimit callbacks at the end of each turn',
  (stage) => {
    stage.heap.rcu.register('f', () => {});
    stage.endTurns();
    const host = new FakeHost('may-neither');
    const worklet = Heap.attach(stage.heap.handle, { name: 'worklet' }, { host });
    let calls = 0;
    const id = worklet.rcu.register('f', () => void calls++);
    const block = stage.hold(stage.heap.allocPages(2));
    stage.endTurns();
    worklet.turn(() => {
      for (let i = 0; i < 128 * 12; i++) worklet.rcu.call(block + 2 * i, id);
    });
    assert.equal(calls, BLIMIT);
    worklet.turn(() => {});
    assert.equal(calls, 2 * BLIMIT);
    while (calls < 128 * 12) worklet.turn(() => {});
    worklet.detach();
  },
  SIZES,
);

heapTest(
  'a callback that leaves a read section open is no hindrance to the next one',
  (stage) => {
    const { heap } = stage;
    const done: string[] = [];
    const open = heap.rcu.register('open', () => {
      heap.rcu.readLock();
      heap.rcu.readLock();
    });
    const next = heap.rcu.register('next', () => {
      heap.synchronizeRcuSync();
      done.push('waited');
    });
    const [p, q] = objectsOf(stage, 2) as [number, number];
    heap.rcu.call(p, open);
    heap.rcu.call(q, next);
    heap.quiesce();
    assert.deepEqual(done, ['waited']);
    assert.equal(stage.stats().callbackErrors, 0);
    assert.throws(() => heap.rcu.readUnlock(), /readUnlock/);
  },
  // A validating heap reports it.
  { all: { ...SIZES.all, validate: false }, tiny: SIZES.tiny },
);
