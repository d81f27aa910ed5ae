import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeHost } from '../../tests/support/fake-host.js';
import { LockStage, RecordingObserver, StageThread } from '../../tests/support/lock-stage.js';
import { CONSISTENCY, LOCK, LOCK_KIND, WAITERS } from '../layout/lock-record.js';
import { ContextError } from '../threads/context.js';
import { engineHost } from '../words/host.js';
import { shown } from '../words/shown.js';
import { UNOBSERVED } from './lock-class.js';
import { LockTimeoutError, NotRecoverableError } from './lock-errors.js';
import { Mutex } from './mutex.js';
import { WaitQueue } from './wait-queue.js';

/** Three threads of one mutex, and whoever watches them. */
function makeStage(waitRight: 'may-wait' | 'may-spin' = 'may-wait') {
  const observer = new RecordingObserver();
  const stage = new LockStage({ kind: LOCK_KIND.mutex, threads: 3 }, observer, () => new FakeHost(waitRight));
  const mutexes = stage.threads.map((thread) => new Mutex(thread, stage.record, 'orders'));
  return { stage, observer, mutexes: mutexes as [Mutex, Mutex, Mutex] };
}

type Made = ReturnType<typeof makeStage>;

const ownerOf = ({ stage }: Made) => stage.words.load(stage.record + LOCK.owner);
const placeOf = ({ stage }: Made, slot: number) => stage.words.load(stage.record + LOCK.waiters + slot);
const consistencyOf = ({ stage }: Made) => stage.words.load(stage.record + LOCK.consistency);

/** Lets everything go on that waits for nothing but the event loop. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** What a promise has come to by now. */
function watch<T>(promise: Promise<T>) {
  const seen: { value?: T; error?: unknown } = {};
  promise.then(
    (value) => {
      seen.value = value;
    },
    (error: unknown) => {
      seen.error = error;
    },
  );
  return seen;
}

test('tryLock, takes a free mutex, and returns undefined where another thread or this one has it', () => {
  const made = makeStage();
  const [mine, others] = made.mutexes;
  const guard = mine.tryLock()!;
  assert.equal(guard.ownerDied, false);
  assert.equal(others.tryLock(), undefined);
  assert.equal(mine.tryLock(), undefined);
  guard.release();
  assert.equal(ownerOf(made), 0);
  others.tryLock()!.release();
  assert.deepEqual(made.observer.take(), [
    'acquire mutex orders 4',
    'release mutex orders',
    'acquire mutex orders 4',
    'release mutex orders',
  ]);
});

test('tryLock, takes nothing where the observer throws', () => {
  const made = makeStage();
  made.observer.refused = 'acquire';
  assert.throws(() => made.mutexes[0].tryLock(), /refused acquire mutex orders 4/);
  assert.equal(ownerOf(made), 0);
  made.observer.refused = 'nothing';
  made.mutexes[0].tryLock()!.release();
});

test('lockSync, takes a free mutex without leaving the turn', () => {
  const made = makeStage();
  const guard = made.mutexes[0].lockSync();
  assert.equal(made.stage.threads[0]!.turnsLeft, 0);
  guard.release();
  assert.deepEqual(made.observer.take(), ['acquire mutex orders 0', 'release mutex orders']);
});

test('lockSync, spins first, and then sleeps until it is woken', () => {
  const made = makeStage();
  const [mine, others] = made.mutexes;
  const guard = others.lockSync();
  const words = made.stage.views[0]!;
  words.whileAsleep.push(() => guard.release());
  mine.lockSync().release();
  assert.ok(words.pauses > 0);
  assert.deepEqual(words.sleeps, [1000]);
  assert.equal(made.stage.threads[0]!.turnsLeft, 1);
  assert.equal(ownerOf(made), 0);
  assert.equal(placeOf(made, 0), 0);
});

test('lockSync, does not sleep where the mutex becomes free while it spins', () => {
  const made = makeStage();
  const guard = made.mutexes[1].lockSync();
  const words = made.stage.views[0]!;
  words.whilePausing = () => {
    if (words.pauses === 3) guard.release();
  };
  made.mutexes[0].lockSync().release();
  assert.deepEqual(words.sleeps, []);
  assert.equal(words.pauses, 3);
  assert.equal(made.stage.threads[0]!.turnsLeft, 0);
});

