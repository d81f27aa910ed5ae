/** What the test of waits for grace periods and its worker say to each other. */
import type { Address, HeapHandle } from '../../src/index.js';

/** Lull's own waits for other threads, but for those of RCU itself. */
export const WAITS = [
  'mutex.lockSync()',
  'rwLock.writeSync()',
  'rwLock.readSync()',
  'semaphore.acquireSync()',
  'condVar.waitSync()',
  'heap.idle(fn)',
] as const;
/** Waits for grace periods and for what they end. */
export const RCU_WAITS = [
  'synchronizeRcuSync()',
  'synchronizeRcuExpeditedSync()',
  'rcu.barrierSync()',
] as const;

export type RcuWaitsRole =
  | (typeof WAITS)[number]
  | (typeof RCU_WAITS)[number]
  | 'takes turn after turn'
  | 'spins in a turn'
  | 'works in a turn';

export interface RcuWaitsBriefing {
  readonly handle: HeapHandle;
  readonly role: RcuWaitsRole;
  readonly signals: Address;
}

/** Words at `signals`: `started` counts the workers. */
export const SIGNAL = { started: 0, stop: 1 } as const;
export const SIGNAL_WORDS = 2;
/** Name of every lock here. */
export const LOCK_NAME = 'waits';
/** How long each turn lasts where a thread takes turn after turn. */
export const TURN_MILLIS = 1;
