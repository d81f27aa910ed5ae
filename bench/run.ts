/**
 * `npm run bench`: measures Lull and its peers in turns, and says which goals are met.
 *
 *   --json [FILE]   write the report as JSON to FILE, or to the standard output (the table then goes to stderr)
 *   --svg FILE      draw the goals as a chart
 *   --quick         fewer rounds, some of them shorter, for a look; the goals are judged on full runs
 *   --only NAME     one comparison: alloc, defer, map-get, ...
 *
 * A missing peer is named and skipped. The exit code is 1 where a subject ended before its last round, and 0
 * otherwise, met or missed: how fast this machine is today is a finding, not an error.
 */
import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { drawChart } from './chart.js';
import type { Comparison } from './comparison.js';
import { COMPARISONS } from './comparisons.js';
import { GOALS } from './goals.js';
import { describeMachine } from './machine.js';
import { MissingPeerError, prepare } from './peers.js';
import { type Finished, makeReport } from './report.js';
import { measureInTurns, type Runner } from './rounds.js';
import { formatTable } from './table.js';

interface Flags {
  readonly json?: string | true;
  readonly svg?: string;
  readonly quick?: true;
  readonly only?: string;
}

/** The comparisons that `--only` leaves; throws where it names none. */
export function chosenComparisons(only: string | undefined): readonly Comparison[] {
  if (only === undefined) return COMPARISONS;
  const chosen = COMPARISONS.filter(({ name }) => name === only);
  if (chosen.length === 0) {
    const names = COMPARISONS.map(({ name }) => name).join(', ');
    throw new RangeError(`no comparison is named ${only}; give one of ${names}`);
  }
  return chosen;
}

/** Gets the subjects of a comparison ready; a line goes into `skipped` for each that is missing. */
async function prepareAll(comparison: Comparison, skipped: Set<string>, isQuick: boolean): Promise<Runner[]> {
  const runners: Runner[] = [];
  for (const subject of comparison.subjects) {
    try {
      runners.push(await prepare(subject, isQuick));
    } catch (error) {
      if (!(error instanceof MissingPeerError)) throw error;
      skipped.add(error.message);
    }
  }
  return runners;
}

async function main(flags: Flags): Promise<void> {
  const finished: Finished[] = [];
  const skipped = new Set<string>();
  for (const comparison of chosenComparisons(flags.only)) {
    process.stderr.write(`${comparison.name}: ${comparison.title}\n`);
    const runners = await prepareAll(comparison, skipped, flags.quick === true);
    const rounds = flags.quick ? comparison.quickRounds : comparison.rounds;
    finished.push({ comparison, measured: await measureInTurns(runners, comparison.warmupRounds, rounds) });
  }
  const report = makeReport(describeMachine(), finished, GOALS, [...skipped]);
  const json = `${JSON.stringify(report, null, 2)}\n`;
  if (typeof flags.json === 'string') await writeFile(flags.json, json);
  if (flags.json === true) process.stdout.write(json);
  (flags.json === true ? process.stderr : process.stdout).write(formatTable(report));
  if (flags.svg !== undefined) await writeFile(flags.svg, drawChart(report));
  if (report.failures.length > 0) process.exitCode = 1;
}

if (import.meta.filename === process.argv[1]) {
  const program = new Command('bench')
    .description('Measures Lull and its peers in turns, and says which goals are met.')
    .option('--json [file]', 'write the report as JSON to the file, or to the standard output')
    .option('--svg <file>', 'draw the goals as a chart')
    .option('--quick', 'fewer rounds')
    .option('--only <name>', `one comparison: ${COMPARISONS.map(({ name }) => name).join(', ')}`)
    .parse();
  await main(program.opts<Flags>());
}
