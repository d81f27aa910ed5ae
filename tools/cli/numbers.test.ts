import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCount, formatCounted, formatNanos, formatSeconds, formatShare } from './numbers.js';

test('formatCount() rounds and puts commas at the thousands', () => {
  assert.equal(formatCount(1_234_567.6), '1,234,568');
});

test('formatCounted() uses the singular for exactly one', () => {
  assert.equal(formatCounted(0, 'key'), '0 keys');
  assert.equal(formatCounted(1, 'key'), '1 key');
});

test('formatNanos() shows three digits at most, and a dash for nothing measured', () => {
  assert.equal(formatNanos(0), '-');
  assert.equal(formatNanos(420), '420 ns');
  assert.equal(formatNanos(1_340), '1.3 µs');
  assert.equal(formatNanos(25_000_000), '25 ms');
  assert.equal(formatNanos(2_500_000_000), '2.5 s');
});

test('formatSeconds() and formatShare() drop needless digits', () => {
  assert.equal(formatSeconds(3_249), '3.2 s');
  assert.equal(formatShare(0.05), '5 %');
  assert.equal(formatShare(0.005), '0.5 %');
});
