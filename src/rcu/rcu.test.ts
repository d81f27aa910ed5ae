import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBareHeap } from '../../tests/support/bare-heap.js';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { HEADER } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { SLOT, TURN_OPEN, TURN_STEP } from '../layout/thread-slot.js';
import { RawSpinLock } from '../locks/raw-spin-lock.js';
import { ContextError } from '../threads/context.js';
import { Turn } from '../threads/turn.js';
import type { WaitRight } from '../words/host.js';
import type { Words } from '../words/words.js';
import { GracePeriod } from './grace-period.js';
import { Rcu } from './rcu.js';

const POLL_MILLIS = 7;

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
}

function makeScene(options: object, waitRight: WaitRight = 'may-wait'): Scene {
  const { words, geometry } = formatBareHeap(options);
  words.store(HEADER.slotsClaimed, 2);
  const host = new FakeHost(waitRight);
  const turn = new Turn(words, slotStart(geometry, 0) + SLOT.turn, 0, host, 10, () => {});
  host.entered.add(turn);
  const lock = new RawSpinLock(words, HEADER.gracePeriodLock, 0x101, 10, 'grace period');
  const gracePeriod = new GracePeriod(words, geometry, lock);
  const otherTurn = slotStart(geometry, 1) + SLOT.turn;
  return {
    words,
    host,
    gracePeriod,
    rcu: new Rcu(words, host, gracePeriod, POLL_MILLIS),
    turn,
    openOther: () => words.or(otherTurn, TURN_OPEN),
    endOther: () => words.store(otherTurn, (words.load(otherTurn) & ~TURN_OPEN) + TURN_STEP),
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

  test(`synchronize() waits for a turn that is open at the call, and looks again after pollMillis (${label})`, async () => {
    const { rcu, host, openOther, endOther } = makeScene(options);
    openOther();
    let resolved = false;
    const done = rcu.synchronize().then(() => {
      resolved = true;
    });
    await settle();
    assert.deepEqual([resolved, host.timers], [false, [POLL_MILLIS]]);
    host.advance(POLL_MILLIS);
    await settle();
    assert.deepEqual([resolved, host.timers], [false, [POLL_MILLIS]]);
    endOther();
    host.advance(POLL_MILLIS);
    await done;
    assert.deepEqual(host.timers, []);
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

  test(`synchronizeSync() sleeps on the number, pollMillis at a time, until the other's turn ends (${label})`, () => {
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
    for (const [index, , millis] of sleeps) {
      assert.deepEqual([index, millis], [HEADER.gracePeriodSequence, POLL_MILLIS]);
    }
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
}
