/**
 * Liveness: what becomes of the slots of a thread that has ended without leaving the heap.
 *
 *     joining, live or leaving --markDead--> dead
 *
 * Who may call: any thread that has proof of the death, as Node's `exit` event is: the thread runs no more.
 * Whether the thread of an owner tag is dead: isDead() in locks/owner.ts, where the locks can ask.
 *
 * A dead slot stays taken, and what lies in it stays as it is, until somebody takes over what the thread had.
 *
 * I1  A slot goes to `dead` once, so of all who mark it exactly one is told.
 * P1  A thread that joins takes the slot, THEN stores its thread id; one that leaves clears the id, THEN stores
 *     `free`. Who looks for the dead loads the state, THEN the id, THEN changes the state from what it loaded. So
 *     an id that is found in a slot that was not free is of the thread that had it then; that thread ran for the
 *     last time before the search began, so it is the one that has the slot still.
 *
 * Follows kernel/exit.c (exit_robust_list) in that others are told; there the kernel knows, here a thread must ask.
 */
import type { Geometry } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { SLOT, SLOT_STATE } from '../layout/thread-slot.js';
import type { Words } from '../words/words.js';

/**
 * Marks every slot of a thread that runs no more.
 *
 * @param threadId Host.threadId of the thread; for 0 none is marked
 * @returns the slots that this call has marked; none where the thread had left, or another was faster
 */
export function markDead(words: Words, geometry: Geometry, threadId: number): number[] {
  const marked: number[] = [];
  // Threads of which nothing is known have that number.
  if (threadId === 0) return marked;
  for (let slot = 0; slot < geometry.slots; slot++) {
    if (markIfOf(words, slotStart(geometry, slot), threadId)) marked.push(slot);
  }
  return marked;
}

function markIfOf(words: Words, start: number, threadId: number): boolean {
  const word = start + SLOT.state;
  // P1: the state, before the id.
  const state = words.load(word);
  if (state === SLOT_STATE.free || state === SLOT_STATE.dead) return false;
  // P1: whose slot it is.
  if (words.load(start + SLOT.threadId) !== threadId) return false;
  // owner:P1: publishes what the dead thread wrote; observed by isDead().
  return words.compareExchange(word, state, SLOT_STATE.dead) === state;
}
