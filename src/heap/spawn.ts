/**
 * Starting a worker that has the heap's handle from its beginning, and ending one: what both kinds of workers have in common,
 * those of Node and those of browsers.
 *
 * Node tells the thread that has started a worker of its end, and gives each thread a number. A browser does neither: there a
 * spawned worker gets a number of Lull's in its handle, and its end shows by its Web Lock (life-watch.ts).
 */
import { SLOT_STATE_BITS } from '../layout/thread-slot.js';
import type { Host, SpawnOptions } from '../words/host.js';
import { shown } from '../words/shown.js';
import type { HeapHandle } from './heap-handle.js';

/** A worker of node:worker_threads, as heap.spawn() returns it there. */
export interface SpawnedWorker {
  readonly threadId: number;
  postMessage(message: unknown, transfer?: readonly unknown[]): void;
  on(event: string, listener: (...given: never[]) => void): unknown;
  once(event: string, listener: (...given: never[]) => void): unknown;
  ref(): void;
  unref(): void;
  terminate(): Promise<number>;
}

/** What can be ended: of a browser's worker, terminate() returns nothing. */
export interface Terminable {
  terminate(): unknown;
}

/** Above the numbers that Node gives. */
const FIRST_OWN_NUMBER = 2 ** 27;

export interface Spawned {
  readonly worker: object;
  /** What the worker's threads have in SLOT.threadId, where the engine does not number threads. */
  readonly threadNumber: number;
}

/**
 * Starts a worker whose `workerData` is `options.workerData` with the handle as `heap`.
 *
 * Errors   TypeError for workerData that is no plain object; what the engine throws.
 */
export function spawnWorker(
  host: Host,
  handle: HeapHandle,
  url: string | URL,
  options: SpawnOptions,
): Spawned {
  const { workerData = {} } = options;
  if (!isPlain(workerData)) {
    throw new TypeError(
      `spawned a worker with workerData: ${shown(workerData)}; it is an object, of which the worker gets a copy with ` +
        "the heap's handle as the property `heap`",
    );
  }
  const threadNumber = ownNumber(host);
  const heap: HeapHandle = { ...handle, threadNumber };
  const given = { ...options, workerData: { ...workerData, heap } };
  return { worker: host.spawnWorker!(url, given) as object, threadNumber };
}

/** Errors   TypeError for what cannot be ended. */
export function requireTerminable(worker: unknown): asserts worker is Terminable {
  const isWorker = typeof worker === 'object' && worker !== null;
  if (isWorker && typeof (worker as Partial<Terminable>).terminate === 'function') return;
  throw new TypeError(
    `terminated ${shown(worker)}; pass a worker that this thread has started, by heap.spawn() or new Worker()`,
  );
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function ownNumber(host: Host): number {
  const most = 2 ** (32 - SLOT_STATE_BITS);
  return FIRST_OWN_NUMBER + ((host.random32() >>> 0) % (most - FIRST_OWN_NUMBER));
}
