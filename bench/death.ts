/**
 * `npm run bench:death`: terminates a thread that writes, at a random moment, and looks at what it has left: for shared maps
 * and mutexes of others, and for Lull's.
 *
 *   --trials N      how often for each (30)
 *   --only NAME     one subject
 *   --json          {trials, results: [{name, hung, corrupted}]} on the last line of the standard output
 *
 * Each trial is a process of its own, with a limit: what has not ended by then hangs. A package that is not installed is
 * named, and has null for its numbers.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import { DEATH_SUBJECTS } from './death/subjects.js';

const TRIAL_MILLIS = 6000;
const LONGEST_MILLIS = 40;
const TRIAL = fileURLToPath(new URL('./death/trial.js', import.meta.url));

interface Flags {
  readonly trials: number;
  readonly only?: string;
  readonly json?: true;
}

/** Of one subject; null where it could not be had. */
export interface DeathResult {
  readonly name: string;
  readonly hung: number | null;
  readonly corrupted: number | null;
  /** What was wrong the first time; why there is nothing. */
  readonly note?: string;
}

type Outcome = 'whole' | 'hung' | { readonly corrupted: string } | { readonly missing: string };

function runTrial(name: string, limitMillis: number): Promise<Outcome> {
  const millis = String(1 + Math.random() * LONGEST_MILLIS);
  return new Promise((resolve) => {
    const options = { timeout: limitMillis, killSignal: 'SIGKILL' } as const;
    execFile(process.execPath, ['--no-warnings', TRIAL, name, millis], options, (error, stdout, stderr) => {
      const line = stdout.trim().split('\n').pop() ?? '';
      if (error?.killed === true) resolve('hung');
      else if (/ERR_MODULE_NOT_FOUND/.test(stderr)) resolve({ missing: 'not installed' });
      else if (line === '')
        resolve({ corrupted: `it ended with ${error?.code ?? 0}: ${firstError(stderr)}` });
      else resolve(outcomeOf(line));
    });
  });
}

function outcomeOf(line: string): Outcome {
  const { corrupted } = JSON.parse(line) as { corrupted: string | null };
  return corrupted === null ? 'whole' : { corrupted };
}

function firstError(stderr: string): string {
  return stderr.split('\n').find((line) => line.includes('Error')) ?? 'no message';
}

/** Runs all trials of a subject. */
export async function runTrials(
  name: string,
  trials: number,
  limitMillis = TRIAL_MILLIS,
): Promise<DeathResult> {
  let hung = 0;
  let corrupted = 0;
  let note: string | undefined;
  for (let trial = 0; trial < trials; trial++) {
    const outcome = await runTrial(name, limitMillis);
    if (outcome === 'whole') continue;
    if (outcome === 'hung') hung++;
    else if ('missing' in outcome) return { name, hung: null, corrupted: null, note: outcome.missing };
    else {
      corrupted++;
      note ??= outcome.corrupted;
    }
  }
  return note === undefined ? { name, hung, corrupted } : { name, hung, corrupted, note };
}

function tableLine({ name, hung, corrupted, note = '' }: DeathResult, trials: number): string {
  const of = (count: number | null) => (count === null ? '-' : `${count} of ${trials}`).padStart(10);
  return `${name.padEnd(24)}${of(hung)}${of(corrupted)}   ${note}`;
}

function parseTrials(text: string): number {
  const trials = /^\d+$/.test(text) ? Number(text) : 0;
  if (trials >= 1) return trials;
  throw new InvalidArgumentError('It must be a whole number from 1.');
}

/** The line of --json. What was wrong is said in the table alone. */
export function jsonOf(trials: number, results: readonly DeathResult[]): string {
  const numbers = results.map(({ name, hung, corrupted }) => ({ name, hung, corrupted }));
  return JSON.stringify({ trials, results: numbers });
}

async function main({ trials, only, json }: Flags): Promise<void> {
  const chosen = DEATH_SUBJECTS.filter(({ name }) => only === undefined || name === only);
  const out = json === true ? process.stderr : process.stdout;
  out.write(`${'a writer is terminated'.padEnd(24)}${'hung'.padStart(10)}${'corrupted'.padStart(10)}\n`);
  const results: DeathResult[] = [];
  for (const { name } of chosen) {
    const result = await runTrials(name, trials);
    results.push(result);
    out.write(`${tableLine(result, trials)}\n`);
  }
  if (json === true) process.stdout.write(`${jsonOf(trials, results)}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const command = new Command('bench:death')
    .option('--trials <n>', 'how often for each', parseTrials, 30)
    .addOption(new Option('--only <name>', 'one subject').choices(DEATH_SUBJECTS.map(({ name }) => name)))
    .option('--json', 'the results as JSON, on the last line');
  await main(command.parse().opts<Flags>());
}
