/** What the test of threads that end with callbacks waiting and its workers say to each other. */
import type { Address, HeapHandle } from '../../src/index.js';

export type Ending =
  | 'is terminated'
  | 'is terminated in its turn'
  | 'detaches'
  | 'calls process.exit()'
  | 'calls process.exit() in a callback'
  | 'waits in barriers';

export interface RcuEndingsBriefing {
  readonly handle: HeapHandle;
  readonly ending: Ending;
  /** Where the RcuHeads of the test's workers lie, one row of HEADS for each. */
  readonly heads: readonly Address[];
  /** A word for each worker: how many heads of its row it has queued. */
  readonly progress: Address;
  /** How many rows are being queued. */
  readonly rows: number;
}

/** Heads of one worker. */
export const HEADS = 4000;
/** Words of a head: an RcuHead, how often its callback was called, and one that keeps them 16 bytes apart. */
export const HEAD_WORDS = 4;
export const CALLED = 2;
/** Objects that a worker frees in a turn that does not end. */
export const OBJECTS = 100;
/** Registered by all threads. */
export const COUNTS = 'counts';
/** Registered by one worker alone. */
export const ENDS = 'ends';

export function headAt(row: Address, n: number): Address {
  return (row + n * HEAD_WORDS) as Address;
}
