/** What the test of allocPagesNolock() and freePagesNolock() and its worker say to each other. */
import type { HeapHandle } from '../../src/index.js';

export interface NolockPagesBriefing {
  readonly handle: HeapHandle;
  readonly operations: number;
}

export interface NolockPagesResult {
  /** Allocations that found the lock busy. */
  readonly refused: number;
}
