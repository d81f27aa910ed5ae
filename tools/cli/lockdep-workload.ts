/**
 * The work that `lull lockdep` watches: two workers load records into a map of a validating heap, look them up
 * and replace some, as in `lull run`, while main does a little of everything else.
 *
 * The heap has TINY sizes, in which the rare paths, and so their locks, are common.
 */
import { setTimeout } from 'node:timers/promises';
import { Heap, TINY } from '../../src/index.js';
import { type LockGraph, readJournal } from '../lockdep/lock-graph.js';
import { Crew } from './crew.js';
import { LockMixture } from './lockdep-mixture.js';
import { RecordTableBuilder, type RecordTableParts } from './record-table.js';

const WORKERS = 2;
const RECORDS = 1500;
const PAGES = 8192;
/** A turn of main's can be long on a busy machine: the workers must not fill the heap meanwhile. */
const MAX_WAITING_BYTES = 4 * 2 ** 20;
const LOOKUP_MILLIS = 500;
/** The orders are looked at, not the time that a busy machine takes. */
const LONGEST_TURN_MILLIS = 30_000;

/** A graph, and what was reported while it came about. */
export interface Observation {
  readonly graph: LockGraph;
  /** Keys of the reports of all threads, each of which has printed its own. */
  readonly reported: readonly string[];
}

/**
 * Does the work.
 *
 * Errors  RunFailure: a worker failed.
 */
export async function observeWorkload(): Promise<Observation> {
  const validate = { longestTurnMillis: LONGEST_TURN_MILLIS };
  const sizes = { ...TINY, pages: PAGES, threads: WORKERS + 2, maxWaitingBytes: MAX_WAITING_BYTES };
  const heap = Heap.create({ ...sizes, validate });
  const crew = new Crew({
    ...{ handle: heap.handle, table: makeRecords(), records: RECORDS, threads: WORKERS },
    ...{ writeShare: 0.5, heapBytes: heap.handle.buffer.byteLength },
  });
  try {
    // The workers first, so that they learn for themselves what main would have learnt before them.
    await crew.loaded;
    const mixture = new LockMixture(heap);
    crew.begin();
    await mixUntil(setTimeout(LOOKUP_MILLIS), heap, mixture);
    mixture.exhaust();
    crew.stop();
    await mixUntil(crew.finals, heap, mixture);
    await heap.synchronizeRcu();
    heap.detach();
  } catch (error) {
    await crew.terminate();
    throw error;
  }
  return readJournal(heap.handle.validation!.journal);
}

/** One round after the other until `done` resolves; what each has freed is waited for. */
async function mixUntil(done: Promise<unknown>, heap: Heap, mixture: LockMixture): Promise<void> {
  let isDone = false;
  const end = done.finally(() => {
    isDone = true;
  });
  // Whoever awaits it below hears of a failure.
  end.catch(() => {});
  while (!isDone) {
    mixture.run();
    await heap.synchronizeRcu();
    await setTimeout(1);
  }
  await end;
}

/** Records of different lengths, each key in two of them. */
function makeRecords(): RecordTableParts {
  const builder = new RecordTableBuilder();
  for (let n = 0; n < RECORDS; n++) {
    builder.add(`key ${n % (RECORDS / 2)}`, JSON.stringify({ n, text: 'x'.repeat(n % 97) }));
  }
  return builder.finish();
}
