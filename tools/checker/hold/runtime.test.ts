import assert from 'node:assert/strict';
import { test } from 'node:test';
import { step } from './fixtures/evaluate.js';
import {
  callWithCallbacks,
  HELD_ITERATOR,
  isHeld,
  isHeldFunction,
  plainCallback,
  plainIteratorOf,
  runPlainly,
} from './runtime.js';

const NOTHING: unknown[] = [];

function* seven(): Generator<unknown, number, unknown> {
  yield* NOTHING;
  return 7;
}

test('isHeld, knows the calls of generator functions and nothing else', () => {
  assert.ok(isHeld(seven()));
  for (const value of [
    undefined,
    null,
    0,
    {},
    [],
    [][Symbol.iterator](),
    () => 7,
    seven,
    new Map().values(),
  ]) {
    assert.ok(!isHeld(value), String(value));
  }
});

test('isHeld, takes whatever inherits from the prototype of generators for held', () => {
  const prototype = Object.getPrototypeOf(Object.getPrototypeOf(seven())) as object;
  assert.ok(isHeld(Object.create(prototype)));
});

test('isHeldFunction, knows a held function that is bound', () => {
  assert.ok(isHeldFunction(seven));
  assert.ok(isHeldFunction(seven.bind(null)));
  assert.ok(!isHeldFunction(() => 7));
});

test('runPlainly, gives values as they are, and the result of a call that never holds', () => {
  assert.equal(runPlainly(3, 'it'), 3);
  assert.equal(runPlainly(seven(), 'it'), 7);
});

test('runPlainly, runs a held call only then, and lets through what it throws', () => {
  let hasRun = false;
  function* fails(): Generator<unknown, void, unknown> {
    hasRun = true;
    yield* NOTHING;
    throw new RangeError('no such word');
  }
  const called = fails();
  assert.equal(hasRun, false);
  assert.throws(() => runPlainly(called, 'setup()'), { name: 'RangeError', message: 'no such word' });
  assert.equal(hasRun, true);
});

test('runPlainly, refuses a call that holds, and says what was called', () => {
  assert.throws(() => runPlainly(step(1), 'store() at turn.ts:3'), /^Error: store\(\) at turn\.ts:3 touches/);
});

test('plainCallback, lets the language call a held function', () => {
  const callback = plainCallback(function* (this: { n: number }, m: number) {
    yield* NOTHING;
    return this.n + m;
  }, 'it') as (m: number) => number;
  assert.equal(callback.call({ n: 3 }, 4), 7);
  assert.equal(plainCallback(5, 'it'), 5);
});

test('callWithCallbacks, runs callbacks of the language plainly and leaves others alone', () => {
  assert.deepEqual(callWithCallbacks([1, 2], 'map', 'it', seven), [7, 7]);
  const own = { map: (callback: unknown) => callback };
  assert.equal(callWithCallbacks(own, 'map', 'it', seven), seven);
  assert.throws(() => callWithCallbacks({}, 'map', 'it'), /map is not a function/);
});

test('plainIteratorOf, runs each step of a held iterator plainly', () => {
  const held = {
    left: 2,
    *next(): Generator<unknown, IteratorResult<number>, unknown> {
      yield* NOTHING;
      return this.left > 0 ? { done: false, value: this.left-- } : { done: true, value: undefined };
    },
    [HELD_ITERATOR](): unknown {
      return this;
    },
    [Symbol.iterator](): Iterator<number> {
      return plainIteratorOf(this, 'it') as Iterator<number>;
    },
  };
  assert.deepEqual([...held], [2, 1]);
});
