import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SpinBound } from './spin-bound.js';

test('SpinBound.hurry, bounds what it runs, and no more, also where that throws', () => {
  const bound = new SpinBound(1000);
  assert.equal(
    bound.hurry(() => bound.rounds),
    63,
  );
  assert.equal(bound.rounds, 1000);
  assert.throws(
    () =>
      bound.hurry(() => {
        throw new Error('inside');
      }),
    /inside/,
  );
  assert.equal(bound.rounds, 1000);
});

test('SpinBound.hurry, within another, leaves at least one look', () => {
  const bound = new SpinBound(20);
  bound.hurry(() => bound.hurry(() => assert.equal(bound.rounds, 1)));
  assert.equal(bound.rounds, 20);
});
