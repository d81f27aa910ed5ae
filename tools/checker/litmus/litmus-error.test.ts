import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LitmusSyntaxError } from './litmus-error.js';

test('LitmusSyntaxError, says line and reason, apart and together', () => {
  const { line, reason, message } = new LitmusSyntaxError(7, 'while is not supported');
  assert.deepEqual([line, reason, message], [7, 'while is not supported', 'line 7: while is not supported']);
});
