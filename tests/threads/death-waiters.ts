/** What the test of threads that wait for one that dies and its workers say to each other. */
import type { HeapHandle } from '../../src/index.js';

/** What a worker waits for; the holder has it, or is in the turn that it takes to end. */
export const WAITS = [
  'synchronizeRcuSync()',
  'synchronizeRcuExpeditedSync()',
  'await synchronizeRcu()',
  'kfreeRcuBarrierSync()',
  'await kfreeRcuBarrier()',
  'rcu.barrierSync()',
  'await rcu.barrier()',
  'mutex.lockSync()',
  'await mutex.lock()',
  'rwLock.readSync()',
  'await rwLock.write()',
  'semaphore.acquireSync()',
  'await semaphore.acquire()',
  'condVar.waitSync()',
  'await condVar.wait()',
] as const;
export type Wait = (typeof WAITS)[number];

export interface WaiterBriefing {
  readonly heap: HeapHandle;
  /** That of a waiter; none: it is the holder. */
  readonly wait: Wait | undefined;
}

/** Locks that the holder has. */
export const HELD = 'held';
/** A mutex that nobody keeps. */
export const FREE = 'free';
/** Callback that frees its object. */
export const FREES = 'frees';
