import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LockStage } from '../../tests/support/lock-stage.js';
import { LOCK, LOCK_KIND } from '../layout/lock-record.js';
import { WaitQueue } from './wait-queue.js';
import { type Waitable, Waiters, type Wish } from './waiters.js';

/** A lock that is to be had `free` times; notes what is asked of it. */
class Turnstile implements Waitable {
  free = 0;
  readonly attempts: number[] = [];
  passedOn = 0;

  attempt(mode: number): boolean {
    this.attempts.push(mode);
    if (this.free === 0) return false;
    this.free--;
    return true;
  }

  passOn(): void {
    this.passedOn++;
  }
}

function makeWaiters() {
  const stage = new LockStage({ kind: LOCK_KIND.mutex });
  const [thread, other] = stage.threads.map((each) => each);
  const lock = new Turnstile();
  const queue = new WaitQueue(thread!, stage.record);
  const others = new WaitQueue(other!, stage.record);
  const log: string[] = [];
  const wish = (name: string, mode = 0, deadlineMillis = Number.POSITIVE_INFINITY): Wish => ({
    mode,
    deadlineMillis,
    grant: () => void log.push(`${name} granted`),
    giveUp: (reason) => void log.push(`${name} given up${reason === undefined ? '' : ': detached'}`),
  });
  return {
    stage,
    host: stage.hosts[0]!,
    lock,
    queue,
    others,
    waiters: new Waiters(thread!, queue, lock),
    log,
    wish,
  };
}

type Made = ReturnType<typeof makeWaiters>;

const settle = () => new Promise((resolve) => setImmediate(resolve));
const placeOf = ({ stage }: Made) => stage.words.load(stage.record + LOCK.waiters);

/** Lets `times` more have the lock, and wakes the thread. */
async function open(made: Made, times: number): Promise<void> {
  made.lock.free += times;
  made.others.wakeFirst();
  await settle();
}

test('waitSync, joins, takes what is free, and leaves without a word where nobody woke it', () => {
  const made = makeWaiters();
  made.lock.free = 1;
  assert.equal(made.waiters.waitSync(3, 0), true);
  assert.deepEqual(made.lock.attempts, [3]);
  assert.equal(made.queue.hasJoined(), false);
  assert.equal(made.lock.passedOn, 0);
});

test('waitSync, looks after each wake, sleeps in slices, and passes on what it was woken for in vain', () => {
  const made = makeWaiters();
  const { words } = made.stage;
  words.whileAsleep.push(() => made.others.wakeFirst());
  assert.equal(made.waiters.waitSync(0, 2300), false);
  assert.deepEqual(words.sleeps, [1000, 1000, 1000, 300]);
  assert.equal(made.host.nowMillis(), 2300);
  assert.equal(made.lock.passedOn, 1);
  assert.equal(placeOf(made), 0);
});

test('waitSync, takes the lock where it is free by the end of its time', () => {
  const made = makeWaiters();
  made.stage.words.whileAsleep.push(() => {
    made.lock.free = 1;
  });
  assert.equal(made.waiters.waitSync(0, 10), true);
});

test('waitSync, lets anybody go after a slice in which whoever was to be next did not come', () => {
  const made = makeWaiters();
  const handoff = made.stage.record + LOCK.handoff;
  made.stage.words.store(handoff, 77);
  assert.equal(made.waiters.waitSync(0, 1000), false);
  assert.equal(made.stage.words.load(handoff), 77, 'its whole time was one slice');
  assert.equal(made.waiters.waitSync(0, 1001), false);
  assert.equal(made.stage.words.load(handoff), 0);
});

test('waitSync, beside waiting tasks keeps their place in the queue, at its end', async () => {
  const made = makeWaiters();
  made.waiters.wait(made.wish('task'));
  assert.equal(placeOf(made), 1);
  made.lock.free = 1;
  assert.equal(made.waiters.waitSync(0, 0), true);
  assert.equal(placeOf(made), 2);
  assert.equal(made.lock.passedOn, 1);
  await open(made, 1);
  assert.deepEqual(made.log, ['task granted']);
  assert.equal(made.queue.hasJoined(), false);
});

test('wait, grants in order, one for each that is to be had, and keeps the thread alive until the last', async () => {
  const made = makeWaiters();
  for (const name of ['a', 'b', 'c']) made.waiters.wait(made.wish(name));
  assert.equal(made.host.keptAlive, 1);
  await open(made, 2);
  assert.deepEqual(made.log, ['a granted', 'b granted']);
  assert.equal(made.host.keptAlive, 1);
  await open(made, 1);
  assert.deepEqual(made.log, ['a granted', 'b granted', 'c granted']);
  assert.equal(made.host.keptAlive, 0);
  assert.equal(placeOf(made), 0);
});

