import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Held, isHeld } from '../hold/runtime.js';
import { Step } from './step.js';

test('Step, comes out at the engine and goes on with the result', () => {
  const step = new Step<number>();
  const body = (function* () {
    const first = yield* step as Iterable<unknown> as Generator<unknown, number>;
    const second = yield* step as Iterable<unknown> as Generator<unknown, number>;
    return [first, second];
  })();
  assert.deepEqual(body.next(), { done: false, value: step });
  assert.deepEqual(body.next(5), { done: false, value: step });
  assert.deepEqual(body.next(7), { done: true, value: [5, 7] });
});

test('Step, is a held call to held code and to the engine', () => {
  assert.ok(new Step() instanceof Held);
  assert.ok(isHeld(new Step()));
  assert.ok(isHeld((function* () {})()));
  for (const other of [undefined, 1, {}, [], () => {}]) assert.ok(!isHeld(other));
});

test('reset, forgets that a thread was held', () => {
  const step = new Step<number>();
  step.next();
  step.reset();
  assert.equal(step.next().done, false);
});
