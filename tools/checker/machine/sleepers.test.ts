import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Memory } from './memory.js';
import { ModelThread } from './model-thread.js';
import { OPERATION } from './operation.js';
import { Performer } from './performer.js';
import { Sleepers } from './sleepers.js';

const X = 3;
const Y = 4;
const NAMES = ['a', 'b', 'c', 'd'];

interface Scene {
  readonly performer: Performer;
  readonly sleepers: Sleepers;
  readonly threads: readonly ModelThread[];
  sleep(thread: number, word?: number, expected?: number, isTimed?: boolean): string | undefined;
  /** Thread d notifies. */
  notify(count: number, word?: number): number;
  woken(): string;
}

function scene(): Scene {
  const performer = new Performer(new Memory(8), {
    threads: NAMES,
    hasStoreBuffers: false,
    ignoresFences: false,
    mayRace: () => false,
    nameOf: String,
  });
  performer.reset();
  const threads = NAMES.map((name, number) => new ModelThread(name, number));
  for (const thread of threads) thread.begin(thread.body);
  const sleepers = new Sleepers(performer);
  sleepers.begin();
  return {
    ...{ performer, sleepers, threads },
    sleep(number, word = X, expected = 0, isTimed = false) {
      const thread = threads[number]!;
      Object.assign(thread, { operation: OPERATION.wait, word, a: expected, b: isTimed ? 1 : 0 });
      return sleepers.sleep(thread);
    },
    notify(count, word = X) {
      Object.assign(threads[3]!, { operation: OPERATION.notify, word, a: count });
      return sleepers.notify(threads[3]!);
    },
    woken: () =>
      threads
        .filter(({ isWoken }) => isWoken)
        .map(({ name }) => name)
        .join(''),
  };
}

test('sleep, says not-equal where the word holds something else, and the thread is not woken later', () => {
  const { sleep, notify, threads } = scene();
  assert.equal(sleep(0, X, 1), 'not-equal');
  assert.equal(threads[0]!.operation, OPERATION.wait);
  assert.equal(notify(1), 0);
});

test('sleep, compares as 32 bits', () => {
  const { sleep, performer } = scene();
  performer.memory.values[X] = -1;
  assert.equal(sleep(0, X, 0xffffffff), undefined);
});

test('sleep, leaves the thread at its second half', () => {
  const { sleep, threads, performer } = scene();
  assert.equal(sleep(0, X, 0, true), undefined);
  assert.equal(sleep(1), undefined);
  const halves = threads.slice(0, 2).map(({ operation, isTimed, isWoken }) => [operation, isTimed, isWoken]);
  assert.deepEqual(halves, [
    [OPERATION.wake, true, false],
    [OPERATION.wake, false, false],
  ]);
  assert.equal(performer.isWaitedOn(X), true);
});

test('sleep, kills a thread in its sleep whose time it is', () => {
  const { sleep, threads, notify } = scene();
  threads[0]!.killAfter = 0;
  sleep(0);
  sleep(1);
  assert.equal(threads[0]!.isKilled, true);
  assert.deepEqual([notify(1), threads[0]!.isWoken, threads[1]!.isWoken], [1, false, true]);
});

test('notify, wakes those who sleep on the word, in the order in which they came, as many as it says', () => {
  const { sleep, notify, woken } = scene();
  sleep(2);
  sleep(1, Y);
  sleep(0);
  assert.equal(notify(0), 0);
  assert.deepEqual([notify(1), woken()], [1, 'c']);
  assert.deepEqual([notify(Number.POSITIVE_INFINITY), woken()], [1, 'ac'], 'nobody is woken twice');
  assert.deepEqual([notify(1, Y), woken()], [1, 'abc']);
});

test('notify, lets the sleeper see what was done before it', () => {
  const { sleep, notify, performer, threads } = scene();
  sleep(0);
  performer.perform(threads[3]!, OPERATION.storePlain, Y, 1, 0);
  notify(1);
  performer.perform(threads[0]!, OPERATION.loadPlain, Y, 0, 0);
  assert.equal(performer.failure, undefined);
});

test('wake, tells who was woken from whose time has come, and what was read before is forgotten', () => {
  const { sleep, notify, sleepers, threads } = scene();
  const [a, b] = threads;
  sleep(0, X, 0, true);
  sleep(1, X, 0, true);
  notify(1);
  assert.deepEqual([sleepers.wake(a!), sleepers.wake(b!)], ['ok', 'timed-out']);
  assert.notEqual(a!.hash0, b!.hash0);
  assert.deepEqual([a!.trail.words(), b!.trail.words()], [[], []]);
  assert.equal(notify(2), 0, 'nobody sleeps any more');
});

test('wake, uses a timeout up where its time has come, and none where it was woken', () => {
  const { sleep, notify, sleepers, threads } = scene();
  const [a, b] = threads;
  for (const thread of [a!, b!]) {
    thread.timeoutsLeft = 1;
    sleep(thread.number, X, 0, true);
  }
  notify(1);
  sleepers.wake(a!);
  sleepers.wake(b!);
  assert.deepEqual([a!.timeoutsLeft, b!.timeoutsLeft], [1, 0]);
});

test('begin, wakes nobody of the execution before', () => {
  const { sleep, notify, sleepers } = scene();
  sleep(0);
  sleepers.begin();
  assert.equal(notify(1), 0);
});

test('hash, tells who came first, and changes when somebody wakes', () => {
  const [one, other] = [scene(), scene()];
  one.sleep(0);
  one.sleep(1);
  other.sleep(1);
  other.sleep(0);
  assert.notEqual(one.sleepers.hash(), other.sleepers.hash());
  one.sleepers.wake(one.threads[0]!);
  other.sleepers.wake(other.threads[0]!);
  assert.equal(one.sleepers.hash(), other.sleepers.hash());
});
