/** What the tests of floods and of mempools and their workers say to each other. */
import type { Address, HeapHandle } from '../../src/index.js';
import type { WaitRight } from '../../src/words/host.js';

export interface FloodBriefing {
  readonly handle: HeapHandle;
  readonly waitRight: WaitRight;
  readonly millis: number;
  /** Objects between two joinings of the heap. */
  readonly objectsAStay: number;
}

export interface FloodResult {
  readonly posted: number;
  readonly refused: number;
  readonly stays: number;
  readonly problems: string[];
}

export interface PoolBriefing {
  readonly handle: HeapHandle;
  readonly waitRight: WaitRight;
  readonly pool: string;
  readonly minimum: number;
  readonly bytes: number;
  readonly rounds: number;
}

export interface PoolResult {
  readonly served: number;
  readonly refused: number;
  readonly problems: string[];
}

export interface GiverBriefing {
  readonly handle: HeapHandle;
  /** Blocks that the giver frees, one after the other. */
  readonly blocks: readonly Address[];
  readonly isolated: boolean;
  readonly pauseMillis: number;
}

export interface GiverResult {
  readonly given: number;
}
