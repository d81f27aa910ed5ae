import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shown } from './shown.js';

test('shown, says what a value is', () => {
  const values = ['a', 5, null, undefined, Symbol('s'), () => {}, [], new Map(), Object.create(null)];
  assert.deepEqual(values.map(shown), [
    ...["'a'", '5', 'null', 'undefined', 'Symbol(s)', 'a function'],
    ...['an object of class Array', 'an object of class Map', 'an object'],
  ]);
});
