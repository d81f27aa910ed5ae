import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LockStage } from '../../tests/support/lock-stage.js';
import { LOCK_KIND } from '../layout/lock-record.js';
import { shown } from '../words/shown.js';
import { asyncLimitOf, awaitLock, limitOf } from './lock-options.js';
import { WaitQueue } from './wait-queue.js';
import { Waiters } from './waiters.js';

test('limitOf, is for ever unless given, and takes 0', () => {
  for (const none of [undefined, {}, Object.create(null), { timeoutMillis: undefined }]) {
    assert.equal(limitOf(none, 'a'), Number.POSITIVE_INFINITY);
    assert.equal(asyncLimitOf(none, 'a'), Number.POSITIVE_INFINITY);
  }
  assert.equal(limitOf({ timeoutMillis: 0 }, 'a'), 0);
  assert.equal(limitOf({ timeoutMillis: 2.5 }, 'a'), 2.5);
});

for (const timeoutMillis of [-1, Number.NaN, '5', null, {}]) {
  test(`limitOf, refuses ${typeof timeoutMillis} ${timeoutMillis} with a RangeError`, () => {
    assert.throws(() => limitOf({ timeoutMillis: timeoutMillis as number }, "mutex 'a'"), {
      name: 'RangeError',
      message: `locked mutex 'a' with timeoutMillis: ${shown(timeoutMillis)}; it is a number of milliseconds, 0 or more`,
    });
  });
}

test('limitOf and asyncLimitOf, refuse what is no object of options with a TypeError', () => {
  for (const options of [null, 5, 'soon', () => {}]) {
    assert.throws(() => limitOf(options as object, "mutex 'a'"), {
      name: 'TypeError',
      message: `locked mutex 'a' with ${shown(options)} as options; they are an object of timeoutMillis`,
    });
    assert.throws(() => asyncLimitOf(options as object, "mutex 'a'"), {
      name: 'TypeError',
      message: `locked mutex 'a' with ${shown(options)} as options; they are an object of timeoutMillis and signal`,
    });
  }
});

test('limitOf and asyncLimitOf, refuse an option that there is not, and look at own ones only', () => {
  const unknown = { timeout: 5 } as object;
  assert.throws(() => limitOf(unknown, "mutex 'a'"), {
    name: 'TypeError',
    message: "locked mutex 'a' with an unknown option 'timeout'; there is timeoutMillis",
  });
  assert.throws(() => asyncLimitOf(unknown, "mutex 'a'", 'waited for'), {
    name: 'TypeError',
    message: "waited for mutex 'a' with an unknown option 'timeout'; there is timeoutMillis and signal",
  });
  const signal = AbortSignal.abort();
  assert.throws(() => limitOf({ signal } as object, 'a'), /unknown option 'signal'/);
  assert.equal(limitOf(Object.create(unknown), 'a'), Number.POSITIVE_INFINITY);
});

test('asyncLimitOf, refuses a signal that is none, and takes one of any realm', () => {
  for (const signal of [null, 5, {}, new AbortController(), new EventTarget(), { aborted: false }]) {
    assert.throws(() => asyncLimitOf({ signal: signal as AbortSignal }, "mutex 'a'"), {
      name: 'TypeError',
      message: `locked mutex 'a' with signal: ${shown(signal)}; it is an AbortSignal, such as an AbortController's signal`,
    });
  }
  const foreign = { aborted: false, addEventListener() {}, removeEventListener() {} };
  for (const signal of [foreign as unknown as AbortSignal, AbortSignal.abort()]) {
    assert.equal(asyncLimitOf({ signal, timeoutMillis: 3 }, 'a'), 3);
  }
});

/** A lock that is had while `isFree`, and without queueing while `isFreeNow`. */
function makeWait() {
  const stage = new LockStage({ kind: LOCK_KIND.mutex });
  const thread = stage.threads[0]!;
  const lock = { isFree: false, isFreeNow: false, attempt: () => lock.isFree, passOn() {} };
  const queue = new WaitQueue(thread, stage.record);
  const waiters = new Waiters(thread, queue, lock);
  const request = {
    mode: 0,
    granted: () => 'guard',
    timedOut: (limit: number) => new Error(`late after ${limit}`),
    tryNow: () => lock.isFreeNow,
  };
  const wait = (limit: number, signal?: AbortSignal, granted: () => string = request.granted) =>
    awaitLock(thread, waiters, { ...request, granted }, limit, signal);
  return { lock, queue, waiters, wait };
}

test('awaitLock, resolves with what granted() makes, and rejects with what it throws', async () => {
  const { lock, wait } = makeWait();
  lock.isFree = true;
  assert.equal(await wait(5), 'guard');
  const error = new Error('no');
  await assert.rejects(
    wait(5, undefined, () => {
      throw error;
    }),
    error,
  );
});

test('awaitLock, waits for nothing where its signal is aborted already', async () => {
  const { lock, wait, queue } = makeWait();
  lock.isFree = true;
  await assert.rejects(wait(5, AbortSignal.abort('never')), (reason) => reason === 'never');
  assert.equal(queue.hasJoined(), false);
});

test('awaitLock, settles once, and then listens to its signal no longer', async () => {
  const { lock, wait, queue } = makeWait();
  const abort = new AbortController();
  await assert.rejects(wait(0, abort.signal), { message: 'late after 0' });
  abort.abort();
  const second = new AbortController();
  const waiting = wait(Number.POSITIVE_INFINITY, second.signal);
  second.abort('enough');
  await assert.rejects(waiting, (reason) => reason === 'enough');
  lock.isFree = true;
  queue.wakeSelf();
  await assert.rejects(waiting, (reason) => reason === 'enough');
});

test('awaitLock, takes what nobody has without queueing, but behind tasks that wait already', async () => {
  const { lock, wait, queue } = makeWait();
  lock.isFreeNow = true;
  const had = wait(5);
  assert.equal(queue.hasJoined(), false);
  assert.equal(await had, 'guard');
  lock.isFreeNow = false;
  const first = wait(Number.POSITIVE_INFINITY);
  lock.isFreeNow = true;
  const order: string[] = [];
  const second = wait(Number.POSITIVE_INFINITY).then(() => order.push('second'));
  void first.then(() => order.push('first'));
  lock.isFree = true;
  queue.wakeSelf();
  await second;
  assert.deepEqual(order, ['first', 'second']);
});
