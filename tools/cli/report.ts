/**
 * The result of a run: one object, printed as JSON for programs and as a short audit for people.
 *
 * The run passes when no value read was wrong and the audit found everything accounted for. Replacements that
 * were refused for lack of memory are counted and shown, and fail nothing: they are the heap's answer, as
 * promised, to a size too small for the load.
 */
import { createHistogram, type Histogram } from 'node:perf_hooks';
import type { Audit } from './audit.js';
import {
  type CounterRow,
  counterLines,
  counterRows,
  type HeapCounters,
  type RunSubject,
} from './live-table.js';
import { formatCount, formatCounted, formatNanos } from './numbers.js';
import { line, type StyledLine } from './styled-line.js';
import type { WorkerFinal } from './worker-messages.js';

/** Everything a run found out, in the shape that --json prints. */
export interface RunResult {
  readonly records: number;
  readonly recordsLoaded: number;
  /** Whether the run was ended early, by Ctrl-C or SIGTERM. */
  readonly interrupted: boolean;
  readonly distinctKeys: number;
  readonly repeatedKeys: number;
  readonly threads: number;
  readonly heapBytes: number;
  readonly loadSeconds: number;
  /** How long the look-ups ran; the longest of the threads. */
  readonly seconds: number;
  readonly reads: number;
  readonly writes: number;
  readonly refusedWrites: number;
  readonly badReads: number;
  readonly readsPerSecond: number;
  readonly writesPerSecond: number;
  readonly readP50Nanos: number;
  readonly readP99Nanos: number;
  readonly writeP50Nanos: number;
  readonly writeP99Nanos: number;
  readonly gracePeriods: number;
  readonly freedThroughSheaf: number;
  readonly freedThroughList: number;
  readonly objectsWaiting: number;
  readonly pagesLeaked: number;
  readonly objectsLeaked: number;
  readonly entries: number;
  readonly badEntries: number;
  readonly pages: Readonly<Record<string, number>>;
  readonly problems: readonly string[];
  readonly passed: boolean;
}

/** What a result is made from. */
export interface RunFindings {
  readonly subject: RunSubject;
  readonly recordsLoaded: number;
  readonly interrupted: boolean;
  readonly loadMillis: number;
  readonly finals: readonly WorkerFinal[];
  /** The heap's counters after the workers had ended and before the audit emptied the map. */
  readonly counters: HeapCounters;
  readonly audit: Audit;
}

/** Puts a result together. */
export function resultOf({
  subject,
  recordsLoaded,
  interrupted,
  loadMillis,
  finals,
  counters,
  audit,
}: RunFindings): RunResult {
  const sum = (pick: (final: WorkerFinal) => number) =>
    finals.reduce((total, final) => total + pick(final), 0);
  const perSecond = (pick: (final: WorkerFinal) => number) =>
    sum((final) => (final.elapsedMillis > 0 ? (pick(final) / final.elapsedMillis) * 1000 : 0));
  const reads = percentiles(finals.map((final) => final.readHistogram));
  const writes = percentiles(finals.map((final) => final.writeHistogram));
  const badReads = sum((final) => final.badReads);
  const first = finals.find((final) => final.firstBadRead !== undefined)?.firstBadRead;
  const problems = first === undefined ? audit.problems : [`first bad read: ${first}`, ...audit.problems];
  const leaked = audit.pagesLeaked > 0 || audit.objectsLeaked > 0;
  return {
    records: subject.records,
    recordsLoaded,
    interrupted,
    distinctKeys: subject.distinctKeys,
    repeatedKeys: subject.repeatedKeys,
    threads: subject.threads,
    heapBytes: subject.heapBytes,
    loadSeconds: round(loadMillis / 1000, 3),
    seconds: round(Math.max(0, ...finals.map((final) => final.elapsedMillis)) / 1000, 3),
    reads: sum((final) => final.reads),
    writes: sum((final) => final.writes),
    refusedWrites: sum((final) => final.refusedWrites),
    badReads,
    readsPerSecond: round(perSecond((final) => final.reads)),
    writesPerSecond: round(perSecond((final) => final.writes)),
    readP50Nanos: reads.p50,
    readP99Nanos: reads.p99,
    writeP50Nanos: writes.p50,
    writeP99Nanos: writes.p99,
    gracePeriods: counters.gracePeriods,
    freedThroughSheaf: counters.freedThroughSheaf,
    freedThroughList: counters.freedThroughList,
    objectsWaiting: audit.objectsWaiting,
    pagesLeaked: audit.pagesLeaked,
    objectsLeaked: audit.objectsLeaked,
    entries: audit.entries,
    badEntries: audit.badEntries,
    pages: counters.pages,
    problems,
    passed: badReads === 0 && !leaked && problems.length === 0,
  };
}

/** Said before the audit begins: it may take seconds. */
export const AUDIT_HEADING: readonly StyledLine[] = [line(''), line('audit', 'heading')];

/** The audit for people, below AUDIT_HEADING. */
export function reportLines(result: RunResult): StyledLine[] {
  const reads = `p50 ${formatNanos(result.readP50Nanos)}, p99 ${formatNanos(result.readP99Nanos)}`;
  const writes = `p50 ${formatNanos(result.writeP50Nanos)}, p99 ${formatNanos(result.writeP99Nanos)}`;
  const rows: CounterRow[] = [
    ['records', formatCount(result.recordsLoaded), recordsText(result)],
    [
      'different keys',
      formatCount(result.distinctKeys),
      `${formatCount(result.repeatedKeys)} of them repeat`,
    ],
    ['entries', formatCount(result.entries), `${formatCount(result.badEntries)} with a wrong value`],
    ['reads', formatCount(result.reads), `${formatCount(result.readsPerSecond)} a second, ${reads}`],
    ['writes', formatCount(result.writes), `${formatCount(result.writesPerSecond)} a second, ${writes}`],
    ...(result.refusedWrites > 0 ? [refusedRow(result)] : []),
    ['bad reads', formatCount(result.badReads), ''],
    ['leaked', formatCount(result.pagesLeaked + result.objectsLeaked), leakText(result)],
  ];
  return [
    ...counterLines([...rows, ...counterRows(result)]),
    ...result.problems.map((problem) => line(`  ! ${problem}`, 'bad')),
    result.passed ? line('PASS', 'good') : line('FAIL', 'bad'),
  ];
}

function recordsText({ records, interrupted }: RunResult): string {
  return `of ${formatCount(records)}${interrupted ? '; the run was interrupted' : ''}`;
}

function refusedRow({ refusedWrites }: RunResult): CounterRow {
  return ['refused writes', formatCount(refusedWrites), 'no memory at that moment; a larger --heap helps'];
}

function leakText(result: RunResult): string {
  return `${formatCounted(result.pagesLeaked, 'page')}, ${formatCounted(result.objectsLeaked, 'object')}`;
}

function percentiles(histograms: readonly Histogram[]): { p50: number; p99: number } {
  const all = createHistogram();
  for (const histogram of histograms) if (histogram.count > 0) all.add(histogram as typeof all);
  return all.count === 0 ? { p50: 0, p99: 0 } : { p50: all.percentile(50), p99: all.percentile(99) };
}

function round(amount: number, digits = 0): number {
  return Number(amount.toFixed(digits));
}
