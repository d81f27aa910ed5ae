/**
 * Owners: what a lock word says of the thread that holds it, and whether that thread is still there.
 *
 *     0 = nobody, else the owner's tag:   bits 8 to 28  generation      bits 0 to 7  slot + 1
 *
 * A tag names one stay of a thread in the heap, not a slot: the next thread in the slot has another generation.
 * Generations in tags wrap after 2^21 stays in one slot.
 *
 * Who may call: any thread, in any context.
 *
 * I1  A tag that stands in a lock word was put there after the slot of that stay had become live. So a slot that
 *     is found free, or being joined, or of another generation, has been left since.
 * P1  A slot's `zombie`, and `dead` after it, is stored when its thread runs no more, so it publishes all that the thread ever wrote;
 *     observed by who finds the thread of a tag dead. Who finds that it has left observes the same by
 *     thread-registry:P1.
 */
import type { Geometry } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { SLOT, SLOT_STATE, SLOT_STATE_MASK } from '../layout/thread-slot.js';
import type { Words } from '../words/words.js';

const SLOT_BITS = 8;
const SLOT_MASK = (1 << SLOT_BITS) - 1;
/** Tags leave bit 29 to PENDING. */
const GENERATION_MASK = 0x1fffff;

/** What a lock word holds while the thread of `slot` owns it. */
export function ownerTag(slot: number, generation: number): number {
  return ((generation & GENERATION_MASK) << SLOT_BITS) | (slot + 1);
}

/** The slot that an owner tag names. */
export function slotOfTag(tag: number): number {
  return (tag & SLOT_MASK) - 1;
}

/**
 * True when the thread that `tag` names was found dead while it had its slot, and the slot was not given to another since:
 * what it had locked is locked still.
 */
export function wasFoundDead(words: Words, geometry: Geometry, tag: number): boolean {
  const slot = slotOfTag(tag);
  // No tag of this heap's: something was written over the lock.
  if (slot < 0 || slot >= geometry.slots) return false;
  const start = slotStart(geometry, slot);
  // P1: observes what the dead thread wrote.
  if ((words.load(start + SLOT.state) & SLOT_STATE_MASK) < SLOT_STATE.dead) return false;
  // thread-registry:P1: written before the slot was live, and never while it is dead.
  return isOfGeneration(tag, words.load(start + SLOT.generation));
}

/**
 * True when the stay that `tag` names is over: its thread was found dead, or has left the heap. Never true before
 * that; from then on always.
 *
 * @param tag what a lock word held a moment ago, without bits of the lock's own. The lock may have been released
 *            since: whoever takes it from the dead does so by compareExchange with that tag.
 */
export function isDead(words: Words, geometry: Geometry, tag: number): boolean {
  const start = slotStart(geometry, slotOfTag(tag));
  // P1: observes what the dead thread wrote. thread-registry:P1: or what the thread did before it left.
  const state = words.load(start + SLOT.state);
  if (state !== SLOT_STATE.live && state !== SLOT_STATE.leaving) return true;
  // thread-registry:P1: written before `live`, so a live slot of the next stay is never taken for this one.
  return !isOfGeneration(tag, words.load(start + SLOT.generation));
}

/** True where a slot's `generation` is that of the tag's stay. */
export function isOfGeneration(tag: number, generation: number): boolean {
  return ((generation ^ (tag >>> SLOT_BITS)) & GENERATION_MASK) === 0;
}
