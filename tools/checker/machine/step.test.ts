import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Held } from '../hold/runtime.js';
import { isHeldCall, runToEnd } from './held-call.js';
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
  assert.ok(isHeldCall(new Step()));
  assert.ok(isHeldCall((function* () {})()));
  for (const other of [undefined, 1, {}, [], () => {}]) assert.ok(!isHeldCall(other));
});

test('reset, forgets that a thread was held', () => {
  const step = new Step<number>();
  step.next();
  step.reset();
  assert.equal(step.next().done, false);
});

test('runToEnd, gives the result of what may be a held call, and refuses one that holds', () => {
  assert.equal(runToEnd(5, 'it'), 5);
  assert.equal(
    runToEnd(
      // biome-ignore lint/correctness/useYield: a held call that meets no step.
      (function* () {
        return 6;
      })(),
      'it',
    ),
    6,
  );
  assert.throws(() => runToEnd(new Step(), 'setup()'), /^Error: setup\(\) was held: only the threads/);
});
