/**
 * Puts one worker's share of the records into the map.
 *
 * The shares are ranges of record numbers, as equal as can be; every worker inserts its own at the same time.
 * A key that stands in several records is set several times, possibly by several workers at once, so its older
 * values are freed under load from the first second on.
 */
import { type LoopSurroundings, OPERATIONS_PER_SAMPLE, type RecordMap, SLICE_MILLIS } from './record-map.js';
import type { RecordTable } from './record-table.js';
import { sealValue } from './value.js';

/** Record numbers from `first` up to, not including, `end`. */
export interface RecordShare {
  readonly first: number;
  readonly end: number;
}

/** How a load ended: everything in, told to stop, or no memory for the next record. */
export interface LoadOutcome {
  readonly loaded: number;
  readonly heapFull: boolean;
}

/** Version of every value as loaded; replacements count from 1. */
export const LOADED_VERSION = 0;

/** The share of one of several workers. */
export function shareOf(records: number, worker: number, threads: number): RecordShare {
  return {
    first: Math.floor((records * worker) / threads),
    end: Math.floor((records * (worker + 1)) / threads),
  };
}

/**
 * Inserts a share, in slices.
 *
 * A record that finds no memory gets a second try after `settle`, since values replaced during the load may
 * only be waiting for a grace period.
 *
 * @param settle    waits until what was freed by now can be allocated again.
 * @param onSlice   called after each slice with the number of records inserted so far.
 * @returns         how far it got.
 *
 * Errors  whatever set() throws, except that there is no memory.
 */
export async function loadShare(
  map: RecordMap,
  table: RecordTable,
  share: RecordShare,
  surroundings: LoopSurroundings & { settle(): Promise<void> },
  onSlice: (loaded: number) => void,
): Promise<LoadOutcome> {
  let next = share.first;
  let triedAgain = -1;
  while (next < share.end && !surroundings.stopped()) {
    try {
      const sliceEnd = performance.now() + SLICE_MILLIS;
      while (next < share.end) {
        const key = table.key(next);
        map.set(key, sealValue(key, LOADED_VERSION, table.json(next)));
        next++;
        if (next % OPERATIONS_PER_SAMPLE === 0 && performance.now() >= sliceEnd) break;
      }
    } catch (error) {
      if (!surroundings.isOutOfMemory(error)) throw error;
      if (triedAgain === next) return { loaded: next - share.first, heapFull: true };
      triedAgain = next;
      await surroundings.settle();
    }
    onSlice(next - share.first);
    await surroundings.pause();
  }
  return { loaded: next - share.first, heapFull: false };
}
