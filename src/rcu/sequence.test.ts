import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { COMPLETED, endOf, isCookie, isDone, isDoneExact, isRunning, snapOf } from './sequence.js';

const MIN = -(2 ** 31);
const MAX = 2 ** 31 - 1;

/** Sequences of every kind, those about to wrap among them. */
const sequences = fc.oneof(
  fc.integer({ min: MIN, max: MAX }),
  fc.integer({ min: MAX - 20, max: MAX }),
  fc.integer({ min: MIN, max: MIN + 20 }),
  fc.integer({ min: -20, max: 20 }),
);
const idle = sequences.map((sequence) => sequence & ~3);
const running = idle.map((sequence) => (sequence + 1) | 0);

/** The sequence after `count` more ends of grace periods. */
function after(sequence: number, count: number): number {
  for (let i = 0; i < count; i++) sequence = endOf(sequence);
  return sequence;
}

test('isRunning() looks at the phase bits alone', () => {
  fc.assert(fc.property(idle, (sequence) => assert.equal(isRunning(sequence), false)));
  fc.assert(fc.property(running, (sequence) => assert.equal(isRunning(sequence), true)));
});

test('endOf() is the next idle number, from idle and from running alike', () => {
  fc.assert(
    fc.property(idle, (sequence) => {
      assert.equal(endOf(sequence), (sequence + 4) | 0);
      assert.equal(endOf((sequence + 1) | 0), (sequence + 4) | 0);
      assert.equal(isRunning(endOf(sequence)), false);
    }),
  );
});

test('snapOf() from idle is done after the next grace period, and not before', () => {
  fc.assert(
    fc.property(idle, (sequence) => {
      const cookie = snapOf(sequence);
      assert.equal(cookie, endOf(sequence));
      assert.equal(isDone(sequence, cookie), false);
      assert.equal(isDone((sequence + 1) | 0, cookie), false);
      assert.equal(isDone(after(sequence, 1), cookie), true);
    }),
  );
});

test('snapOf() while a grace period runs waits for the one after it', () => {
  fc.assert(
    fc.property(running, (sequence) => {
      const cookie = snapOf(sequence);
      assert.equal(isDone(after(sequence, 1), cookie), false);
      assert.equal(isDone((after(sequence, 1) + 1) | 0, cookie), false);
      assert.equal(isDone(after(sequence, 2), cookie), true);
    }),
  );
});

test('snapOf() is a word, an idle number, and never earlier for a later sequence', () => {
  fc.assert(
    fc.property(sequences, fc.nat(1000), (sequence, later) => {
      const cookie = snapOf(sequence);
      assert.equal(cookie | 0, cookie);
      assert.equal(isRunning(cookie), false);
      assert.equal(isDone(snapOf((sequence + later) | 0), cookie), true);
    }),
  );
});

test('isDone() stays true for the 2^29 grace periods that follow', () => {
  fc.assert(
    fc.property(sequences, fc.nat(2 ** 29 - 1), (cookie, periods) => {
      assert.equal(isDone((cookie + 4 * periods) | 0, cookie), true);
      assert.equal(isDone((cookie - 4 * periods - 1) | 0, cookie), false);
    }),
  );
});

test('isDone() holds where the number passes 2^31', () => {
  const last = 0x7ffffffc;
  assert.equal(snapOf(last), MIN);
  assert.equal(isDone(last, MIN), false);
  assert.equal(endOf(last), MIN);
  assert.equal(isDone(MIN, MIN), true);
  assert.equal(isDone(MIN, last), true);
  assert.equal(isDone(last, snapOf(last + 1)), false);
  assert.equal(snapOf(last + 1), MIN + 4);
});

test('isDone() holds where the number passes 2^32', () => {
  assert.equal(snapOf(-4), 0);
  assert.equal(isDone(-4, 0), false);
  assert.equal(endOf(-4), 0);
  assert.equal(endOf(-3), 0);
  assert.equal(isDone(0, 0), true);
  assert.equal(isDone(0, -4), true);
  assert.equal(snapOf(-3), 4);
  assert.equal(Object.is(endOf(-4), -0), false);
});

test('isDoneExact() is isDone() for every cookie that may have been taken up to now', () => {
  fc.assert(
    fc.property(sequences, fc.nat(2 ** 28), (sequence, ago) => {
      const cookie = snapOf((sequence - ago) | 0);
      assert.equal(isDoneExact(sequence, cookie), isDone(sequence, cookie));
    }),
  );
});

test('isDoneExact() is true for a cookie that is so old that it seems to lie ahead', () => {
  for (const sequence of [0, 1, -4, -3, MIN, MAX & ~3, 0x7ffffffd, 400]) {
    const cookie = snapOf(sequence);
    for (const ahead of [8, 12, 400, 2 ** 30, 2 ** 31 - 8, 2 ** 31 - 4, 2 ** 31]) {
      assert.equal(isDoneExact((cookie - ahead) | 0, cookie), true, `${ahead} before ${cookie}`);
    }
    for (const ahead of [1, 3, 4, 7]) {
      assert.equal(isDoneExact((cookie - ahead) | 0, cookie), false, `${ahead} before ${cookie}`);
    }
  }
});

test('isCookie() takes what snapOf() returns, and the one that is always done', () => {
  fc.assert(fc.property(sequences, (sequence) => assert.equal(isCookie(snapOf(sequence)), true)));
  assert.equal(isCookie(COMPLETED), true);
  for (const other of [2, 3, 5, -1, 0.5, 2 ** 31, -(2 ** 31) - 4, Number.NaN, '4', undefined, null, 4n, {}]) {
    assert.equal(isCookie(other), false, String(other));
  }
});
