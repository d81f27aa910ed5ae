/** The options of `lull check`: their texts, their ranges and what they default to. */
import { type Command, InvalidArgumentError } from 'commander';
import { UsageError } from './failures.js';

/** What a check is asked to do. */
export interface CheckOptions {
  readonly files: readonly string[];
  readonly json: boolean;
  /** Parts of names; a claim or twin whose name has none is left out. */
  readonly only: readonly string[];
  readonly isNightly: boolean;
  readonly preemptions: number | undefined;
  readonly storeBuffers: boolean;
  /** Executions by chance instead of all; undefined: all. */
  readonly samples: number | undefined;
  /** Depth of the bugs that PCT looks for; undefined: plain random. */
  readonly depth: number | undefined;
  readonly seed: number;
  /** A claim or twin, and a schedule of it. */
  readonly replay: string | undefined;
  readonly litmus: boolean;
  readonly states: boolean;
  /** Executions of a litmus test before its exploration is bounded; undefined: by its processes. */
  readonly budget: number | undefined;
}

const MOST = 1_000_000_000;
const DEFAULT_SAMPLES = 10_000;

/** Adds the options of `lull check` to a command. */
export function declareCheckOptions(command: Command): Command {
  const collect = (text: string, before: readonly string[] = []) => [...before, text];
  return command
    .argument('[files...]', 'model and twin files (*.model.ts, *.twin.ts, or .js), or folders of them')
    .option('--only <text>', 'only claims and twins whose name has this part; may be repeated', collect)
    .option('--preemptions <n>', 'at most so many preemptions in an execution', wholeNumber(0))
    .option('--store-buffers', 'plain stores reach memory late, and in any order between words')
    .option('--random <n>', 'so many executions by chance, instead of all', wholeNumber(1))
    .option('--pct <depth>', 'executions by chance that look for bugs of this depth (PCT)', wholeNumber(1))
    .option('--seed <n>', 'seed of what is left to chance', wholeNumber(0), 1)
    .option('--nightly', 'with the deeper bounds that models give for it')
    .option('--replay <string>', 'run one schedule again, as a failure has printed it, and show it')
    .option('--litmus', 'the files are litmus tests in C')
    .option('--weak', 'with --litmus: plain stores lie in store buffers')
    .option('--budget <n>', 'with --litmus: so many executions before schedules are bounded', wholeNumber(1))
    .option('--states', 'with --litmus: show every final state')
    .option('--json', 'print JSON and nothing else');
}

interface RawOptions {
  readonly only?: readonly string[];
  readonly preemptions?: number;
  readonly storeBuffers?: boolean;
  readonly random?: number;
  readonly pct?: number;
  readonly seed: number;
  readonly nightly?: boolean;
  readonly replay?: string;
  readonly litmus?: boolean;
  readonly weak?: boolean;
  readonly states?: boolean;
  readonly budget?: number;
  readonly json?: boolean;
}

/** Reads back what declareCheckOptions() had parsed. Throws UsageError for options that do not go together. */
export function checkOptionsOf(files: readonly string[], command: Command): CheckOptions {
  const raw = command.opts<RawOptions>();
  const litmus = raw.litmus ?? false;
  if (litmus && files.length === 0)
    throw new UsageError('--litmus needs files: lull check --litmus *.litmus');
  for (const name of ['weak', 'states', 'budget'] as const) {
    if (raw[name] !== undefined && !litmus) throw new UsageError(`--${name} is an option of --litmus`);
  }
  for (const name of ['replay', 'random', 'pct', 'nightly', 'only', 'preemptions', 'storeBuffers'] as const) {
    if (raw[name] !== undefined && litmus)
      throw new UsageError(`--${dashed(name)} is not an option of --litmus`);
  }
  return {
    ...{ files, litmus, seed: raw.seed, only: raw.only ?? [], replay: raw.replay },
    json: raw.json ?? false,
    isNightly: raw.nightly ?? false,
    preemptions: raw.preemptions,
    storeBuffers: raw.storeBuffers ?? raw.weak ?? false,
    samples: raw.random ?? (raw.pct === undefined ? undefined : DEFAULT_SAMPLES),
    depth: raw.pct,
    states: raw.states ?? false,
    budget: raw.budget,
  };
}

function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);
}

function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= MOST) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${MOST}.`);
  };
}
