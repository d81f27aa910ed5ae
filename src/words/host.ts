/**
 * Host: what a thread asks of the JavaScript engine around it: microtasks, timers, a clock, whether it may wait,
 * its number among the threads, and which threads it starts. One Host per thread; tests and the checker bring
 * their own. The only file of src/ that names a clock, a timer or a source of random numbers.
 */
import { findLifeLocks, type LifeLocks } from './life-locks.js';

/** What a thread may do where it runs: wait for another, spin for another, or neither. */
export type WaitRight = 'may-wait' | 'may-spin' | 'may-neither';

/** Something that this thread has entered and must leave before it sleeps. */
export interface Leavable {
  /** Leaves, or throws where the caller was promised to stay inside. */
  leave(): void;
  /** False where leaving would pull memory from under the caller. */
  isLeavable(): boolean;
  /** True while this thread is inside. */
  isOpen(): boolean;
}

/** Leaves everything that this thread has entered: it is about to sleep. Throws as `leave` does. */
export function leaveAll(host: Host): void {
  for (const entered of host.entered) entered.leave();
}

/** True when leaveAll() pulls no memory from under anybody. */
export function canLeaveAll(host: Host): boolean {
  for (const entered of host.entered) if (!entered.isLeavable()) return false;
  return true;
}

export interface Host {
  readonly waitRight: WaitRight;
  /** Node's number of this thread + 1, which no other thread of the process ever gets; 0 where the engine has none. */
  readonly threadId: number;
  /** Everything entered on this thread: a sleeping thread holds up nobody. */
  readonly entered: Set<Leavable>;
  /** Run when this thread ends in an orderly way, where the engine tells it. */
  readonly exitTasks: Set<() => void>;
  queueMicrotask(task: () => void): void;
  /**
   * Runs `task` once after `millis`; does not keep the thread alive. Returns a function that calls it off. Where the
   * engine has no timer, as in an audio worklet, `task` never runs.
   */
  startTimer(task: () => void, millis: number): () => void;
  /** Resolves after `millis`, and keeps the thread alive until then. Rejects where the engine has no timer. */
  sleep(millis: number): Promise<void>;
  nowMillis(): number;
  /** 32 random bits. */
  random32(): number;
  /** A variable of the process's environment; undefined where there is none, or no way to ask. */
  environment(name: string): string | undefined;
  /** Calls `listener` with each worker that this thread starts, where the engine tells. Returns a function that ends it. */
  onWorkerStart(listener: (worker: unknown) => void): () => void;
  /** Keeps the thread alive until the function that it returns is called: for an async wait that is pending. */
  startKeepAlive(): () => void;
  /** Locks that others find free when this thread has ended, where the engine has them. */
  readonly lifeLocks?: LifeLocks | undefined;
  /**
   * Starts a worker: of node:worker_threads, else a module worker of the browser, whose first message is
   * `options.workerData`. Throws what these throw; Error where the engine has neither.
   */
  spawnWorker?(url: string | URL, options: SpawnOptions): unknown;
}

/** What a worker is started with: options of node:worker_threads' Worker. In a browser `name` and `workerData` count. */
export interface SpawnOptions {
  readonly workerData?: unknown;
  readonly name?: string;
  readonly [option: string]: unknown;
}

/** The longest that a timer can be set to. */
const FOREVER_MILLIS = 2 ** 31 - 1;

interface TimerHandle {
  unref?: () => void;
}

interface NodeProcess {
  versions?: { node?: string };
  env?: Record<string, string | undefined>;
  on(event: 'exit' | 'worker', listener: (subject: unknown) => void): void;
  off?(event: 'worker', listener: (subject: unknown) => void): void;
  getBuiltinModule?: (name: string) => NodeThreads;
}

interface NodeThreads {
  isMainThread?: boolean;
  threadId?: number;
  Worker?: new (url: string | URL, options: SpawnOptions) => unknown;
}

interface WebWorker {
  postMessage(message: unknown): void;
}

type Globals = {
  process?: NodeProcess;
  AudioWorkletGlobalScope?: unknown;
  WorkerGlobalScope?: unknown;
  window?: unknown;
  Worker?: new (url: string | URL, options: { type: 'module'; name?: string }) => WebWorker;
};

