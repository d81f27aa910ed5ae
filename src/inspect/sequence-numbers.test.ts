import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDone, isRunning, snapOf } from '../rcu/sequence.js';
import { isLater, latestCookie, PHASE_MASK, periodsSince } from './sequence-numbers.js';

/** Sequences with and without a running grace period: early, late, and on both sides of the wrap. */
const SEQUENCES: number[] = [];
for (const start of [0, 4, 1000, -8, 0x7ffffff0, -0x80000000]) {
  for (let step = 0; step < 20; step++) SEQUENCES.push((start + step) | 0);
}

test('latestCookie() is the number that a wait which starts now is given', () => {
  for (const sequence of SEQUENCES) assert.equal(latestCookie(sequence), snapOf(sequence));
});

test('isLater() is true exactly of a number that a sequence has not reached', () => {
  for (const a of SEQUENCES) {
    for (let distance = -30; distance <= 30; distance++) {
      const b = (a + distance) | 0;
      assert.equal(isLater(a, b), !isDone(b, a));
    }
  }
});

test('periodsSince() counts the grace periods that have ended, across the wrap too', () => {
  for (const first of [-8, 0, 0x7ffffff0, -0x80000000]) {
    assert.equal(periodsSince(first, first), 0);
    assert.equal(periodsSince(first, (first + 1) | 0), 0);
    assert.equal(periodsSince(first, (first + 4) | 0), 1);
    assert.equal(periodsSince(first, (first + 41) | 0), 10);
    assert.equal(periodsSince(first, (first + 2 ** 31) | 0), 2 ** 29);
  }
});

test('PHASE_MASK tells a running grace period', () => {
  for (const sequence of SEQUENCES) assert.equal((sequence & PHASE_MASK) !== 0, isRunning(sequence));
});
