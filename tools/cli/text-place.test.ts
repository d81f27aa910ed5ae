import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from './failures.js';
import { faultAt, placeAt } from './text-place.js';

test('placeAt() counts lines and columns from 1', () => {
  const text = 'ab\ncd\r\n\nx';
  assert.deepEqual(placeAt(text, 0), { line: 1, column: 1 });
  assert.deepEqual(placeAt(text, 2), { line: 1, column: 3 });
  assert.deepEqual(placeAt(text, 3), { line: 2, column: 1 });
  assert.deepEqual(placeAt(text, text.indexOf('x')), { line: 4, column: 1 });
});

test('placeAt() at the end of the text is the place behind its last character', () => {
  assert.deepEqual(placeAt('ab\ncd', 5), { line: 2, column: 3 });
});

test('faultAt() names file, line and column, and leaves out a column it was not given', () => {
  const fault = faultAt('a.json', { line: 3, column: 14 }, 'wrong');
  assert.ok(fault instanceof UsageError);
  assert.equal(fault.message, 'a.json: line 3, column 14: wrong');
  assert.equal(faultAt('a.csv', { line: 3 }, 'wrong').message, 'a.csv: line 3: wrong');
});
