/** What a shared map needs of the heap it lives in. */
import type { Geometry } from '../layout/heap-header.js';
import type { LockMaker } from '../locks/lock-maker.js';
import type { ThreadContext } from '../threads/context.js';
import type { Intents } from '../threads/intents.js';
import type { Turn } from '../threads/turn.js';
import type { Words } from '../words/words.js';

export interface MapMemory {
  readonly words: Words;
  /** spend() at the start of each operation; run(fn) where addresses are kept across a caller's function. */
  readonly turn: Turn;
  /** What the thread may do where it is: writes that may spin ask. */
  readonly context: ThreadContext;
  readonly geometry: Geometry;
  /** Makes the map's locks. */
  readonly locks: LockMaker;
  /** This thread's, for what it has in hand. */
  readonly intents: Intents;
  /** Of this thread. */
  readonly ownerTag: number;
  /**
   * Takes an object of at least `bytes` bytes. May renew the turn, so no address may be held across it.
   * Throws OutOfMemoryError, after which nothing has changed.
   */
  alloc(bytes: number): number;
  /** The same, but returns 0 instead of throwing, and neither reclaims nor renews the turn. */
  tryAlloc(bytes: number): number;
  /** The same, trying each lock once: in any context, in a bounded number of steps. */
  allocNolock(bytes: number): number;
  /** Gives an object back at once: only what no reader has seen. */
  free(p: number): void;
  /** The same, trying each lock once. */
  freeNolock(p: number): void;
  /** Gives an object back after a grace period; its RcuHead is at word `headOffset`. Never fails, never waits. */
  freeRcu(p: number, headOffset: number): void;
}
