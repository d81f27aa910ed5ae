import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { whileLocked } from '../../tests/support/bare-heap.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { type Actor, heapTest, partsOf, type Stage } from '../../tests/support/stage.js';
import { CALLBACK } from '../layout/callback-record.js';
import { HEADER } from '../layout/heap-header.js';
import { CALLBACK_LIST, SLOT, SLOT_STATE } from '../layout/thread-slot.js';
import { LockTimeoutError } from '../locks/lock-errors.js';
import { callbackRecords } from '../rcu/callback-records.js';
import type { StrandedEvent } from '../rcu/rcu-events.js';
import { Heap } from '../shared-heap.js';
import { ContextError } from '../threads/context.js';

const SIZES = { all: { drainMillis: 20, pollMillis: 3 }, tiny: { pages: 128 } };
const BYTES = 64;

/** Names, in the order in which their callbacks were called, by whom. */
class Calls {
  readonly called: string[] = [];

  register({ heap }: Pick<Actor, 'heap'>, name: string, by: string): number {
    return heap.rcu.register(name, (head) => {
      this.called.push(`${name} by ${by}`);
      heap.kfree(head as never);
    });
  }
}

function call({ heap }: Pick<Actor, 'heap'>, id: number, count = 1): void {
  for (let i = 0; i < count; i++) heap.rcu.call(heap.kmalloc(BYTES), id);
}

/** A thread whose turn goes on, so that no grace period ends. */
function busyThread(stage: Stage): Actor {
  const busy = stage.attach('busy');
  stage.hold(busy.heap.kmalloc(BYTES));
  return busy;
}

/** A thread that leaves: its sleeps take no time. */
function leaverOf(stage: Stage): Actor {
  const leaver = stage.attach('leaver');
  const { words } = partsOf(leaver.heap);
  words.wait = () => 'timed-out';
  return leaver;
}

/** What goes to the console while `run` runs. */
function consoleOf(run: () => void): string[] {
  const error = mock.method(console, 'error', () => {});
  try {
    run();
    return error.mock.calls.map((one) => String(one.arguments[0]));
  } finally {
    error.mock.restore();
  }
}

heapTest(
  'detach() calls the callbacks first that its thread has queued, however many passes they need',
  (stage) => {
    const calls = new Calls();
    const leaver = stage.attach();
    call(leaver, calls.register(leaver, 'f', 'leaver'), 35);
    assert.deepEqual(
      consoleOf(() => leaver.heap.detach()),
      [],
    );
    assert.equal(calls.called.length, 35);
    assert.equal(stage.words.load(HEADER.orphanCallbackCount), 0);
  },
  SIZES,
);

heapTest(
  'detach() does not go on for a callback that queues itself again: that one is left to others',
  (stage) => {
    const leaver = stage.attach();
    let calls = 0;
    const id = leaver.heap.rcu.register('again', (head) => {
      calls++;
      leaver.heap.rcu.call(head, id);
    });
    call(leaver, id);
    const lines = consoleOf(() => leaver.heap.detach());
    assert.ok(calls >= 1 && calls < 10, `called ${calls} times`);
    assert.equal(lines.length, 1);
    stage.heap.rcu.register('again', (head) => stage.heap.kfree(head as never));
    stage.heap.rcu.barrierSync();
    assert.equal(stage.words.load(HEADER.orphanCallbackCount), 0);
  },
  SIZES,
);

heapTest(
  'detach() leaves callbacks that it cannot wait for to a thread that has their functions, which calls each once',
  (stage) => {
    const calls = new Calls();
    const [leaver, heir] = [leaverOf(stage), stage.attach()];
    const busy = busyThread(stage);
    const ids = ['a', 'b'].map((name) => calls.register(leaver, name, 'leaver'));
    calls.register(heir, 'b', 'heir');
    calls.register(stage, 'a', 'stage');
    for (const id of [ids[0]!, ids[1]!, ids[0]!]) call(leaver, id);
    assert.deepEqual(
      consoleOf(() => leaver.heap.detach()),
      [],
    );
    assert.equal(stage.words.load(HEADER.orphanCallbackCount), 3);
    busy.host.runMicrotasks();
    for (let i = 0; i < 5; i++) {
      stage.heap.turn(() => {});
      heir.heap.turn(() => {});
      stage.pass(30);
    }
    assert.deepEqual([...calls.called].sort(), ['a by stage', 'a by stage', 'b by heir']);
    assert.equal(stage.words.load(HEADER.orphanCallbackCount), 0);
  },
  SIZES,
);

