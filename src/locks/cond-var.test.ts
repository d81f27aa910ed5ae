import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeHost } from '../../tests/support/fake-host.js';
import { LockStage, RecordingObserver, StageThread } from '../../tests/support/lock-stage.js';
import { GRANTED_ONE, LOCK, LOCK_KIND, MAX_WAITING, WAITERS } from '../layout/lock-record.js';
import { ContextError } from '../threads/context.js';
import { engineHost, type WaitRight } from '../words/host.js';
import { CondVar } from './cond-var.js';
import { NotRecoverableError } from './lock-errors.js';
import type { LockThread } from './lock-thread.js';
import { Mutex, type MutexGuard } from './mutex.js';

const THREADS = 3;

interface Member {
  readonly mutex: Mutex;
  readonly ready: CondVar;
}

/** A mutex and a condition, and the threads that use them, the first of them `mine`. */
function makeMembers(right: WaitRight = 'may-wait') {
  const observer = new RecordingObserver();
  const sizes = { kind: LOCK_KIND.mutex, threads: THREADS, more: [{ kind: LOCK_KIND.condVar }] };
  const stage = new LockStage(sizes, observer, () => new FakeHost(right));
  const { words } = stage;
  const [mutexRecord, record] = stage.records as [number, number];
  const join = (thread: LockThread): Member => ({
    mutex: new Mutex(thread, mutexRecord, 'queue'),
    ready: new CondVar(thread, record, 'ready'),
  });
  const [mine, other, third] = stage.threads.map(join) as [Member, Member, Member];
  const counts = (): number[] =>
    stage.threads.map((_, slot) => words.load(record + LOCK.waiters + THREADS + slot));
  const places = (): number[] => stage.threads.map((_, slot) => words.load(record + LOCK.waiters + slot));
  const owner = (): number => words.load(mutexRecord + LOCK.owner) & ~WAITERS;
  return { stage, words, observer, join, mine, other, third, counts, places, owner };
}

/** Lets promises settle, and sleepers that were woken. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await engineHost.sleep(1);
}

/** Notes what a promise settles to. */
function watch(promise: Promise<boolean>): { result: unknown } {
  const seen: { result: unknown } = { result: 'pending' };
  promise.then(
    (result) => {
      seen.result = result;
    },
    (reason) => {
      seen.result = reason;
    },
  );
  return seen;
}

/** Locks and waits in an async task, which lets go at once when its wait has ended. */
function waitAndRelease({ mutex, ready }: Member, options = {}): { result: unknown; guard: MutexGuard } {
  const guard = mutex.tryLock()!;
  const promise = ready.wait(guard, options);
  const seen = watch(promise.finally(() => guard.release()));
  return Object.assign(seen, { guard });
}

test('waitSync() lets the mutex go, and holds it by the same guard when it was notified', () => {
  const { stage, mine, other, counts, places, owner, observer } = makeMembers();
  const guard = mine.mutex.lockSync();
  stage.views[0]!.whileAsleep.push(() => {
    assert.deepEqual(
      [counts(), places()],
      [
        [1, 0, 0],
        [1, 0, 0],
      ],
    );
    const theirs = other.mutex.tryLock()!;
    assert.equal(other.ready.notifyOne(), true);
    assert.deepEqual(counts(), [1 + GRANTED_ONE, 0, 0]);
    theirs.release();
  });
  observer.take();
  assert.equal(mine.ready.waitSync(guard), true);
  assert.equal(observer.take().at(-1), 'acquire mutex queue 0');
  assert.deepEqual(
    [counts(), places()],
    [
      [0, 0, 0],
      [0, 0, 0],
    ],
  );
  assert.equal(owner(), stage.threads[0]!.tag);
  guard.release();
  assert.equal(owner(), 0);
});

test('waitSync() says false after timeoutMillis, with the mutex', () => {
  const { stage, mine, counts, owner } = makeMembers();
  const guard = mine.mutex.lockSync();
  assert.equal(mine.ready.waitSync(guard, { timeoutMillis: 1500 }), false);
  assert.deepEqual(stage.views[0]!.sleeps, [1000, 500]);
  assert.equal(mine.ready.waitSync(guard, { timeoutMillis: 0 }), false);
  assert.deepEqual(counts(), [0, 0, 0]);
  assert.equal(owner(), stage.threads[0]!.tag);
});

