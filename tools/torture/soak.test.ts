import assert from 'node:assert/strict';
import { test } from 'node:test';
import { growthOf, soak } from './soak.js';
import { drawSoak } from './soak-chart.js';

test('soak, counts every operation, finds nothing wrong, and its samples make a chart', {
  timeout: 120_000,
}, async () => {
  const result = await soak({ operations: 40_000, threads: 2, heapBytes: 64 * 2 ** 20, seed: 3 });
  assert.equal(result.wrongValues, 0);
  assert.deepEqual(
    // What is level shows in a long run.
    result.problems.filter((problem) => !/ (grew|shrank) by /.test(problem)),
    [],
  );
  assert.equal(result.operations, 40_000);
  const svg = drawSoak(result);
  assert.match(svg, /^<svg /);
  assert.match(svg, /resident memory/);
});

test('soak, fails where less was done than asked for', { timeout: 60_000 }, async () => {
  const result = await soak({ operations: 200_000, threads: 2, heapBytes: 2 ** 22, seed: 3 });
  assert.equal(result.result, 'FAILURE');
  assert.ok(result.problems.some((problem) => problem.endsWith(' of 200000 operations were done')));
});

test('growthOf, is the last quarter against the one before', () => {
  assert.equal(growthOf([1, 1, 1, 1, 2, 2, 2, 2]), 1);
  assert.equal(growthOf([1, 1, 1, 1, 2, 2, 3, 3]), 1.5);
  assert.equal(growthOf([5, 7]), 1);
});
