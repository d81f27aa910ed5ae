import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WaitingBound } from './waiting-bound.js';

test('WaitingBound, lets everything wait while fewer than two grace periods have ended', () => {
  const bound = new WaitingBound(5);
  assert.equal(bound.after(100, 0), 105);
  assert.equal(bound.after(200, 1), 205);
});

test('WaitingBound, lets wait what was retired since two grace periods before', () => {
  const bound = new WaitingBound(5);
  bound.after(100, 0);
  bound.after(200, 1);
  assert.equal(bound.after(300, 2), 205, 'after the look with 0');
  assert.equal(bound.after(400, 2), 305);
  assert.equal(bound.after(500, 3), 305, 'after the look with 1');
  assert.equal(bound.after(600, 4), 205, 'after the last look with 2');
});

test('WaitingBound, passes over looks at once where several grace periods ended between two', () => {
  const bound = new WaitingBound(0);
  bound.after(100, 0);
  bound.after(200, 7);
  assert.equal(bound.after(300, 9), 100);
});
