import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { heapTest, partsOf, type Stage } from '../../tests/support/stage.js';
import { HEADER } from '../layout/heap-header.js';
import { REQUEST, SLOT } from '../layout/thread-slot.js';
import { RcuTimeoutError } from '../rcu/rcu-timeout-error.js';
import type { RcuCookie } from '../rcu/sequence.js';

const SIZES = { all: { drainMillis: 20, pollMillis: 3 }, tiny: { pages: 64 } };
const CALLS = ['synchronizeRcuSync', 'synchronizeRcuExpeditedSync'] as const;
const ASYNC_CALLS = ['synchronizeRcu', 'synchronizeRcuExpedited'] as const;

/** Has time pass where the test would sleep. */
function passInSleep({ heap, host }: Stage): void {
  // Of the heap itself: what a validating heap gives its user are others.
  partsOf(heap).words.wait = (_index, _expected, millis) => {
    host.advance(millis);
    return 'timed-out';
  };
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

for (const call of CALLS) {
  heapTest(
    `${call}() gives up after timeoutMillis with an error that names who holds it up`,
    (stage) => {
      const { heap, host } = stage;
      const other = stage.attach('in a turn');
      partsOf(other.heap).turn.pin();
      passInSleep(stage);
      const before = host.nowMillis();
      assert.throws(
        () => heap[call]({ timeoutMillis: 30 }),
        (error: Error) =>
          error instanceof RcuTimeoutError &&
          /^gave up waiting for an? (expedited )?grace period after 30 ms: held up by thread 'in a turn' \(slot 1\)/.test(
            error.message,
          ),
      );
      assert.ok(host.nowMillis() - before >= 30 && host.nowMillis() - before < 40);
      other.host.runMicrotasks();
      heap[call]({ timeoutMillis: 30 });
    },
    SIZES,
  );

  heapTest(
    `${call}() refuses options that are none, and has done nothing`,
    (stage) => {
      const { heap } = stage;
      const before = stage.words.load(HEADER.gracePeriodSequence);
      for (const options of [{ timeoutMillis: -1 }, { timeoutMillis: 'x' }, { signal: undefined }, 5]) {
        assert.throws(
          () => heap[call](options as never),
          /^(TypeError|RangeError): waited for an? .*grace period with/,
        );
      }
      assert.equal(stage.words.load(HEADER.gracePeriodSequence), before);
    },
    SIZES,
  );
}

for (const call of ASYNC_CALLS) {
  heapTest(
    `${call}() gives up after timeoutMillis, and by its signal, and leaves nothing behind`,
    async (stage) => {
      const { heap, host } = stage;
      const other = stage.attach('in a turn');
      partsOf(other.heap).turn.pin();
      const controller = new AbortController();
      const ends: string[] = [];
      const note = (error: Error) => ends.push(error.message.replace(/:.*/s, ''));
      void heap[call]({ timeoutMillis: 10 }).catch(note);
      void heap[call]({ signal: controller.signal }).catch(note);
      await settle();
      for (let passed = 0; passed < 10; passed++) {
        host.advance(1);
        await settle();
      }
      controller.abort(new Error('called off'));
      await settle();
      assert.equal(ends.length, 2);
      assert.match(ends[0]!, /^gave up waiting for an? (expedited )?grace period after 10 ms$/);
      assert.equal(ends[1], 'called off');
      assert.deepEqual([host.timers, host.keptAlive], [[], 0]);
      await assert.rejects(heap[call]({ timeoutMillis: -1 }), RangeError);
      await assert.rejects(heap[call]({ signal: {} as AbortSignal }), TypeError);
    },
    SIZES,
  );
}

heapTest(
  'waits are counted, and expedited ones among them',
  async (stage) => {
    const { heap, words } = stage;
    const { start } = partsOf(heap).membership;
    heap.synchronizeRcuSync();
    await heap.synchronizeRcu();
    heap.synchronizeRcuExpeditedSync();
    await heap.synchronizeRcuExpedited();
    assert.deepEqual(
      [words.loadPlain(start + SLOT.synchronized), words.loadPlain(start + SLOT.expedited)],
      [4, 2],
    );
  },
  SIZES,
);

heapTest(
  'a thread that is asked drives the grace period when its turn ends, so that who waits finds it over',
  (stage) => {
    const { heap } = stage;
    const other = stage.attach();
    const { gracePeriod } = partsOf(heap);
    partsOf(other.heap).turn.pin();
    const cookie = gracePeriod.snap();
    assert.equal(gracePeriod.drive(cookie), false);
    assert.equal(gracePeriod.drive(cookie, true), false);
    const requests = partsOf(other.heap).membership.start + SLOT.requests;
    assert.equal(stage.words.load(requests), REQUEST.quiescentState);
    other.host.runMicrotasks();
    assert.equal(gracePeriod.done(cookie), true);
    assert.equal(stage.words.load(requests), 0);
  },
  SIZES,
);

heapTest(
  'a thread that is asked to seal does so when its turn ends',
  (stage) => {
    const { heap } = stage;
    const other = stage.attach();
    other.heap.kfreeRcu(other.heap.kmalloc(64));
    stage.words.or(partsOf(other.heap).membership.start + SLOT.requests, REQUEST.seal);
    other.host.runMicrotasks();
    assert.equal(stage.stats().objectsWaiting, 0);
    assert.deepEqual(heap.balance().problems, []);
  },
  SIZES,
);

heapTest(
  'an idle thread that is asked to seal does so when its timer comes',
  (stage) => {
    const other = stage.attach();
    other.heap.kfreeRcu(other.heap.kmalloc(64));
    other.host.runMicrotasks();
    const requests = partsOf(other.heap).membership.start + SLOT.requests;
    stage.words.or(requests, REQUEST.seal);
    other.host.advance(20);
    assert.deepEqual([stage.words.load(requests), stage.stats().objectsWaiting], [0, 0]);
  },
  SIZES,
);

heapTest(
  'rcu.poll() is false until a grace period has passed, and true from then on, across the wrap of the number',
  (stage) => {
    const { heap } = stage;
    const cookies: RcuCookie[] = [];
    for (let period = 0; period < 12; period++) {
      const cookie = heap.rcu.getState();
      assert.equal(heap.rcu.poll(cookie), false);
      cookies.push(cookie);
      heap.synchronizeRcuSync();
      for (const old of cookies) assert.equal(heap.rcu.poll(old), true);
    }
    if (stage.isTiny) assert.ok(cookies.some((cookie) => cookie < 0) && cookies.some((cookie) => cookie > 0));
    assert.equal(heap.rcu.poll(heap.rcu.getCompletedState()), true);
  },
  SIZES,
);

heapTest(
  'rcu.getState() starts nothing; rcu.startPoll() has a grace period pass though nobody waits and no turn follows',
  (stage) => {
    const { heap, host } = stage;
    const other = stage.attach();
    partsOf(other.heap).turn.pin();
    const before = stage.words.load(HEADER.gracePeriodSequence);
    heap.rcu.getState();
    host.advance(100);
    assert.equal(stage.words.load(HEADER.gracePeriodSequence), before);
    const cookie = heap.rcu.startPoll();
    assert.equal(heap.rcu.poll(cookie), false);
    assert.deepEqual(host.timers, [3]);
    host.advance(30);
    assert.equal(heap.rcu.poll(cookie), false);
    other.host.runMicrotasks();
    host.advance(3);
    assert.equal(heap.rcu.poll(cookie), true);
    assert.deepEqual(host.timers, [], 'and the timers end');
  },
  SIZES,
);

heapTest(
  'rcu.startPoll() inside a turn: the turn counts, and its end drives',
  (stage) => {
    const { heap, host } = stage;
    const p = heap.kmalloc(64);
    const cookie = heap.rcu.startPoll();
    assert.equal(heap.rcu.poll(cookie), false);
    host.runMicrotasks();
    assert.equal(heap.rcu.poll(cookie), true);
    heap.kfree(p);
    host.advance(20);
    assert.deepEqual(host.timers, []);
  },
  SIZES,
);

heapTest(
  'rcu.startPoll() while a grace period runs waits for the one after it, which the timer drives',
  (stage) => {
    const { heap, host } = stage;
    const one = stage.attach();
    const two = stage.attach();
    partsOf(one.heap).turn.pin();
    const first = heap.rcu.startPoll();
    partsOf(two.heap).turn.pin();
    const second = heap.rcu.startPoll();
    assert.notEqual(first, second);
    one.host.runMicrotasks();
    host.advance(3);
    assert.deepEqual([heap.rcu.poll(first), heap.rcu.poll(second)], [true, false]);
    two.host.runMicrotasks();
    host.advance(3);
    assert.deepEqual([heap.rcu.poll(second), host.timers], [true, []]);
  },
  SIZES,
);

heapTest(
  'rcu.condSynchronize() returns at once for a cookie that is done, and waits for one that is not',
  async (stage) => {
    const { heap, host } = stage;
    const other = stage.attach();
    const done = heap.rcu.getState();
    heap.synchronizeRcuSync();
    const sequence = stage.words.load(HEADER.gracePeriodSequence);
    heap.rcu.condSynchronizeSync(done);
    await heap.rcu.condSynchronize(done);
    await heap.rcu.condSynchronize(heap.rcu.getCompletedState());
    assert.equal(stage.words.load(HEADER.gracePeriodSequence), sequence);

    partsOf(other.heap).turn.pin();
    passInSleep(stage);
    const cookie = heap.rcu.getState();
    assert.throws(() => heap.rcu.condSynchronizeSync(cookie, { timeoutMillis: 5 }), RcuTimeoutError);
    let resolved = false;
    void heap.rcu.condSynchronize(cookie).then(() => {
      resolved = true;
    });
    await settle();
    host.advance(10);
    await settle();
    assert.equal(resolved, false);
    other.host.runMicrotasks();
    host.advance(3);
    await settle();
    assert.deepEqual([resolved, heap.rcu.poll(cookie), host.timers], [true, true, []]);
  },
  SIZES,
);

heapTest(
  'rcu.poll() refuses what is no cookie',
  async ({ heap }) => {
    for (const value of [2, 3, 0.5, 2 ** 31, Number.NaN, '4', undefined, {}]) {
      const cookie = value as RcuCookie;
      assert.throws(
        () => heap.rcu.poll(cookie),
        /^TypeError: asked for the grace periods of cookie .*; a cookie is what/,
      );
      assert.throws(() => heap.rcu.condSynchronizeSync(cookie), TypeError);
      await assert.rejects(heap.rcu.condSynchronize(cookie), TypeError);
    }
  },
  SIZES,
);

heapTest(
  'a thread that waits by its timer alone reports a stall',
  (stage) => {
    const { heap, host } = stage;
    const other = stage.attach('stuck');
    partsOf(other.heap).turn.pin();
    const lines: string[] = [];
    const spy = mock.method(console, 'error', (line: string) => lines.push(line));
    try {
      const messages: string[] = [];
      heap.rcu.on('stall', ({ message }) => messages.push(message));
      heap.kfreeRcu(heap.kmalloc(64));
      host.advance(250);
      assert.equal(lines.length, 1);
      assert.match(
        lines[0]!,
        /^lull: a grace period has been held up for \d+ ms by thread 'stuck' \(slot 1\)/,
      );
      assert.deepEqual(messages, lines);
      other.host.runMicrotasks();
      host.advance(1000);
      assert.equal(lines.length, 1);
    } finally {
      spy.mock.restore();
    }
  },
  { ...SIZES, all: { ...SIZES.all, stallMillis: 100 } },
);

heapTest(
  'a thread that waits in a barrier reports a stall, in the sync form and in the async one',
  async (stage) => {
    const { heap, host } = stage;
    const other = stage.attach('stuck');
    const callback = heap.rcu.register('nothing', () => {});
    const lines: string[] = [];
    const spy = mock.method(console, 'error', (line: string) => lines.push(line));
    try {
      for (const form of ['sync', 'async'] as const) {
        partsOf(other.heap).turn.pin();
        const head = heap.kmalloc(64);
        heap.rcu.call(head, callback);
        if (form === 'sync') {
          passInSleep(stage);
          assert.throws(() => heap.rcu.barrierSync({ timeoutMillis: 250 }), RcuTimeoutError);
        } else {
          void heap.rcu.barrier({ timeoutMillis: 250 }).catch(() => {});
          for (let passed = 0; passed < 250; passed++) {
            host.advance(1);
            await settle();
          }
        }
        assert.equal(lines.splice(0).length, 1, form);
        other.host.runMicrotasks();
        heap.rcu.barrierSync();
        heap.kfree(head);
      }
    } finally {
      spy.mock.restore();
    }
  },
  { ...SIZES, all: { ...SIZES.all, stallMillis: 100 } },
);
