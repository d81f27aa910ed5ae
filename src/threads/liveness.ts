/**
 * Liveness: what becomes of the slots of a thread that has ended without leaving the heap.
 *
 *     joining, live or leaving --markDead--> zombie --the reaper: what was half done--> dead --what was kept--> free
 *
 * Who may call: any thread that has proof of the death, as Node's `exit` event is: the thread runs no more.
 * Whether the thread of an owner tag is dead: isDead() in locks/owner.ts, where the locks can ask.
 *
 * A zombie's turn still counts as open, so that no memory which it has just unlinked, or published, is freed and used anew
 * before the reaper has looked at it.
 *
 * I1  A slot becomes a zombie once, so of all who mark it exactly one is told.
 * P1  A thread that joins stores its id with the state, THEN SLOT.threadId, THEN `live`; one that leaves stores `free`.
 *     Who looks for the dead loads the state, THEN the id, THEN changes the state from what it loaded. So
 *     an id that is found in a slot that was not free is of the thread that had it then; that thread ran for the
 *     last time before the search began, so it is the one that has the slot still.
 * I2  The slot of a dead thread becomes free through who holds SLOT.reaper (slot-release:I1). So while a marker holds it, a
 *     slot that is found to be of the dead thread stays so: it is not marked by another, reaped, and joined by the next.
 *
 * Follows kernel/exit.c (exit_robust_list, EXIT_ZOMBIE) in that others are told; there the kernel knows, here a thread must
 * ask.
 */
import type { Geometry } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { SLOT, SLOT_STATE, SLOT_STATE_BITS, SLOT_STATE_MASK } from '../layout/thread-slot.js';
import { LockTimeoutError } from '../locks/lock-errors.js';
import { holderOf } from '../locks/lock-holder.js';
import { isOfGeneration } from '../locks/owner.js';
import type { Words } from '../words/words.js';
import { disclaimSlot, takeClaim } from './slot-release.js';

/** Instead of a stay's tag: whichever it is. */
export const ANY_STAY = 0;
/** Instead of the caller's tag: it is no thread of the heap, and the only one that marks and reaps. */
const ALONE = 0;

/** Whose slot is to be marked: that of a thread, by its id, or of a stay, by its tag. */
type Whose = { readonly threadId: number } | { readonly tag: number };

/**
 * Marks every slot of a thread that runs no more.
 *
 * @param threadId Host.threadId of the thread; for 0 none is marked
 * @param ownTag   the caller's
 * @returns the slots that this call has marked; none where the thread had left, or another was faster
 */
export function markDead(words: Words, geometry: Geometry, threadId: number, ownTag = ALONE): number[] {
  const marked: number[] = [];
  // Threads of which nothing is known have that number.
  if (threadId === 0) return marked;
  const whose = { threadId };
  for (let slot = 0; slot < geometry.slots; slot++) {
    if (markSlot(words, geometry, slot, whose, ownTag)) marked.push(slot);
  }
  return marked;
}

/**
 * Marks the slot of one stay that is known to be over, by other proof than a thread's id.
 *
 * @param tag    owner tag of the stay, or ANY_STAY
 * @param ownTag the caller's
 * @returns true where this call has marked it; false where the thread had left, or another was faster
 */
export function markStayDead(
  words: Words,
  geometry: Geometry,
  slot: number,
  tag: number,
  ownTag: number,
): boolean {
  return markSlot(words, geometry, slot, { tag }, ownTag);
}

/** Errors   LockTimeoutError where another has the right to reap the slot, and neither reaps it nor lets it go. */
function markSlot(words: Words, geometry: Geometry, slot: number, whose: Whose, ownTag: number): boolean {
  const start = slotStart(geometry, slot);
  for (let round = 0; round < geometry.spinRounds; round++) {
    if (foundOf(words, start, whose) === SLOT_STATE.free) return false;
    if (takeClaim(words, geometry, start, ownTag)) {
      const isMarked = markIfOf(words, start, whose);
      // I2: the next may reap it. Where this thread dies before, its claim is void.
      disclaimSlot(words, start, ownTag);
      return isMarked;
    }
    // It is marking as well, or has just reaped the last owner, and lets go in a moment.
    words.pause();
  }
  // Publishes nothing: whom to name.
  const holder = holderOf(words, words.load(start + SLOT.reaper));
  throw new LockTimeoutError(
    `on slot ${slot} of a thread that has ended`,
    holder,
    `${geometry.spinRounds} rounds`,
  );
}

function markIfOf(words: Words, start: number, whose: Whose): boolean {
  const word = start + SLOT.state;
  const found = foundOf(words, start, whose);
  if (found === SLOT_STATE.free) return false;
  // owner:P1: publishes what the dead thread wrote; observed by isDead().
  return words.compareExchange(word, found, SLOT_STATE.zombie) === found;
}

/** What the state word holds, where the slot is of that thread and not marked; else `free`. */
function foundOf(words: Words, start: number, whose: Whose): number {
  // P1: the state, before the id.
  const found = words.load(start + SLOT.state);
  return isMarkable(found) && isOf(words, start, found, whose) ? found : SLOT_STATE.free;
}

function isMarkable(found: number): boolean {
  const state = found & SLOT_STATE_MASK;
  return state !== SLOT_STATE.free && state < SLOT_STATE.dead;
}

function isOf(words: Words, start: number, found: number, whose: Whose): boolean {
  if ('threadId' in whose) return threadIdOf(words, start, found) === whose.threadId;
  if (whose.tag === ANY_STAY) return true;
  // thread-registry:P1: whose slot it is.
  return !isJoining(found) && isOfGeneration(whose.tag, words.load(start + SLOT.generation));
}

/** Host.threadId of who has the slot. @param found what its state word held, before */
export function threadIdOf(words: Words, start: number, found: number): number {
  // P1: whose slot it is.
  return isJoining(found) ? found >>> SLOT_STATE_BITS : words.load(start + SLOT.threadId);
}

function isJoining(found: number): boolean {
  return (found & SLOT_STATE_MASK) === SLOT_STATE.joining;
}
