/** What the reaper asks of the collections: they lie above it, so the heap that has both passes it in. */
import type { Estate } from './estate.js';

export interface MapReaper {
  /** Takes over the locks of a map that dead threads hold, and makes whole what they guard. Returns their names. */
  takeLocks(map: number): string[];
  /** Finishes or undoes an intent of kind `entry`, in the estate of the dead thread that told it. */
  finishEntry(estate: Estate, frame: number): void;
  /** The same of kind `clear`. */
  finishClear(estate: Estate, frame: number): void;
}
