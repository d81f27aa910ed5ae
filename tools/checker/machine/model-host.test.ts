import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runPlainly } from '../hold/runtime.js';
import { QuietHost } from './model-host.js';

function noting(): { host: QuietHost; notes: string[]; note: (text: string) => () => void } {
  const notes: string[] = [];
  return { host: new QuietHost(), notes, note: (text) => () => void notes.push(text) };
}

test('runMicrotasks, runs them in order, and those that they queue', () => {
  const { host, notes, note } = noting();
  host.queueMicrotask(() => {
    notes.push('first');
    host.queueMicrotask(note('third'));
  });
  host.queueMicrotask(note('second'));
  assert.deepEqual(notes, []);
  runPlainly(host.runMicrotasks(), 'microtasks');
  assert.deepEqual(notes, ['first', 'second', 'third']);
});

test('fireTimers, fires each timer once, with the microtasks after each', () => {
  const { host, notes, note } = noting();
  host.startTimer(() => {
    notes.push('a');
    host.queueMicrotask(note('after a'));
  });
  host.startTimer(() => {
    notes.push('b');
    host.startTimer(note('later'));
  });
  runPlainly(host.fireTimers(), 'timers');
  assert.deepEqual(notes, ['a', 'after a', 'b']);
  runPlainly(host.fireTimers(), 'timers');
  assert.deepEqual(notes, ['a', 'after a', 'b', 'later']);
});

test('startTimer, gives a function that calls the timer off', () => {
  const { host, notes, note } = noting();
  const callOff = host.startTimer(note('a'));
  host.startTimer(note('b'));
  callOff();
  runPlainly(host.fireTimers(), 'timers');
  assert.deepEqual(notes, ['b']);
});

test('QuietHost, runs held tasks as held calls', () => {
  const { host, notes } = noting();
  // biome-ignore lint/correctness/useYield: a held call that meets no step.
  host.queueMicrotask(function* () {
    notes.push('held');
  } as unknown as () => void);
  runPlainly(host.runMicrotasks(), 'microtasks');
  assert.deepEqual(notes, ['held']);
});

test('QuietHost, knows no time and no chance, and cannot be awaited', () => {
  const host = new QuietHost();
  assert.deepEqual([host.nowMillis(), host.nowMillis(), host.random32(), host.random32()], [0, 0, 1, 1]);
  assert.throws(() => host.sleep(), /awaited in a model.*synchronous/);
});
