/**
 * FakeLifeLocks: Web Locks that several threads of a test share, which are given when the test says so, and taken from a
 * thread that it lets die.
 *
 *     of(thread).hold(), whenFree() -> wait for settle()      die(thread) -> its locks are free, its requests gone
 */
import type { LifeLocks } from '../../src/words/life-locks.js';

interface Request {
  readonly thread: string;
  readonly name: string;
  readonly isHolder: boolean;
  readonly granted: () => void;
  isHeld: boolean;
}

export class FakeLifeLocks {
  private _requests: Request[] = [];

  /** What the thread of that name sees. */
  of(thread: string): LifeLocks {
    return {
      hold: (name, onHeld) => this._ask({ thread, name, isHolder: true, granted: onHeld, isHeld: false }),
      whenFree: (name, task) => this._ask({ thread, name, isHolder: false, granted: task, isHeld: false }),
    };
  }

  /** Names of the locks that are held, and of the requests that wait, each with its thread. */
  list(): { held: string[]; waiting: string[] } {
    const show = ({ thread, name }: Request): string => `${thread}: ${name}`;
    return {
      held: this._requests.filter(({ isHeld }) => isHeld).map(show),
      waiting: this._requests.filter(({ isHeld }) => !isHeld).map(show),
    };
  }

  /** Gives what can be given, in the order in which it was asked for. */
  settle(): void {
    for (;;) {
      const next = this._requests.find((request) => !request.isHeld && this._isFirst(request));
      if (next === undefined) return;
      if (next.isHolder) next.isHeld = true;
      else this._drop(next);
      next.granted();
    }
  }

  /** The engine ends the thread. */
  die(thread: string): void {
    this._requests = this._requests.filter((request) => request.thread !== thread);
  }

  private _ask(request: Request): () => void {
    this._requests.push(request);
    return () => this._drop(request);
  }

  private _drop(request: Request): void {
    this._requests = this._requests.filter((other) => other !== request);
  }

  /** True where no exclusive request of the name stands before it; a shared one stands in nobody's way for long. */
  private _isFirst(request: Request): boolean {
    const before = this._requests.slice(0, this._requests.indexOf(request));
    return !before.some(({ name, isHolder }) => name === request.name && (isHolder || request.isHolder));
  }
}
