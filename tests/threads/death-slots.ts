/** What the test of slots that the dead leave and its workers say to each other. */
import type { HeapHandle } from '../../src/index.js';

export type Part =
  /** Joins until there is no slot left, and says how many it has. */
  | 'takes all slots'
  /** Writes until it is terminated. */
  | 'writes'
  /** Says which slots it reaps, and reaps those that it is told. */
  | 'reaps'
  /** Makes the heap, and says its handle. */
  | 'makes the heap'
  /** Starts a thread that writes, and does nothing more. */
  | 'starts another'
  /** The same, and is in no heap itself. */
  | 'starts another from outside'
  /** Starts a thread that writes, and terminates it. */
  | 'terminates another';

export interface SlotsBriefing {
  readonly heap: HeapHandle;
  readonly part: Part;
}

/** What a thread that reaps says. */
export type Reaped =
  | { readonly slot: number; readonly generation: number }
  /** The answer to being told to. */
  | { readonly answer: 'reaped' | 'not now' | 'free' };

export const SHARED = 'shared';