test('waitSync() that is notified as its time ends says so', () => {
  const { stage, mine, other, counts } = makeMembers();
  const guard = mine.mutex.lockSync();
  const [words] = stage.views;
  const { wait } = words!;
  words!.wait = (index, expected, millis) => {
    const result = wait.call(words, index, expected, millis);
    other.ready.notifyOne();
    return result;
  };
  assert.equal(mine.ready.waitSync(guard, { timeoutMillis: 5 }), true);
  assert.deepEqual(counts(), [0, 0, 0]);
});

test('notifyOne() and notifyAll() say or do nothing where nobody waits, in any context', () => {
  const { stage, mine } = makeMembers('may-neither');
  assert.equal(mine.ready.notifyOne(), false);
  mine.ready.notifyAll();
  assert.deepEqual(stage.words.notified, []);
  assert.throws(() => mine.ready.waitSync(mine.mutex.tryLock()!), ContextError);
});

test('waitSync() and wait() refuse what cannot be waited with, and leave the mutex as it is', () => {
  const { stage, mine, counts, owner } = makeMembers();
  const guard = mine.mutex.lockSync();
  const { tag } = stage.threads[0]!;
  assert.throws(
    () => mine.ready.waitSync(guard, { timeoutMillis: -1 }),
    /waited for condition 'ready' with timeoutMillis: -1; it is a number/,
  );
  assert.throws(() => mine.ready.wait(guard, { timeoutMillis: Number.NaN }), RangeError);
  assert.equal(owner(), tag);
  guard.release();
  assert.throws(
    () => mine.ready.waitSync(guard),
    /called waitSync\(\) on a guard of mutex 'queue' that was released/,
  );
  assert.throws(
    () => mine.ready.wait(guard),
    /called wait\(\) on a guard of mutex 'queue' that was released/,
  );
  assert.deepEqual(counts(), [0, 0, 0]);
});

test('waitSync() wants what a dead owner left repaired before it lets the mutex go', () => {
  const { stage, mine, other, counts, owner } = makeMembers();
  other.mutex.lockSync();
  stage.kill(1);
  const guard = mine.mutex.lockSync();
  assert.throws(
    () => mine.ready.waitSync(guard, { timeoutMillis: 0 }),
    /called waitSync\(\) with mutex 'queue', whose last owner died: repair what it guards, say so with markConsistent/,
  );
  assert.deepEqual([counts(), owner()], [[0, 0, 0], stage.threads[0]!.tag]);
  guard.markConsistent();
  assert.equal(mine.ready.waitSync(guard, { timeoutMillis: 0 }), false);
  guard.release();
});

test('a guard says that an owner died while it waited', () => {
  const { stage, mine, other, third } = makeMembers();
  const guard = mine.mutex.lockSync();
  stage.views[0]!.whileAsleep.push(() => {
    other.mutex.lockSync();
    stage.kill(1);
    third.mutex.forgetDead(1);
    third.ready.forgetDead(1);
  });
  assert.equal(mine.ready.waitSync(guard), true);
  assert.equal(guard.ownerDied, true);
  guard.markConsistent();
  guard.release();
  assert.equal(third.mutex.lockSync().ownerDied, false);
});

test('waitSync() hands its notification on where the mutex is lost', () => {
  const { stage, mine, other, third, counts } = makeMembers();
  const guard = mine.mutex.lockSync();
  stage.views[0]!.whileAsleep.push(() => {
    const theirs = third.mutex.lockSync();
    stage.views[2]!.whileAsleep.push(() => {
      other.mutex.lockSync();
      stage.kill(1);
      // Unrepaired.
      new Mutex(stage.threads[2]!, stage.records[0]!, 'queue').lockSync().release();
      assert.equal(third.ready.notifyOne(), true);
      throw new Error('asleep');
    });
    assert.throws(() => third.ready.waitSync(theirs), /asleep/);
  });
  assert.throws(() => mine.ready.waitSync(guard), NotRecoverableError);
  assert.deepEqual(counts(), [0, 0, 1 + GRANTED_ONE]);
});

test('notifyOne() wakes who has waited longest, notifyAll() the rest', async () => {
  const { mine, other, third } = makeMembers();
  const first = waitAndRelease(third);
  const second = waitAndRelease(mine);
  const last = waitAndRelease(other);
  mine.ready.notifyOne();
  await settle();
  assert.deepEqual([first.result, second.result, last.result], [true, 'pending', 'pending']);
  mine.ready.notifyAll();
  await settle();
  assert.deepEqual([second.result, last.result], [true, true]);
});

