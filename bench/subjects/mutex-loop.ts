/**
 * What the mutexes have to do: lock and unlock with nobody else about, the same with two threads that want it all
 * the time, and be of use after the thread that has it was terminated.
 *
 * Each subject brings its own loop, because every package has another way to say lock and unlock; inside the lock
 * one plain word is counted up, which shows two at once as a wrong sum.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { nanosPerOperation, serveRounds } from '../subject.js';

/** Locks, adds one to counter[0], unlocks; so often. */
export type LockLoop = (operations: number, counter: Int32Array) => void;

/** What a subject is made of. `shared` is what its threads need to find the same mutex. */
export interface MutexSubject<T> {
  /** In the main thread. */
  create(): T;
  /** In any thread; in the main thread before create()'s other threads start. */
  loop(shared: T): LockLoop;
  /** Locks, and keeps it. In a worker. */
  hold(shared: T): void;
  /** True when it was locked within `limitMillis`. In the main thread, of a mutex that hold() was called on. */
  lockWithin(shared: T, limitMillis: number): Promise<boolean>;
}

const LIMIT_MILLIS = 100;

interface ThreadInput<T> {
  readonly shared: T;
  readonly counter: Int32Array;
  readonly gate: Int32Array;
  readonly task: 'loop' | 'hold';
}

/** Serves the workload that the command line names: uncontended, contended or survival. */
export async function serveMutex<T>(script: URL, subject: MutexSubject<T>): Promise<void> {
  if (!isMainThread) return workInThread(subject);
  const workload = process.argv[2];
  if (workload === 'uncontended') await serveUncontended(subject);
  else if (workload === 'contended') await serveContended(script, subject);
  else if (workload === 'survival') await serveSurvival(script, subject);
  else
    throw new Error(`asked for the mutex workload ${workload}; there is uncontended, contended and survival`);
}

function sharedCounter(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

function requireCount(counter: Int32Array, expected: number): void {
  if (counter[0] === expected) return;
  throw new Error(`two threads were inside at once: counted ${counter[0]}, expected ${expected}`);
}

async function serveUncontended<T>(subject: MutexSubject<T>): Promise<void> {
  const loop = subject.loop(subject.create());
  await serveRounds((operations) => {
    const counter = sharedCounter();
    const nanos = nanosPerOperation(operations, () => loop(operations, counter));
    requireCount(counter, operations);
    return nanos;
  });
}

function workInThread<T>(subject: MutexSubject<T>): void {
  const { shared, counter, gate, task } = workerData as ThreadInput<T>;
  if (task === 'hold') {
    subject.hold(shared);
    parentPort!.postMessage('held');
    Atomics.wait(gate, 0, 0);
    return;
  }
  const loop = subject.loop(shared);
  parentPort!.on('message', ({ operations, opening }: { operations: number; opening: number }) => {
    parentPort!.postMessage('at the gate');
    Atomics.wait(gate, 0, opening - 1);
    const start = Number(process.hrtime.bigint());
    loop(operations, counter);
    parentPort!.postMessage({ start, end: Number(process.hrtime.bigint()) });
  });
}

function startThread<T>(script: URL, input: ThreadInput<T>): Worker {
  return new Worker(script, { workerData: input, argv: process.argv.slice(2) });
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

/** The value is locks a second, both threads together, over the time from the first start to the last end. */
async function serveContended<T>(script: URL, subject: MutexSubject<T>): Promise<void> {
  const gate = sharedCounter();
  const counter = sharedCounter();
  const input = { shared: subject.create(), counter, gate, task: 'loop' } as const;
  const workers = [startThread(script, input), startThread(script, input)];
  let opening = 0;
  await serveRounds(async (operations) => {
    opening++;
    counter[0] = 0;
    const arrived = workers.map(nextMessage);
    for (const worker of workers) worker.postMessage({ operations, opening });
    await Promise.all(arrived);
    const finished = workers.map(nextMessage);
    Atomics.store(gate, 0, opening);
    Atomics.notify(gate, 0);
    const stretches = (await Promise.all(finished)) as { start: number; end: number }[];
    requireCount(counter, workers.length * operations);
    const first = Math.min(...stretches.map(({ start }) => start));
    const last = Math.max(...stretches.map(({ end }) => end));
    return (operations * workers.length * 1e9) / (last - first);
  });
  await Promise.all(workers.map((worker) => worker.terminate()));
}

/** The value is the share of trials in which the mutex could be locked after its holder's end, in percent. */
async function serveSurvival<T>(script: URL, subject: MutexSubject<T>): Promise<void> {
  await serveRounds(async (operations) => {
    let survived = 0;
    for (let trial = 0; trial < operations; trial++) {
      const shared = subject.create();
      const input = { shared, counter: sharedCounter(), gate: sharedCounter(), task: 'hold' } as const;
      const worker = startThread(script, input);
      await nextMessage(worker);
      await worker.terminate();
      if (await subject.lockWithin(shared, LIMIT_MILLIS)) survived++;
    }
    return (100 * survived) / operations;
  });
}
