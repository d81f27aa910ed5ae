/** LockThread: what a lock that may be waited for knows of the thread that uses it. One object a thread and heap. */
import type { Geometry } from '../layout/heap-header.js';
import type { Host } from '../words/host.js';
import type { Words } from '../words/words.js';
import type { LockObserver } from './lock-class.js';

export interface LockThread {
  readonly words: Words;
  readonly geometry: Geometry;
  readonly slot: number;
  /** This thread's owner tag. */
  readonly tag: number;
  readonly host: Host;
  readonly observer: LockObserver;
  /**
   * False once this thread has left the heap, set before its locks are abandoned. From then on all others take its tag
   * for a dead owner's, so it may lock nothing.
   */
  isAttached: boolean;
  /** Throws ContextError where this thread may never wait. `operation` is named in the message. */
  requireMayWait(operation: string): void;
  /** True where this thread may wait and is in no turn: a sleep would hold up nobody. */
  maySleep(): boolean;
  /** Ends this thread's turns: it is about to sleep. Throws inside turn(fn). */
  leaveTurns(): void;
}
