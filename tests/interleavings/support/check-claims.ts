/** Registers a test for each claim of a model file, and one for each twin of the twin file of the same name. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadClaimFiles } from '../../../tools/checker/claims/claim-files.js';
import { runClaim, runTwin } from '../../../tools/checker/claims/run-claims.js';

/** Checks tests/<folder>/<subject>.model.ts and tests/broken/<subject>.twin.ts. */
export async function checkClaimsOf(subject: string, folder = 'interleavings'): Promise<void> {
  const modelPath = fileURLToPath(new URL(`../../${folder}/${subject}.model.js`, import.meta.url));
  const twinPath = fileURLToPath(new URL(`../../broken/${subject}.twin.js`, import.meta.url));
  const declared = await loadClaimFiles(existsSync(twinPath) ? [modelPath, twinPath] : [modelPath]);
  for (const claim of declared.claims) {
    test(`${claim.id}, ${claim.model.name}`, (t) => {
      const { result, counterexample, executions, states, seconds, bound } = runClaim(claim);
      t.diagnostic(`${executions} executions, ${states} states, ${seconds.toFixed(1)} s, ${bound}`);
      assert.equal(
        result,
        'passed',
        `${counterexample?.message}; replay ${claim.id}:${counterexample?.schedule}`,
      );
      const twins = declared.twins.filter(({ twin }) => twin.claim === claim.id);
      assert.ok(twins.length > 0 || folder !== 'interleavings', `claim ${claim.id} has no broken twin`);
    });
  }
  for (const named of declared.twins) {
    test(`${named.id}, is caught: ${named.twin.name}`, async (t) => {
      const { isCaught, counterexample, executions, seconds } = await runTwin(named, declared);
      t.diagnostic(`${counterexample?.kind} after ${executions} executions, ${seconds.toFixed(1)} s`);
      assert.ok(isCaught, `meant to be caught as ${named.twin.caughtAs}, found: ${counterexample?.message}`);
    });
  }
}
