/** `lull torture`: runs a torture and prints what came of it. Ctrl-C ends it early, with its account. */
import { REAPER_STEPS } from '../../src/heap/reaper-steps.js';
import { AIMS } from '../torture/aims.js';
import { findScenarios, SCENARIOS } from '../torture/scenarios.js';
import { torture } from '../torture/torture.js';
import { commandOf, headLines, tortureLines } from '../torture/torture-report.js';
import { EXIT_FAIL, EXIT_PASS, UsageError } from './failures.js';
import type { OutputStreams } from './run-view.js';
import { paint, type StyledLine, showsColor } from './styled-line.js';
import { MIXED, type TortureRequest } from './torture-options.js';

/**
 * @returns the exit code: 1 when anything is wrong, or lost.
 *
 * Errors   UsageError for a scenario that there is not.
 */
export async function runTorture(request: TortureRequest, { stdout }: OutputStreams): Promise<number> {
  const print = (lines: readonly StyledLine[]) => {
    for (const each of lines) stdout.write(`${paint(each, showsColor(stdout))}\n`);
  };
  const { list, json, scenarios: wanted, ...rest } = request;
  if (list) {
    stdout.write(json ? `${JSON.stringify(LISTED)}\n` : listText());
    return EXIT_PASS;
  }
  requireKnown(wanted);
  const options = { ...rest, scenarios: wanted.includes(MIXED) ? [] : wanted };
  const names = findScenarios(options.scenarios)!.map(({ name }) => name);
  if (!json) print(headLines(options, names));
  let isInterrupted = false;
  const interrupt = () => {
    isInterrupted = true;
  };
  process.once('SIGINT', interrupt);
  try {
    const result = await torture(options, () => isInterrupted);
    if (json) stdout.write(`${JSON.stringify({ ...result, command: commandOf(options) })}\n`);
    else print(tortureLines(result, options));
    return result.result === 'SUCCESS' ? EXIT_PASS : EXIT_FAIL;
  } finally {
    process.removeListener('SIGINT', interrupt);
  }
}

/** What --list tells, for programs. */
const LISTED = {
  scenarios: [...SCENARIOS.map(({ name }) => name), MIXED],
  aims: AIMS,
  steps: REAPER_STEPS,
};

function requireKnown(names: readonly string[]): void {
  const unknown = names.filter((name) => !LISTED.scenarios.includes(name));
  if (unknown.length === 0) return;
  const known = LISTED.scenarios.join(', ');
  throw new UsageError(`there is no such scenario: ${unknown.join(', ')}; there is ${known}`);
}

function listText(): string {
  const width = Math.max(...SCENARIOS.map(({ name }) => name.length)) + 2;
  const scenarios = SCENARIOS.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`);
  scenarios.push(`  ${MIXED.padEnd(width)}all of them at once (unless others are named)`);
  const aims = `kills can be aimed (--aim) at:\n  ${AIMS.join(', ')}\n`;
  const steps = `the reaper can leave out (--broken) one of:\n  ${REAPER_STEPS.join(', ')}\n`;
  return `scenarios:\n${scenarios.join('\n')}\n${aims}${steps}`;
}
