import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifyPair } from './death/values.js';
import { jsonOf, runTrials } from './death.js';

test("runTrials, Lull's map and mutex are whole after the death of their writer", {
  timeout: 120_000,
}, async () => {
  for (const name of ['Lull SharedMap', 'Lull Mutex']) {
    assert.deepEqual(await runTrials(name, 3, 30_000), { name, hung: 0, corrupted: 0 });
  }
});

test('runTrials, says that a package is not installed', { timeout: 60_000 }, async () => {
  // The registry does not have it.
  const { hung, note } = await runTrials('worker_map', 1, 30_000);
  assert.deepEqual([hung, note], [null, 'not installed']);
});

test('runTrials, says that a thing hangs which does not end within its limit', {
  timeout: 60_000,
}, async () => {
  // Nothing starts so fast.
  assert.deepEqual(await runTrials('Lull Mutex', 1, 1), { name: 'Lull Mutex', hung: 1, corrupted: 0 });
});

test('jsonOf, has trials and results, each with name, hung and corrupted, and nothing else', () => {
  const results = [
    { name: 'a', hung: 2, corrupted: 1, note: 'its size is 3' },
    { name: 'b', hung: null, corrupted: null, note: 'not installed' },
  ];
  assert.equal(
    jsonOf(5, results),
    '{"trials":5,"results":[{"name":"a","hung":2,"corrupted":1},{"name":"b","hung":null,"corrupted":null}]}',
  );
});

test('verifyPair, takes what is written under the key and nothing else', () => {
  assert.equal(verifyPair('key 1', 'key 1=17'), true);
  for (const wrong of [undefined, 17, 'key 2=17', 'key 1=', 'key 1=1x', 'key 1=17key 2=3']) {
    assert.equal(verifyPair('key 1', wrong), false, String(wrong));
  }
});