heapTest(
  'detach() tells of callbacks that no other thread has a function for; they are called once one has, and not before',
  (stage) => {
    const calls = new Calls();
    const leaver = leaverOf(stage);
    const busy = busyThread(stage);
    const events: StrandedEvent[] = [];
    leaver.heap.rcu.on('stranded', (event) => events.push(event));
    const id = calls.register(leaver, 'gone', 'leaver');
    calls.register(stage, 'other', 'stage');
    call(leaver, id, 3);
    const lines = consoleOf(() => leaver.heap.detach());
    assert.deepEqual(events, [{ name: 'gone', id, callbacks: 3 }]);
    assert.equal(lines.length, 1);
    assert.match(
      lines[0]!,
      /^lull: 3 callbacks 'gone' wait, their thread is gone, and no other has a function for them;/,
    );
    busy.host.runMicrotasks();
    stage.pass(100);
    stage.heap.rcu.barrierSync();
    assert.deepEqual(calls.called, []);
    assert.equal(stage.words.load(HEADER.orphanCallbackCount), 3);
    assert.equal(calls.register(stage, 'gone', 'stage'), id);
    stage.host.runMicrotasks();
    stage.pass(100);
    assert.deepEqual(calls.called, ['gone by stage', 'gone by stage', 'gone by stage']);
  },
  SIZES,
);

heapTest(
  'detach() tells of a single callback as of one',
  (stage) => {
    const calls = new Calls();
    const leaver = leaverOf(stage);
    const busy = busyThread(stage);
    call(leaver, calls.register(leaver, 'gone', 'leaver'), 1);
    const lines = consoleOf(() => leaver.heap.detach());
    assert.match(
      lines[0]!,
      /^lull: 1 callback 'gone' waits, its thread is gone, and no other has a function for it;/,
    );
    busy.host.runMicrotasks();
    calls.register(stage, 'gone', 'stage');
    stage.host.runMicrotasks();
    stage.pass(100);
    assert.deepEqual(calls.called, ['gone by stage']);
  },
  SIZES,
);

heapTest(
  'a thread that has no function for callbacks that were left looks once, and not at the end of each of its turns',
  (stage) => {
    const calls = new Calls();
    const leaver = leaverOf(stage);
    const busy = busyThread(stage);
    call(leaver, calls.register(leaver, 'gone', 'leaver'));
    consoleOf(() => leaver.heap.detach());
    busy.host.runMicrotasks();
    const { orphans } = partsOf(stage.heap);
    assert.equal(orphans.hasNews(), true);
    stage.heap.turn(() => {});
    stage.pass(30);
    assert.equal(orphans.hasNews(), false);
    assert.deepEqual(stage.host.timers, []);
    calls.register(stage, 'gone', 'stage');
    assert.equal(orphans.hasNews(), true);
    stage.heap.rcu.barrierSync();
    assert.deepEqual(calls.called, ['gone by stage']);
  },
  SIZES,
);

heapTest(
  'detach() takes the bit of its thread out of every record, so that nobody counts on it',
  (stage) => {
    const leaver = stage.attach();
    leaver.heap.rcu.register('f', () => {});
    leaver.heap.rcu.register('g', () => {});
    stage.heap.rcu.register('g', () => {});
    leaver.heap.detach();
    const { words } = partsOf(stage.heap);
    const bits = callbackRecords(words).map(({ record }) => words.load(record + CALLBACK.slots));
    assert.deepEqual(bits, [1, 0]);
  },
  SIZES,
);

