import assert from 'node:assert/strict';
import { test } from 'node:test';
import { budgetsFor } from './explore-litmus.js';

test('budgetsFor, gives a larger test no more executions, and a bound fewer than all schedules', () => {
  for (let processes = 1; processes <= 9; processes++) {
    const [smaller, larger] = [budgetsFor(processes), budgetsFor(processes + 1)];
    assert.ok(larger.unbounded <= smaller.unbounded && larger.bounded <= smaller.bounded, `${processes}`);
    assert.ok(larger.bounded < larger.unbounded, `${processes}`);
  }
  // What an eight-process ring of grace periods and readers can be given in half a minute.
  assert.ok(budgetsFor(8).unbounded <= 20_000 && budgetsFor(8).bounded <= 8000);
});
