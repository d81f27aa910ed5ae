/** Workers that are terminated in a browser: a Web Lock that each holds for life tells the page, which reaps them. */
import assert from 'node:assert/strict';
import { BROWSERS } from './browsers.js';
import type { DeathReport } from './death-page.js';
import { browserTest, runPage } from './run-page.js';

const ROUNDS = 3;

for (const browser of BROWSERS) {
  browserTest(browser, 'Heap, goes on when a worker is terminated, and loses nothing', async (program) => {
    const { result } = await runPage<DeathReport>(browser, program, '/tests/browser/death-page.js');
    assert.ok(result.hasLocks, 'no Web Locks');
    assert.equal(Object.keys(result.checks).length, 3 * ROUNDS);
    for (const [name, outcome] of Object.entries(result.checks)) assert.equal(outcome, 'ok', name);
    const expected = Array.from({ length: ROUNDS }, () => ['sets', 'holds a mutex']).flat();
    assert.deepEqual(result.reaped, expected);
    assert.deepEqual(result.threads, ['page']);
    assert.deepEqual([result.problems, result.unreachable], [[], 0]);
  });
}
