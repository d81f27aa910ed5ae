/**
 * What a worker needs of the shared map, and how it paces itself.
 *
 * Small on purpose: the loops below can then be run in a test over a plain Map, with faults planted.
 */

/** The shared map, as far as a run uses it from a worker. */
export interface RecordMap {
  get(key: string): string | undefined;
  set(key: string, value: string): unknown;
}

/** What surrounds a loop over the map. */
export interface LoopSurroundings {
  /** Whether an error thrown by set() says that the heap had no memory. */
  isOutOfMemory(error: unknown): boolean;
  /** Lets messages and timers run; the turn ends, so that deferred frees can go ahead. */
  pause(): Promise<void>;
  /** Whether main has said stop. */
  stopped(): boolean;
}

/**
 * How long a loop runs before it pauses. Long enough to make the pause's cost vanish, short enough that no
 * grace period waits for this thread longer than a person would notice.
 */
export const SLICE_MILLIS = 10;

/** Operations between two looks at the clock; also how often one operation is timed. */
export const OPERATIONS_PER_SAMPLE = 64;
