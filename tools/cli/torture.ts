/** `lull torture`: runs a torture and prints what came of it. Ctrl-C ends it early, with its account. */
import { REAPER_STEPS } from '../../src/heap/reaper-steps.js';
import { AIMS } from '../torture/aims.js';
import { findScenarios, SCENARIOS } from '../torture/scenarios.js';
import { torture } from '../torture/torture.js';
import { headLines, tortureLines } from '../torture/torture-report.js';
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
  if (request.list) {
    stdout.write(listText());
    return EXIT_PASS;
  }
  const { list: _list, json, ...options } = request;
  const names = findScenarios(options.scenarios)?.map(({ name }) => name);
  if (names === undefined) throw unknownScenario(options.scenarios);
  if (!json) print(headLines(options, names));
  let isInterrupted = false;
  const interrupt = () => {
    isInterrupted = true;
  };
  process.once('SIGINT', interrupt);
  try {
    const result = await torture(options, () => isInterrupted);
    if (json) stdout.write(`${JSON.stringify(result)}\n`);
    else print(tortureLines(result, options));
    return result.result === 'SUCCESS' ? EXIT_PASS : EXIT_FAIL;
  } finally {
    process.removeListener('SIGINT', interrupt);
  }
}

function unknownScenario(names: readonly string[]): UsageError {
  const known = [...SCENARIOS.map(({ name }) => name), MIXED].join(', ');
  return new UsageError(`there is no such scenario: ${names.join(' ')}; there is ${known}`);
}

function listText(): string {
  const width = Math.max(...SCENARIOS.map(({ name }) => name.length)) + 2;
  const scenarios = SCENARIOS.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`);
  scenarios.push(`  ${MIXED.padEnd(width)}all of them at once (unless others are named)`);
  const aims = `kills can be aimed (--aim) at:\n  ${AIMS.join(', ')}\n`;
  const steps = `the reaper can leave out (--broken) one of:\n  ${REAPER_STEPS.join(', ')}\n`;
  return `scenarios:\n${scenarios.join('\n')}\n${aims}${steps}`;
}
