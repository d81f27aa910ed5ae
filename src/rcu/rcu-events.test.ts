import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RcuEvents } from './rcu-events.js';

const STRANDED = { name: 'f', id: 4096, callbacks: 3 };

test('emit() tells every listener of the event in the order in which they came, and says whether there was one', () => {
  const events = new RcuEvents();
  const told: unknown[] = [];
  assert.equal(events.emit('stranded', STRANDED), false);
  events.on('stranded', (event) => void told.push(['first', event]));
  events.on('stranded', (event) => void told.push(['second', event]));
  events.on('callbackError', () => void told.push('another event'));
  assert.equal(events.emit('stranded', STRANDED), true);
  assert.deepEqual(told, [
    ['first', STRANDED],
    ['second', STRANDED],
  ]);
});

test('on() returns what ends it; a listener that was given twice is called twice, and ended once', () => {
  const events = new RcuEvents();
  let calls = 0;
  const listener = () => void calls++;
  const stop = events.on('stranded', listener);
  events.on('stranded', listener);
  events.emit('stranded', STRANDED);
  assert.equal(calls, 2);
  stop();
  stop();
  events.emit('stranded', STRANDED);
  assert.equal(calls, 3);
});

test('emit() goes on behind a listener that throws, which the console is told', (t) => {
  const error = t.mock.method(console, 'error', () => {});
  const events = new RcuEvents();
  let calls = 0;
  events.on('stranded', () => {
    throw new Error('mistake');
  });
  events.on('stranded', () => void calls++);
  assert.equal(events.emit('stranded', STRANDED), true);
  assert.equal(calls, 1);
  assert.match(String(error.mock.calls[0]!.arguments[0]), /a listener of the RCU event stranded threw/);
});

test('emit() tells those who listened when it began', () => {
  const events = new RcuEvents();
  const told: string[] = [];
  const stop = events.on('stranded', () => {
    told.push('first');
    stop();
    events.on('stranded', () => void told.push('late'));
  });
  events.emit('stranded', STRANDED);
  assert.deepEqual(told, ['first']);
  events.emit('stranded', STRANDED);
  assert.deepEqual(told, ['first', 'late']);
});

test('on() refuses an event that there is not, and what is no function', () => {
  const events = new RcuEvents();
  for (const [name, listener] of [
    ['error', () => {}],
    [undefined, () => {}],
    ['stall', undefined],
    ['stall', {}],
  ]) {
    assert.throws(() => events.on(name as 'stall', listener as () => void), {
      name: 'TypeError',
      message: /it is one of callbackError, stranded, stall, with a function$/,
    });
  }
});
