/** A step of the driver's, by hand. */
import type { HeapParts } from '../../src/heap/heap-parts.js';

/** Drives the grace periods that what waits needs, as far as they go; true when freeDone() has something to do. */
export function drive({ kfreeRcu, gracePeriod }: Pick<HeapParts, 'kfreeRcu' | 'gracePeriod'>): boolean {
  const cookie = gracePeriod.snap();
  kfreeRcu.accelerate(cookie);
  gracePeriod.drive(cookie);
  return kfreeRcu.hasDone();
}
