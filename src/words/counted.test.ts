import assert from 'node:assert/strict';
import { test } from 'node:test';
import { counted } from './counted.js';

test('counted, says one thing in the singular, and none or many in the plural', () => {
  assert.deepEqual(
    [0, 1, 2].map((count) => counted(count, 'word')),
    ['0 words', '1 word', '2 words'],
  );
});
