/**
 * What `lull stat --demo` shows: two workers load records into a map, look them up and replace some, as in
 * `lull run`, while main allocates and frees a little of everything.
 */
import { setTimeout } from 'node:timers/promises';
import { Heap, NONE } from '../../src/index.js';
import { Crew } from './crew.js';
import { LockMixture } from './lockdep-mixture.js';
import { RecordTableBuilder, type RecordTableParts } from './record-table.js';

const WORKERS = 2;
const RECORDS = 20_000;
const HEAP_BYTES = 64 * 2 ** 20;
const LOOKUP_MILLIS = 1000;
const ROUND_MILLIS = 5;
const OBJECTS = 10;
const OBJECT_BYTES = 200;

/** Errors  RunFailure: a worker failed. */
export async function runDemo(): Promise<void> {
  const heap = Heap.create({ bytes: HEAP_BYTES, name: 'main' });
  const crew = new Crew({
    ...{ handle: heap.handle, table: makeRecords(), records: RECORDS, threads: WORKERS },
    ...{ writeShare: 0.3, heapBytes: HEAP_BYTES },
  });
  try {
    await crew.loaded;
    crew.begin();
    const mixture = new LockMixture(heap);
    const end = performance.now() + LOOKUP_MILLIS;
    while (performance.now() < end) {
      mixture.run();
      tryMemory(heap);
      await setTimeout(ROUND_MILLIS);
    }
    crew.stop();
    await crew.finals;
  } catch (error) {
    await crew.terminate();
    throw error;
  }
}

/** A few objects for which no lock is waited for, as an audio worklet takes and frees its own. */
function tryMemory(heap: Heap): void {
  for (let i = 0; i < OBJECTS; i++) {
    const p = heap.kmallocNolock(OBJECT_BYTES);
    if (p !== NONE) heap.kfreeNolock(p);
  }
}

/** Records of different lengths. */
function makeRecords(): RecordTableParts {
  const builder = new RecordTableBuilder();
  for (let n = 0; n < RECORDS; n++) {
    builder.add(`record ${n}`, JSON.stringify({ n, text: 'x'.repeat(n % 197) }));
  }
  return builder.finish();
}
