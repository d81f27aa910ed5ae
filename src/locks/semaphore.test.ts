import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeHost } from '../../tests/support/fake-host.js';
import { LockStage, RecordingObserver, StageThread } from '../../tests/support/lock-stage.js';
import { LOCK, LOCK_KIND, WAITERS, WOKEN } from '../layout/lock-record.js';
import { ContextError } from '../threads/context.js';
import { engineHost, type WaitRight } from '../words/host.js';
import { TAKEN } from './lock-class.js';
import { LockTimeoutError } from './lock-errors.js';
import { type Permit, Semaphore } from './semaphore.js';

/** A semaphore and as many threads that use it, the first of them `mine`. */
function makeSemaphores({ threads = 3, permits = 2, right = 'may-wait' as WaitRight } = {}) {
  const observer = new RecordingObserver();
  const sizes = { kind: LOCK_KIND.semaphore, size: permits, threads };
  const stage = new LockStage(sizes, observer, () => new FakeHost(right));
  const all = stage.threads.map((thread) => new Semaphore(thread, stage.record, 'jobs'));
  const first = stage.record + LOCK.waiters + threads;
  const held = (): number[] => Array.from({ length: permits }, (_, i) => stage.words.load(first + i));
  const owner = (): number => stage.words.load(stage.record + LOCK.owner);
  const place = (slot: number): number => stage.words.load(stage.record + LOCK.waiters + slot);
  return { stage, observer, words: stage.words, all, mine: all[0]!, others: all[1]!, held, owner, place };
}

/** Takes every permit that is free. */
function takeAll(semaphore: Semaphore): Permit[] {
  const permits: Permit[] = [];
  for (let next = semaphore.tryAcquire(); next !== undefined; next = semaphore.tryAcquire())
    permits.push(next);
  return permits;
}

