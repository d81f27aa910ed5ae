/** What the test of group limits and its worker say to each other. */
import type { HeapHandle } from '../../src/index.js';

export interface GroupLimitBriefing {
  readonly handle: HeapHandle;
  /** The group that the worker's memory is charged to. */
  readonly group: string;
  readonly operations: number;
}

export interface GroupLimitResult {
  readonly granted: number;
  /** Allocations without a right to wait that were given nothing. */
  readonly refused: number;
  /** Allocations that ended in GroupLimitError. */
  readonly failed: number;
  /** Looks that found more charged than the limit. */
  readonly passed: number;
}
