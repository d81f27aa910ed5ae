/**
 * DeathWatch: one heap's interest in how the workers of this thread end. A worker that has ended while it was
 * attached has its slots marked: they are a zombie's, to be reaped.
 *
 *     new Worker()  --host.onWorkerStart-->  ThreadWorkers, one a thread  --'exit'-->  DeathWatch, one a heap
 *     watch(worker) ---------------------->                                            markDead(), onDead(slots)
 *
 * Node emits `exit` in the thread that has started the worker, after the worker's thread has run for the last time:
 * that is the proof of death which markDead() asks for. No other thread is told, and none at all of the end of
 * workers that the ended worker had started itself.
 *
 * Who may call: the thread that made it. Nothing here keeps the process alive.
 *
 * I1  One listener a thread and one a worker, however many heaps the thread has. An ended thread concerns every heap
 *     that is being watched when it ends, also one that was attached after the worker had started.
 */
import type { Geometry } from '../layout/heap-header.js';
import { LockTimeoutError } from '../locks/lock-errors.js';
import { markDead } from '../threads/liveness.js';
import type { Host } from '../words/host.js';
import { shown } from '../words/shown.js';
import type { Words } from '../words/words.js';

/** A thread that this thread has started, as node:worker_threads gives it: a Worker. */
export interface WorkerThread {
  readonly threadId: number;
  on(event: 'exit', listener: () => void): unknown;
}

/** What a worker's `threadId` is after its end. */
const ENDED = -1;

export class DeathWatch {
  private readonly _host: Host;
  private readonly _words: Words;
  private readonly _geometry: Geometry;
  readonly onWorker: () => void;
  private readonly _ownTag: number;
  private readonly _onDead: (slots: readonly number[]) => void;
  private readonly _stopTimers = new Set<() => void>();

  /**
   * @param onDead called with the slots that were marked, where there are any, or may be some that were marked before
   * @param ownTag this thread's; 0 where it is in no heap, and nobody else marks or reaps
   * @param onWorker called when this thread has workers to watch: with each, and at once where it has some already
   */
  constructor(
    host: Host,
    words: Words,
    geometry: Geometry,
    onDead: (slots: readonly number[]) => void,
    ownTag = 0,
    onWorker: () => void = () => {},
  ) {
    this.onWorker = onWorker;
    this._ownTag = ownTag;
    this._host = host;
    this._words = words;
    this._geometry = geometry;
    this._onDead = onDead;
  }

  /** From now on every worker that this thread starts is watched, and those that it watches already. */
  start(): void {
    workersOf(this._host).add(this);
  }

  /** The heap is left: deaths are no concern of this thread any more. */
  stop(): void {
    workersOf(this._host).remove(this);
    for (const stopTimer of this._stopTimers) stopTimer();
    this._stopTimers.clear();
  }

  /**
   * Watches a worker that was started before this thread had a heap; for others it does nothing more.
   * @returns what Host.threadId is in its thread
   *
   * Errors   TypeError for what is no worker of Node; Error for a worker that ended without being watched.
   */
  watch(worker: WorkerThread): number {
    return workersOf(this._host).watch(worker);
  }

  /** The thread of that Host.threadId runs no more. */
  noteEnd(threadId: number): void {
    this._markSlots(threadId, false);
  }

  /** @param isLate some slots may be marked already, and nobody told of them */
  private _markSlots(threadId: number, isLate: boolean): void {
    let slots: number[];
    try {
      slots = markDead(this._words, this._geometry, threadId, this._ownTag);
    } catch (error) {
      if (!(error instanceof LockTimeoutError)) throw error;
      this._comeBack(threadId);
      return;
    }
    if (slots.length > 0 || isLate) this._onDead(slots);
  }

  /** Who has the right to mark a slot may have ended as well: then its end is told after this one. */
  private _comeBack(threadId: number): void {
    const stopTimer = this._host.startTimer(() => {
      this._stopTimers.delete(stopTimer);
      this._markSlots(threadId, true);
    }, this._geometry.pollMillis);
    this._stopTimers.add(stopTimer);
  }
}

/** The workers of one thread, for all heaps of that thread. */
class ThreadWorkers {
  private readonly _host: Host;
  private readonly _watches = new Set<DeathWatch>();
  /** With their numbers: a worker forgets its own when it ends. */
  private readonly _known = new WeakMap<WorkerThread, number>();
  private _hasWorkers = false;
  private _endListening: () => void = () => {};

  constructor(host: Host) {
    this._host = host;
  }

  add(watch: DeathWatch): void {
    if (this._watches.size === 0) {
      this._endListening = this._host.onWorkerStart((worker) => this._noteStart(worker));
    }
    this._watches.add(watch);
    if (this._hasWorkers) watch.onWorker();
  }

  remove(watch: DeathWatch): void {
    if (this._watches.delete(watch) && this._watches.size === 0) this._endListening();
  }

  watch(worker: WorkerThread): number {
    requireWorker(worker);
    const known = this._known.get(worker);
    if (known !== undefined) return known;
    if (worker.threadId === ENDED) {
      throw new Error(
        `watched a worker that has ended (threadId ${ENDED}), so which slots it had cannot be found out any more; ` +
          'call watch(worker) right after new Worker()',
      );
    }
    const threadId = worker.threadId + 1;
    this._known.set(worker, threadId);
    this._hasWorkers = true;
    for (const watch of this._watches) watch.onWorker();
    worker.on('exit', () => this._noteEnd(threadId));
    return threadId;
  }

  private _noteStart(worker: unknown): void {
    if (isNodeWorker(worker) && worker.threadId !== ENDED) this.watch(worker);
  }

  private _noteEnd(threadId: number): void {
    for (const watch of [...this._watches]) watch.noteEnd(threadId);
  }
}

const workersByHost = new WeakMap<Host, ThreadWorkers>();

function workersOf(host: Host): ThreadWorkers {
  const known = workersByHost.get(host);
  if (known !== undefined) return known;
  const workers = new ThreadWorkers(host);
  workersByHost.set(host, workers);
  return workers;
}

/** True for what has the face of a Worker of node:worker_threads. */
export function isNodeWorker(value: unknown): value is WorkerThread {
  if (typeof value !== 'object' || value === null) return false;
  const { threadId, on } = value as Partial<WorkerThread>;
  return Number.isInteger(threadId) && threadId! >= ENDED && typeof on === 'function';
}

function requireWorker(value: unknown): void {
  if (isNodeWorker(value)) return;
  throw new TypeError(
    `watched ${shown(value)}; pass a Worker of node:worker_threads, which has a threadId and tells of its end ` +
      "by 'exit'. Other workers do not tell.",
  );
}