/** Lets promises settle. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

test('tryAcquire() gives out as many permits as there are, each with its thread’s tag', () => {
  const { stage, mine, others, held } = makeSemaphores();
  const first = mine.tryAcquire();
  const second = others.tryAcquire();
  assert.deepEqual(held(), [stage.threads[0]!.tag, stage.threads[1]!.tag]);
  assert.equal(mine.tryAcquire(), undefined);
  first!.release();
  assert.deepEqual(held(), [0, stage.threads[1]!.tag]);
  second!.release();
  assert.deepEqual([held(), stage.words.notified], [[0, 0], []]);
});

test('tryAcquire() starts at the permit that the thread had last', () => {
  const { mine, held } = makeSemaphores({ permits: 3 });
  const permits = takeAll(mine);
  permits[2]!.release();
  permits[0]!.release();
  permits[1]!.release();
  mine.tryAcquire();
  assert.deepEqual(
    held().map((tag) => tag !== 0),
    [false, true, false],
  );
});

test('tryAcquire() takes the permit of a dead thread', () => {
  const { stage, mine, others, held } = makeSemaphores();
  takeAll(others);
  assert.equal(mine.tryAcquire(), undefined);
  stage.kill(1);
  assert.equal(takeAll(mine).length, 2);
  assert.deepEqual(held(), [stage.threads[0]!.tag, stage.threads[0]!.tag]);
});

test('Permit, releases once, by release() or at the end of its block', () => {
  const { mine, held } = makeSemaphores({ permits: 1 });
  const permit = mine.tryAcquire()!;
  permit.release();
  const again = mine.tryAcquire()!;
  assert.throws(() => permit.release(), /release\(\) on a permit of semaphore 'jobs'.*given back before/);
  assert.notEqual(held()[0], 0, 'the permit of the next is not given back');
  again[Symbol.dispose]();
  assert.deepEqual(held(), [0]);
});

test('acquireSync() sleeps until a permit is released', () => {
  const { stage, words, mine, others, owner, place } = makeSemaphores();
  const permits = takeAll(others);
  words.whileAsleep.push(() => {
    assert.equal(owner(), WAITERS);
    permits[1]!.release();
    assert.ok((place(0) & WOKEN) !== 0);
  });
  const permit = mine.acquireSync();
  assert.deepEqual([words.sleeps.length, place(0), stage.threads[0]!.turnsLeft], [1, 0, 1]);
  permit.release();
  assert.equal(owner(), 0, 'nobody waits any more, and a release has found out');
});

test('acquireSync() does not leave a turn where a permit is free', () => {
  const { stage, mine } = makeSemaphores();
  mine.acquireSync();
  assert.equal(stage.threads[0]!.turnsLeft, 0);
});

test('acquireSync() gives up after timeoutMillis, and leaves the queue', () => {
  const { stage, words, mine, others, place } = makeSemaphores();
  takeAll(others);
  assert.throws(
    () => mine.acquireSync({ timeoutMillis: 2500 }),
    (error: LockTimeoutError) => {
      assert.ok(error instanceof LockTimeoutError);
      assert.equal(error.ownerSlot, -1);
      assert.match(error.message, /semaphore 'jobs' after 2500 ms: others hold it\. Hold permits for less/);
      return true;
    },
  );
  assert.deepEqual([words.sleeps, stage.hosts[0]!.nowMillis(), place(0)], [[1000, 1000, 500], 2500, 0]);
});

test('acquireSync() takes a permit whose owner dies while it sleeps', () => {
  const { stage, words, mine, others } = makeSemaphores();
  takeAll(others);
  words.whileAsleep.push(() => stage.kill(1));
  mine.acquireSync();
  assert.deepEqual(words.sleeps, [1000], 'nobody woke it: it looked when its slice was over');
});

test('acquireSync() throws where it may not wait, for what is no limit, and where the thread has all permits', () => {
  const spinning = makeSemaphores({ right: 'may-spin' });
  assert.throws(() => spinning.mine.acquireSync(), ContextError);
  const { mine, others } = makeSemaphores();
  const permits = takeAll(mine);
  assert.throws(() => mine.acquireSync(), /semaphore 'jobs' with acquireSync\(\).*has all 2 permits/);
  const single = makeSemaphores({ permits: 1 }).mine;
  takeAll(single);
  assert.throws(() => single.acquireSync(), /the thread that has the only permit: it would wait/);
  permits[0]!.release();
  others.tryAcquire();
  assert.throws(() => mine.acquireSync({ timeoutMillis: -1 }), /timeoutMillis: -1/);
  assert.throws(() => mine.acquireSync({ timeoutMillis: 0 }), LockTimeoutError);
});

test('release() wakes one waiter, two of them wake two', async () => {
  const { all, place } = makeSemaphores();
  const permits = takeAll(all[0]!);
  const waits = [all[1]!.acquire(), all[2]!.acquire()];
  const woken = (): boolean[] => [1, 2].map((slot) => (place(slot) & WOKEN) !== 0);
  assert.deepEqual(woken(), [false, false]);
  permits[0]!.release();
  assert.deepEqual(woken(), [true, false]);
  permits[1]!.release();
  assert.deepEqual(woken(), [true, true]);
  for (const permit of await Promise.all(waits)) permit.release();
});

test('tryAcquire() does not pass a waiter that was woken in vain', async () => {
  const { all, place } = makeSemaphores({ permits: 1 });
  const [mine, others, third] = all;
  const permit = mine!.tryAcquire()!;
  const wait = others!.acquire();
  permit.release();
  const snatched = mine!.tryAcquire()!;
  await settle();
  // Until it has looked, and asks to be next.
  while ((place(1) & WOKEN) !== 0) await engineHost.sleep(1);
  snatched.release();
  assert.equal(third!.tryAcquire(), undefined);
  (await wait).release();
  third!.tryAcquire()!.release();
});

test('acquireSync() that is to be next passes nobody’s permit by: who tries meanwhile gets what it leaves', () => {
  const { stage, all } = makeSemaphores();
  const [mine, others, third] = all;
  const permits = takeAll(third!);
  const tried: (Permit | undefined)[] = [];
  stage.views[1]!.whileAsleep.push(
    () => {
      // Woken in vain, so it asks to be next.
      permits[0]!.release();
      permits[0] = third!.tryAcquire()!;
    },
    () => {
      for (const permit of permits) permit.release();
      tried.push(mine!.tryAcquire());
    },
  );
  others!.acquireSync();
  assert.deepEqual(tried, [undefined]);
  assert.notEqual(mine!.tryAcquire(), undefined);
});

test('acquire() serves the tasks of a thread in the order in which they came, and keeps it alive meanwhile', async () => {
  const { stage, mine, others } = makeSemaphores();
  const permits = takeAll(others);
  const order: number[] = [];
  const waits = [1, 2, 3].map(async (number) => {
    const permit = await mine.acquire();
    order.push(number);
    return permit;
  });
  assert.equal(stage.hosts[0]!.keptAlive, 1);
  for (const permit of permits) permit.release();
  const first = await waits[0]!;
  await waits[1];
  assert.deepEqual(order, [1, 2]);
  first.release();
  await waits[2];
  assert.deepEqual([order, stage.hosts[0]!.keptAlive], [[1, 2, 3], 0]);
});

test('acquire() is called off by its signal, before and while it waits', async () => {
  const { mine, others, place } = makeSemaphores();
  takeAll(others);
  await assert.rejects(mine.acquire({ signal: AbortSignal.abort(new Error('early')) }), /early/);
  const controller = new AbortController();
  const wait = mine.acquire({ signal: controller.signal });
  controller.abort(new Error('enough'));
  await assert.rejects(wait, /enough/);
  await engineHost.sleep(5);
  assert.equal(place(0), 0);
});

test('acquire() gives up after timeoutMillis', async () => {
  const stage = new LockStage({ kind: LOCK_KIND.semaphore, size: 1 });
  const real = new StageThread(stage.words, stage.geometry, 0, engineHost, stage.threads[0]!.observer);
  const mine = new Semaphore(real, stage.record, 'jobs');
  new Semaphore(stage.threads[1]!, stage.record, 'jobs').tryAcquire();
  await assert.rejects(mine.acquire({ timeoutMillis: 5 }), /semaphore 'jobs' after 5 ms/);
});

test('acquire() that gives up says where this thread has all permits itself', async () => {
  const { mine, others } = makeSemaphores();
  const [first] = takeAll(mine);
  const own =
    /^LockTimeoutError: gave up waiting for semaphore 'jobs' after 0 ms: another task of this thread holds it/;
  await assert.rejects(mine.acquire({ timeoutMillis: 0 }), own);
  first!.release();
  takeAll(others);
  await assert.rejects(mine.acquire({ timeoutMillis: 0 }), /: others hold it\./);
});

test('acquireSync() refuses wrong options also where a permit is free, and takes none', () => {
  const { mine, held } = makeSemaphores();
  assert.throws(
    () => mine.acquireSync({ timeoutMillis: -1 }),
    /^RangeError: acquired semaphore 'jobs' with timeoutMillis: -1/,
  );
  assert.deepEqual(held(), [0, 0]);
});

test('abandon() gives up the waits of this thread and gives back its permits', async () => {
  const { mine, others, held, place } = makeSemaphores();
  const permit = mine.tryAcquire()!;
  others.tryAcquire();
  const wait = mine.acquire();
  mine.abandon();
  await assert.rejects(wait, /detached from the heap while a task/);
  assert.equal(held().filter((tag) => tag !== 0).length, 1);
  assert.equal(place(0), 0);
  assert.throws(() => permit.release(), /given back before/);
});

test('forgetDead() frees what the dead has, takes it out of the queue, and wakes who waits', async () => {
  const { stage, all, held, place } = makeSemaphores();
  const [mine, others, third] = all;
  takeAll(others!);
  // The dead waits as well, since it was in two things at once.
  stage.words.store(stage.record + LOCK.waiters + 1, 7);
  stage.words.store(stage.record + LOCK.handoff, 7);
  const wait = third!.acquire();
  stage.kill(1);
  mine!.forgetDead(1);
  assert.deepEqual([held(), place(1), stage.words.load(stage.record + LOCK.handoff)], [[0, 0], 0, 0]);
  assert.ok((place(2) & WOKEN) !== 0);
  await wait;
});

test('forgetDead() wakes a waiter that the dead was to wake, whatever the owner word says', () => {
  const { stage, words, mine, place } = makeSemaphores();
  words.store(stage.record + LOCK.waiters + 2, 9);
  stage.kill(1);
  mine.forgetDead(1);
  assert.ok((place(2) & WOKEN) !== 0);
});

test('forgetDead() leaves the permits of others', () => {
  const { stage, all, held } = makeSemaphores();
  all[1]!.tryAcquire();
  all[2]!.tryAcquire();
  stage.kill(1);
  all[0]!.forgetDead(1);
  assert.deepEqual(held().toSorted(), [0, stage.threads[2]!.tag]);
});

test('Semaphore, tells the observer what it waits for, and not that it is held', async () => {
  const { observer, mine, held } = makeSemaphores({ permits: 3 });
  mine.tryAcquire();
  assert.deepEqual(observer.take(), [`acquire semaphore jobs ${TAKEN.trylock}`, 'release semaphore jobs']);
  mine.acquireSync();
  assert.deepEqual(observer.take(), ['acquire semaphore jobs 0', 'release semaphore jobs']);
  (await mine.acquire()).release();
  assert.deepEqual(observer.take(), [`await semaphore jobs ${TAKEN.async}`]);
  observer.refused = 'acquire';
  assert.throws(() => mine.tryAcquire(), /refused/);
  assert.throws(() => mine.acquireSync(), /refused/);
  assert.equal(held().filter((tag) => tag === 0).length, 1);
});