test('lockSync, says after timeoutMillis who has it, and leaves nothing behind', () => {
  const made = makeStage();
  const guard = made.mutexes[1].lockSync();
  made.observer.take();
  assert.throws(
    () => made.mutexes[0].lockSync({ timeoutMillis: 2500 }),
    (error) => {
      assert.ok(error instanceof LockTimeoutError);
      assert.equal(error.ownerSlot, 1);
      assert.equal(
        error.message,
        "gave up waiting for mutex 'orders' after 2500 ms: thread slot 1 holds it. Hold it for less, wait for " +
          'longer, or let heap.watch() tell when its owner dies.',
      );
      return true;
    },
  );
  assert.deepEqual(made.stage.views[0]!.sleeps, [1000, 1000, 500]);
  assert.equal(placeOf(made, 0), 0);
  assert.deepEqual(made.observer.take(), ['acquire mutex orders 0', 'release mutex orders']);
  guard.release();
  assert.equal(ownerOf(made), 0);
});

test('lockSync, with timeoutMillis 0 looks once and does not sleep', () => {
  const made = makeStage();
  made.mutexes[0].lockSync({ timeoutMillis: 0 }).release();
  const guard = made.mutexes[1].lockSync();
  assert.throws(() => made.mutexes[0].lockSync({ timeoutMillis: 0 }), LockTimeoutError);
  assert.deepEqual(made.stage.views[0]!.sleeps, []);
  guard.release();
});

for (const timeoutMillis of [-1, Number.NaN, '5', null]) {
  test(`lockSync and lock, refuse a timeoutMillis that is ${typeof timeoutMillis} ${timeoutMillis}, also of a free mutex`, () => {
    const made = makeStage();
    const options = { timeoutMillis: timeoutMillis as number };
    const expected = {
      name: 'RangeError',
      message: `locked mutex 'orders' with timeoutMillis: ${shown(timeoutMillis)}; it is a number of milliseconds, 0 or more`,
    };
    assert.throws(() => made.mutexes[0].lockSync(options), expected);
    assert.throws(() => made.mutexes[0].lock(options), expected);
    assert.equal(ownerOf(made), 0);
    assert.deepEqual(made.observer.take(), []);
  });
}

test('lockSync, throws ContextError in a thread that may not wait, also where the mutex is free', () => {
  const made = makeStage('may-spin');
  assert.throws(() => made.mutexes[0].lockSync(), ContextError);
  assert.equal(ownerOf(made), 0);
  made.mutexes[0].tryLock()!.release();
});

test('lockSync, tells a thread that has the mutex that it would wait for itself', () => {
  const made = makeStage();
  const guard = made.mutexes[0].lockSync();
  made.observer.take();
  assert.throws(() => made.mutexes[0].lockSync(), {
    message:
      "locked mutex 'orders' with lockSync() in the thread that has it locked: it would wait for itself for ever. " +
      'Release the guard first, or use await lock() for another task of this thread',
  });
  assert.deepEqual(made.observer.take(), ['acquire mutex orders 0', 'release mutex orders']);
  guard.release();
  assert.equal(ownerOf(made), 0);
});

test('lockSync, takes nothing and is in no queue where the observer, or leaving the turn, throws', () => {
  const made = makeStage();
  made.observer.refused = 'acquire';
  assert.throws(() => made.mutexes[0].lockSync(), /refused/);
  assert.equal(ownerOf(made), 0);
  made.observer.refused = 'nothing';
  const guard = made.mutexes[1].lockSync();
  made.observer.take();
  made.stage.hosts[0]!.entered.add({
    isLeavable: () => false,
    isOpen: () => true,
    leave() {
      throw new Error('inside turn(fn)');
    },
  });
  assert.throws(() => made.mutexes[0].lockSync(), /inside turn/);
  assert.deepEqual(made.observer.take(), ['acquire mutex orders 0', 'release mutex orders']);
  assert.equal(placeOf(made, 0), 0);
  guard.release();
});

