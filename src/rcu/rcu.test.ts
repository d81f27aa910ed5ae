import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBareHeap } from '../../tests/support/bare-heap.js';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { HEADER } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { REQUEST, SLOT, TURN_OPEN, TURN_STEP } from '../layout/thread-slot.js';
import { RawSpinLock } from '../locks/raw-spin-lock.js';
import { ContextError } from '../threads/context.js';
import { Turn } from '../threads/turn.js';
import type { WaitRight } from '../words/host.js';
import type { Words } from '../words/words.js';
import { GracePeriod } from './grace-period.js';
import { EXPEDITED, NORMAL, Rcu } from './rcu.js';
import { RcuEvents } from './rcu-events.js';
import { RcuTimeoutError } from './rcu-timeout-error.js';
import { StallWatch } from './stall.js';

const POLL_MILLIS = 7;
/** A normal wait looks once more before it asks. */
const FIRST_MILLIS = 1;

interface Scene {
  readonly words: Words;
  readonly host: FakeHost;
  readonly gracePeriod: GracePeriod;
  readonly rcu: Rcu;
  /** The turn of this thread, slot 0. */
  readonly turn: Turn;
  /** Opens and ends the turn of the thread of slot 1. */
  openOther(): void;
  endOther(): void;
  /** What is asked of that thread. */
  requested(): number;
}

function makeScene(options: object, waitRight: WaitRight = 'may-wait'): Scene {
  const { words, geometry } = formatBareHeap(options);
  words.store(HEADER.slotsClaimed, 2);
  const host = new FakeHost(waitRight);
  const turn = new Turn(words, slotStart(geometry, 0) + SLOT.turn, 0, host, 10, () => {});
  host.entered.add(turn);
  const lock = new RawSpinLock(words, HEADER.gracePeriodLock, 0x101, 10, 'grace period');
  const gracePeriod = new GracePeriod(words, geometry, lock);
  const events = new RcuEvents();
  const stall = new StallWatch({ words, geometry, host, gracePeriod, events, turnStack: () => '' });
  const other = slotStart(geometry, 1);
  const otherTurn = other + SLOT.turn;
  return {
    words,
    host,
    gracePeriod,
    rcu: new Rcu(words, host, gracePeriod, POLL_MILLIS, stall),
    turn,
    openOther: () => words.or(otherTurn, TURN_OPEN),
    endOther: () => words.store(otherTurn, (words.load(otherTurn) & ~TURN_OPEN) + TURN_STEP),
    requested: () => words.load(other + SLOT.requests),
  };
}

/** Lets every promise that can settle do so. */
async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

