/**
 * What a person sees while the look-ups run: a row per thread and the heap's own counters, as lines.
 *
 * Pure: from a snapshot to lines. Where they are drawn is the views' business.
 */
import type { WorkerRate } from './crew.js';
import { formatCount, formatCounted, formatNanos, formatSeconds, formatShare } from './numbers.js';
import { formatByteSize } from './sizes.js';
import { alignColumns, line, type StyledLine } from './styled-line.js';

/** The heap's counters that a run shows. */
export interface HeapCounters {
  readonly gracePeriods: number;
  readonly freedThroughSheaf: number;
  readonly freedThroughList: number;
  readonly objectsWaiting: number;
  /** Pages by state, under the heap's own names for the states, and `total`. */
  readonly pages: Readonly<Record<string, number>>;
}

/** Headings of the table; their spaces keep the columns still while the figures grow. */
const HEADINGS = ['thread', '    reads/s', '   writes/s', 'read p50', '     p99', 'bad reads'];

/** A moment of a run. */
export interface LiveMoment {
  readonly elapsedMillis: number;
  readonly totalMillis: number;
  readonly rates: readonly WorkerRate[];
  readonly counters: HeapCounters;
}

/** What does not change during a run. */
export interface RunSubject {
  readonly fileName: string;
  readonly records: number;
  readonly distinctKeys: number;
  readonly repeatedKeys: number;
  readonly keyFields: readonly string[];
  readonly threads: number;
  readonly heapBytes: number;
  readonly writeShare: number;
}

/** Two lines that say what runs. */
export function subjectLines(subject: RunSubject): StyledLine[] {
  const { records, distinctKeys, repeatedKeys } = subject;
  const repeats =
    repeatedKeys === 0
      ? 'no key repeats'
      : `${formatCounted(repeatedKeys, 'key')} repeat${repeatedKeys === 1 ? 's' : ''}`;
  return [
    line(`lull run  ${subject.fileName}, ${formatCounted(records, 'record')}`, 'heading'),
    line(
      `  keyed by ${subject.keyFields.join(', ')}: ${formatCounted(distinctKeys, 'different key')}, ${repeats}`,
      'quiet',
    ),
    line(
      `  ${formatCounted(subject.threads, 'thread')}, heap of ${formatByteSize(subject.heapBytes)}, ${formatShare(subject.writeShare)} writes`,
      'quiet',
    ),
  ];
}

/**
 * The table of a moment.
 *
 * @param maxThreadRows  how many threads get a row of their own; the rest is summed into one row.
 */
export function liveLines(moment: LiveMoment, maxThreadRows: number): StyledLine[] {
  const { rates } = moment;
  const shown = rates.length <= maxThreadRows ? rates : rates.slice(0, Math.max(0, maxThreadRows - 1));
  const rest = rates.slice(shown.length);
  const rows = [
    HEADINGS,
    ...shown.map((rate, index) => threadRow(String(index + 1), [rate])),
    ...(rest.length > 0 ? [threadRow(`${rest.length} more`, rest)] : []),
    threadRow('all', rates),
  ];
  const table = alignColumns(rows, ['left', 'right', 'right', 'right', 'right', 'right']);
  const clock = `${formatSeconds(moment.elapsedMillis)} of ${formatSeconds(moment.totalMillis)}`;
  const bad = rates.some((rate) => rate.badReads > 0);
  return [
    line(`  ${table[0]}   ${clock}`, 'quiet'),
    ...table.slice(1, -1).map((row) => line(`  ${row}`)),
    line(`  ${table.at(-1)}`, bad ? 'bad' : 'heading'),
    line(''),
    ...counterLines(counterRows(moment.counters)),
  ];
}

/** A name, a figure and what there is to say about it. */
export type CounterRow = readonly [name: string, figure: string, remark: string];

/** The heap's counters, one row each. */
export function counterRows(counters: HeapCounters): CounterRow[] {
  const { total = 0, ...states } = counters.pages;
  return [
    ['grace periods', formatCount(counters.gracePeriods), ''],
    ['objects waiting', formatCount(counters.objectsWaiting), ''],
    ['freed by sheaf', formatCount(counters.freedThroughSheaf), ''],
    ['freed by list', formatCount(counters.freedThroughList), ''],
    ['pages', formatCount(total), pagesByState(states)],
  ];
}

/** Counter rows as lines, in columns. */
export function counterLines(rows: readonly CounterRow[]): StyledLine[] {
  return alignColumns(rows, ['left', 'right', 'left']).map((row) => line(`  ${row}`));
}

/** One line for where there is no terminal to redraw on. */
export function plainMoment({ elapsedMillis, rates, counters }: LiveMoment): string {
  const [, reads, writes, p50, p99, bad] = threadRow('all', rates);
  return [
    formatSeconds(elapsedMillis),
    `${reads} reads/s`,
    `${writes} writes/s`,
    `p50 ${p50}`,
    `p99 ${p99}`,
    `${bad} bad`,
    `${formatCounted(counters.gracePeriods, 'grace period')}`,
    `${formatCount(counters.objectsWaiting)} waiting`,
    `freed ${formatCount(counters.freedThroughSheaf)} by sheaf, ${formatCount(counters.freedThroughList)} by list`,
    `pages ${pagesByState({ ...counters.pages, total: 0 })}`,
  ].join('; ');
}

/** Pages by state in the heap's order, without the states that no page is in: `free 20,112, slab 44,000`. */
function pagesByState(pages: Readonly<Record<string, number>>): string {
  return Object.entries(pages)
    .filter(([, count]) => count > 0)
    .map(
      ([state, count]) =>
        `${state.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)} ${formatCount(count)}`,
    )
    .join(', ');
}

/** A row for one or several threads: rates add up; of the latencies the worst is shown. */
function threadRow(name: string, rates: readonly WorkerRate[]): string[] {
  const sum = (pick: (rate: WorkerRate) => number) =>
    formatCount(rates.reduce((total, rate) => total + pick(rate), 0));
  const worst = (pick: (rate: WorkerRate) => number) => formatNanos(Math.max(0, ...rates.map(pick)));
  return [
    name,
    sum((rate) => rate.readsPerSecond),
    sum((rate) => rate.writesPerSecond),
    worst((rate) => rate.p50Nanos),
    worst((rate) => rate.p99Nanos),
    sum((rate) => rate.badReads),
  ];
}
