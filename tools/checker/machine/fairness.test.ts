import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fairness } from './fairness.js';

const A = 0b001;
const B = 0b010;
const C = 0b100;

function threads(count: number): Fairness {
  const fairness = new Fairness(count);
  fairness.begin();
  return fairness;
}

/** Thread 0 pauses `times` times while `enabled` are ready. */
function pauseOften(fairness: Fairness, times: number, enabled: number): void {
  for (let i = 0; i < times; i++) {
    fairness.choose(enabled, A);
    fairness.paused(0);
  }
}

test('choose, lets another thread go first once a thread has paused twice while it was ready', () => {
  const fairness = threads(3);
  pauseOften(fairness, 1, A | B);
  assert.equal(fairness.choose(A | B, A), A | B);
  pauseOften(fairness, 1, A | B);
  assert.equal(fairness.choose(A | B, A), B);
});

test('choose, holds nobody back who is not about to pause', () => {
  const fairness = threads(3);
  pauseOften(fairness, 2, A | B);
  assert.equal(fairness.choose(A | B, 0), A | B);
});

test('choose, lets the thread go on when the other has taken a step', () => {
  const fairness = threads(3);
  pauseOften(fairness, 2, A | B);
  fairness.clear(1);
  assert.equal(fairness.choose(A | B, A), A | B);
});

test('choose, counts anew for a process that was not ready in between', () => {
  const fairness = threads(3);
  pauseOften(fairness, 2, A | B);
  assert.equal(fairness.choose(A, A), A);
  assert.equal(fairness.choose(A | B, A), A | B);
});

test('choose, does not hold a thread back for one that is not ready', () => {
  const fairness = threads(3);
  pauseOften(fairness, 2, A | B);
  assert.equal(fairness.choose(A | C, A), A | C);
});

test('choose, lets all go where each would have to wait for another', () => {
  const fairness = threads(2);
  for (let i = 0; i < 2; i++) {
    fairness.choose(A | B, A | B);
    fairness.paused(0);
    fairness.paused(1);
  }
  assert.equal(fairness.choose(A | B, A | B), A | B);
});

test('choose, gives lanes of store buffers their turn too', () => {
  const fairness = threads(1);
  pauseOften(fairness, 2, A | C);
  assert.equal(fairness.choose(A | C, A), C);
});

test('begin, forgets who has waited', () => {
  const fairness = threads(3);
  const fresh = fairness.hash();
  pauseOften(fairness, 2, A | B);
  assert.notEqual(fairness.hash(), fresh);
  fairness.begin();
  assert.deepEqual([fairness.choose(A | B, A), fairness.hash()], [A | B, fresh]);
});

test('hash, tells one pause from two, and not two from more', () => {
  const fairness = threads(2);
  const hashes = [1, 2, 3].map(() => {
    pauseOften(fairness, 1, A | B);
    return fairness.hash();
  });
  assert.notEqual(hashes[0], hashes[1]);
  assert.equal(hashes[1], hashes[2]);
});

test('hash, tells who has paused', () => {
  const [one, other] = [threads(2), threads(2)];
  for (const fairness of [one, other]) fairness.choose(A | B, A | B);
  one.paused(0);
  other.paused(1);
  assert.notEqual(one.hash(), other.hash());
});
