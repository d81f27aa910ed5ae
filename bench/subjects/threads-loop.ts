/**
 * One or two worker threads that read one map at full speed, and the parent of them that counts.
 *
 * The threads stand at a gate until all are there; each says when it passed the gate and when it was done, by
 * the machine's monotonic clock, which all threads of a process share. The throughput is all reads over the
 * time from the first start to the last end, so a thread that comes late counts against the result.
 */
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { serveRounds } from '../subject.js';
import { mapKeys } from '../workloads.js';
import { keyReader, type NumberMap, ShuffledOrder } from './map-loop.js';

/** When one thread worked, in nanoseconds of the monotonic clock. */
interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** What the parent hands to its threads beside what the subject adds. */
interface ThreadInput<T> {
  readonly gate: Int32Array;
  readonly subject: T;
}

/**
 * The thread's side: reads when told to.
 *
 * @param openMap  makes or attaches the map that this thread reads; entries are mapKeys('plain').
 */
export function readInThread<T>(openMap: (subject: T) => NumberMap): void {
  const { gate, subject } = workerData as ThreadInput<T>;
  const map = openMap(subject);
  const keys = mapKeys('plain');
  const order = new ShuffledOrder();
  const read = keyReader(
    map,
    order.positions.map((position) => keys[position]!),
  );
  parentPort!.on('message', ({ operations, opening }: { operations: number; opening: number }) => {
    const expected = order.expectedSum(operations);
    parentPort!.postMessage('at the gate');
    Atomics.wait(gate, 0, opening - 1);
    const start = Number(process.hrtime.bigint());
    let sum = 0;
    order.walk(operations, (from, to) => {
      sum = (sum + read(from, to)) | 0;
    });
    const end = Number(process.hrtime.bigint());
    if (sum !== expected) throw new Error(`the values read add up to ${sum}, expected ${expected}`);
    parentPort!.postMessage({ start, end } satisfies Stretch);
  });
}

function nextMessage(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const done = (message: unknown) => {
      worker.off('error', reject);
      resolve(message);
    };
    worker.once('message', done).once('error', reject);
  });
}

/**
 * The parent's side: serves rounds; the value is reads a second, all threads together.
 *
 * @param script   module that calls readInThread().
 * @param threads  1 or 2, from the command line.
 * @param subject  given to openMap() in every thread.
 */
export async function serveThreads<T>(
  script: URL,
  subject: T,
  threads = Number(process.argv[2]),
): Promise<void> {
  const gate = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const input: ThreadInput<T> = { gate, subject };
  const workers = Array.from({ length: threads }, () => new Worker(script, { workerData: input }));
  let opening = 0;
  await serveRounds(async (operations) => {
    opening++;
    const arrived = workers.map(nextMessage);
    for (const worker of workers) worker.postMessage({ operations, opening });
    await Promise.all(arrived);
    const finished = workers.map(nextMessage);
    Atomics.store(gate, 0, opening);
    Atomics.notify(gate, 0);
    const stretches = (await Promise.all(finished)) as Stretch[];
    const first = Math.min(...stretches.map(({ start }) => start));
    const last = Math.max(...stretches.map(({ end }) => end));
    return (operations * threads * 1e9) / (last - first);
  });
  await Promise.all(workers.map((worker) => worker.terminate()));
}
