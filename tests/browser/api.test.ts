/** The public API in the browsers themselves: src/ unbundled, on a page, in a worker and in an audio worklet. */
import assert from 'node:assert/strict';
import type { ApiReport } from './api-page.js';
import { BROWSERS } from './browsers.js';
import { browserTest, runPage, sayWhatIsMissing } from './run-page.js';

sayWhatIsMissing();

for (const browser of BROWSERS) {
  browserTest(
    browser,
    'Heap, works on the main thread, in a worker and in an audio worklet',
    async (program) => {
      const { result } = await runPage<ApiReport>(browser, program, '/tests/browser/api-page.js');
      assert.ok(result.isolated, 'the page is not cross-origin isolated');
      for (const checks of [result.checks, result.inWorker, result.inWorklet]) {
        assert.ok(Object.keys(checks).length >= 6);
        for (const [name, outcome] of Object.entries(checks)) assert.equal(outcome, 'ok', name);
      }
      assert.equal(result.waits, 0);
      assert.deepEqual(result.problems, []);
    },
  );
}
