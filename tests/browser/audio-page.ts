/**
 * Runs in a browser's main thread: makes a heap, gives it to two workers and an audio worklet, renders eight minutes of audio
 * while all four work on it, and reports what was counted and what the audit found.
 */
import { Heap } from '../../src/index.js';
import {
  CONTROL,
  CONTROL_WORDS,
  FRAMES_A_CALL,
  HERTZ,
  KEPT,
  KEPT_MOST,
  MAP_NAME,
  PUBLISHED,
  RENDERED_CALLS,
} from './audio-control.js';
import type { ProcessorOptions } from './audio-processor.js';
import type { WorkerOptions } from './audio-worker.js';
import { Neighbour } from './neighbour.js';
import { fail, type PageWorker, page, report } from './page-globals.js';
import { trapWait } from './wait-traps.js';

/** What the page reports. */
export interface AudioReport {
  /** The control words. */
  readonly control: readonly number[];
  readonly renderMillis: number;
  /** Calls of Atomics.wait on the main thread. */
  readonly waits: number;
  /** What went wrong in any thread. */
  readonly errors: readonly string[];
  /** What the audit of the heap found at the end. */
  readonly problems: readonly string[];
  readonly unreachable: number;
  readonly threads: readonly string[];
}

const ROUNDS_A_TASK = 20;

let waits = 0;
const errors: string[] = [];

function startWorker(options: WorkerOptions): {
  worker: PageWorker;
  ready: Promise<void>;
  ended: Promise<void>;
} {
  const worker = new page.Worker(new URL('./audio-worker.js', import.meta.url), { type: 'module' });
  let onReady = () => {};
  let onEnded = () => {};
  const ready = new Promise<void>((resolve) => {
    onReady = resolve;
  });
  const ended = new Promise<void>((resolve) => {
    onEnded = resolve;
  });
  worker.onmessage = ({ data }) => (data === 'ready' ? onReady() : onEnded());
  worker.onerror = ({ message }) => {
    errors.push(`worker ${options.number}: ${message}`);
    onReady();
    onEnded();
  };
  worker.postMessage(options);
  return { worker, ready, ended };
}

/** The main thread's share, a little in each task, as a page that draws would do it. */
function startNeighbour(heap: Heap, control: Int32Array): () => void {
  const neighbour = new Neighbour(heap, control, 0);
  let timer = setTimeout(step, 0);
  function step(): void {
    try {
      neighbour.run(ROUNDS_A_TASK);
      timer = setTimeout(step, 0);
    } catch (error) {
      errors.push(`page: ${String(error)}`);
    }
  }
  return () => {
    clearTimeout(timer);
    neighbour.end();
  };
}

async function render(options: ProcessorOptions): Promise<number> {
  const context = new page.OfflineAudioContext(1, RENDERED_CALLS * FRAMES_A_CALL, HERTZ);
  await context.audioWorklet.addModule(String(new URL('./audio-processor.js', import.meta.url)));
  const node = new page.AudioWorkletNode(context, 'lull-heap', { processorOptions: options });
  node.onprocessorerror = ({ message }) => errors.push(`processor: ${message}`);
  node.port.onmessage = ({ data }) => errors.push(`worklet: ${String(data)}`);
  node.connect(context.destination);
  const startedAt = performance.now();
  await context.startRendering();
  return performance.now() - startedAt;
}

async function main(): Promise<void> {
  trapWait(() => waits++);
  const heap = Heap.create({ bytes: 2 ** 28, threads: 8, name: 'page' });
  heap.map(MAP_NAME);
  const control = new SharedArrayBuffer(CONTROL_WORDS * 4);
  const shared = new Int32Array(control);
  const { handle } = heap;
  const workers = [1, 2].map((number) => startWorker({ handle, control, number }));
  await Promise.all(workers.map(({ ready }) => ready));
  const stopNeighbour = startNeighbour(heap, shared);
  const renderMillis = await render({ handle, control });
  stopNeighbour();
  Atomics.store(shared, CONTROL.stop, 1);
  await Promise.all(workers.map(({ ended }) => ended));
  for (const { worker } of workers) worker.terminate();
  await heap.synchronizeRcu();
  const addresses = shared.slice(PUBLISHED, KEPT + KEPT_MOST);
  const audit = heap.balance({ held: [...addresses].filter((p) => p !== 0) });
  const result: AudioReport = {
    control: [...shared.subarray(0, PUBLISHED)],
    renderMillis,
    waits,
    errors,
    problems: audit.problems,
    unreachable: audit.unreachableObjects + audit.unreachablePages,
    threads: heap.stats().threads.map(({ name }) => name),
  };
  await report(result);
}

main().catch(fail);
