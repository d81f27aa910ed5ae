import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMPARISONS } from './comparisons.js';
import { chosenComparisons } from './run.js';

test('chosenComparisons() without a name are all', () => {
  assert.equal(chosenComparisons(undefined), COMPARISONS);
});

test('chosenComparisons() of a name is that one', () => {
  assert.deepEqual(
    chosenComparisons('defer').map(({ name }) => name),
    ['defer'],
  );
});

test('chosenComparisons() of an unknown name throws a RangeError that lists the names', () => {
  assert.throws(() => chosenComparisons('fast'), {
    name: 'RangeError',
    message: /named fast; give one of alloc, [^\n]*\bdefer, /,
  });
});

test('COMPARISONS have at least one subject, a quick form and distinct names', () => {
  assert.equal(new Set(COMPARISONS.map(({ name }) => name)).size, COMPARISONS.length);
  for (const { name, subjects, rounds, quickRounds } of COMPARISONS) {
    assert.ok(subjects.length > 0 && quickRounds >= 1 && quickRounds < rounds, name);
  }
});
