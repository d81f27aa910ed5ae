/** Runs litmus tests: what they observe is what herd7 calls it: Never, Sometimes or Always; or DEADLOCK. */
import { type Explored, exploreTest, LitmusFailure, type LitmusOptions } from './explore-litmus.js';
import type { FinalState, Observation } from './final-states.js';
import { LitmusSyntaxError } from './litmus-error.js';
import { parseLitmus } from './parse-litmus.js';
import type { LitmusTest } from './syntax.js';

/** What one file came to. */
export interface LitmusOutcome {
  readonly file: string;
  readonly name: string;
  readonly result: Observation | 'DEADLOCK';
  /** Distinct final states. */
  readonly states: number;
  readonly finals?: readonly FinalState[];
  readonly seconds: number;
  readonly executions: number;
  /** What the file's own comment expects. */
  readonly expected?: string;
  /** What was explored, where that is not every execution. */
  readonly bound?: string;
}

/** A file that cannot be run, and why: `line 7: while is not supported`. */
export interface UnsupportedLitmus {
  readonly file: string;
  readonly unsupported: string;
  /** True where it is Lull's own code that failed. */
  readonly failed?: true;
}

/** Runs the test that `text` is. */
export async function runLitmus(
  text: string,
  file: string,
  options: LitmusOptions = {},
): Promise<LitmusOutcome | UnsupportedLitmus> {
  return orUnsupported(file, () => runTest(parseLitmus(text, file), options));
}

/** What `attempt` returns, or why the file cannot be run. */
export async function orUnsupported<T>(
  file: string,
  attempt: () => T | Promise<T>,
): Promise<T | UnsupportedLitmus> {
  try {
    return await attempt();
  } catch (error) {
    if (error instanceof LitmusSyntaxError) return { file, unsupported: error.message };
    if (error instanceof LitmusFailure) return { file, unsupported: error.message, failed: true };
    throw error;
  }
}

/** Runs a test that was read. Throws LitmusSyntaxError where a process accesses what is no address. */
export async function runTest(test: LitmusTest, options: LitmusOptions = {}): Promise<LitmusOutcome> {
  const explored = await exploreTest(test, options);
  const { finals, executions, seconds, bound } = explored;
  return {
    ...{ file: test.file, name: test.name, result: resultOf(explored) },
    states: finals.size,
    ...(options.states === true ? { finals: finals.all() } : {}),
    seconds,
    executions,
    ...(test.expected === undefined ? {} : { expected: test.expected }),
    ...(bound === undefined ? {} : { bound }),
  };
}

/**
 * DEADLOCK also where every execution was seen and no final state passes the filter: the kernel's tests say that of
 * what cannot end as their filter says, as of a lock that waits for what is inside of it.
 */
function resultOf({ finals, isStuck, bound }: Explored): LitmusOutcome['result'] {
  const hasNoEnd = finals.size === 0 && bound === undefined;
  return isStuck || hasNoEnd ? 'DEADLOCK' : finals.observation();
}
