/** Two minutes of torture with everything at once: kills, refused allocations, stalls, little memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { torture } from '../../tools/torture/torture.js';
import type { TortureOptions } from '../../tools/torture/torture-options.js';
import { commandOf } from '../../tools/torture/torture-report.js';
import { SEED } from './seed.js';

const OPTIONS: TortureOptions = {
  scenarios: [],
  threads: 3,
  seconds: 120,
  seed: SEED,
  heapBytes: 24 * 2 ** 20,
  kill: 8,
  oom: 1,
  stall: true,
  aims: [],
  skips: [],
};

test('Heap, two minutes of kills at random: nothing hangs, is wrong, or lost', {
  timeout: 300_000,
}, async () => {
  const result = await torture(OPTIONS);
  const note = `${commandOf(OPTIONS)}`;
  assert.deepEqual(result.problems, [], note);
  assert.equal(result.result, 'SUCCESS', note);
  // Else it says nothing. On a slow machine it is slow.
  assert.ok(result.kills >= 40, `${result.kills} kills; ${note}`);
  assert.ok(
    result.killsInCriticalSections >= 10,
    `${result.killsInCriticalSections} in critical sections; ${note}`,
  );
});
