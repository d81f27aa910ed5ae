/** What the test of published objects and its workers say to each other. */
import type { Address, HeapHandle } from '../../src/index.js';

/** How a writer gives an old object back. `kfree` is the mistake that the test must see. */
export type Retirement = 'kfreeRcu' | 'rcu.call' | 'kfree';

/** The callback of 'rcu.call'. */
export const FREE_CALLBACK = 'free';

export interface PublishedBriefing {
  readonly handle: HeapHandle;
  readonly role: 'reader' | 'writer';
  readonly retirement: Retirement;
  /** Address of the places. */
  readonly places: Address;
  readonly placeCount: number;
  /** Address of the words by which readers and writers agree on the end (ENDING). */
  readonly ending: Address;
  readonly writers: number;
  /** Publications by each writer, at least. */
  readonly publications: number;
  /** Turns of all readers together, at least. */
  readonly turns: number;
  /** A writer leaves the heap and joins it again after so many publications; 0 = never. */
  readonly rejoinAfter: number;
}

/** `turns` of all readers so far; `writersDone` ends the readers. */
export const ENDING = { turns: 0, writersDone: 1 } as const;
export const ENDING_WORDS = 2;

export interface PublishedResult {
  readonly publications: number;
  /** Writer: allocations at an address that this writer has retired. Reader: addresses met with another object. */
  readonly reuses: number;
  readonly turns: number;
  readonly violations: number;
  readonly firstViolation: string;
}
