import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WAIT } from './lock-class.js';
import * as classes from './lull-classes.js';
import { guardedBy, LULL_CLASSES, RCU_READ, RECLAIM } from './lull-classes.js';

test('LULL_CLASSES, has every class that the file exports, once, by rising rank', () => {
  const exported = Object.values(classes).filter((value) => typeof value === 'object' && 'rank' in value);
  assert.deepEqual(new Set(LULL_CLASSES), new Set(exported));
  const ranks = LULL_CLASSES.map(({ rank }) => rank);
  assert.deepEqual(
    ranks,
    [...new Set(ranks)].sort((a, b) => a - b),
  );
  assert.ok(ranks[0]! > 0, 'rank 0 is for classes outside of the order');
  assert.equal(new Set(LULL_CLASSES.map(({ name }) => name)).size, LULL_CLASSES.length);
});

test('LULL_CLASSES, asks of its place for no less waiting than it allows inside, but for the two that nobody waits for', () => {
  for (const lock of LULL_CLASSES) {
    if (lock === RCU_READ || lock === RECLAIM) continue;
    assert.equal(lock.outer, lock.inner, lock.name);
    assert.ok(lock.inner === WAIT.spin || lock.inner === WAIT.config, lock.name);
  }
  assert.equal(RCU_READ.outer, WAIT.free);
  assert.equal(RECLAIM.inner, WAIT.none);
});

test('guardedBy, says of each class what it guards, and nothing of others', () => {
  for (const lock of LULL_CLASSES) assert.ok(guardedBy(lock).length > 10, lock.name);
  assert.equal(guardedBy({ ...RCU_READ }), '');
});
