/**
 * Runs in a browser's main thread: workers that are terminated while they hold a mutex, or are in the middle of set(). The page
 * goes on, and nothing is lost.
 */
import { Heap } from '../../src/index.js';
import { Checks } from './checks.js';
import { fail, type PageWorker, page, report } from './page-globals.js';

/** What the page reports. */
export interface DeathReport {
  readonly hasLocks: boolean;
  readonly checks: Readonly<Record<string, string>>;
  /** Threads in the heap at the end. */
  readonly threads: readonly string[];
  /** Slots that were reaped, by the names of their threads. */
  readonly reaped: readonly string[];
  readonly problems: readonly string[];
  readonly unreachable: number;
}

const ROUNDS = 3;

async function startWorker(heap: Heap, does: string): Promise<PageWorker> {
  const worker = heap.spawn<PageWorker>(new URL('./death-worker.js', import.meta.url), {
    name: does,
    workerData: { does },
  });
  await new Promise<void>((resolve, reject) => {
    worker.onerror = ({ message }) => reject(new Error(`the worker failed: ${message}`));
    worker.onmessage = () => resolve();
  });
  return worker;
}

async function checkOne(heap: Heap, checks: Checks, does: string, round: number): Promise<void> {
  const map = heap.map<number, string>('shared');
  await checks.runAsync(`a worker that ${does} is terminated, ${round}`, async () => {
    const worker = await startWorker(heap, does);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await heap.terminate(worker);
    for (let key = 0; key < 100; key++) map.set(key, 'of the page');
    checks.equal(map.size, 100);
    const guard = await heap.mutex('shared').lock({ timeoutMillis: 5000 });
    checks.equal(guard.ownerDied, does === 'holds a mutex');
    if (guard.ownerDied) guard.markConsistent();
    guard.release();
    await heap.kfreeRcuBarrier({ timeoutMillis: 10_000 });
  });
}

async function main(): Promise<void> {
  const heap = Heap.create({ bytes: 2 ** 24, name: 'page' });
  const checks = new Checks();
  const reaped: string[] = [];
  heap.on('reap', ({ name }) => reaped.push(name));
  for (let round = 0; round < ROUNDS; round++) {
    for (const does of ['sets', 'holds a mutex', 'has left']) await checkOne(heap, checks, does, round);
  }
  const { problems, unreachable } = heap.balance();
  const { locks } = (globalThis as { navigator?: { locks?: unknown } }).navigator ?? {};
  const result: DeathReport = {
    hasLocks: page.crossOriginIsolated && locks !== undefined,
    checks: checks.results,
    threads: heap.stats().threads.map(({ name }) => name),
    reaped,
    problems,
    unreachable: unreachable.length,
  };
  await report(result);
}

main().catch(fail);