test('release, throws where the guard has released before, and where another has the mutex by now', () => {
  const made = makeStage();
  const first = made.mutexes[0].lockSync();
  first.release();
  const text =
    "called release() on a guard of mutex 'orders' that was released before; lock it again for another guard";
  assert.throws(() => first.release(), { message: text });
  const second = made.mutexes[0].lockSync();
  assert.throws(() => first.release(), { message: text });
  assert.throws(() => first.markConsistent(), /called markConsistent\(\) on a guard .* released before/);
  assert.notEqual(ownerOf(made), 0);
  second.release();
});

test('release, keeps the mutex and the guard where the observer throws', () => {
  const made = makeStage();
  const guard = made.mutexes[0].lockSync();
  made.observer.refused = 'release';
  assert.throws(() => guard.release(), /refused/);
  assert.equal(ownerOf(made), made.stage.threads[0]!.tag);
  made.observer.refused = 'nothing';
  guard.release();
  assert.equal(ownerOf(made), 0);
});

test('guard, is released at the end of its block by using', () => {
  const made = makeStage();
  {
    using guard = made.mutexes[0].lockSync();
    assert.equal(guard.ownerDied, false);
    assert.notEqual(ownerOf(made), 0);
  }
  assert.equal(ownerOf(made), 0);
});

test('lockSync, tells that the owner died; once marked consistent, the next is told nothing', () => {
  const made = makeStage();
  made.mutexes[1].lockSync();
  made.stage.kill(1);
  const guard = made.mutexes[0].lockSync();
  assert.equal(guard.ownerDied, true);
  assert.equal(consistencyOf(made), CONSISTENCY.ownerDied);
  guard.markConsistent();
  assert.equal(consistencyOf(made), CONSISTENCY.consistent);
  guard.release();
  const next = made.mutexes[2].tryLock()!;
  assert.equal(next.ownerDied, false);
  next.release();
});

test('lockSync, tells again where the one that was told died before it said that all is whole', () => {
  const made = makeStage();
  made.mutexes[1].lockSync();
  made.stage.kill(1);
  assert.equal(made.mutexes[0].tryLock()!.ownerDied, true);
  made.stage.kill(0);
  assert.equal(made.mutexes[2].lockSync().ownerDied, true);
});

test('release, gives the mutex up for all where the death was not repaired', async () => {
  const made = makeStage();
  made.mutexes[1].lockSync();
  made.stage.kill(1);
  made.mutexes[0].lockSync().release();
  assert.equal(consistencyOf(made), CONSISTENCY.notRecoverable);
  made.observer.take();
  const lost = (error: unknown) => {
    assert.ok(error instanceof NotRecoverableError);
    assert.equal(error.lockName, "mutex 'orders'");
    assert.match(error.message, /^locked mutex 'orders', which can no longer be used: /);
    return true;
  };
  assert.throws(() => made.mutexes[2].lockSync(), lost);
  assert.throws(() => made.mutexes[2].tryLock(), lost);
  await assert.rejects(made.mutexes[2].lock(), lost);
  assert.equal(ownerOf(made), 0);
  assert.deepEqual(made.observer.take(), [
    ...['acquire mutex orders 0', 'release mutex orders'],
    ...['acquire mutex orders 4', 'release mutex orders'],
    ...['await mutex orders 8', 'granted mutex orders 8', 'release mutex orders'],
  ]);
});

test('lock, resolves with the guard, and keeps the process alive only while it waits', async () => {
  const made = makeStage();
  const first = made.mutexes[1].lockSync();
  const waiting = made.mutexes[0].lock();
  assert.equal(made.stage.hosts[0]!.keptAlive, 1);
  first.release();
  const guard = await waiting;
  assert.equal(made.stage.hosts[0]!.keptAlive, 0);
  assert.equal(ownerOf(made) & ~WAITERS, made.stage.threads[0]!.tag);
  guard.release();
  assert.equal(ownerOf(made), 0);
  assert.equal(placeOf(made, 0), 0);
});

test('lock, serves the tasks of a thread in their order, one at a time', async () => {
  const made = makeStage();
  const order: number[] = [];
  let inside = 0;
  const task = async (number: number) => {
    const guard = await made.mutexes[0].lock();
    assert.equal(++inside, 1);
    await settle();
    order.push(number);
    inside--;
    guard.release();
  };
  await Promise.all([0, 1, 2, 3].map(task));
  assert.deepEqual(order, [0, 1, 2, 3]);
  assert.equal(made.stage.hosts[0]!.keptAlive, 0);
});