for (const { label, options } of CONFIGURATIONS) {
  test(`synchronize() resolves after a grace period where everybody is between turns (${label})`, async () => {
    const { rcu, gracePeriod, host } = makeScene(options);
    const cookie = gracePeriod.snap();
    await rcu.synchronize();
    assert.equal(gracePeriod.done(cookie), true);
    assert.deepEqual(host.timers, []);
  });

  test(`synchronize() waits for a turn that is open at the call, and looks again and again (${label})`, async () => {
    const { rcu, host, openOther, endOther } = makeScene(options);
    openOther();
    let resolved = false;
    const done = rcu.synchronize().then(() => {
      resolved = true;
    });
    await settle();
    assert.deepEqual([resolved, host.timers, host.keptAlive], [false, [FIRST_MILLIS], 1]);
    host.advance(FIRST_MILLIS);
    await settle();
    assert.deepEqual([resolved, host.timers, host.keptAlive], [false, [POLL_MILLIS], 1]);
    endOther();
    host.advance(POLL_MILLIS);
    await done;
    assert.deepEqual([host.timers, host.keptAlive], [[], 0]);
  });

  test(`synchronize() does not wait for turns that begin after the call (${label})`, async () => {
    const { rcu, host, openOther, endOther } = makeScene(options);
    openOther();
    const done = rcu.synchronize();
    await settle();
    endOther();
    openOther();
    host.advance(POLL_MILLIS);
    await done;
  });

  test(`synchronize() called in a turn waits for that turn too (${label})`, async () => {
    const { rcu, host, turn } = makeScene(options);
    turn.pin();
    let resolved = false;
    const done = rcu.synchronize().then(() => {
      resolved = true;
    });
    await settle();
    assert.equal(resolved, false);
    host.advance(POLL_MILLIS);
    await done;
  });

  test(`synchronize() called in a turn is through as soon as the run that called it has ended (${label})`, async () => {
    const { rcu, host, turn } = makeScene(options);
    turn.pin();
    const done = rcu.synchronize();
    host.runMicrotasks();
    await done;
    assert.equal(host.nowMillis(), 0);
  });

  test(`synchronizeSync() leaves this thread's turns and returns true after a grace period (${label})`, () => {
    const { rcu, turn, gracePeriod } = makeScene(options);
    turn.pin();
    const cookie = gracePeriod.snap();
    assert.equal(rcu.synchronizeSync(), true);
    assert.equal(turn.isOpen(), false);
    assert.equal(gracePeriod.done(cookie), true);
  });

  test(`synchronizeSync() sleeps on the number, pollMillis at a time but for the first, until the other's turn ends (${label})`, () => {
    const { rcu, words, openOther, endOther } = makeScene(options);
    openOther();
    const sleeps: (readonly [number, number, number])[] = [];
    words.wait = (index, expected, millis) => {
      assert.equal(expected, words.load(index));
      sleeps.push([index, expected, millis]);
      if (sleeps.length === 3) endOther();
      return 'timed-out';
    };
    assert.equal(rcu.synchronizeSync(), true);
    assert.equal(sleeps.length, 3);
    assert.deepEqual(
      sleeps.map(([index, , millis]) => [index, millis]),
      [FIRST_MILLIS, POLL_MILLIS, POLL_MILLIS].map((millis) => [HEADER.gracePeriodSequence, millis]),
    );
  });

  test(`synchronizeSync() returns false after its limit where a turn does not end (${label})`, () => {
    const { rcu, words, host, openOther } = makeScene(options);
    openOther();
    words.wait = (_index, _expected, millis) => {
      host.advance(millis);
      return 'timed-out';
    };
    assert.equal(rcu.synchronizeSync(100), false);
    assert.ok(host.nowMillis() >= 100 && host.nowMillis() < 100 + 2 * POLL_MILLIS);
  });

  test(`synchronizeSync() where the thread may not wait throws ContextError and leaves no turn (${label})`, () => {
    for (const right of ['may-spin', 'may-neither'] as const) {
      const { rcu, turn, gracePeriod } = makeScene(options, right);
      turn.pin();
      const before = gracePeriod.sequence();
      assert.throws(() => rcu.synchronizeSync(), ContextError);
      assert.throws(
        () => rcu.synchronizeSync(),
        /called synchronizeRcuSync\(\) (on|in) an? .* use the async form/,
      );
      assert.deepEqual([turn.isOpen(), gracePeriod.sequence()], [true, before]);
    }
  });

  test(`synchronize() works where the thread may not wait (${label})`, async () => {
    const { rcu } = makeScene(options, 'may-neither');
    await rcu.synchronize();
  });

  test(`synchronizeSync() inside turn(fn) throws, for what fn read must stay (${label})`, () => {
    const { rcu, turn, gracePeriod } = makeScene(options);
    const before = gracePeriod.sequence();
    turn.run(() => assert.throws(() => rcu.synchronizeSync(), /waiting inside turn\(fn\)/));
    assert.equal(gracePeriod.sequence(), before);
  });

  test(`a normal wait asks who holds it up after the first sleep, an expedited one at once (${label})`, () => {
    for (const [manner, expected] of [
      [NORMAL, [0, REQUEST.quiescentState]],
      [EXPEDITED, [REQUEST.quiescentState, REQUEST.quiescentState]],
    ] as const) {
      const { rcu, words, openOther, endOther, requested } = makeScene(options);
      openOther();
      const found: number[] = [];
      words.wait = () => {
        found.push(requested());
        if (found.length === 2) endOther();
        return 'timed-out';
      };
      rcu.synchronizeSync(Number.POSITIVE_INFINITY, manner);
      assert.deepEqual(found, expected);
    }
  });

  test(`an expedited async wait asks at once, and looks at each turn of the event loop to begin with (${label})`, async () => {
    const { rcu, host, openOther, endOther, requested } = makeScene(options);
    openOther();
    const done = rcu.synchronize(EXPEDITED);
    await settle();
    assert.deepEqual([requested(), host.timers], [REQUEST.quiescentState, [0]]);
    for (let look = 0; look < 20; look++) {
      host.advance(0);
      await settle();
    }
    assert.deepEqual(host.timers, [POLL_MILLIS]);
    endOther();
    host.advance(POLL_MILLIS);
    await done;
  });

  test(`synchronize() is rejected after its limit with an error that names who holds it up, and leaves nothing (${label})`, async () => {
    const { rcu, host, openOther, endOther, gracePeriod } = makeScene(options);
    openOther();
    const errors: unknown[] = [];
    void rcu.synchronize(NORMAL, 20).catch((reason) => errors.push(reason));
    await settle();
    for (let passed = 0; passed < 19; passed++) {
      host.advance(1);
      await settle();
    }
    assert.equal(errors.length, 0);
    host.advance(1);
    await settle();
    const [error] = errors;
    assert.ok(error instanceof RcuTimeoutError);
    assert.match(
      error.message,
      /^gave up waiting for a grace period after 20 ms: held up by thread '' \(slot 1\)/,
    );
    assert.deepEqual([host.timers, host.keptAlive], [[], 0]);
    endOther();
    assert.equal(gracePeriod.drive(gracePeriod.snap()), true);
  });

  test(`synchronize() is rejected with the reason of its signal, and leaves nothing (${label})`, async () => {
    const { rcu, host, openOther } = makeScene(options);
    openOther();
    const early = new AbortController();
    early.abort(new Error('early'));
    await assert.rejects(rcu.synchronize(NORMAL, 100, early.signal), /^Error: early$/);
    const controller = new AbortController();
    const listeners: string[] = [];
    const { signal } = controller;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...given: unknown[]) => {
      listeners.push('add');
      (add as (...all: unknown[]) => void)(...given);
    };
    signal.removeEventListener = (...given: unknown[]) => {
      listeners.push('remove');
      (remove as (...all: unknown[]) => void)(...given);
    };
    const done = rcu.synchronize(NORMAL, 100, signal);
    await settle();
    controller.abort(new Error('called off'));
    await assert.rejects(done, /^Error: called off$/);
    assert.deepEqual([host.timers, host.keptAlive, listeners], [[], 0, ['add', 'remove']]);
  });

  test(`async waits share one timer, and each ends by itself (${label})`, async () => {
    const { rcu, host, openOther, endOther } = makeScene(options);
    openOther();
    const ends: string[] = [];
    void rcu.synchronize(NORMAL, 5).catch(() => ends.push('late'));
    await settle();
    void rcu.synchronize().then(() => ends.push('done'));
    await settle();
    assert.deepEqual([host.timers.length, host.keptAlive], [1, 1]);
    host.advance(5);
    await settle();
    assert.deepEqual([ends, host.timers.length, host.keptAlive], [['late'], 1, 1]);
    endOther();
    host.advance(POLL_MILLIS);
    await settle();
    assert.deepEqual([ends, host.timers, host.keptAlive], [['late', 'done'], [], 0]);
  });

  test(`synchronize() is woken by who ends the grace period, before the timer comes (${label})`, async () => {
    const { rcu, gracePeriod, host, openOther, endOther } = makeScene(options);
    openOther();
    const done = rcu.synchronize();
    await settle();
    endOther();
    gracePeriod.drive(gracePeriod.snap());
    await done;
    assert.deepEqual([host.nowMillis(), host.timers, host.keptAlive], [0, [], 0]);
  });

  test(`stop() ends what waits: well where a last look finds it done, else with an error (${label})`, async () => {
    const { rcu, host, turn, openOther } = makeScene(options);
    turn.pin();
    const good = rcu.synchronize();
    turn.leave();
    rcu.stop();
    await good;
    const other = makeScene(options);
    other.openOther();
    const bad = other.rcu.synchronize();
    other.rcu.stop();
    await assert.rejects(bad, /detached from the heap while a task of this thread waited for a grace period/);
    assert.deepEqual([other.host.timers, other.host.keptAlive, host.timers], [[], 0, []]);
    openOther();
    assert.throws(() => rcu.synchronize(), /used a heap after detach\(\)/);
    assert.throws(() => rcu.synchronizeSync(), /used a heap after detach\(\)/);
  });
}
