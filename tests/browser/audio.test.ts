/**
 * An audio worklet, two workers and a page on one heap, in the browsers themselves: eight minutes of audio, rendered
 * faster than they would play; the last two are measured.
 */
import assert from 'node:assert/strict';
import {
  CONTROL,
  HISTOGRAM_WORDS,
  HISTOGRAMS,
  type HistogramName,
  MEASURED_AT,
  MINUTES,
  RENDERED_CALLS,
} from './audio-control.js';
import type { AudioReport } from './audio-page.js';
import { BROWSERS } from './browsers.js';
import { readStretches, type Stretch } from './collections.js';
import { browserTest, runPage } from './run-page.js';

/**
 * Bytes of JavaScript's own memory that a process() call may allocate on average. It would be none, but V8 with small
 * pointers makes an object of a number past 30 bits that goes from one function to another, a map's link for one.
 */
const BYTES_A_CALL = 48;
/** By so much may what is in use grow in a minute, as the engine compiles code and drops it. */
const GROWN_BYTES = 512 * 1024;
/** What leaks grows in every minute: in the one in which it grows least by no more than this, 0.75 bytes a call. */
const LEAKED_BYTES = 16 * 1024;
/** Most of the kmallocNolock calls that may be refused. */
const REFUSED_SHARE = 0.01;
/** The calls that may be made anywhere: each has a bounded number of steps. */
const STEPS_OF_CALLS = ['kmallocNolock', 'kfreeNolock', 'trySet', 'tryDelete', 'kfreeRcu'] as const;
/** Most atomic operations of one process() call: its own, and two sheaves of objects given back one by one. */
const MOST_ATOMICS = 600;

function countOf(report: AudioReport, name: keyof typeof CONTROL): number {
  return report.control[CONTROL[name]]!;
}

/** The number of operations that a share of the calls does not exceed. */
function quantile(histogram: readonly number[], share: number): string {
  const calls = histogram.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  for (const [operations, count] of histogram.entries()) {
    seen += count;
    if (seen >= calls * share)
      return operations === HISTOGRAM_WORDS - 1 ? `${operations} or more` : `${operations}`;
  }
  return 'none';
}

function atomicsLine(report: AudioReport, name: HistogramName): string {
  const histogram = report.control.slice(HISTOGRAMS[name], HISTOGRAMS[name] + HISTOGRAM_WORDS);
  const [half, most, all] = [0.5, 0.999, 1].map((share) => quantile(histogram, share));
  return `  ${name.padEnd(14)} atomic operations a call: median ${half}, p99.9 ${most}, most ${all}`;
}

function refusedLine(what: string, tried: number, refused: number): string {
  const share = ((100 * refused) / Math.max(1, tried)).toFixed(3);
  return `  ${what.padEnd(14)} ${tried} calls, ${refused} refused (${share} %)`;
}

function heapLine(stretches: readonly Stretch[]): string {
  if (stretches.length === 0) return "  JavaScript's own memory: this engine tells it of no worklet";
  const each = stretches.map(({ allocatedBytes, grownBytes }, i) => {
    const calls = MEASURED_AT[i + 1]! - MEASURED_AT[i]!;
    return `${(allocatedBytes / calls).toFixed(1)} B allocated a call, ${grownBytes} B grown in ${calls} calls`;
  });
  return `  JavaScript's own memory: ${each.join('; ')}`;
}

function printTable(name: string, report: AudioReport, stretches: readonly Stretch[]): void {
  const [page, first, second] = [0, 1, 2].map((number) => report.control[CONTROL.rounds + number]);
  const lines = [
    `table: ${name}: ${MINUTES} minutes of audio in ${(report.renderMillis / 1000).toFixed(1)} s, a worklet on one heap with a page and two workers`,
    refusedLine('kmallocNolock', countOf(report, 'allocs'), countOf(report, 'allocsRefused')),
    refusedLine('trySet', countOf(report, 'sets'), countOf(report, 'setsRefused')),
    refusedLine('tryDelete', countOf(report, 'deletes'), countOf(report, 'deletesRefused')),
    ...(Object.keys(HISTOGRAMS) as HistogramName[]).map((histogram) => atomicsLine(report, histogram)),
    `  process()      at most ${countOf(report, 'mostAtomics')} atomic operations`,
    heapLine(stretches),
    `  beside it: ${page} rounds on the page, ${first} and ${second} in the workers`,
  ];
  console.log(`${lines.join('\n')}\n`);
}

function assertAllWorked(report: AudioReport): void {
  assert.deepEqual(report.errors, []);
  assert.equal(countOf(report, 'errors'), 0);
  assert.equal(countOf(report, 'calls'), RENDERED_CALLS);
  for (const name of ['allocs', 'sets', 'deletes', 'freed', 'retired'] as const) {
    assert.ok(countOf(report, name) > RENDERED_CALLS / 2, `${name}: ${countOf(report, name)}`);
  }
  const refused = countOf(report, 'allocsRefused');
  assert.ok(refused < REFUSED_SHARE * countOf(report, 'allocs'), `${refused} calls of kmallocNolock refused`);
  for (const name of STEPS_OF_CALLS) {
    const atLimit = report.control[HISTOGRAMS[name] + HISTOGRAM_WORDS - 1]!;
    assert.equal(atLimit, 0, `${name}: ${atLimit} calls of ${HISTOGRAM_WORDS - 1} atomic operations or more`);
  }
  assert.ok(
    countOf(report, 'mostAtomics') <= MOST_ATOMICS,
    `${countOf(report, 'mostAtomics')} atomic operations`,
  );
  for (const number of [0, 1, 2]) {
    assert.ok(report.control[CONTROL.rounds + number]! > 0, `thread ${number} did nothing`);
    assert.ok(report.control[CONTROL.seen + number]! > 0, `thread ${number} saw nothing of the worklet's`);
  }
}

function assertNobodyWaited(report: AudioReport): void {
  assert.equal(report.waits, 0, 'Atomics.wait on the main thread');
  assert.equal(countOf(report, 'waits'), 0, 'Atomics.wait in the worklet');
  assert.equal(countOf(report, 'waitAsyncs'), 0, 'Atomics.waitAsync in the worklet');
}

function assertNoGrowth(stretches: readonly Stretch[]): void {
  assert.equal(stretches.length, MEASURED_AT.length - 1, 'the collections that the worklet asked for');
  for (const [i, { allocatedBytes, grownBytes }] of stretches.entries()) {
    const calls = MEASURED_AT[i + 1]! - MEASURED_AT[i]!;
    assert.ok(allocatedBytes <= BYTES_A_CALL * calls, `${allocatedBytes} bytes allocated in ${calls} calls`);
    assert.ok(grownBytes <= GROWN_BYTES, `what is in use has grown by ${grownBytes} bytes in ${calls} calls`);
  }
  const least = Math.min(...stretches.map(({ grownBytes }) => grownBytes));
  assert.ok(least <= LEAKED_BYTES, `what is in use grows by ${least} bytes a minute`);
}

for (const browser of BROWSERS) {
  browserTest(browser, 'Heap, serves an audio worklet that never waits', async (program) => {
    const { result, output } = await runPage<AudioReport>(browser, program, '/tests/browser/audio-page.js');
    const stretches = readStretches(output, MEASURED_AT.length);
    printTable(browser.name, result, stretches);
    assertAllWorked(result);
    assertNobodyWaited(result);
    assert.deepEqual(result.problems, []);
    assert.equal(result.unreachable, 0);
    if (browser.name === 'Chromium') assertNoGrowth(stretches);
  });
}
