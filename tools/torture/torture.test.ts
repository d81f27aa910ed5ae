import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SEED, SEED_NOTE } from '../../tests/threads/seed.js';
import { notEnough } from './enough.js';
import { SCENARIOS } from './scenarios.js';
import { torture } from './torture.js';
import { TORTURE_DEFAULTS, type TortureOptions } from './torture-options.js';
import type { TortureResult } from './torture-result.js';

const SECONDS = 4;

function options(changed: Partial<TortureOptions>): TortureOptions {
  return {
    ...TORTURE_DEFAULTS,
    seed: SEED,
    seconds: SECONDS,
    threads: 2,
    heapBytes: 16 * 2 ** 20,
    ...changed,
  };
}

function requireSuccess(result: TortureResult): void {
  assert.deepEqual(result.problems, [], SEED_NOTE);
  assert.equal(result.result, 'SUCCESS', SEED_NOTE);
}

for (const { name } of SCENARIOS) {
  test(`torture, ${name}: all is accounted for after kills`, { timeout: 120_000 }, async () => {
    const result = await torture(options({ scenarios: [name], kill: 10 }));
    requireSuccess(result);
    assert.ok(result.kills > 0, `nobody was killed ${SEED_NOTE}`);
    assert.ok(result.operations > 0, SEED_NOTE);
  });
}

test('torture, allocations fail, threads stall: all is accounted for', { timeout: 120_000 }, async () => {
  const result = await torture(options({ kill: 6, oom: 5, stall: true, seconds: 6 }));
  requireSuccess(result);
  assert.ok(result.refusals > 0, `no allocation failed ${SEED_NOTE}`);
});

test('torture, ends early when it is told to, and accounts all the same', { timeout: 60_000 }, async () => {
  const result = await torture(options({ seconds: 3600 }), (operations) => operations > 1000);
  requireSuccess(result);
});

test('torture, fails where no operation came to its end', { timeout: 60_000 }, async () => {
  const { operations, problems, result } = await torture(options({ kill: 0 }), () => true);
  assert.deepEqual(
    [operations, problems, result],
    [0, ['no operation came to its end: the run says nothing'], 'FAILURE'],
  );
});

test('notEnough, says what there was too little of', () => {
  const plenty = {
    operations: 1e6,
    kills: 100,
    killsInCriticalSections: 50,
    refusals: 8,
    nolockRefusals: 1,
    freedThroughList: 1,
    scenarios: ['readers', 'callbacks'],
    readerPipe: [100, 5, 0],
    gracePeriods: 100,
    callbacksQueued: 10,
    stalls: 3,
  };
  const all = options({ kill: 5, oom: 5, stall: true });
  assert.deepEqual(notEnough(plenty, all), []);
  const few = {
    operations: 1,
    kills: 3,
    killsInCriticalSections: 0,
    refusals: 0,
    readerPipe: [100, 0, 0],
    gracePeriods: 0,
    callbacksQueued: 0,
    stalls: 0,
  };
  for (const [name, value] of Object.entries(few)) {
    assert.equal(notEnough({ ...plenty, [name]: value }, all).length, 1, name);
  }
  assert.deepEqual(notEnough({ ...plenty, kills: 0, refusals: 0, stalls: 0 }, options({ kill: 0 })), []);
});