test('lock, lets the task of another thread in before the next of its own', async () => {
  const made = makeStage();
  const order: string[] = [];
  const task = async (name: string, mutex: Mutex) => {
    const guard = await mutex.lock();
    order.push(name);
    await settle();
    guard.release();
  };
  const [mine, others] = made.mutexes;
  await Promise.all([task('a1', mine), task('a2', mine), task('b1', others), task('a3', mine)]);
  assert.equal(order.length, 4);
  assert.ok(order.indexOf('b1') < order.indexOf('a3'), order.join());
});

test('lock, is called off by its signal before, while and after it waits', async () => {
  const made = makeStage();
  const [mine, others] = made.mutexes;
  const reason = new Error('changed my mind');
  await assert.rejects(mine.lock({ signal: AbortSignal.abort(reason) }), reason);
  assert.equal(ownerOf(made), 0);
  const held = others.lockSync();
  const abort = new AbortController();
  const waiting = watch(mine.lock({ signal: abort.signal }));
  const behind = mine.lock();
  abort.abort(reason);
  await settle();
  assert.equal(waiting.error, reason);
  held.release();
  const guard = await behind;
  guard.release();
  const late = new AbortController();
  const got = await mine.lock({ signal: late.signal });
  late.abort(reason);
  await settle();
  got.release();
  assert.equal(ownerOf(made), 0);
  assert.equal(made.stage.hosts[0]!.keptAlive, 0);
});

test('lock, ends its wait at once where the only task is called off', async () => {
  const made = makeStage();
  const held = made.mutexes[1].lockSync();
  const abort = new AbortController();
  const waiting = watch(made.mutexes[0].lock({ signal: abort.signal }));
  abort.abort('enough');
  await settle();
  assert.equal(waiting.error, 'enough');
  assert.equal(placeOf(made, 0), 0);
  assert.equal(made.stage.hosts[0]!.keptAlive, 0);
  held.release();
  assert.equal(ownerOf(made), 0);
});

test('lock, gives up after timeoutMillis by the clock of the engine', async () => {
  const made = makeStage();
  const thread = new StageThread(made.stage.words, made.stage.geometry, 0, engineHost, UNOBSERVED);
  const mine = new Mutex(thread, made.stage.record, 'orders');
  const held = made.mutexes[1].lockSync();
  await assert.rejects(mine.lock({ timeoutMillis: 5 }), { name: 'LockTimeoutError', ownerSlot: 1 });
  await assert.rejects(mine.lock({ timeoutMillis: 0 }), { name: 'LockTimeoutError' });
  held.release();
  assert.equal(ownerOf(made), 0);
  (await mine.lock({ timeoutMillis: 0 })).release();
});

test('lock, gives up in time though another task of the thread waits for ever', async () => {
  const made = makeStage();
  const thread = new StageThread(made.stage.words, made.stage.geometry, 0, engineHost, UNOBSERVED);
  const mine = new Mutex(thread, made.stage.record, 'orders');
  const held = made.mutexes[1].lockSync();
  const patient = mine.lock();
  await settle();
  const start = engineHost.nowMillis();
  await assert.rejects(mine.lock({ timeoutMillis: 5 }), { name: 'LockTimeoutError' });
  assert.ok(engineHost.nowMillis() - start < 500, `gave up after ${engineHost.nowMillis() - start} ms`);
  held.release();
  (await patient).release();
});

test('lock, says where it is another task of this thread that has it', async () => {
  const { mutexes } = makeStage();
  const guard = mutexes[0].tryLock()!;
  await assert.rejects(mutexes[0].lock({ timeoutMillis: 0 }), {
    message: /^gave up waiting for mutex 'orders' after 0 ms: another task of this thread holds it\. /,
    ownerSlot: 0,
  });
  guard.release();
});

test('lock, looks now and then where the engine cannot wake an async task', async () => {
  const made = makeStage();
  const [host] = made.stage.hosts;
  made.stage.views[0]!.waitAsync = () => undefined;
  const held = made.mutexes[1].lockSync();
  const waiting = watch(made.mutexes[0].lock());
  const late = watch(made.mutexes[0].lock({ timeoutMillis: 10 }));
  for (let i = 0; i < 3; i++) {
    host!.advance(4);
    await settle();
  }
  assert.ok(late.error instanceof LockTimeoutError);
  held.release();
  host!.advance(4);
  await settle();
  waiting.value!.release();
  assert.equal(host!.keptAlive, 0);
  assert.equal(ownerOf(made), 0);
});