/** Finds out what this thread may do: asked of the engine, never of the caller. */
function findWaitRight(): WaitRight {
  const globals = globalThis as Globals;
  if (globals.AudioWorkletGlobalScope !== undefined) return 'may-neither';
  if (globals.process?.versions?.node !== undefined) return 'may-wait';
  if (globals.WorkerGlobalScope !== undefined) return 'may-wait';
  return globals.window === undefined ? 'may-wait' : 'may-spin';
}

/** Node's `process`, or that of an engine that is like Node. */
function findNode(): NodeProcess | undefined {
  const node = (globalThis as Globals).process;
  return node?.versions?.node === undefined ? undefined : node;
}

function findThreadId(): number {
  const threads = findNode()?.getBuiltinModule?.('node:worker_threads');
  return (threads?.threadId ?? -1) + 1;
}

/** Runs `tasks` when a Node worker ends; the main thread's end is the end of every heap. */
function runAtWorkerExit(tasks: Set<() => void>): void {
  const node = findNode();
  if (node === undefined) return;
  if (node.getBuiltinModule?.('node:worker_threads').isMainThread === true) return;
  node.on('exit', () => {
    for (const task of tasks) task();
  });
}

/** What of the clocks is there: an audio worklet has only Date, which may be set back. */
function findClock(): { now(): number } {
  return typeof performance === 'object' ? performance : Date;
}

class EngineHost implements Host {
  readonly waitRight = findWaitRight();
  readonly threadId = findThreadId();
  readonly entered = new Set<Leavable>();
  readonly exitTasks = new Set<() => void>();
  readonly lifeLocks = findLifeLocks();
  private readonly _settled = Promise.resolve();
  private readonly _clock = findClock();

  constructor() {
    runAtWorkerExit(this.exitTasks);
  }

  queueMicrotask(task: () => void): void {
    // An audio worklet has promises, and no queueMicrotask: heap.turn(fn) needs neither.
    if (typeof queueMicrotask === 'function') queueMicrotask(task);
    else void this._settled.then(task);
  }

  startTimer(task: () => void, millis: number): () => void {
    if (typeof setTimeout !== 'function') return () => {};
    const timer = setTimeout(task, millis) as unknown as TimerHandle;
    timer.unref?.();
    return () => clearTimeout(timer as unknown as ReturnType<typeof setTimeout>);
  }

  sleep(millis: number): Promise<void> {
    if (typeof setTimeout === 'function') return new Promise((resolve) => setTimeout(resolve, millis));
    return Promise.reject(
      new Error(
        `waited ${millis} ms where the engine has no timer, as in an audio worklet; wait in another thread`,
      ),
    );
  }

  nowMillis(): number {
    return this._clock.now();
  }

  random32(): number {
    if (typeof crypto === 'object') return crypto.getRandomValues(new Int32Array(1))[0]!;
    return (Math.random() * 2 ** 32) | 0;
  }

  environment(name: string): string | undefined {
    try {
      return findNode()?.env?.[name];
    } catch {
      // Some engines throw where the program was started without the right to look.
      return undefined;
    }
  }

  onWorkerStart(listener: (worker: unknown) => void): () => void {
    const node = findNode();
    node?.on('worker', listener);
    return () => node?.off?.('worker', listener);
  }

  startKeepAlive(): () => void {
    if (typeof setInterval !== 'function') return () => {};
    const timer = setInterval(() => {}, FOREVER_MILLIS);
    return () => clearInterval(timer);
  }

  spawnWorker(url: string | URL, options: SpawnOptions): unknown {
    const { Worker } = findNode()?.getBuiltinModule?.('node:worker_threads') ?? {};
    if (Worker !== undefined) return new Worker(url, options);
    const { Worker: Web } = globalThis as Globals;
    if (Web === undefined) {
      throw new Error(
        `spawned a worker of ${String(url)} where the engine gives Lull no way to (Node before 20.16, a worklet); ` +
          'start it yourself with heap.handle in its workerData, and call heap.watch(worker) right after',
      );
    }
    const { name, workerData } = options;
    const worker = new Web(url, name === undefined ? { type: 'module' } : { type: 'module', name });
    worker.postMessage(workerData);
    return worker;
  }
}

/** The engine that this thread runs in. */
export const engineHost: Host = new EngineHost();
