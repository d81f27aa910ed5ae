/**
 * Joining and leaving: a thread takes a free slot, and gives it back.
 *
 *     free -> joining -> live -> leaving -> free         the turn word is counted up while leaving
 *
 * I1  A slot belongs to one thread from the compareExchange free -> joining to the store of free.
 * I2  The generation goes up with every join, so a tag names one thread's stay, not a slot.
 * P1  The store of `free` publishes the slot's emptied words; observed by the next join's compareExchange. The
 *     store of `live` publishes generation and name; observed by who lists the threads, or looks for the dead.
 * P2  slotsClaimed covers a slot before its thread's first turn; who drives a grace period loads it after
 *     starting one, so a thread that it misses starts its turns later.
 * I3  Nobody has a slot borrowed that is free or joining (borrow:I1), so joining need not look.
 * I4  While a slot is joining its state word holds its thread's id, and from then on, until it is free, SLOT.threadId does.
 *     So whoever dies is found, wherever it stopped.
 */
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import {
  ISOLATION,
  NAME_WORDS,
  SLOT,
  SLOT_STATE,
  SLOT_STATE_BITS,
  TURN_BORROWED,
  TURN_STEP,
} from '../layout/thread-slot.js';
import { encodeUtf8Into } from '../words/utf8.js';
import type { Words } from '../words/words.js';
import { LONGEST_BORROWING, takeBack } from './borrow.js';

/** Every slot of the heap is taken. */
export class NoFreeSlotError extends Error {
  override readonly name = 'NoFreeSlotError';
}

/** A thread's place in the heap. */
export interface Membership {
  readonly slot: number;
  readonly generation: number;
  /** Word index of the slot. */
  readonly start: number;
  /** What the slot's turn word holds: even. */
  readonly turn: number;
}

/**
 * Takes the first free slot. Throws NoFreeSlotError when all are taken; then nothing has changed.
 * @param isolated nobody may borrow the slot: this thread's enter must never wait
 * @param threadId Host.threadId of this thread
 */
export function joinHeap(
  words: Words,
  geometry: Geometry,
  name: string,
  isolated = false,
  threadId = 0,
): Membership {
  const joining = SLOT_STATE.joining | (threadId << SLOT_STATE_BITS);
  for (let slot = 0; slot < geometry.slots; slot++) {
    const start = slotStart(geometry, slot);
    const state = start + SLOT.state;
    // P1: observes the emptied slot of the thread that left. liveness:P1: says whose it is from now on.
    if (words.compareExchange(state, SLOT_STATE.free, joining) !== SLOT_STATE.free) continue;
    // liveness:P1: before `live`, from when on this word says it.
    words.store(start + SLOT.threadId, threadId);
    const generation = (words.loadPlain(start + SLOT.generation) + 1) | 0;
    // P1: before `live`, for who asks whether the last owner is dead. Who has that owner's tag may look meanwhile.
    words.store(start + SLOT.generation, generation);
    writeName(words, start, name);
    // borrow:P2: stands before the slot is live. A borrower of the last owner may look as well, and be wrong.
    words.store(start + SLOT.isolated, isolated ? ISOLATION.asked : ISOLATION.none);
    // Read while nobody can have the slot borrowed (I3).
    const turn = words.loadPlain(start + SLOT.turn);
    coverSlot(words, slot);
    // P1: publishes generation and name.
    words.store(state, SLOT_STATE.live);
    return { slot, generation, start, turn };
  }
  throw new NoFreeSlotError(
    `attached to a heap of which all ${geometry.slots} thread slots are taken; detach() a thread, ` +
      'or create the heap with a larger `threads` (at most 255)',
  );
}

/**
 * Gives the slot back. The caller has emptied its lists and ended its turn.
 * @param spinRounds how often to look at a borrower before giving up with LockTimeoutError; the slot stays `leaving`
 *                   then, and is reaped when the thread ends
 */
export function leaveHeap(words: Words, membership: Membership, spinRounds = LONGEST_BORROWING): void {
  const { start } = membership;
  // borrow:P2: who loads the turn word after it was counted up sees this, or what comes later.
  words.store(start + SLOT.state, SLOT_STATE.leaving);
  // Publishes nothing: this thread alone counts the word.
  const even = words.load(start + SLOT.turn) & ~TURN_BORROWED;
  // borrow:P2: no borrower that saw this thread live can succeed after this, and none still has the slot.
  takeBack(words, start, even, TURN_STEP, spinRounds);
  // P1: publishes the emptied words; observed by the next join.
  words.store(start + SLOT.state, SLOT_STATE.free);
}

function coverSlot(words: Words, slot: number): void {
  for (;;) {
    // P2: the number only grows, so a late look costs another round and no more.
    const claimed = words.load(HEADER.slotsClaimed);
    if (claimed > slot) return;
    // P2: publishes the slot to who drives a grace period, before this thread's first turn.
    if (words.compareExchange(HEADER.slotsClaimed, claimed, slot + 1) === claimed) return;
  }
}

function writeName(words: Words, start: number, name: string): void {
  const bytes = encodeName(name);
  words.storePlain(start + SLOT.nameBytes, bytes.length);
  words.writeBytesPlain(start + SLOT.name, bytes, bytes.length);
}

/** UTF-8, cut at a character's border to what a slot holds. */
function encodeName(name: string): Uint8Array {
  const bytes = new Uint8Array(NAME_WORDS * 4);
  return bytes.subarray(0, encodeUtf8Into(name, bytes));
}
