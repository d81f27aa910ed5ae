/**
 * What the mutexes have to do: lock and unlock with nobody else about, the same with two threads that want it all
 * the time, and be of use after the thread that has it was terminated.
 *
 * Each subject brings its own loop, because every package has another way to say lock and unlock; inside the lock
 * one plain word is counted up, which shows two at once as a wrong sum.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { nanosPerOperation, serveRounds } from '../subject.js';
import { nextMessage, ratePerSecond, Team, workInTeam } from '../team.js';

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
const CONTENDING_THREADS = 2;

/** What the threads of the contended workload are given. */
interface ContendedInput<T> {
  readonly shared: T;
  readonly counter: Int32Array;
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

/** In a worker: of a team where the mutex is contended, else one that locks it and stays. */
function workInThread<T>(subject: MutexSubject<T>): void {
  if (process.argv[2] === 'contended') {
    workInTeam<ContendedInput<T>, void>(({ shared, counter }) => {
      const loop = subject.loop(shared);
      return (operations) => loop(operations, counter);
    });
    return;
  }
  subject.hold(workerData as T);
  parentPort!.postMessage('held');
  Atomics.wait(sharedCounter(), 0, 0);
}

/** The value is locks a second, both threads together. */
async function serveContended<T>(script: URL, subject: MutexSubject<T>): Promise<void> {
  const counter = sharedCounter();
  const input = { shared: subject.create(), counter };
  const team = new Team<ContendedInput<T>, void>(script, new Array(CONTENDING_THREADS).fill(input));
  await serveRounds(async (operations) => {
    counter[0] = 0;
    const stretches = await team.round(operations);
    requireCount(counter, CONTENDING_THREADS * operations);
    return ratePerSecond(operations * CONTENDING_THREADS, stretches);
  });
  await team.stop();
}

/** The value is the share of trials in which the mutex could be locked after its holder's end, in percent. */
async function serveSurvival<T>(script: URL, subject: MutexSubject<T>): Promise<void> {
  await serveRounds(async (operations) => {
    let survived = 0;
    for (let trial = 0; trial < operations; trial++) {
      const shared = subject.create();
      const worker = new Worker(script, { workerData: shared, argv: process.argv.slice(2) });
      await nextMessage(worker);
      await worker.terminate();
      if (await subject.lockWithin(shared, LIMIT_MILLIS)) survived++;
    }
    return (100 * survived) / operations;
  });
}
