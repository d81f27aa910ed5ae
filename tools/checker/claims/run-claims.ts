/** Runs claims and their twins, one at a time, and tells what came of each. */
import {
  type Counterexample,
  type ExplorationResult,
  type ExploreOptions,
  explore,
} from '../explore/explore.js';
import type { Sampling } from '../explore/sampling.js';
import type { Bounds } from '../model.js';
import { type Claim, type Declared, loadPatched, type NamedTwin } from './claim-files.js';

/** What came of a claim. */
export interface ClaimResult extends ExplorationResult {
  readonly id: string;
  readonly name: string;
  readonly threads: number;
}

/** What came of a twin. */
export interface TwinResult {
  readonly id: string;
  readonly name: string;
  readonly claim: string;
  /** Whether the claim failed over it, in the way that the twin says. */
  readonly isCaught: boolean;
  /** What was found; absent: nothing. */
  readonly counterexample?: Counterexample;
  readonly executions: number;
  readonly seconds: number;
}

/** How to run. */
export interface RunOptions {
  /** On top of what models and twins say. */
  readonly bounds?: Bounds;
  /** With the models' nightly bounds. */
  readonly isNightly?: boolean;
  readonly sampling?: Sampling;
}

/** Explores a claim. */
export function runClaim({ id, model }: Claim, options: RunOptions = {}): ClaimResult {
  const result = explore(model, exploreOptionsOf(model.nightly, options));
  return { id, name: model.name, threads: Object.keys(model.threads).length, ...result };
}

/** Explores a twin's claim over the twin's code. Throws where the twin fits nothing. */
export async function runTwin(
  { id, twin }: NamedTwin,
  { claims }: Declared,
  options: RunOptions = {},
): Promise<TwinResult> {
  const claim = claims.find((candidate) => candidate.id === twin.claim);
  if (claim === undefined) {
    const known = claims.map((candidate) => candidate.id).join(', ');
    throw new Error(`twin ${id} names claim '${twin.claim}'; the claims are ${known}`);
  }
  const patched = await loadPatched(claim, twin.patch);
  const model = { ...patched, bounds: { ...patched.bounds, ...twin.bounds } };
  const { counterexample, executions, seconds } = explore(model, exploreOptionsOf(undefined, options));
  return {
    ...{ id, name: twin.name, claim: twin.claim, executions, seconds },
    isCaught: counterexample?.kind === twin.caughtAs,
    ...(counterexample === undefined ? {} : { counterexample }),
  };
}

function exploreOptionsOf(nightly: Bounds | undefined, options: RunOptions): ExploreOptions {
  const bounds = { ...(options.isNightly === true ? nightly : {}), ...options.bounds };
  return { bounds, ...(options.sampling === undefined ? {} : { sampling: options.sampling }) };
}
