/**
 * Host: what a thread asks of the JavaScript engine around it: microtasks, timers, a clock, and whether it
 * may wait. One Host per thread; tests and the checker bring their own. The only file of src/ that names a
 * clock, a timer or a source of random numbers.
 */

/** What a thread may do where it runs: wait for another, spin for another, or neither. */
export type WaitRight = 'may-wait' | 'may-spin' | 'may-neither';

/** Something that this thread has entered and must leave before it sleeps. */
export interface Leavable {
  /** Leaves, or throws where the caller was promised to stay inside. */
  leave(): void;
  /** False where leaving would pull memory from under the caller. */
  isLeavable(): boolean;
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
  /** Everything entered on this thread: a sleeping thread holds up nobody. */
  readonly entered: Set<Leavable>;
  /** Run when this thread ends in an orderly way, where the engine tells it. */
  readonly exitTasks: Set<() => void>;
  queueMicrotask(task: () => void): void;
  /** Runs `task` once after `millis`; does not keep the thread alive. Returns a function that calls it off. */
  startTimer(task: () => void, millis: number): () => void;
  /** Resolves after `millis`, and keeps the thread alive until then. */
  sleep(millis: number): Promise<void>;
  nowMillis(): number;
  /** 32 random bits. */
  random32(): number;
}

interface TimerHandle {
  unref?: () => void;
}

interface NodeProcess {
  versions?: { node?: string };
  on(event: 'exit', listener: () => void): void;
  getBuiltinModule?: (name: string) => { isMainThread?: boolean };
}

type Globals = {
  process?: NodeProcess;
  AudioWorkletGlobalScope?: unknown;
  WorkerGlobalScope?: unknown;
  window?: unknown;
};

/** Finds out what this thread may do: asked of the engine, never of the caller. */
function findWaitRight(): WaitRight {
  const globals = globalThis as Globals;
  if (globals.AudioWorkletGlobalScope !== undefined) return 'may-neither';
  if (globals.process?.versions?.node !== undefined) return 'may-wait';
  if (globals.WorkerGlobalScope !== undefined) return 'may-wait';
  return globals.window === undefined ? 'may-wait' : 'may-spin';
}

/** Runs `tasks` when a Node worker ends; the main thread's end is the end of every heap. */
function runAtWorkerExit(tasks: Set<() => void>): void {
  const node = (globalThis as Globals).process;
  if (node?.versions?.node === undefined) return;
  if (node.getBuiltinModule?.('node:worker_threads').isMainThread === true) return;
  node.on('exit', () => {
    for (const task of tasks) task();
  });
}

class EngineHost implements Host {
  readonly waitRight = findWaitRight();
  readonly entered = new Set<Leavable>();
  readonly exitTasks = new Set<() => void>();
  private readonly _settled = Promise.resolve();

  constructor() {
    runAtWorkerExit(this.exitTasks);
  }

  queueMicrotask(task: () => void): void {
    // A worklet's global scope has promises but need not have queueMicrotask.
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
    return new Promise((resolve) => setTimeout(resolve, millis));
  }

  nowMillis(): number {
    return performance.now();
  }

  random32(): number {
    return crypto.getRandomValues(new Int32Array(1))[0]!;
  }
}

/** The engine that this thread runs in. */
export const engineHost: Host = new EngineHost();
