/**
 * Runs the compiled tests with node:test, each file as a program of its own, two at a time: a dot for each
 * file that is well, an F for each that is not, then the failures, then the counts.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { run } from 'node:test';
import { outputOf } from './outputs.js';
import { isTest } from './source-file.js';
import { Tally, type TestResult } from './tally.js';
import { filesBelow, isCompiled } from './tree.js';

const FILES_AT_ONCE = 2;
const MARKS_A_LINE = 80;

/** A file that takes longer hangs: on two cores the slowest takes a minute. */
const FILE_TIMEOUT_MILLIS = 10 * 60_000;

/** The events of node:test's run() that are looked at. */
type TestEvent =
  | { readonly type: 'test:pass' | 'test:fail'; readonly data: TestResult }
  | { readonly type: 'test:stdout' | 'test:stderr'; readonly data: { file: string; message: string } }
  | {
      readonly type: 'test:complete';
      readonly data: TestResult & { readonly details: { passed: boolean; duration_ms: number } };
    };

/**
 * Runs every test file whose path contains one of `filters`; all files where there is no filter.
 *
 * @param isLeftOut files to leave out all the same, by their paths
 * @returns the counts. Prints everything but the last line, which is the tally's `summary()`.
 */
export async function runTests(
  filters: readonly string[],
  isLeftOut: (path: string) => boolean = () => false,
): Promise<Tally> {
  const sources = filesBelow('.').filter((path) => isCompiled(path) && isTest(path));
  const chosen = sources.filter(
    (path) => (filters.length === 0 || filters.some((part) => path.includes(part))) && !isLeftOut(path),
  );
  const files = chosen.map((source) => resolve(outputOf(source)));
  const missing = files.filter((file) => !existsSync(file));
  if (missing.length > 0) {
    throw new Error(`not compiled: ${missing.join(', ')}. Remove dist/ and run npm run build.`);
  }
  const tally = new Tally();
  if (files.length > 0) await runFiles(files, tally);
  for (const table of tally.tables()) console.log(table);
  const report = tally.report();
  if (report !== '') console.log(report);
  console.log(`slowest: ${tally.slowest()}`);
  console.log(`${files.length} of ${sources.length} test files run, ${tally.skipped} tests skipped`);
  return tally;
}

async function runFiles(files: string[], tally: Tally): Promise<void> {
  const events = run({ files, concurrency: FILES_AT_ONCE, timeout: FILE_TIMEOUT_MILLIS });
  let marks = 0;
  for await (const { type, data } of events as AsyncIterable<TestEvent>) {
    if (type === 'test:pass') tally.pass(data);
    else if (type === 'test:fail') tally.fail(data);
    else if (type === 'test:stdout' || type === 'test:stderr') tally.output(data.file, data.message);
    // A file that has ended is reported as complete under its own path.
    if (type !== 'test:complete' || data.name !== data.file) continue;
    tally.end(data.file, data.details.duration_ms);
    process.stdout.write(data.details.passed ? '.' : 'F');
    if (++marks % MARKS_A_LINE === 0) process.stdout.write('\n');
  }
  process.stdout.write('\n');
}