test('tickets wrap, and the order stays', async () => {
  const { stage, words, mine, other } = makeMembers();
  words.store(stage.records[1]! + LOCK.tickets, 2 ** 29 - 2);
  const first = waitAndRelease(other);
  const second = waitAndRelease(mine);
  mine.ready.notifyOne();
  await settle();
  assert.deepEqual([first.result, second.result], [true, 'pending']);
  mine.ready.notifyOne();
  await settle();
  assert.equal(second.result, true);
});

test('tasks of one thread are woken one for each notification, in their order', async () => {
  const { stage, mine, other, counts, places } = makeMembers();
  const first = waitAndRelease(mine);
  const second = waitAndRelease(mine);
  const third = waitAndRelease(mine);
  assert.deepEqual(counts(), [3, 0, 0]);
  assert.equal(stage.hosts[0]!.keptAlive, 1);
  other.ready.notifyOne();
  other.ready.notifyOne();
  await settle();
  assert.deepEqual([first.result, second.result, third.result], [true, true, 'pending']);
  other.ready.notifyOne();
  await settle();
  assert.equal(third.result, true);
  assert.deepEqual([counts(), places(), stage.hosts[0]!.keptAlive], [[0, 0, 0], [0, 0, 0], 0]);
});

test('a thread with many tasks goes behind others after each notification', async () => {
  const { mine, other } = makeMembers();
  const first = waitAndRelease(mine);
  const second = waitAndRelease(mine);
  const theirs = waitAndRelease(other);
  mine.ready.notifyOne();
  await settle();
  mine.ready.notifyOne();
  await settle();
  assert.deepEqual([first.result, second.result, theirs.result], [true, 'pending', true]);
  mine.ready.notifyOne();
  await settle();
  assert.equal(second.result, true);
});

test('wait() settles once its guard has the mutex again', async () => {
  const { stage, mine, other, owner, observer } = makeMembers();
  const guard = mine.mutex.tryLock()!;
  const wait = watch(mine.ready.wait(guard));
  const theirs = other.mutex.lockSync();
  other.ready.notifyOne();
  await settle();
  assert.equal(wait.result, 'pending');
  observer.take();
  theirs.release();
  await settle();
  assert.equal(wait.result, true);
  assert.deepEqual(observer.take(), ['release mutex queue', 'granted mutex queue 8']);
  assert.equal(owner(), stage.threads[0]!.tag);
  guard.release();
});

test('wait() that is called off has the mutex again, and rejects with the reason', async () => {
  const { stage, mine, other, counts, owner } = makeMembers();
  const guard = mine.mutex.tryLock()!;
  const stop = new AbortController();
  const wait = watch(mine.ready.wait(guard, { signal: stop.signal }));
  const theirs = other.mutex.lockSync();
  stop.abort('no longer');
  await settle();
  assert.deepEqual([wait.result, counts()], ['pending', [0, 0, 0]]);
  theirs.release();
  await settle();
  assert.equal(wait.result, 'no longer');
  assert.equal(stage.hosts[0]!.keptAlive, 0);
  guard.release();
  assert.equal(owner(), 0);
});

test('wait() with a signal that is called off before does not let the mutex go', async () => {
  const { mine, other, counts } = makeMembers();
  const guard = mine.mutex.tryLock()!;
  const wait = mine.ready.wait(guard, { signal: AbortSignal.abort('before') });
  assert.equal(other.mutex.tryLock(), undefined);
  await assert.rejects(wait, (reason) => reason === 'before');
  assert.deepEqual(counts(), [0, 0, 0]);
  guard.release();
});

test('wait() that is called off after it was notified says that it was', async () => {
  const { mine, other } = makeMembers();
  const stop = new AbortController();
  const first = waitAndRelease(mine, { signal: stop.signal });
  const second = waitAndRelease(mine, { signal: stop.signal });
  other.ready.notifyOne();
  // The thread has not looked yet: the grant is for the first of its tasks, and the second gets none.
  stop.abort('no longer');
  await settle();
  assert.deepEqual([first.result, second.result], [true, 'no longer']);
});

