import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LockStage } from '../../tests/support/lock-stage.js';
import { LOCK, LOCK_KIND, TICKET_MASK, WOKEN } from '../layout/lock-record.js';
import { WaitQueue } from './wait-queue.js';

function makeStage(threads = 3, tickets = 0) {
  const stage = new LockStage({ kind: LOCK_KIND.mutex, threads });
  stage.words.store(stage.record + LOCK.tickets, tickets);
  return { stage, queues: stage.threads.map((thread) => new WaitQueue(thread, stage.record)) };
}

type Made = ReturnType<typeof makeStage>;

const placeOf = ({ stage }: Made, slot: number) => stage.words.load(stage.record + LOCK.waiters + slot);
const nextOf = ({ stage }: Made) => stage.words.load(stage.record + LOCK.handoff);
/** The slots that were told to look, in slot order. */
const wokenOf = (made: Made) =>
  made.queues.flatMap((_, slot) => ((placeOf(made, slot) & WOKEN) !== 0 ? [slot] : []));

test('join, takes a place behind all others; leave, gives it up', () => {
  const made = makeStage();
  const [first, second] = made.queues as [WaitQueue, WaitQueue];
  assert.equal(first.hasJoined(), false);
  second.join();
  first.join();
  assert.equal(first.hasJoined(), true);
  assert.deepEqual([placeOf(made, 0), placeOf(made, 1)], [2, 1]);
  assert.equal(second.leave(), false);
  assert.equal(second.hasJoined(), false);
  assert.deepEqual([placeOf(made, 0), placeOf(made, 1)], [2, 0]);
});

test('wakeFirst, wakes the oldest, and again the oldest; wakeAnother, the next that is not awake', () => {
  const made = makeStage();
  for (const slot of [2, 0, 1]) made.queues[slot]!.join();
  assert.equal(made.queues[0]!.wakeFirst(), true);
  assert.deepEqual(wokenOf(made), [2]);
  assert.equal(made.queues[0]!.wakeFirst(), true);
  assert.deepEqual(wokenOf(made), [2]);
  assert.equal(made.stage.words.notified.length, 2);
  assert.equal(made.queues[0]!.wakeAnother(), true);
  assert.deepEqual(wokenOf(made), [0, 2]);
  assert.equal(made.queues[0]!.wakeAnother(), true);
  assert.equal(made.queues[0]!.wakeAnother(), false);
});

test('wakeAnother, wakes the next where another thread has woken the one it chose meanwhile', () => {
  const made = makeStage();
  made.queues[1]!.join();
  made.queues[2]!.join();
  const { words } = made.stage;
  const load = words.load.bind(words);
  let looks = 0;
  words.load = (index) => {
    // Between the choice and the wake.
    if (index === made.stage.record + LOCK.waiters + 1 && ++looks === 2) made.queues[2]!.wake(1);
    return load(index);
  };
  assert.equal(made.queues[0]!.wakeAnother(), true);
  assert.deepEqual(wokenOf(made), [1, 2]);
});

test('wakeAll, wakes everyone, and notifies nobody who does not wait', () => {
  const made = makeStage();
  made.queues[0]!.join();
  made.queues[2]!.join();
  made.queues[0]!.wakeAll();
  assert.deepEqual(wokenOf(made), [0, 2]);
  const waiters = made.stage.record + LOCK.waiters;
  assert.deepEqual(made.stage.words.notified, [waiters, waiters + 2]);
});

test('wakeFirst, returns false in an empty queue', () => {
  const made = makeStage();
  assert.equal(made.queues[0]!.wakeFirst(), false);
  assert.equal(made.queues[0]!.wake(1), false);
  assert.deepEqual(made.stage.words.notified, []);
});

test('leave, says whether it was woken', () => {
  const made = makeStage();
  made.queues[1]!.join();
  made.queues[0]!.wakeFirst();
  assert.equal(made.queues[1]!.leave(), true);
});

