/**
 * FakeHost: a Host whose microtasks, timers and clock stand still until the test moves them, so that turns and
 * timers are driven by hand.
 *
 *     queueMicrotask(task) -> waits for runMicrotasks()
 *     startTimer(task)     -> waits for advance(millis), as does sleep(millis)
 *     onWorkerStart(fn)    -> waits for startWorker(worker)
 */
import type { Host, Leavable, WaitRight } from '../../src/words/host.js';

interface Timer {
  readonly dueMillis: number;
  readonly task: () => void;
}

export class FakeHost implements Host {
  readonly waitRight: WaitRight;
  readonly entered = new Set<Leavable>();
  readonly exitTasks = new Set<() => void>();
  threadId = 0;
  /** What environment() finds. */
  readonly variables = new Map<string, string>();
  /** Whoever listens for workers. */
  readonly workerListeners = new Set<(worker: unknown) => void>();
  /** How often something keeps the thread alive at the moment. */
  keptAlive = 0;
  private _microtasks: (() => void)[] = [];
  private _timers: Timer[] = [];
  private _now = 0;
  private _random = 1;

  constructor(waitRight: WaitRight = 'may-wait') {
    this.waitRight = waitRight;
  }

  /** Microtasks that wait. */
  get microtasks(): number {
    return this._microtasks.length;
  }

  /** Milliseconds to the end of each timer that runs, shortest first. */
  get timers(): number[] {
    return this._timers.map(({ dueMillis }) => dueMillis - this._now).sort((a, b) => a - b);
  }

  queueMicrotask(task: () => void): void {
    this._microtasks.push(task);
  }

  startTimer(task: () => void, millis: number): () => void {
    const timer = { dueMillis: this._now + millis, task };
    this._timers.push(timer);
    return () => {
      this._timers = this._timers.filter((other) => other !== timer);
    };
  }

  sleep(millis: number): Promise<void> {
    return new Promise((resolve) => {
      this.startTimer(resolve, millis);
    });
  }

  nowMillis(): number {
    return this._now;
  }

  /** The same numbers in every run. */
  random32(): number {
    this._random = (Math.imul(this._random, 1664525) + 1013904223) | 0;
    return this._random;
  }

  environment(name: string): string | undefined {
    return this.variables.get(name);
  }

  onWorkerStart(listener: (worker: unknown) => void): () => void {
    this.workerListeners.add(listener);
    return () => void this.workerListeners.delete(listener);
  }

  startKeepAlive(): () => void {
    let ends = 1;
    this.keptAlive++;
    return () => {
      this.keptAlive -= ends;
      ends = 0;
    };
  }

  /** What the engine does when this thread starts a worker. */
  startWorker(worker: unknown): void {
    for (const listener of this.workerListeners) listener(worker);
  }

  /** Runs microtasks, and those that they queue, until none is left: the synchronous run has ended. */
  runMicrotasks(): void {
    while (this._microtasks.length > 0) {
      const tasks = this._microtasks;
      this._microtasks = [];
      for (const task of tasks) task();
    }
  }

  /** Lets the clock go on by `millis`, timer by timer; the microtasks of each run before the next. */
  advance(millis: number): void {
    this.runMicrotasks();
    const until = this._now + millis;
    for (;;) {
      const [next] = this._timers
        .filter(({ dueMillis }) => dueMillis <= until)
        .sort((a, b) => a.dueMillis - b.dueMillis);
      if (next === undefined) break;
      this._timers = this._timers.filter((timer) => timer !== next);
      this._now = Math.max(this._now, next.dueMillis);
      next.task();
      this.runMicrotasks();
    }
    this._now = until;
  }

  /** What the engine does when a worker ends in an orderly way. */
  exit(): void {
    for (const task of this.exitTasks) task();
  }
}
