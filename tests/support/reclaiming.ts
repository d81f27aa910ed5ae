/** Which threads say that they reclaim memory: none in a heap at rest. */
import { type Geometry, HEADER } from '../../src/layout/heap-header.js';
import { slotStart } from '../../src/layout/heap-layout.js';
import { SLOT } from '../../src/layout/thread-slot.js';
import type { Words } from '../../src/words/words.js';

export function reclaimersOf(words: Words, geometry: Geometry): number[] {
  const slots: number[] = [];
  for (let slot = 0; slot < words.loadPlain(HEADER.slotsClaimed); slot++) {
    if (words.loadPlain(slotStart(geometry, slot) + SLOT.reclaiming) !== 0) slots.push(slot);
  }
  return slots;
}
