import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertFieldsApart } from '../../tests/support/record-fields.js';
import { LINE_WORDS } from '../words/units.js';
import { MAX_SHEAF_CAPACITY, SHEAF, SHEAF_WORDS } from './sheaf-record.js';

test('SHEAF gives every field a word of its own, and the rest to the objects', () => {
  assertFieldsApart(SHEAF, SHEAF_WORDS, { objects: MAX_SHEAF_CAPACITY });
  assert.equal(SHEAF.objects + MAX_SHEAF_CAPACITY, SHEAF_WORDS);
});

test('SHEAF_WORDS is whole lines', () => {
  assert.equal(SHEAF_WORDS % LINE_WORDS, 0);
});
