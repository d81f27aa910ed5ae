/**
 * The thread slots' share of an audit: their states, and that a slot which nobody has keeps nothing
 * (thread-slot:I2). What is on a slot's lists is looked at where the lists are.
 */
import { HEADER } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import {
  CALLBACK_LIST,
  ISOLATION,
  MAX_LIST_ORDER,
  NAME_WORDS,
  PAGE_LIST,
  PAGE_LIST_WORDS,
  SLOT,
  SLOT_STATE,
  SLOT_STATE_MASK,
  TURN_BORROWED,
  TURN_OPEN,
} from '../layout/thread-slot.js';
import { BYTES_PER_WORD } from '../words/units.js';
import type { Books } from './books.js';

/** Looks at all slots. */
export function checkSlots(books: Books): void {
  const { words, geometry } = books;
  const claimed = words.loadPlain(HEADER.slotsClaimed);
  if (claimed < 0 || claimed > geometry.slots) {
    books.report(`the header counts ${claimed} claimed slots, there are ${geometry.slots}`);
  }
  for (let slot = 0; slot < geometry.slots; slot++) {
    checkClaim(books, slot, claimed);
    if (isVacant(books, slot)) checkVacant(books, slot);
  }
}

/** True for a slot that no thread has, or that one has only just taken. */
export function isVacant(books: Books, slot: number): boolean {
  const state = books.words.loadPlain(slotStart(books.geometry, slot) + SLOT.state) & SLOT_STATE_MASK;
  return state === SLOT_STATE.free || state === SLOT_STATE.joining;
}

function checkClaim(books: Books, slot: number, claimed: number): void {
  const { words } = books;
  const start = slotStart(books.geometry, slot);
  const generation = words.loadPlain(start + SLOT.generation);
  const state = words.loadPlain(start + SLOT.state) & SLOT_STATE_MASK;
  const turn = words.loadPlain(start + SLOT.turn);
  if (state < SLOT_STATE.free || state > SLOT_STATE.zombie) {
    books.report(`slot ${slot} has state ${state}, states are ${SLOT_STATE.free} to ${SLOT_STATE.zombie}`);
  }
  const nameBytes = words.loadPlain(start + SLOT.nameBytes);
  if (nameBytes < 0 || nameBytes > NAME_WORDS * BYTES_PER_WORD) {
    const room = NAME_WORDS * BYTES_PER_WORD;
    books.report(`slot ${slot} has a name of ${nameBytes} bytes, it has room for 0 to ${room}`);
  }
  if (slot === claimed - 1 && generation === 0) {
    books.report(`slot ${slot} was never joined, and the header counts ${claimed} claimed slots`);
  }
  if (slot >= claimed && generation !== 0) {
    books.report(
      `slot ${slot} was joined ${generation} times, and the header counts ${claimed} claimed slots`,
    );
  }
  const isolated = words.loadPlain(start + SLOT.isolated);
  if (isolated < ISOLATION.none || isolated > ISOLATION.parent) {
    books.report(`slot ${slot} says ${isolated} for whether it is isolated, which is 0 to 2`);
  }
  if (state === SLOT_STATE.free && (turn & (TURN_OPEN | TURN_BORROWED)) !== 0) {
    books.report(`slot ${slot} is free and its turn word is ${turn}: in a turn, or borrowed`);
  }
}

/** Sheaves of a vacant slot are looked at with the sheaves. */
function checkVacant(books: Books, slot: number): void {
  const { words } = books;
  const start = slotStart(books.geometry, slot);
  let pages = words.loadPlain(start + SLOT.listPages);
  for (let order = 0; order <= MAX_LIST_ORDER; order++) {
    pages |= words.loadPlain(start + SLOT.pageLists + order * PAGE_LIST_WORDS + PAGE_LIST.head);
  }
  const sheaf = words.loadPlain(start + SLOT.waitingHead);
  const head = words.loadPlain(start + SLOT.heads + CALLBACK_LIST.head);
  const callback = words.loadPlain(start + SLOT.callbacks + CALLBACK_LIST.head);
  if (pages !== 0) books.report(`slot ${slot} is free and keeps pages`);
  if (sheaf !== 0) books.report(`slot ${slot} is free and has sheaf ${sheaf} waiting`);
  if (head !== 0) books.report(`slot ${slot} is free and has RcuHead ${head} waiting`);
  if (callback !== 0) books.report(`slot ${slot} is free and has a callback waiting at RcuHead ${callback}`);
}
