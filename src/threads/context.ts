/**
 * What this thread may do where it is now: wait, spin for a bounded time, or neither.
 *
 *     a worker, Node's main thread          may-wait
 *     a browser's main thread               may-spin
 *     an audio worklet                      may-neither
 *     any of them in an atomic section      may-neither      inside a raw lock of the user's, or in a hook
 *
 * Found out, not asked for: the host says what the thread is, and sections count themselves in and out, as the
 * kernel's preempt_count does. Private to the thread: no word of the heap.
 *
 * I1  Sections nest, and may end in any order: each enterAtomic() has its exitAtomic() of the same name.
 */
import type { Host, WaitRight } from '../words/host.js';

/** An operation that waits was called where waiting is forbidden. */
export class ContextError extends Error {
  override readonly name = 'ContextError';
}

export class ThreadContext {
  private readonly _host: Host;
  /** What each section is, outermost first. */
  private readonly _sections: string[] = [];

  constructor(host: Host) {
    this._host = host;
  }

  /** What this thread may do now. */
  waitRight(): WaitRight {
    return this._sections.length > 0 ? 'may-neither' : this._host.waitRight;
  }

  /** True inside an atomic section. */
  inAtomic(): boolean {
    return this._sections.length > 0;
  }

  /** Begins a section in which this thread may neither wait nor spin. `where` names it: 'a hook', 'raw lock x'. */
  enterAtomic(where: string): void {
    this._sections.push(where);
  }

  /** Ends the innermost section of that name. */
  exitAtomic(where: string): void {
    const section = this._sections.lastIndexOf(where);
    if (section >= 0) this._sections.splice(section, 1);
  }

  /** Where the thread is, for an error: 'in an audio worklet', 'in a hook'. */
  where(): string {
    const section = this._sections.at(-1);
    if (section !== undefined) return `in ${section}`;
    return whereOf(this._host.waitRight);
  }

  /** Throws ContextError unless this thread may wait now. `operation` is named in the message. */
  requireMayWait(operation: string): void {
    if (this.waitRight() === 'may-wait') return;
    throw new ContextError(`called ${operation} ${this.where()}, which may not wait; ${WAY_OUT}`);
  }
}

const WAY_OUT = 'use the async form, or call it from a worker';

function whereOf(right: WaitRight): string {
  if (right === 'may-spin') return "on a browser's main thread";
  return right === 'may-neither' ? 'in an audio worklet' : 'in a worker';
}

/** Throws ContextError unless this thread may wait. `operation` is named in the message. */
export function requireMayWait(host: Host, operation: string): void {
  if (host.waitRight === 'may-wait') return;
  throw new ContextError(`called ${operation} ${whereOf(host.waitRight)}, which may not wait; ${WAY_OUT}`);
}
