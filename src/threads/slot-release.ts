/**
 * The slot of a dead thread: who may work on it, and how it becomes free.
 *
 *     zombie or dead --claimSlot()--> this thread's --releaseSlot()--> free
 *                                             \-----disclaimSlot()--> zombie or dead, for the next reaper
 *
 * Who may call: any thread that may spin.
 *
 * I1  SLOT.reaper holds the tag of the one thread that works on the slot. Where that is dead itself, the next takes over.
 * I2  Who has claimed a slot looks at its state again: it may have been released before, and be somebody's by now.
 * P1  A reaper's writes are published by the store to SLOT.reaper that ends its claim, or by the death of its thread
 *     (owner:P1); observed by the compareExchange of the next claim. What makes the slot free is published by the store of
 *     `free` (thread-registry:P1).
 *
 * Follows kernel/exit.c (release_task).
 */
import type { Geometry } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { SLOT, SLOT_STATE, SLOT_STATE_MASK, TURN_STEP } from '../layout/thread-slot.js';
import { isDead } from '../locks/owner.js';
import type { Words } from '../words/words.js';

/** True when the slot's thread runs no more, and the slot was not given to another since. */
export function isOver(words: Words, start: number): boolean {
  // owner:P1: observes what the dead thread wrote.
  return (words.load(start + SLOT.state) & SLOT_STATE_MASK) >= SLOT_STATE.dead;
}

/**
 * Takes the right to work on a dead thread's slot; false where another live thread has it, or the slot is not a dead
 * thread's (any more).
 *
 * @param tag the caller's owner tag
 */
export function claimSlot(words: Words, geometry: Geometry, slot: number, tag: number): boolean {
  const start = slotStart(geometry, slot);
  if (!isOver(words, start)) return false;
  if (!takeClaim(words, geometry, start, tag)) return false;
  // I2: once more.
  if (isOver(words, start)) return true;
  disclaimSlot(words, start, tag);
  return false;
}

/** Takes the right to work on a slot, whatever its state; false where another live thread has it. */
export function takeClaim(words: Words, geometry: Geometry, start: number, tag: number): boolean {
  const word = start + SLOT.reaper;
  // P1: whose it is.
  const found = words.load(word);
  if (found !== 0 && !isDead(words, geometry, found)) return false;
  // P1: observes what the reaper before has done.
  return words.compareExchange(word, found, tag) === found;
}

/** Ends the claim of who has the tag. */
export function disclaimSlot(words: Words, start: number, tag: number): void {
  // P1: publishes what was done. Not a store: where the slot was released, another's claim may stand there.
  words.compareExchange(start + SLOT.reaper, tag, 0);
}

/** Makes the slot, which keeps nothing any more, free for the next thread, and ends the claim. */
export function releaseSlot(words: Words, start: number, tag: number): void {
  // Publishes nothing: nobody else writes the turn word of a dead thread that nobody has borrowed.
  const turn = words.load(start + SLOT.turn);
  // turn:P2: an even number that the slot never had before: who counts on the old one finds it changed.
  words.store(start + SLOT.turn, ((turn & ~(TURN_STEP - 1)) + TURN_STEP) | 0);
  // Publishes nothing: what was asked of the dead is asked of nobody.
  words.store(start + SLOT.requests, 0);
  // thread-registry:P1: publishes the emptied words.
  words.store(start + SLOT.state, SLOT_STATE.free);
  disclaimSlot(words, start, tag);
}
