/**
 * Fairness: a thread that has paused twice while another process was ready lets that one go first. Without it two
 * threads that spin could wake each other for ever, by the lock that each takes to look, and a third never end
 * their wait.
 *
 *     waited[t][u]    pauses of thread t since process u took a step or was not ready
 *
 * What is left out: that a thread looks a third time in vain while another is ready and does nothing. It has
 * changed nothing by looking, so whoever comes after it finds what it would have found. But a bounded spin may so not
 * be seen to give up after three looks or more; and which order of independent steps is explored decides whether.
 *
 * Follows Musuvathi and Qadeer, Fair stateless model checking (2008).
 */
import { mix } from './memory.js';

const MOST_PAUSES = 2;
/** Processes are numbered by the bits of a word. */
const WIDTH = 32;

export class Fairness {
  private readonly _threads: number;
  private readonly _waited: Int32Array;
  /** Processes that were enabled last, as bits: of no other is anything counted. */
  private _ready = 0;

  constructor(threads: number) {
    this._threads = threads;
    this._waited = new Int32Array(threads * WIDTH);
  }

  /** An execution begins. */
  begin(): void {
    this._waited.fill(0);
    this._ready = 0;
  }

  /** A process took a step, or is not ready: nobody waits for it. */
  clear(process: number): void {
    for (let cell = process; cell < this._waited.length; cell += WIDTH) this._waited[cell] = 0;
  }

  /** A thread paused, while those that were last enabled were ready. */
  paused(thread: number): void {
    for (let process = 0; process < WIDTH; process++) {
      if ((this._ready & (1 << process)) !== 0) this._waited[thread * WIDTH + process]!++;
    }
  }

  /** Those of `enabled` that may go: of `pausing`, whoever has not paused enough for another that is ready. */
  choose(enabled: number, pausing: number): number {
    for (let gone = this._ready & ~enabled; gone !== 0; gone &= gone - 1)
      this.clear(31 - Math.clz32(gone & -gone));
    this._ready = enabled;
    if ((enabled & pausing) === 0) return enabled;
    let chosen = enabled;
    for (let t = 0; t < this._threads; t++) {
      if ((enabled & pausing & (1 << t)) !== 0 && this._owes(t, enabled)) chosen &= ~(1 << t);
    }
    return chosen === 0 ? enabled : chosen;
  }

  /** A number for where it stands. */
  hash(): number {
    let hash = 0;
    for (let cell = 0; cell < this._waited.length; cell++) {
      if (this._waited[cell]! > 0) hash ^= mix(Math.min(this._waited[cell]!, MOST_PAUSES), cell, 7);
    }
    return hash;
  }

  private _owes(thread: number, enabled: number): boolean {
    for (let process = 0; process < WIDTH; process++) {
      if (process === thread || (enabled & (1 << process)) === 0) continue;
      if (this._waited[thread * WIDTH + process]! >= MOST_PAUSES) return true;
    }
    return false;
  }
}
