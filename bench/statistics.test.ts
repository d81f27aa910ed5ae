import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quantile, ratiosByRound, summarize } from './statistics.js';

test('summarize() gives the middle number and the quartiles, whatever the order', () => {
  assert.deepEqual(summarize([5, 1, 4, 2, 3]), { median: 3, low: 2, high: 4 });
});

test('summarize() of an even count interpolates between the two in the middle', () => {
  assert.deepEqual(summarize([4, 1, 2, 3]), { median: 2.5, low: 1.75, high: 3.25 });
});

test('summarize() of one number is that number three times', () => {
  assert.deepEqual(summarize([7]), { median: 7, low: 7, high: 7 });
});

test('summarize() sorts by size, not by text', () => {
  assert.equal(summarize([10, 9, 100]).median, 10);
});

test('summarize() leaves the rounds in their order', () => {
  const rounds = [3, 1, 2];
  summarize(rounds);
  assert.deepEqual(rounds, [3, 1, 2]);
});

test('quantile() of no numbers throws a RangeError that asks for a round', () => {
  assert.throws(() => quantile([], 0.5), { name: 'RangeError', message: /at least one round/ });
});

test('ratiosByRound() divides round by round', () => {
  assert.deepEqual(ratiosByRound([2, 9], [1, 3]), [2, 3]);
});

test('ratiosByRound() refuses different numbers of rounds and names both', () => {
  assert.throws(() => ratiosByRound([1, 2], [1]), { name: 'RangeError', message: /2 rounds to 1/ });
});

test('ratiosByRound() keeps a slow round from moving the ratio, where both sides are slow in it', () => {
  const subject = [10, 10, 40, 45, 50];
  const peer = [5, 5, 20, 22.5, 25];
  assert.equal(summarize(ratiosByRound(subject, peer)).median, 2);
});
