/**
 * checkLitmusFiles: what `lull check --litmus FILE...` does.
 *
 * Exit code: 0 all ran; 1 a file's own comment says Never, and it was reached, or Lull's
 * code failed; 2 a file cannot be read. What is not
 * supported is listed and counted, and is no failure.
 */
import { readFile } from 'node:fs/promises';
import type { LitmusOptions } from './explore-litmus.js';
import { formatOutcome, formatUnsupported, isContradicted, summaryLine } from './format-litmus.js';
import { parseLitmus } from './parse-litmus.js';
import { type LitmusOutcome, orUnsupported, runTest, type UnsupportedLitmus } from './run-litmus.js';
import type { LitmusTest } from './syntax.js';

export interface CheckLitmusOptions extends LitmusOptions {
  /** True: a JSON object a line instead of text. */
  readonly json?: boolean;
}

/** A file that was read: a test, or why it is none. */
type Candidate = LitmusTest | UnsupportedLitmus;

/** Runs the files and writes lines without their ends, each as soon as it is known. Returns the exit code. */
export async function checkLitmusFiles(
  paths: readonly string[],
  options: CheckLitmusOptions,
  write: (line: string) => void,
): Promise<number> {
  const candidates: Candidate[] = [];
  let isUnreadable = false;
  for (const path of paths) {
    const candidate = await readCandidate(path);
    if (candidate === undefined) isUnreadable = true;
    candidates.push(candidate ?? { file: path, unsupported: 'the file cannot be read' });
  }
  const outcomes: LitmusOutcome[] = [];
  let hasFailed = false;
  const nameWidth = Math.max(0, ...candidates.map((candidate) => labelOf(candidate).length));
  for (const candidate of candidates) {
    const outcome = await runCandidate(candidate, options);
    if ('result' in outcome) outcomes.push(outcome);
    else if (outcome.failed === true) hasFailed = true;
    for (const line of linesOf(outcome, options, nameWidth)) write(line);
  }
  if (options.json !== true) write(summaryLine(outcomes, candidates.length - outcomes.length));
  if (isUnreadable) return 2;
  return hasFailed || outcomes.some(isContradicted) ? 1 : 0;
}

/** undefined: the file cannot be read. */
async function readCandidate(path: string): Promise<Candidate | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
  return orUnsupported(path, () => parseLitmus(text, path));
}

async function runCandidate(
  candidate: Candidate,
  options: LitmusOptions,
): Promise<LitmusOutcome | UnsupportedLitmus> {
  if ('unsupported' in candidate) return candidate;
  return orUnsupported(candidate.file, () => runTest(candidate, options));
}

function labelOf(candidate: Candidate): string {
  return 'unsupported' in candidate ? candidate.file : candidate.name;
}

function linesOf(
  outcome: LitmusOutcome | UnsupportedLitmus,
  options: CheckLitmusOptions,
  nameWidth: number,
): string[] {
  if (options.json === true) return [JSON.stringify(outcome)];
  return 'result' in outcome ? formatOutcome(outcome, nameWidth) : [formatUnsupported(outcome, nameWidth)];
}
