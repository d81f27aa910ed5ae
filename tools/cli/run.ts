/**
 * `lull run`: load records into one shared map with all threads at once, look them up and replace some, then
 * account for every page and object.
 *
 * Main parses the file, makes the heap, starts the workers, and from then on only watches: it takes no part in
 * the look-ups, so that the figures are the workers'. Ctrl-C ends the run early and still audits; a second
 * Ctrl-C ends the program.
 */
import { basename } from 'node:path';
import { Heap, OutOfMemoryError, type SharedMap } from '../../src/index.js';
import { auditHeap, settle } from './audit.js';
import { Crew } from './crew.js';
import { DEFAULT_KEY_FIELDS, defaultRecordsFile } from './default-records.js';
import { EXIT_FAIL, EXIT_PASS, UsageError } from './failures.js';
import type { HeapCounters, RunSubject } from './live-table.js';
import { type RecordSet, readRecords } from './read-records.js';
import { AUDIT_HEADING, reportLines, resultOf } from './report.js';
import type { RunOptions } from './run-options.js';
import { chooseView, type OutputStreams, type RunView } from './run-view.js';
import { formatByteSize } from './sizes.js';
import { paint, type StyledLine, showsColor } from './styled-line.js';
import { RECORDS_MAP, type WorkerFinal } from './worker-messages.js';

const LOADING_PERIOD_MILLIS = 100;

/** Slots of the heap that a run always has, so that a small run uses the heap's ordinary layout. */
const MIN_SLOTS = 64;

/**
 * Does a whole run and prints its result.
 *
 * @returns  the exit code: 0 when the run passed, 1 when a read was wrong or something leaked.
 *
 * Errors    UsageError: the records or the heap's size are unusable.
 *           RunFailure: memory ran out during the load, or a worker failed.
 */
export async function run(options: RunOptions, streams: OutputStreams): Promise<number> {
  const set = readRunRecords(options);
  const { heap, map } = openHeap(options);
  const subject = subjectOf(options, set);
  const { threads, writeShare, heapBytes } = options;
  const crew = new Crew({
    handle: heap.handle,
    table: set.table,
    records: set.records,
    threads,
    writeShare,
    heapBytes,
  });
  const watch = await watchCrew(
    crew,
    heap,
    subject,
    options.seconds * 1000,
    chooseView(streams, options.json),
  );
  const say = (lines: readonly StyledLine[]) => options.json || print(streams.stdout, lines);
  say(AUDIT_HEADING);
  await settle(heap);
  const counters = countersOf(heap);
  const complete = watch.recordsLoaded === set.records;
  const audit = await auditHeap(heap, map, complete ? set.distinctKeys : undefined);
  const result = resultOf({ subject, ...watch, counters, audit });
  say(reportLines(result));
  if (options.json) streams.stdout.write(`${JSON.stringify(result)}\n`);
  return result.passed ? EXIT_PASS : EXIT_FAIL;
}

function print(stream: NodeJS.WriteStream, lines: readonly StyledLine[]): void {
  const color = showsColor(stream);
  for (const each of lines) stream.write(`${paint(each, color)}\n`);
}

interface WatchedRun {
  readonly recordsLoaded: number;
  readonly interrupted: boolean;
  readonly loadMillis: number;
  readonly finals: readonly WorkerFinal[];
}

/** Sees the workers through load and look-ups, until all have ended. */
async function watchCrew(
  crew: Crew,
  heap: Heap,
  subject: RunSubject,
  totalMillis: number,
  view: RunView,
): Promise<WatchedRun> {
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
    crew.stop();
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    const loadBegin = performance.now();
    view.begin(subject);
    await repeatUntil(crew.loaded, LOADING_PERIOD_MILLIS, () => view.loading(crew.records));
    const loadMillis = performance.now() - loadBegin;
    view.loaded(crew.records, loadMillis);
    const begin = performance.now();
    const showMoment = () => {
      const elapsedMillis = performance.now() - begin;
      view.moment({ elapsedMillis, totalMillis, rates: crew.rates, counters: countersOf(heap) });
    };
    crew.begin();
    const timeout = setTimeout(() => crew.stop(), totalMillis);
    await repeatUntil(crew.finals, view.periodMillis, () => interrupted || showMoment());
    clearTimeout(timeout);
    return { recordsLoaded: crew.records, interrupted, loadMillis, finals: await crew.finals };
  } catch (error) {
    await crew.terminate();
    throw error;
  } finally {
    view.end();
    process.removeListener('SIGINT', interrupt).removeListener('SIGTERM', interrupt);
  }
}

async function repeatUntil(done: Promise<unknown>, periodMillis: number, act: () => void): Promise<void> {
  const timer = setInterval(act, periodMillis);
  try {
    await done;
  } finally {
    clearInterval(timer);
  }
}

function readRunRecords(options: RunOptions): RecordSet {
  if (options.file !== undefined) return readRecords(options.file, options.keyFields);
  return readRecords(defaultRecordsFile(), options.keyFields ?? DEFAULT_KEY_FIELDS);
}

/** Makes the heap and its map, or says that there is no room for them. */
function openHeap(options: RunOptions): { heap: Heap; map: SharedMap<string, string> } {
  try {
    const heap = Heap.create({ bytes: options.heapBytes, threads: Math.max(MIN_SLOTS, options.threads + 1) });
    return { heap, map: heap.map<string, string>(RECORDS_MAP) };
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof OutOfMemoryError)) throw error;
    throw new UsageError(
      `--heap ${formatByteSize(options.heapBytes)}: too small for a heap and an empty map`,
    );
  }
}

function subjectOf(options: RunOptions, set: RecordSet): RunSubject {
  const { records, distinctKeys, repeatedKeys, keyFields } = set;
  const { threads, heapBytes, writeShare } = options;
  const fileName = basename(set.file);
  return { fileName, records, distinctKeys, repeatedKeys, keyFields, threads, heapBytes, writeShare };
}

function countersOf(heap: Heap): HeapCounters {
  const { gracePeriods, freedThroughSheaf, freedThroughList, objectsWaiting, pages } = heap.stats();
  return { gracePeriods, freedThroughSheaf, freedThroughList, objectsWaiting, pages: { ...pages } };
}
