/** What a reaper does about the charges of a dead thread, in bare words: without a heap, so that nothing else is done. */
import { repairCharges } from '../../src/groups/charge-repair.js';
import { repairNumbers } from '../../src/groups/strayed-charges.js';
import type { Geometry } from '../../src/layout/heap-header.js';
import { slotStart } from '../../src/layout/heap-layout.js';
import { INTENT_FRAME_WORDS, SLOT, SLOT_STATE } from '../../src/layout/thread-slot.js';
import type { Words } from '../../src/words/words.js';
import { wireCharging } from './group-words.js';

/** Slots that lie in bare words. */
export function slotGeometry(slots: number, slotsStart: number, slotWords: number): Geometry {
  return { slots, slotsStart, slotWords } as Geometry;
}

/** Gives back what the dead thread of a slot had charged and not handed out; false where that must be tried again. */
export function reapCharges(words: Words, geometry: Geometry, slotNumber: number, tag: number): boolean {
  const slot = slotStart(geometry, slotNumber);
  words.store(slot + SLOT.state, SLOT_STATE.zombie);
  words.store(slot + SLOT.reaper, tag);
  repairCharges(words, geometry, slot);
  if (!repairNumbers(words, geometry, slot, tag)) return false;
  const { intents, charges } = wireCharging(words, slot, slotNumber);
  for (let depth = words.loadPlain(slot + SLOT.intentDepth); depth > 0; depth--) {
    const frame = slot + SLOT.intents + (depth - 1) * INTENT_FRAME_WORDS;
    charges.finish(frame);
    intents.close(frame);
  }
  charges.drain();
  words.store(slot + SLOT.reaper, 0);
  return true;
}
