/** The Host of a thread of a model: nothing happens by itself, no time passes, and random numbers are the same. */
import type { Leavable, WaitRight } from '../../../src/words/host.js';
import { isHeld } from '../hold/runtime.js';
import type { ModelHost } from '../model.js';

type Task = () => unknown;
/** A held function, as the code that calls it sees it. */
type Held = Generator<unknown, void, unknown>;

export class QuietHost implements Omit<ModelHost, 'runMicrotasks' | 'fireTimers'> {
  readonly waitRight: WaitRight = 'may-wait';
  readonly threadId = 0;
  readonly entered = new Set<Leavable>();
  readonly exitTasks = new Set<() => void>();
  private _microtasks: Task[] = [];
  private _timers: Task[] = [];

  queueMicrotask(task: () => void): void {
    this._microtasks.push(task);
  }

  startTimer(task: () => void): () => void {
    this._timers.push(task);
    return () => {
      this._timers = this._timers.filter((other) => other !== task);
    };
  }

  sleep(): Promise<void> {
    throw new Error(
      'awaited in a model: the checker runs synchronous code; use the form that waits, or poll',
    );
  }

  nowMillis(): number {
    return 0;
  }

  random32(): number {
    return 1;
  }

  environment(): string | undefined {
    return undefined;
  }

  onWorkerStart(): () => void {
    return () => {};
  }

  startKeepAlive(): () => void {
    return () => {};
  }

  *runMicrotasks(): Held {
    while (this._microtasks.length > 0) {
      const tasks = this._microtasks;
      this._microtasks = [];
      for (const task of tasks) yield* run(task);
    }
  }

  *fireTimers(): Held {
    const timers = this._timers;
    this._timers = [];
    for (const task of timers) {
      yield* run(task);
      yield* this.runMicrotasks();
    }
  }
}

function* run(task: Task): Held {
  const called = task();
  if (isHeld(called)) yield* called;
}
