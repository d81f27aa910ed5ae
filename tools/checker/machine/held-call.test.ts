import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isHeldCall, runToEnd } from './held-call.js';
import { Step } from './step.js';

function* addUp(a: number, b: number): Generator<unknown, number, unknown> {
  yield* [];
  return a + b;
}

test('isHeldCall, is true for the call of a held function and for a step, and for nothing else', () => {
  for (const value of [addUp(1, 2), new Step()]) assert.equal(isHeldCall(value), true);
  for (const value of [undefined, null, 3, addUp, { next() {} }, [].values()])
    assert.equal(isHeldCall(value), false);
});

test('runToEnd, gives back what is no held call', () => {
  const value = {};
  assert.equal(runToEnd(value, 'setup()'), value);
  assert.equal(runToEnd(undefined, 'setup()'), undefined);
});

test('runToEnd, gives the result of a held call, which runs only then', () => {
  let hasRun = false;
  function* run(): Generator<unknown, string, unknown> {
    hasRun = true;
    yield* [];
    return 'done';
  }
  const called = run();
  assert.equal(hasRun, false);
  assert.deepEqual([runToEnd(called, 'setup()'), hasRun], ['done', true]);
});

test('runToEnd, throws an Error that says where a call was held', () => {
  function* held(): Generator<unknown, void, unknown> {
    yield* new Step<number>();
  }
  assert.throws(() => runToEnd(held(), 'final()'), {
    name: 'Error',
    message: 'final() was held: only the threads of a model may be',
  });
});

test('runToEnd, lets through what the call throws', () => {
  // biome-ignore lint/correctness/useYield: a held function that is never held
  function* fails(): Generator<unknown, void, unknown> {
    throw new RangeError('no such word');
  }
  assert.throws(() => runToEnd(fails(), 'setup()'), { name: 'RangeError', message: 'no such word' });
});
