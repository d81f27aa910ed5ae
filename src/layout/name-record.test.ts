import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertFieldsApart } from '../../tests/support/record-fields.js';
import { NAME, NAME_KIND } from './name-record.js';

test('NAME gives every field a word of its own, the name last', () => {
  assertFieldsApart(NAME, NAME.name + 1);
});

test('NAME_KIND gives every kind a number of its own, and none to 0', () => {
  const kinds: readonly number[] = Object.values(NAME_KIND);
  assert.equal(new Set(kinds).size, kinds.length);
  assert.ok(!kinds.includes(0));
});