test('wait, asks for what the oldest task wishes', async () => {
  const made = makeWaiters();
  made.waiters.wait(made.wish('reader', 1));
  made.waiters.wait(made.wish('writer', 2));
  await open(made, 2);
  assert.deepEqual(made.lock.attempts, [1, 1, 2]);
});

test('wait, goes behind other threads after each grant', async () => {
  const made = makeWaiters();
  made.waiters.wait(made.wish('a'));
  made.waiters.wait(made.wish('b'));
  made.others.join();
  assert.equal(placeOf(made), 1);
  made.lock.free = 1;
  made.others.wake(0);
  await settle();
  assert.equal(placeOf(made), 3);
});

test('withdraw, takes a wish back once, and the next is asked for at once', async () => {
  const made = makeWaiters();
  const [first, second] = [made.wish('first', 1), made.wish('second', 2)];
  made.waiters.wait(first);
  made.waiters.wait(second);
  assert.equal(made.waiters.withdraw(first), true);
  assert.equal(made.waiters.withdraw(first), false);
  made.lock.free = 1;
  await settle();
  assert.deepEqual(made.log, ['second granted']);
  assert.equal(made.waiters.withdraw(second), false);
});

test('withdraw, of the only wish leaves the queue and passes on', async () => {
  const made = makeWaiters();
  const wish = made.wish('only');
  made.waiters.wait(wish);
  made.waiters.withdraw(wish);
  await settle();
  assert.deepEqual([placeOf(made), made.host.keptAlive, made.lock.passedOn], [0, 0, 1]);
  assert.deepEqual(made.log, []);
});

test('wait, after the last was withdrawn and before the driver noticed, is granted', async () => {
  const made = makeWaiters();
  const wish = made.wish('first');
  made.waiters.wait(wish);
  made.waiters.withdraw(wish);
  made.waiters.wait(made.wish('second'));
  await open(made, 1);
  assert.deepEqual(made.log, ['second granted']);
  assert.deepEqual([placeOf(made), made.host.keptAlive], [0, 0]);
});

test('wait, gives up what is late, wherever it stands, and asks for the rest', async () => {
  const made = makeWaiters();
  made.waiters.wait(made.wish('patient'));
  made.waiters.wait(made.wish('late', 0, 50));
  made.waiters.wait(made.wish('later', 0, 90));
  made.host.advance(60);
  made.queue.wakeSelf();
  await settle();
  assert.deepEqual(made.log, ['late given up']);
  await open(made, 2);
  assert.deepEqual(made.log, ['late given up', 'patient granted', 'later granted']);
});

test('wait, wakes a driver that sleeps for longer than the new wish may take', async () => {
  const made = makeWaiters();
  made.waiters.wait(made.wish('patient'));
  await settle();
  made.waiters.wait(made.wish('hasty', 0, 0));
  await settle();
  assert.deepEqual(made.log, ['hasty given up']);
});

test('giveUpAll, gives every wish up with a reason, and lets the thread end at once', async () => {
  const made = makeWaiters();
  made.waiters.wait(made.wish('a'));
  made.waiters.wait(made.wish('b'));
  made.waiters.giveUpAll();
  assert.deepEqual(made.log, ['a given up: detached', 'b given up: detached']);
  assert.equal(placeOf(made), 0);
  assert.equal(made.lock.passedOn, 1);
  await settle();
  assert.equal(made.host.keptAlive, 0);
  const { attempts } = made.lock;
  const looks = attempts.length;
  await open(made, 1);
  assert.equal(attempts.length, looks);
  made.waiters.giveUpAll();
});

test('wait, looks every few milliseconds where the engine cannot wake an async task', async () => {
  const made = makeWaiters();
  made.stage.words.waitAsync = () => undefined;
  made.waiters.wait(made.wish('a'));
  assert.deepEqual(made.host.timers, [4]);
  made.lock.free = 1;
  made.host.advance(4);
  await settle();
  assert.deepEqual(made.log, ['a granted']);
});

test('wait, does not sleep past a wake that came before it slept', async () => {
  const made = makeWaiters();
  const { words } = made.stage;
  const waitAsync = words.waitAsync.bind(words);
  words.waitAsync = (index, expected, timeoutMillis) => {
    made.lock.free = 1;
    made.others.wakeFirst();
    return waitAsync(index, expected, timeoutMillis);
  };
  made.waiters.wait(made.wish('a'));
  await settle();
  assert.deepEqual(made.log, ['a granted']);
});
