/** What the test of watched workers and its workers say to each other. */
import type { HeapHandle } from '../../src/index.js';

/** How a worker's thread ends. `terminated`: by the test, while the worker runs or sleeps. */
export type Ending =
  | 'returns'
  | 'calls process.exit()'
  | 'throws'
  | 'is terminated'
  | 'is terminated in a loop';

/**
 * How a worker takes its slots.
 *
 *     attached   by Heap.attach(), which gives them back where the thread still can
 *     joined     by joinHeap() alone, as if it had died at once
 *     left       as `joined`, and gives them back itself
 */
export type Stay = 'attached' | 'joined' | 'left';

export interface WatchBriefing {
  readonly handles: readonly HeapHandle[];
  readonly stay: Stay;
  readonly ending: Ending;
}

/** What a worker had in one heap. */
export interface Held {
  readonly slot: number;
  readonly tag: number;
}
