/** Checks files from a program, such as a test: what `lull check FILES` does, without printing. */
import { loadClaimFiles } from './claim-files.js';
import { type ClaimResult, type RunOptions, runClaim, runTwin, type TwinResult } from './run-claims.js';

/** What came of files. All is well when each claim has `passed`, and each twin `isCaught`. */
export interface CheckResults {
  readonly claims: readonly ClaimResult[];
  readonly twins: readonly TwinResult[];
}

/**
 * Runs the claims and twins that files export.
 *
 * @param paths TypeScript or JavaScript modules; twins and the claims they are of together
 *
 * Errors   Error for a file that is not there, cannot be held, or declares nothing; for a twin that fits nothing.
 */
export async function checkFiles(paths: readonly string[], options: RunOptions = {}): Promise<CheckResults> {
  const declared = await loadClaimFiles(paths);
  const twins: TwinResult[] = [];
  for (const twin of declared.twins) twins.push(await runTwin(twin, declared, options));
  return { claims: declared.claims.map((claim) => runClaim(claim, options)), twins };
}
