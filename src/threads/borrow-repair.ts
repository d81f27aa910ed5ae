/**
 * What becomes of borrowed turns where the borrower, or the owner, is dead.
 *
 *     borrower dead   BORROWED, its tag --what it had begun is finished--> endBorrowings() --> as after giveBack()
 *     owner dead      even --shutBorrowersOut()--> the next even number: no borrow() that saw it live succeeds
 *
 * Who may call: who reaps the slot of the dead thread.
 *
 * I1  (borrow:I2) While a slot names the dead as its borrower no other borrows it, and its owner enters no turn where
 *     BORROWED is set. So what was borrowed is the reaper's until it ends the borrowing, which comes last.
 */
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { SLOT, TURN_BORROWED, TURN_OPEN, TURN_STEP } from '../layout/thread-slot.js';
import { isDead } from '../locks/owner.js';
import type { Words } from '../words/words.js';
import { giveBack } from './borrow.js';

/** True where the thread of `tag`, which is dead, has borrowed the slot that starts at `slot`. */
export function isBorrowedBy(words: Words, slot: number, tag: number): boolean {
  // borrow:P1: what the dead wrote was observed with its death; nobody changes these words since.
  if (words.load(slot + SLOT.borrower) !== tag) return false;
  // Publishes nothing: whether it came so far, or had given back.
  return (words.load(slot + SLOT.turn) & TURN_BORROWED) !== 0;
}

/** Ends all that the thread of `tag`, which is dead, has borrowed, or was about to. */
export function endBorrowings(words: Words, geometry: Geometry, tag: number): void {
  // Publishes nothing: slots that were claimed since were not borrowed by the dead.
  const claimed = words.load(HEADER.slotsClaimed);
  for (let slot = 0; slot < claimed; slot++) {
    const start = slotStart(geometry, slot);
    // Publishes nothing: whose it is stays so until the next line.
    if (words.load(start + SLOT.borrower) === tag) giveBack(words, start);
  }
}

/**
 * After it nobody has the slot of a dead thread borrowed, and nobody will.
 *
 * @param slot   word index of the slot; its state says already that its thread is dead
 * @param rounds how often to look at a borrower that is alive
 * @returns false where one has it still: a dead one, whose slot is to be reaped first, or one that is slow
 */
export function shutBorrowersOut(words: Words, geometry: Geometry, slot: number, rounds: number): boolean {
  for (let round = 0; round <= rounds; round++) {
    // borrow:P2: the load that the compareExchange below holds the slot to.
    const turn = words.load(slot + SLOT.turn);
    // A turn that its thread was in when it died: no borrower gets past that.
    if ((turn & TURN_OPEN) !== 0) return true;
    if ((turn & TURN_BORROWED) === 0) {
      // borrow:P2: who saw the thread live before this fails. borrow:P1: observes the lists as a borrower left them.
      if (words.compareExchange(slot + SLOT.turn, turn, (turn + TURN_STEP) | 0) === turn) return true;
      continue;
    }
    // Publishes nothing: whether there is somebody to wait for.
    const borrower = words.load(slot + SLOT.borrower);
    if (borrower !== 0 && isDead(words, geometry, borrower)) return false;
    words.pause();
  }
  return false;
}
