/** What the test of validating heaps over threads and its worker say to each other. */
import type { Address, Heap, HeapHandle, LockReport } from '../../src/index.js';

export interface ValidatedBriefing {
  readonly handle: HeapHandle;
  /** Word of the number of the worker whose turn it is: they go one after another, so that none deadlocks. */
  readonly stage: Address;
  /** Names of mutexes, the outermost first. */
  readonly order: readonly string[];
  readonly rounds: number;
  readonly isAsync: boolean;
  /** What becomes of reports. */
  readonly mode: 'collect' | 'throw' | 'print';
}

export interface ValidatedResult {
  readonly reports: readonly LockReport[];
  readonly thrown: LockReport | undefined;
}

/** Sleeps, outside of every turn, until the word holds `number`. */
export function waitForStage(heap: Heap, stage: Address, number: number): void {
  heap.idle(() => {
    const { words } = heap;
    for (let seen = words.load(stage); seen !== number; seen = words.load(stage))
      words.wait(stage, seen, 1000);
  });
}
