/**
 * Runs in a browser's main thread: the public API there, then in a worker and in an audio worklet. Reports each
 * check by name: 'ok', or what went wrong.
 */
import { ContextError, GFP_ATOMIC, GFP_KERNEL, GFP_NOWAIT, Heap } from '../../src/index.js';
import { Checks } from './checks.js';
import { fail, page, report } from './page-globals.js';
import { trapWait } from './wait-traps.js';

/** What the page reports. */
export interface ApiReport {
  readonly isolated: boolean;
  readonly checks: Readonly<Record<string, string>>;
  readonly inWorker: Readonly<Record<string, string>>;
  readonly inWorklet: Readonly<Record<string, string>>;
  /** Calls of Atomics.wait on the main thread. */
  readonly waits: number;
  /** What the audit of the heap found at the end. */
  readonly problems: readonly string[];
}

let waits = 0;

function checkMemory(checks: Checks, heap: Heap): void {
  checks.run('kmalloc without gfp', () => {
    const p = heap.kmalloc(100);
    heap.words.storePlain(p, 42);
    checks.equal(heap.words.loadPlain(p), 42);
    heap.kfree(p);
  });
  checks.run('kmalloc with GFP_NOWAIT and GFP_ATOMIC', () => {
    heap.kfree(heap.kmalloc(8, GFP_NOWAIT));
    heap.kfree(heap.kmalloc(8, GFP_ATOMIC));
  });
  checks.throws('kmalloc with GFP_KERNEL', ContextError, "on a browser's main thread", () => {
    heap.kmalloc(100, GFP_KERNEL);
  });
  checks.run('allocPages and allocPagesNolock', () => {
    heap.freePages(heap.allocPages(1));
    heap.freePagesNolock(heap.allocPagesNolock(0));
  });
  checks.run('kmallocNolock, kfreeNolock and kfreeRcu', () => {
    heap.kfreeNolock(heap.kmallocNolock(64));
    heap.kfreeRcu(heap.kmalloc(64));
  });
}

function checkMap(checks: Checks, heap: Heap): void {
  const map = heap.map<string | number, string | number | { list: number[] }>('of the page');
  checks.run('map set, get and delete', () => {
    map
      .set('ключ', 'värde 𝄞')
      .set(7, 1.5)
      .set('object', { list: [1, 2] });
    checks.equal(map.get('ключ'), 'värde 𝄞');
    checks.equal(map.get(7), 1.5);
    checks.equal(JSON.stringify(map.get('object')), '{"list":[1,2]}');
    checks.equal(map.delete('object'), true);
    checks.equal(map.size, 2);
  });
  checks.run('map trySet and tryDelete', () => {
    checks.equal(map.trySet(8, 2), true);
    checks.equal(map.get(8), 2);
    checks.equal(map.tryDelete(8), true);
    checks.equal(map.get(8), undefined);
  });
}

async function checkLocks(checks: Checks, heap: Heap): Promise<void> {
  const mutex = heap.mutex('of the page');
  await checks.runAsync('mutex.lock() with await', async () => {
    const guard = await mutex.lock();
    checks.equal(mutex.tryLock(), undefined);
    guard.release();
  });
  checks.throws('mutex.lockSync()', ContextError, "on a browser's main thread", () => mutex.lockSync());
  checks.throws('synchronizeRcuSync()', ContextError, "on a browser's main thread", () =>
    heap.synchronizeRcuSync(),
  );
  await checks.runAsync('synchronizeRcu() with await', () => heap.synchronizeRcu());
}

/** Lets a worker of its own check the API, while this thread holds the mutex that the worker waits for. */
async function checkInWorker(heap: Heap): Promise<Record<string, string>> {
  const mutex = heap.mutex('of both');
  const guard = await mutex.lock();
  const worker = new page.Worker(new URL('./api-worker.js', import.meta.url), { type: 'module' });
  const answered = new Promise<Record<string, string>>((resolve, reject) => {
    worker.onerror = ({ message }) => reject(new Error(`the worker failed: ${message}`));
    worker.onmessage = ({ data }) => {
      if (data === 'waits') setTimeout(() => guard.release(), 50);
      else resolve(data as Record<string, string>);
    };
  });
  worker.postMessage(heap.handle);
  const result = await answered;
  worker.terminate();
  return result;
}

/** Lets an audio worklet of its own check the API. */
async function checkInWorklet(heap: Heap): Promise<Record<string, string>> {
  const context = new page.OfflineAudioContext(1, 128, 48_000);
  await context.audioWorklet.addModule(String(new URL('./api-processor.js', import.meta.url)));
  const { handle } = heap;
  const node = new page.AudioWorkletNode(context, 'lull-api', { processorOptions: { handle } });
  const answered = new Promise<Record<string, string>>((resolve, reject) => {
    node.onprocessorerror = ({ message }) => reject(new Error(`the worklet failed: ${message}`));
    node.port.onmessage = ({ data }) => resolve(data as Record<string, string>);
  });
  node.connect(context.destination);
  await context.startRendering();
  return answered;
}

async function main(): Promise<void> {
  trapWait(() => waits++);
  const heap = Heap.create({ bytes: 2 ** 24, name: 'page' });
  const checks = new Checks();
  checkMemory(checks, heap);
  checkMap(checks, heap);
  await checkLocks(checks, heap);
  const inWorker = await checkInWorker(heap);
  const inWorklet = await checkInWorklet(heap);
  checks.run('map holds what the others have set', () => {
    checks.equal(heap.map<string, string>('of both').get('from'), 'the worker');
    checks.equal(heap.map<string, string>('of the page').get('from'), 'a worklet ©');
    checks.equal(heap.stats().threads.length, 1);
  });
  await heap.synchronizeRcu();
  const result: ApiReport = {
    isolated: page.crossOriginIsolated,
    checks: checks.results,
    inWorker,
    inWorklet,
    waits,
    problems: heap.balance().problems,
  };
  await report(result);
}

main().catch(fail);