test('lock, takes nothing where the observer throws, and lets the next task in', async () => {
  const made = makeStage();
  made.observer.refused = 'await';
  assert.throws(() => made.mutexes[0].lock(), /refused await/);
  made.observer.refused = 'granted';
  await assert.rejects(made.mutexes[0].lock(), /refused granted/);
  assert.equal(ownerOf(made), 0);
  made.observer.refused = 'nothing';
  (await made.mutexes[0].lock()).release();
  assert.equal(ownerOf(made), 0);
});

test('lockSync, goes first where tasks of its thread wait, and they go on', async () => {
  const made = makeStage();
  const [mine, others] = made.mutexes;
  const held = others.lockSync();
  const waiting = watch(mine.lock());
  made.stage.views[0]!.whileAsleep.push(() => held.release());
  const guard = mine.lockSync();
  await settle();
  assert.equal(waiting.value, undefined);
  guard.release();
  await settle();
  waiting.value!.release();
  assert.equal(ownerOf(made), 0);
  assert.equal(placeOf(made, 0), 0);
});

test('abandon, calls off what this thread waits for, and lets go what it has as if it had died', async () => {
  const made = makeStage();
  const [mine, others] = made.mutexes;
  others.lockSync();
  const waiting = watch(mine.lock());
  mine.abandon();
  await settle();
  assert.match(String(waiting.error), /detached from the heap while a task of this thread waited for a lock/);
  assert.equal(placeOf(made, 0), 0);
  assert.equal(made.stage.hosts[0]!.keptAlive, 0);
  others.abandon();
  assert.equal(ownerOf(made), 0);
  const next = mine.lockSync();
  assert.equal(next.ownerDied, true);
  next.markConsistent();
  next.release();
  assert.equal(mine.lockSync().ownerDied, false);
});

test('forgetDead, takes the dead out of the queue, and wakes the next where the mutex is free', async () => {
  const made = makeStage();
  const [mine, , others] = made.mutexes;
  const held = others.lockSync();
  new WaitQueue(made.stage.threads[1]!, made.stage.record).join();
  const waiting = watch(mine.lock());
  held.release();
  // The victim is first, was woken, and dies before it looks.
  made.stage.kill(1);
  mine.forgetDead(1);
  assert.equal(placeOf(made, 1), 0);
  await settle();
  assert.equal(waiting.value!.ownerDied, false);
  waiting.value!.release();
  assert.equal(ownerOf(made), 0);
});

test('forgetDead, wakes the first waiter of a mutex whose owner is dead', async () => {
  const made = makeStage();
  const [mine, victim, others] = made.mutexes;
  victim.lockSync();
  const waiting = watch(mine.lock());
  made.stage.kill(1);
  others.forgetDead(1);
  await settle();
  assert.equal(waiting.value!.ownerDied, true);
});

test('forgetDead, lets the release of a living owner look for waiters, though the sign of them was lost', async () => {
  const made = makeStage();
  const [mine, , others] = made.mutexes;
  const held = others.lockSync();
  const waiting = watch(mine.lock());
  // As a barger leaves it that comes after a late releaser has found nobody in the queue.
  made.stage.words.store(made.stage.record + LOCK.owner, made.stage.threads[2]!.tag);
  made.stage.kill(1);
  mine.forgetDead(1);
  held.release();
  await settle();
  waiting.value!.release();
});

test('Mutex.assertHeld, throws unless this thread has it', () => {
  const stage = new LockStage({ kind: LOCK_KIND.mutex, threads: 2 });
  const [mine, others] = stage.threads.map((thread) => new Mutex(thread, stage.record, 'orders'));
  assert.throws(() => mine!.assertHeld(), { message: /^mutex 'orders' is not locked by this thread, as/ });
  const guard = mine!.lockSync();
  mine!.assertHeld();
  assert.throws(() => others!.assertHeld(), /lock it first/);
  guard.release();
  assert.throws(() => mine!.assertHeld(), /lock it first/);
});
