import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bounds } from '../model.js';
import { HoldRule } from './hold-rule.js';
import { Memory } from './memory.js';
import { ModelThread } from './model-thread.js';
import { OPERATION, type Operation, QUEUES, READS, WRITES } from './operation.js';
import { Performer } from './performer.js';
import { Readiness } from './readiness.js';

const X = 3;
const Y = 4;

interface Scene {
  readonly performer: Performer;
  readonly thread: ModelThread;
  mustHold(operation: Operation, word?: number): boolean;
  effectOf(operation: Operation, a?: number): number;
}

function scene(bounds: Bounds = {}, visible: readonly number[] = []): Scene {
  const hasStoreBuffers = bounds.storeBuffers ?? false;
  const performer = new Performer(new Memory(8), {
    threads: ['a'],
    hasStoreBuffers,
    ignoresFences: bounds.races === 'explored',
    mayRace: () => true,
    nameOf: String,
  });
  performer.reset();
  for (const word of visible) performer.visible[word] = 1;
  const thread = new ModelThread('a', 0);
  thread.begin(thread.body);
  const rule = new HoldRule(performer, new Readiness([thread], performer, hasStoreBuffers), bounds);
  return {
    ...{ performer, thread },
    mustHold: (operation, word = X) => rule.mustHold(thread, operation, word),
    effectOf(operation, a = 0) {
      Object.assign(thread, { operation, word: X, a });
      return rule.effectOf(thread);
    },
  };
}

test('mustHold, holds before operations on visible words, and before no others', () => {
  const { mustHold } = scene({}, [X]);
  for (const name of [
    'load',
    'store',
    'compareExchange',
    'add',
    'loadPlain',
    'storePlain',
    'fence',
  ] as const) {
    assert.equal(mustHold(OPERATION[name]), true, name);
    assert.equal(mustHold(OPERATION[name], Y), false, name);
  }
});

test('mustHold, holds before a pause, a wait and the wait for an end, whatever is visible', () => {
  const { mustHold } = scene();
  for (const name of ['pause', 'wait', 'awaitEnd'] as const)
    assert.equal(mustHold(OPERATION[name]), true, name);
});

test('mustHold, holds before a notify only where somebody has ever waited', () => {
  const { mustHold, performer } = scene({}, [X, Y]);
  performer.noteWait(X);
  assert.deepEqual([mustHold(OPERATION.notify), mustHold(OPERATION.notify, Y)], [true, false]);
});

test('mustHold, holds before every operation that comes after holdAfter', () => {
  const { mustHold, thread } = scene();
  thread.holdAfter = 2;
  thread.accesses = 1;
  assert.equal(mustHold(OPERATION.load), false);
  thread.accesses = 2;
  assert.equal(mustHold(OPERATION.load), true);
});

test('mustHold, holds before an atomic store while plain ones of the thread wait, and not before a load', () => {
  const { mustHold, performer, thread } = scene({ storeBuffers: true }, [Y]);
  assert.equal(mustHold(OPERATION.store), false);
  performer.perform(thread, OPERATION.storePlain, Y, 1, 0);
  assert.deepEqual([mustHold(OPERATION.store), mustHold(OPERATION.load)], [true, false]);
  performer.drain(0);
  assert.equal(mustHold(OPERATION.store), false);
});

test('mustHold, passes over a fence where races are explored', () => {
  assert.equal(scene({ races: 'explored' }, [X]).mustHold(OPERATION.fence), false);
  assert.equal(scene({ races: 'explored' }, [X]).mustHold(OPERATION.load), true);
});

test('mustHold, makes the word visible on which a thread was not held 5000 times', () => {
  const { mustHold, performer } = scene();
  for (let i = 1; i < 5000; i++) assert.equal(mustHold(OPERATION.load), false, `${i}`);
  assert.deepEqual([performer.visible[X], performer.hasGrown], [0, false]);
  assert.equal(mustHold(OPERATION.load), true);
  assert.deepEqual([performer.visible[X], performer.hasGrown], [1, true]);
});

test('effectOf, knows by memory whether a compareExchange writes', () => {
  const { effectOf, performer } = scene();
  performer.memory.values[X] = -1;
  assert.equal(effectOf(OPERATION.compareExchange, 0), READS);
  assert.equal(effectOf(OPERATION.compareExchange, -1), READS | WRITES);
  assert.equal(effectOf(OPERATION.compareExchange, 0xffffffff), READS | WRITES, 'as an Int32Array has it');
});

test('effectOf, takes a plain store into a buffer for nothing', () => {
  assert.equal(scene().effectOf(OPERATION.storePlain, 1), WRITES);
  assert.equal(scene({ storeBuffers: true }).effectOf(OPERATION.storePlain, 1), 0);
});

test('effectOf, takes a fence for nothing where races are explored', () => {
  assert.equal(scene().effectOf(OPERATION.fence), READS);
  assert.equal(scene({ races: 'explored' }).effectOf(OPERATION.fence), 0);
});

test('effectOf, takes what leaves the word as it is for a read, but only where races are explored', () => {
  for (const [operation, silent, loud] of [
    [OPERATION.store, 6, 7],
    [OPERATION.exchange, 6, 7],
    [OPERATION.add, 0, 1],
    [OPERATION.or, 2, 1],
  ] as const) {
    const [explored, reported] = [scene({ races: 'explored' }), scene()];
    for (const { performer } of [explored, reported]) performer.memory.values[X] = 6;
    assert.equal(explored.effectOf(operation, silent), READS);
    assert.equal(explored.effectOf(operation, loud) & WRITES, WRITES);
    assert.equal(reported.effectOf(operation, silent) & WRITES, WRITES);
  }
});

test('effectOf, lets waits and notifies meet in the queue', () => {
  const { effectOf } = scene();
  assert.deepEqual(
    [OPERATION.wait, OPERATION.wake, OPERATION.notify].map((operation) => effectOf(operation)),
    [READS | QUEUES, QUEUES, QUEUES],
  );
});