test('wait() says false after timeoutMillis, also where another task of the thread waits for longer', async () => {
  const { stage, join, other, counts } = makeMembers();
  const real = new StageThread(stage.words, stage.geometry, 0, engineHost, stage.threads[0]!.observer);
  const mine = join(real);
  const patient = waitAndRelease(mine);
  await settle();
  const impatient = waitAndRelease(mine, { timeoutMillis: 5 });
  await engineHost.sleep(30);
  assert.deepEqual([patient.result, impatient.result, counts()], ['pending', false, [1, 0, 0]]);
  other.ready.notifyOne();
  await settle();
  assert.equal(patient.result, true);
});

test('wait() looks now and then where the engine cannot wake it', async () => {
  const { stage, mine, other } = makeMembers();
  stage.views[0]!.waitAsync = () => undefined;
  const wait = waitAndRelease(mine);
  await settle();
  other.ready.notifyOne();
  await settle();
  assert.equal(wait.result, 'pending');
  stage.hosts[0]!.advance(4);
  await settle();
  assert.equal(wait.result, true);
});

test('waitSync() beside a task of its thread takes the notification, and the task the next', async () => {
  const { stage, mine, other, counts } = makeMembers();
  const task = waitAndRelease(mine);
  const guard = mine.mutex.lockSync();
  stage.views[0]!.whileAsleep.push(() => other.ready.notifyOne());
  assert.equal(mine.ready.waitSync(guard), true);
  guard.release();
  await settle();
  assert.deepEqual([task.result, counts()], ['pending', [1, 0, 0]]);
  other.ready.notifyOne();
  await settle();
  assert.equal(task.result, true);
});

test('forgetDead() clears what a dead thread has, and wakes everyone once', async () => {
  const { stage, mine, other, third, counts, places } = makeMembers();
  // The object of the dead goes on in this test, where its thread would not.
  waitAndRelease(other);
  const living = waitAndRelease(mine);
  third.ready.notifyOne();
  stage.kill(1);
  third.ready.forgetDead(1);
  assert.deepEqual([counts()[1], places()[1]], [0, 0]);
  await settle();
  assert.equal(living.result, true);
  other.ready.abandon();
});

test('abandon() gives up the waits of this thread, and others learn what it was told', async () => {
  const { stage, mine, other, third, counts } = makeMembers();
  const leaving = waitAndReject(mine);
  const staying = waitAndRelease(other);
  third.ready.notifyOne();
  stage.threads[0]!.isAttached = false;
  mine.ready.abandon();
  mine.mutex.abandon();
  assert.equal(counts()[0], 0);
  await settle();
  assert.match(String(leaving.result), /detached from the heap while a task of this thread waited/);
  assert.equal(staying.result, true);
  assert.equal(stage.hosts[0]!.keptAlive, 0);
});

/** Locks and waits in an async task that is to end without the mutex. */
function waitAndReject({ mutex, ready }: Member): { result: unknown } {
  return watch(ready.wait(mutex.tryLock()!));
}

test('a wait that the observer does not let begin leaves the mutex, and nobody waits', () => {
  const { stage, mine, observer, counts, owner } = makeMembers();
  const guard = mine.mutex.lockSync();
  observer.refused = 'release';
  assert.throws(() => mine.ready.waitSync(guard), /refused release/);
  assert.throws(() => mine.ready.wait(guard), /refused release/);
  assert.deepEqual([counts(), owner()], [[0, 0, 0], stage.threads[0]!.tag]);
});

test('wait() refuses more waits of one thread than can be counted', () => {
  const { stage, mine, owner } = makeMembers();
  const guard = mine.mutex.lockSync();
  Object.assign(mine.ready['_grants' as keyof CondVar] as object, { _waiting: MAX_WAITING });
  assert.throws(
    () => mine.ready.wait(guard),
    /called wait\(\) while 32767 of this thread wait for condition 'ready'/,
  );
  assert.equal(owner(), stage.threads[0]!.tag);
});

test('waitSync() and wait() refuse what is no guard of a mutex, and join nothing', () => {
  const { mine, counts } = makeMembers();
  const wrong: [unknown, string][] = [
    [undefined, 'undefined'],
    [null, 'null'],
    [mine.mutex, 'an object of class Mutex'],
  ];
  for (const [guard, what] of wrong) {
    for (const operation of ['waitSync', 'wait'] as const) {
      assert.throws(() => mine.ready[operation](guard as MutexGuard), {
        name: 'TypeError',
        message:
          `called ${operation}() of condition 'ready' with ${what}; pass the guard of the mutex, which lockSync() and ` +
          'await lock() return',
      });
    }
  }
  assert.equal(counts()[0], 0);
});
