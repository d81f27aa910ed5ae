/**
 * Borrowing: a thread that lacks pages takes those that lie on the lists of an idle thread.
 *
 *     turn word   even --borrow()--> even | BORROWED --giveBack()--> even
 *                   \--the owner enters a turn--> odd                  or leaves: the next even number
 *     borrower    0 --borrow()--> the borrower's tag --giveBack()--> 0
 *
 * Who may call: borrow() and giveBack() any thread of the heap that is in a turn, for a slot that is not its own.
 * takeBack() the slot's owner between its turns.
 *
 * A borrower takes a bounded number of steps until it gives back: it spins for nothing, waits for nothing, calls
 * no code of others, and has one slot at a time. Two borrowers cannot wait for each other, and an owner that
 * wakes up meanwhile looks for a short time. An isolated thread is never borrowed from, so its enter never waits; nor
 * is one that has started workers, so that it is never kept by the death of one of them from hearing of it.
 *
 * I1  A slot is borrowed only while the thread that was live when the borrower looked has it, and never when that
 *     thread is isolated: who leaves waits a borrower out before the slot is free.
 * I2  While BORROWED is set, `borrower` holds the tag of who set it.
 * P1  borrow observes the lists as the owner's last turn left them (turn:P2); giveBack publishes them as they are
 *     then, to the owner's next enter, the next borrower, and the slot's next owner.
 * P2  borrow loads the turn word, THEN state and isolated, THEN changes the turn word from what it loaded. leave
 *     stores `leaving`, THEN counts the turn word up, THEN stores `free`. So a borrower that saw a thread live
 *     before that count fails, and one that loads the turn word after it sees `leaving` or what came later.
 *
 * Follows mm/page_alloc.c (drain_pages) as far as it empties the lists of another; the kernel sends work to the CPU.
 */
import { SLOT, SLOT_STATE, TURN_BORROWED, TURN_OPEN } from '../layout/thread-slot.js';
import { LockTimeoutError } from '../locks/lock-errors.js';
import { holderOf } from '../locks/lock-holder.js';
import type { Words } from '../words/words.js';

/** Rounds of takeBack() where no heap says otherwise: about two seconds of looking. */
export const LONGEST_BORROWING = 100_000_000;

/** How LockTimeoutError calls what is borrowed. */
const LENT = 'on the page lists of this thread';

/**
 * Borrows the slot of an idle thread; false where it is in a turn, isolated, not live or borrowed already.
 *
 * @param slot word index of the slot
 * @param tag  the caller's owner tag
 */
export function borrow(words: Words, slot: number, tag: number): boolean {
  // P2: the load that the compareExchange below holds the slot to.
  const even = words.load(slot + SLOT.turn);
  if ((even & (TURN_OPEN | TURN_BORROWED)) !== 0) return false;
  // P2: whose slot it is, as of some moment after that load.
  if (words.load(slot + SLOT.state) !== SLOT_STATE.live) return false;
  // P2: written before the slot is live; a later owner's is of no account, for the turn word has changed by then.
  if (words.load(slot + SLOT.isolated) !== 0) return false;
  // Publishes nothing: says who, before there is anything to say it of.
  if (words.compareExchange(slot + SLOT.borrower, 0, tag) !== 0) return false;
  // P1: observes the lists as the last turn, or the last borrower, left them.
  if (words.compareExchange(slot + SLOT.turn, even, even | TURN_BORROWED) === even) return true;
  // Publishes nothing: the next may try.
  words.store(slot + SLOT.borrower, 0);
  return false;
}

/** Ends what a borrow() that returned true began. */
export function giveBack(words: Words, slot: number): void {
  // P1: publishes the lists to the owner's enter. Nobody else writes the word meanwhile.
  words.and(slot + SLOT.turn, ~TURN_BORROWED);
  // Publishes nothing: the next may borrow.
  words.store(slot + SLOT.borrower, 0);
}

/**
 * Adds to the owner's own turn word, which is `even`, once nobody has the slot borrowed.
 *
 * @param step   TURN_OPEN to enter a turn, TURN_STEP to leave the heap
 * @param rounds how often to look
 *
 * Errors   LockTimeoutError after so many rounds; it names the slot of the borrower, which was terminated or stopped.
 */
export function takeBack(words: Words, slot: number, even: number, step: number, rounds: number): void {
  const word = slot + SLOT.turn;
  const next = (even + step) | 0;
  // P1: observes what a borrower has left on the lists.
  if (words.compareExchange(word, even, next) === even) return;
  for (let round = 0; round < rounds; round++) {
    words.pause();
    // Publishes nothing: a look, so that the borrower's line is not taken from it.
    if ((words.load(word) & TURN_BORROWED) !== 0) continue;
    // P1: observes what a borrower has left on the lists.
    if (words.compareExchange(word, even, next) === even) return;
  }
  // Publishes nothing: whom to name, looked at before the last try.
  const tag = words.load(slot + SLOT.borrower);
  // P1: a last try.
  if (words.compareExchange(word, even, next) !== even)
    throw new LockTimeoutError(LENT, holderOf(words, tag), `${rounds} rounds`);
}
