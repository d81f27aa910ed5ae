/** Borrowing from an idle thread with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const borrow = 'src/threads/borrow.ts';
const turn = 'src/threads/turn.ts';
const registry = 'src/threads/thread-registry.ts';
const idleLists = 'src/pages/idle-page-lists.ts';

const TAKE = 'if (words.compareExchange(slot + SLOT.turn, even, even | TURN_BORROWED) === even) return true;';
const CLAIM = 'if (words.compareExchange(slot + SLOT.borrower, 0, tag) !== 0) return false;';
const ISOLATED = 'if (words.load(slot + SLOT.isolated) !== 0) return false;';
const LIVE = 'if (words.load(slot + SLOT.state) !== SLOT_STATE.live) return false;';
const LOOK =
  'const even = words.load(slot + SLOT.turn); if ((even & (TURN_OPEN | TURN_BORROWED)) !== 0) return false;';
const STILL = 'if ((words.load(word) & TURN_BORROWED) !== 0) continue;';
const GIVE = 'words.and(slot + SLOT.turn, ~TURN_BORROWED);';
const ENTER = 'this._words.compareExchange(this._word, this._even, open) !== this._even';
const WAIT_OUT = 'takeBack(words, start, even, TURN_STEP, spinRounds);';
const LEAVING = 'words.store(start + SLOT.state, SLOT_STATE.leaving);';
const STORE_LIVE = 'words.store(state, SLOT_STATE.live);';
const STORE_ISOLATED = 'words.store(start + SLOT.isolated, isolated ? ISOLATION.asked : ISOLATION.none);';

export const ownerDoesNotLook = twin({
  name: 'a thread enters its turn whether or not its slot is borrowed',
  claim: 'borrow/takesFromOneThatWakesUp',
  patch: { file: turn, find: ENTER, replace: '(this._words.store(this._word, open), false)' },
  caughtAs: 'race',
});

export const ownerLooksOnce = twin({
  name: 'a thread that finds its slot borrowed enters when it has paused once',
  claim: 'borrow/namesABorrowerThatWasKilled',
  patch: { file: borrow, find: STILL, replace: 'words.store(word, next); return;' },
  caughtAs: 'race',
});

export const borrowsByStore = twin({
  name: 'a slot is borrowed by a look and a store',
  claim: 'borrow/takesFromOneThatWakesUp',
  patch: {
    file: borrow,
    find: TAKE,
    replace: 'words.store(slot + SLOT.turn, even | TURN_BORROWED); return true;',
  },
  caughtAs: 'race',
});

export const borrowsByPlainStore = twin({
  name: 'a slot is borrowed by a plain store',
  claim: 'borrow/takesFromOneThatWakesUp',
  patch: {
    file: borrow,
    find: TAKE,
    replace: 'words.storePlain(slot + SLOT.turn, even | TURN_BORROWED); return true;',
  },
  caughtAs: 'race',
});

export const borrowsInATurn = twin({
  name: 'a slot is borrowed while its thread is in a turn',
  claim: 'borrow/takesFromOneThatWakesUp',
  patch: { file: borrow, find: '(TURN_OPEN | TURN_BORROWED)) !== 0', replace: 'TURN_BORROWED) !== 0' },
  caughtAs: 'assertion',
});

export const givesBackTooEarly = twin({
  name: 'a borrower gives the slot back before it has taken the lists',
  claim: 'borrow/takesFromOneThatWakesUp',
  patch: [
    { file: idleLists, find: 'giveBack(this._words, start); let pages', replace: 'let pages' },
    { file: idleLists, find: 'const heads =', replace: 'giveBack(this._words, start); const heads =' },
  ],
  caughtAs: 'race',
});

export const neverGivesBack = twin({
  name: 'a borrower does not give the slot back',
  claim: 'borrow/takesFromOneThatWakesUp',
  patch: { file: borrow, find: GIVE, replace: '' },
  caughtAs: 'assertion',
});

export const drainsWithoutBorrowing = twin({
  name: 'the lists of another thread are taken without borrowing its slot',
  claim: 'borrow/takesFromOneThatWakesUp',
  patch: {
    file: idleLists,
    find: 'if (!borrow(this._words, start, this._tag)) return 0;',
    replace: 'borrow(this._words, start, this._tag);',
  },
  caughtAs: 'race',
});

export const forgetsThePages = twin({
  name: 'of a chain of blocks only the first goes back to the zone',
  claim: 'borrow/takesFromOneThatWakesUp',
  patch: { file: idleLists, find: 'page = next;', replace: 'page = 0;' },
  caughtAs: 'assertion',
});

export const givesBackByPlainStore = twin({
  name: 'a slot is given back by a plain store',
  claim: 'borrow/takesBetweenTwoTurns',
  patch: {
    file: borrow,
    find: GIVE,
    replace: 'words.storePlain(slot + SLOT.turn, words.loadPlain(slot + SLOT.turn) & ~TURN_BORROWED);',
  },
  caughtAs: 'race',
});

export const endsTheTurnByPlainStore = twin({
  name: 'a turn ends by a plain store, so that a borrower need not see the lists as it left them',
  claim: 'borrow/takesBetweenTwoTurns',
  patch: {
    file: turn,
    find: 'this._words.store(this._word, this._even);',
    replace: 'this._words.storePlain(this._word, this._even);',
  },
  caughtAs: 'race',
});

export const leavesTheCountOnTheLists = twin({
  name: 'what is taken off the lists stays on them',
  claim: 'borrow/takesEachPageOnce',
  patch: {
    file: 'src/pages/take-page-lists.ts',
    find: 'words.storePlain(listAt(start, order) + PAGE_LIST.head, 0);',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const twoBorrowByStore = twin({
  name: 'two borrowers take a slot by a look and a store each, and say who they are by a store',
  claim: 'borrow/takesEachPageOnce',
  patch: [
    { file: borrow, find: CLAIM, replace: 'words.store(slot + SLOT.borrower, tag);' },
    {
      file: borrow,
      find: TAKE,
      replace: 'words.store(slot + SLOT.turn, even | TURN_BORROWED); return true;',
    },
  ],
  caughtAs: 'assertion',
});

export const ownerWaitsForOne = twin({
  name: 'a thread that has waited for one borrower enters over the next',
  claim: 'borrow/waitsForTwoBorrowers',
  patch: { file: borrow, find: STILL, replace: `${STILL} words.store(word, next); return;` },
  caughtAs: 'race',
});

export const saysNotWhoBorrows = twin({
  name: 'a borrower does not say who it is',
  claim: 'borrow/namesABorrowerThatWasKilled',
  patch: { file: borrow, find: CLAIM, replace: '' },
  caughtAs: 'assertion',
});

export const saysItTooLate = twin({
  name: 'a borrower says who it is when it has the slot',
  claim: 'borrow/namesABorrowerThatWasKilled',
  patch: [
    { file: borrow, find: CLAIM, replace: '' },
    {
      file: borrow,
      find: TAKE,
      replace:
        'if (words.compareExchange(slot + SLOT.turn, even, even | TURN_BORROWED) === even) { words.store(slot + SLOT.borrower, tag); return true; }',
    },
  ],
  caughtAs: 'assertion',
});

export const waitsForever = twin({
  name: 'an owner looks at its borrower without a bound',
  claim: 'borrow/namesABorrowerThatWasKilled',
  patch: { file: borrow, find: 'round < rounds; round++', replace: ';' },
  caughtAs: 'livelock',
});

export const leavesWhileBorrowed = twin({
  name: 'who leaves neither waits for a borrower nor counts the turn word up',
  claim: 'borrow/letsALeaverGo',
  patch: { file: registry, find: WAIT_OUT, replace: '' },
  caughtAs: 'assertion',
});

export const leavesWithoutCounting = twin({
  name: 'who leaves waits for a borrower and leaves the turn word as it was',
  claim: 'borrow/letsALeaverGo',
  patch: { file: registry, find: WAIT_OUT, replace: 'takeBack(words, start, even, 0, spinRounds);' },
  caughtAs: 'race',
});

export const leavesWithoutSayingSo = twin({
  name: 'a slot is live until it is free',
  claim: 'borrow/letsALeaverGo',
  patch: { file: registry, find: LEAVING, replace: '' },
  caughtAs: 'race',
});

export const saysItLeavesAfterCounting = twin({
  name: 'the turn word is counted up before the slot is said to be left',
  claim: 'borrow/letsALeaverGo',
  patch: [
    { file: registry, find: LEAVING, replace: '' },
    { file: registry, find: WAIT_OUT, replace: `${WAIT_OUT} ${LEAVING}` },
  ],
  caughtAs: 'race',
});

export const looksAtTheTurnLast = twin({
  name: 'a borrower looks at state and isolated first and at the turn word after',
  claim: 'borrow/letsALeaverGo',
  patch: [
    { file: borrow, find: LOOK, replace: '' },
    { file: borrow, find: CLAIM, replace: `${LOOK} ${CLAIM}` },
  ],
  caughtAs: 'race',
});

export const looksAtNoState = twin({
  name: 'a borrower does not ask whether the slot is live',
  claim: 'borrow/letsALeaverGo',
  patch: { file: borrow, find: LIVE, replace: '' },
  caughtAs: 'assertion',
});

export const isolatedTooLate = twin({
  name: 'a slot is live before it is isolated',
  claim: 'borrow/letsALeaverGo',
  patch: [
    { file: registry, find: STORE_ISOLATED, replace: '' },
    { file: registry, find: STORE_LIVE, replace: `${STORE_LIVE} ${STORE_ISOLATED}` },
  ],
  caughtAs: 'assertion',
});

export const readsTheTurnTooLate = twin({
  name: 'who joins reads its turn word when the slot is live',
  claim: 'borrow/joinsWhereOneHasLeft',
  patch: [
    { file: registry, find: 'const turn = words.loadPlain(start + SLOT.turn);', replace: '' },
    {
      file: registry,
      find: STORE_LIVE,
      replace: `${STORE_LIVE} const turn = words.load(start + SLOT.turn);`,
    },
  ],
  caughtAs: 'assertion',
});

export const borrowsFromTheIsolated = twin({
  name: 'a borrower does not ask whether the thread is isolated',
  claim: 'borrow/leavesTheIsolatedAlone',
  patch: { file: borrow, find: ISOLATED, replace: '' },
  caughtAs: 'assertion',
});

export const keepsTheRightToBorrow = twin({
  name: 'a borrower that came too late goes on saying that it borrows',
  claim: 'borrow/takesFromOneThatWakesUp',
  patch: { file: borrow, find: TAKE, replace: `${TAKE} return false;` },
  caughtAs: 'assertion',
});

export const unsaysItTooEarly = twin({
  name: 'a borrower takes its name off before it gives the slot back',
  claim: 'borrow/namesABorrowerThatWasKilled',
  patch: { file: borrow, find: GIVE, replace: `words.store(slot + SLOT.borrower, 0); ${GIVE}` },
  caughtAs: 'assertion',
});

export const leavesTheBlocksCounted = twin({
  name: 'lists that were taken still count their blocks',
  claim: 'borrow/takesFromOneThatWakesUp',
  patch: {
    file: 'src/pages/take-page-lists.ts',
    find: 'words.storePlain(listAt(start, order) + PAGE_LIST.blocks, 0);',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const countsABorrowedTurnOn = twin({
  name: 'who leaves takes the bit of a borrower for a part of the number',
  claim: 'borrow/letsALeaverGo',
  patch: {
    file: registry,
    find: 'words.load(start + SLOT.turn) & ~TURN_BORROWED',
    replace: 'words.load(start + SLOT.turn)',
  },
  caughtAs: 'assertion',
});

export const isolatedByPlainStore = twin({
  name: 'whether a thread is isolated is stored plainly, while a borrower of the last owner looks',
  claim: 'borrow/letsALeaverGo',
  patch: {
    file: registry,
    find: STORE_ISOLATED,
    replace: 'words.storePlain(start + SLOT.isolated, isolated ? ISOLATION.asked : ISOLATION.none);',
  },
  caughtAs: 'race',
});
