import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SLOT, SLOT_STATE, TURN_BORROWED, TURN_OPEN, TURN_STEP } from '../layout/thread-slot.js';
import { LockTimeoutError } from '../locks/lock-errors.js';
import { ownerTag } from '../locks/owner.js';
import { NativeWords, reserveBuffer } from '../words/native-words.js';
import { borrow, giveBack, takeBack } from './borrow.js';

const START = 512;
const EVEN = 40;
const MINE = ownerTag(2, 5);
const OTHERS = ownerTag(7, 1);

function makeSlot(): NativeWords {
  const words = new NativeWords(reserveBuffer(4096));
  words.store(START + SLOT.turn, EVEN);
  words.store(START + SLOT.state, SLOT_STATE.live);
  return words;
}

const turnOf = (words: NativeWords) => words.load(START + SLOT.turn);
const borrowerOf = (words: NativeWords) => words.load(START + SLOT.borrower);

test('borrow, takes an idle slot and says who has it; giveBack, leaves it as it was', () => {
  const words = makeSlot();
  assert.equal(borrow(words, START, MINE), true);
  assert.deepEqual([turnOf(words), borrowerOf(words)], [EVEN | TURN_BORROWED, MINE]);
  giveBack(words, START);
  assert.deepEqual([turnOf(words), borrowerOf(words)], [EVEN, 0]);
});

const REFUSED: readonly (readonly [what: string, word: number, value: number])[] = [
  ['in a turn', SLOT.turn, EVEN | TURN_OPEN],
  ['borrowed', SLOT.turn, EVEN | TURN_BORROWED],
  ['isolated', SLOT.isolated, 1],
  ['about to be borrowed by another', SLOT.borrower, OTHERS],
  ['free', SLOT.state, SLOT_STATE.free],
  ['joining', SLOT.state, SLOT_STATE.joining],
  ['leaving', SLOT.state, SLOT_STATE.leaving],
  ['dead', SLOT.state, SLOT_STATE.dead],
];

for (const [what, word, value] of REFUSED) {
  test(`borrow, leaves a slot that is ${what} as it is`, () => {
    const words = makeSlot();
    words.store(START + word, value);
    assert.equal(borrow(words, START, MINE), false);
    assert.equal(words.load(START + word), value);
    if (word !== SLOT.turn) assert.equal(turnOf(words), EVEN);
    if (word !== SLOT.borrower) assert.equal(borrowerOf(words), 0);
  });
}

test('borrow, fails where the turn word has changed since its first look, and lets the next try', () => {
  const words = makeSlot();
  const compareExchange = words.compareExchange.bind(words);
  words.compareExchange = (index, expected, value) => {
    if (index === START + SLOT.turn) words.storePlain(index, EVEN + TURN_STEP);
    return compareExchange(index, expected, value);
  };
  assert.equal(borrow(words, START, MINE), false);
  assert.deepEqual([turnOf(words), borrowerOf(words)], [EVEN + TURN_STEP, 0]);
});

test('takeBack, changes the turn word of a slot that nobody has borrowed, without a pause', () => {
  const words = makeSlot();
  words.pause = () => assert.fail('paused');
  takeBack(words, START, EVEN, TURN_OPEN, 3);
  assert.equal(turnOf(words), EVEN | TURN_OPEN);
});

test('takeBack, waits until the borrower has given back, looking before it tries', () => {
  const words = makeSlot();
  borrow(words, START, OTHERS);
  let pauses = 0;
  let tries = 0;
  words.pause = () => {
    if (++pauses === 3) giveBack(words, START);
  };
  const compareExchange = words.compareExchange.bind(words);
  words.compareExchange = (index, expected, value) => {
    tries++;
    return compareExchange(index, expected, value);
  };
  takeBack(words, START, EVEN, TURN_OPEN, 10);
  assert.deepEqual([turnOf(words), pauses, tries], [EVEN | TURN_OPEN, 3, 2]);
});

test('takeBack, waits for the next borrower as well', () => {
  const words = makeSlot();
  borrow(words, START, OTHERS);
  let pauses = 0;
  const load = words.load.bind(words);
  words.pause = () => {
    pauses++;
  };
  words.load = (index) => {
    const found = load(index);
    if (index !== START + SLOT.turn) return found;
    if (pauses === 2) giveBack(words, START);
    if (pauses === 3) words.or(START + SLOT.turn, TURN_BORROWED);
    if (pauses === 5) words.and(START + SLOT.turn, ~TURN_BORROWED);
    return found;
  };
  takeBack(words, START, EVEN, TURN_OPEN, 10);
  assert.deepEqual([turnOf(words), pauses], [EVEN | TURN_OPEN, 6]);
});

test('takeBack, gives up after its rounds with a LockTimeoutError that names the borrower', () => {
  const words = makeSlot();
  borrow(words, START, OTHERS);
  let pauses = 0;
  words.pause = () => {
    pauses++;
  };
  assert.throws(
    () => takeBack(words, START, EVEN, TURN_OPEN, 8),
    (error: LockTimeoutError) => {
      assert.ok(error instanceof LockTimeoutError);
      assert.equal(error.ownerSlot, 7);
      assert.match(error.message, /lock on the page lists of this thread after 8 rounds: thread slot 7/);
      return true;
    },
  );
  assert.deepEqual([turnOf(words), pauses], [EVEN | TURN_BORROWED, 8]);
});

test('takeBack, takes a slot that is given back with its last look', () => {
  const words = makeSlot();
  borrow(words, START, OTHERS);
  const load = words.load.bind(words);
  words.load = (index) => {
    const found = load(index);
    if (index === START + SLOT.borrower) giveBack(words, START);
    return found;
  };
  takeBack(words, START, EVEN, TURN_OPEN, 4);
  assert.equal(turnOf(words), EVEN | TURN_OPEN);
});
