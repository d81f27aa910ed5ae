import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBareHeap } from '../../tests/support/bare-heap.js';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { SLOT, SLOT_STATE, TURN_BORROWED, TURN_OPEN, TURN_STEP } from '../layout/thread-slot.js';
import { ownerTag } from '../locks/owner.js';
import { borrow } from './borrow.js';
import { endBorrowings, isBorrowedBy, shutBorrowersOut } from './borrow-repair.js';
import { joinHeap, type Membership } from './thread-registry.js';

const ROUNDS = 10;

function scene() {
  const { words, geometry } = formatBareHeap({ ...CONFIGURATIONS[0]!.options, threads: 3 });
  const [dead, borrower, other] = ['dead', 'borrower', 'other'].map((name) =>
    joinHeap(words, geometry, name),
  );
  return { words, geometry, dead: dead!, borrower: borrower!, other: other! };
}

function tagOf({ slot, generation }: Membership): number {
  return ownerTag(slot, generation);
}

test('shutBorrowersOut, lets no borrower in that has seen the thread alive', () => {
  const { words, geometry, dead, borrower } = scene();
  const even = words.load(dead.start + SLOT.turn);
  const load = words.load;
  // The borrower has looked at everything, and is about to say that it borrows.
  words.compareExchange = (word, ...given) => {
    delete (words as Partial<typeof words>).compareExchange;
    words.store(dead.start + SLOT.state, SLOT_STATE.zombie);
    assert.equal(shutBorrowersOut(words, geometry, dead.start, ROUNDS), true);
    return words.compareExchange(word, ...given);
  };
  assert.equal(borrow(words, dead.start, tagOf(borrower)), false);
  assert.equal(words.load, load);
  assert.equal(words.load(dead.start + SLOT.turn), even + TURN_STEP);
  assert.equal(words.load(dead.start + SLOT.borrower), 0);
});

test('shutBorrowersOut, leaves the turn open that the thread died in', () => {
  const { words, geometry, dead } = scene();
  words.store(dead.start + SLOT.turn, dead.turn | TURN_OPEN);
  words.store(dead.start + SLOT.state, SLOT_STATE.zombie);
  assert.equal(shutBorrowersOut(words, geometry, dead.start, ROUNDS), true);
  assert.equal(words.load(dead.start + SLOT.turn), dead.turn | TURN_OPEN);
});

test('shutBorrowersOut, waits for a borrower, and not for one that is dead', () => {
  const { words, geometry, dead, borrower } = scene();
  assert.ok(borrow(words, dead.start, tagOf(borrower)));
  words.store(dead.start + SLOT.state, SLOT_STATE.zombie);
  let pauses = 0;
  words.pause = () => pauses++;
  assert.equal(shutBorrowersOut(words, geometry, dead.start, ROUNDS), false);
  assert.equal(pauses, ROUNDS + 1);
  words.store(borrower.start + SLOT.state, SLOT_STATE.zombie);
  assert.equal(shutBorrowersOut(words, geometry, dead.start, ROUNDS), false);
  assert.equal(pauses, ROUNDS + 1, 'nobody waits for the dead');
  endBorrowings(words, geometry, tagOf(borrower));
  assert.equal(shutBorrowersOut(words, geometry, dead.start, ROUNDS), true);
});

test('endBorrowings, gives back what the dead had borrowed, and what it was about to', () => {
  const { words, geometry, dead, borrower, other } = scene();
  assert.ok(borrow(words, dead.start, tagOf(borrower)));
  words.store(other.start + SLOT.borrower, tagOf(borrower));
  assert.deepEqual(
    [dead, other].map(({ start }) => isBorrowedBy(words, start, tagOf(borrower))),
    [true, false],
  );
  endBorrowings(words, geometry, tagOf(borrower));
  for (const { start, turn } of [dead, other]) {
    assert.equal(words.load(start + SLOT.borrower), 0);
    assert.equal(words.load(start + SLOT.turn), turn);
  }
});

test('endBorrowings, leaves another thread what that has borrowed', () => {
  const { words, geometry, dead, borrower, other } = scene();
  assert.ok(borrow(words, dead.start, tagOf(other)));
  endBorrowings(words, geometry, tagOf(borrower));
  assert.equal(words.load(dead.start + SLOT.borrower), tagOf(other));
  assert.equal(words.load(dead.start + SLOT.turn), dead.turn | TURN_BORROWED);
});