heapTest(
  'detach() where a thread may not wait leaves its callbacks to others at once, and may be called again where it may not spin',
  (stage) => {
    const calls = new Calls();
    const id = calls.register(stage, 'f', 'stage');
    for (const right of ['may-spin', 'may-neither'] as const) {
      const heap = Heap.attach(stage.heap.handle, {}, { host: new FakeHost(right) });
      calls.register({ heap }, 'f', right);
      const busy = busyThread(stage);
      call({ heap }, id, 2);
      if (right === 'may-neither') {
        whileLocked(stage.words, HEADER.orphanLock, () => assert.throws(() => heap.detach(), ContextError));
      }
      heap.detach();
      assert.equal(stage.words.load(HEADER.orphanCallbackCount), 2);
      busy.host.runMicrotasks();
      stage.heap.rcu.barrierSync();
    }
    assert.deepEqual(calls.called, new Array(4).fill('f by stage'));
  },
  SIZES,
);

heapTest(
  'detach() where a lock is not to be had at all throws, and the thread stays, hears of deaths, and may leave later',
  (stage) => {
    const calls = new Calls();
    const leaver = leaverOf(stage);
    const { heap } = leaver;
    const id = calls.register(leaver, 'f', 'leaver');
    const busy = busyThread(stage);
    call(leaver, id, 2);
    whileLocked(stage.words, HEADER.orphanLock, () => assert.throws(() => heap.detach(), LockTimeoutError));
    heap.mutex('m').lockSync().release();
    const dead = stage.attach('dead');
    stage.words.store(partsOf(dead.heap).membership.start + SLOT.state, SLOT_STATE.zombie);
    assert.notEqual(heap.reap(partsOf(dead.heap).membership.slot), undefined);
    heap.map('m').set('key', 1);
    busy.host.runMicrotasks();
    leaver.host.runMicrotasks();
    leaver.host.advance(10);
    assert.deepEqual(calls.called, new Array(2).fill('f by leaver'));
    heap.detach();
  },
  { ...SIZES, all: { ...SIZES.all, spinRounds: 64 }, tiny: { pages: 192 } },
);

heapTest(
  'a thread that ends in a callback has called that one, and leaves those behind it',
  (stage) => {
    const calls = new Calls();
    const leaver = stage.attach();
    const ends = leaver.heap.rcu.register('ends', (head) => {
      leaver.heap.kfree(head as never);
      leaver.host.exit();
    });
    calls.register(stage, 'f', 'stage');
    call(leaver, ends);
    call(leaver, calls.register(leaver, 'f', 'leaver'), 2);
    leaver.host.runMicrotasks();
    leaver.host.advance(30);
    const list = partsOf(leaver.heap).membership.start + SLOT.callbacks;
    const { words } = stage;
    assert.equal(words.load(list + CALLBACK_LIST.queued), words.load(list + CALLBACK_LIST.finished));
    stage.heap.rcu.barrierSync({ timeoutMillis: 1000 });
    assert.deepEqual(calls.called, ['f by stage', 'f by stage']);
  },
  SIZES,
);

heapTest(
  'detach() in a callback leaves those behind it to others, and counts each once',
  (stage) => {
    const calls = new Calls();
    const leaver = stage.attach();
    const ends = leaver.heap.rcu.register('ends', (head) => {
      leaver.heap.kfree(head as never);
      leaver.heap.detach();
    });
    calls.register(stage, 'f', 'stage');
    call(leaver, ends);
    call(leaver, calls.register(leaver, 'f', 'leaver'), 2);
    leaver.heap.detach();
    assert.throws(() => leaver.heap.kmalloc(8), /after detach/);
    stage.heap.rcu.barrierSync({ timeoutMillis: 1000 });
    assert.deepEqual(calls.called, ['f by stage', 'f by stage']);
    const again = stage.attach();
    assert.equal(partsOf(again.heap).membership.slot, partsOf(leaver.heap).membership.slot);
    again.heap.rcu.barrierSync({ timeoutMillis: 1000 });
  },
  SIZES,
);