test('sleep, lasts while the place is the bare ticket', () => {
  const made = makeStage();
  const [queue] = made.queues as [WaitQueue];
  queue.join();
  assert.equal(queue.sleep(7), 'timed-out');
  made.stage.words.whileAsleep.push(() => made.queues[1]!.wakeFirst());
  assert.equal(queue.sleep(7), 'ok');
  assert.equal(queue.sleep(7), 'not-equal');
  queue.rearm();
  assert.equal(queue.sleep(7), 'timed-out');
});

test('rearm, makes a first waiter that was woken in vain the next, and no other', () => {
  const made = makeStage();
  const [first, second, third] = made.queues as [WaitQueue, WaitQueue, WaitQueue];
  first.join();
  second.join();
  first.rearm();
  assert.equal(nextOf(made), 0, 'it was not woken');
  third.wake(1);
  second.rearm();
  assert.equal(nextOf(made), 0, 'it is not the first');
  assert.equal(placeOf(made, 1), 2);
  third.wake(0);
  first.rearm();
  assert.equal(nextOf(made), 1);
  assert.deepEqual([first.mayGo(), second.mayGo(), third.mayGo()], [true, false, false]);
  third.forgetHandoff();
  assert.deepEqual([first.mayGo(), second.mayGo(), third.mayGo()], [true, true, true]);
});

for (const [how, go] of [
  ['leave', (queue: WaitQueue) => void queue.leave()],
  ['join', (queue: WaitQueue) => queue.join()],
] as const) {
  test(`${how}, of the one that is to be next lets anybody go (wait-queue:I2)`, () => {
    const made = makeStage();
    made.queues[0]!.join();
    made.queues[1]!.wakeFirst();
    made.queues[0]!.rearm();
    assert.equal(made.queues[1]!.mayGo(), false);
    go(made.queues[0]!);
    assert.equal(nextOf(made), 0);
    assert.equal(made.queues[1]!.mayGo(), true);
  });
}

test('join, never takes ticket 0, and tickets that have wrapped are younger', () => {
  const made = makeStage(3, TICKET_MASK - 1);
  for (const slot of [2, 1, 0]) made.queues[slot]!.join();
  assert.deepEqual([placeOf(made, 2), placeOf(made, 1), placeOf(made, 0)], [TICKET_MASK, 1, 2]);
  for (const slot of [2, 1, 0]) {
    made.queues[0]!.wakeFirst();
    assert.deepEqual(wokenOf(made), [slot]);
    made.queues[slot]!.leave();
  }
});

test('wakeFirst, takes the dead out of the queue and wakes the first that lives', () => {
  const made = makeStage();
  made.queues[1]!.join();
  made.queues[2]!.join();
  made.stage.kill(1);
  assert.equal(made.queues[0]!.wakeFirst(), true);
  assert.equal(placeOf(made, 1), 0);
  assert.deepEqual(wokenOf(made), [2]);
});

test('wake, of a dead leaves the place that the next thread of the slot has taken meanwhile', () => {
  const made = makeStage();
  made.queues[1]!.join();
  made.stage.kill(1);
  const word = made.stage.record + LOCK.waiters + 1;
  const { words } = made.stage;
  const load = words.load.bind(words);
  words.load = (index) => {
    const value = load(index);
    // The dead was reaped right after this look.
    if (index === word && value === 1) words.storePlain(word, 9);
    return value;
  };
  assert.equal(made.queues[0]!.wake(1), false);
  assert.equal(load(word), 9);
});

test('forgetDead, takes the place of the dead, and its claim to be next', () => {
  const made = makeStage();
  made.queues[1]!.join();
  made.queues[0]!.wakeFirst();
  made.queues[1]!.rearm();
  made.stage.kill(1);
  made.queues[0]!.forgetDead(1);
  assert.deepEqual([placeOf(made, 1), nextOf(made)], [0, 0]);
  made.queues[0]!.forgetDead(1);
});

test('sleepAsync, ends by wakeSelf()', async () => {
  const made = makeStage();
  const [queue] = made.queues as [WaitQueue];
  queue.join();
  const sleep = queue.sleepAsync(60_000)!;
  assert.equal(sleep.async, true);
  queue.wakeSelf();
  assert.equal(await sleep.value, 'ok');
  assert.equal(placeOf(made, 0), 1);
});
