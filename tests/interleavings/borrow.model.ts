/**
 * Borrowing the page lists of an idle thread, against the thread's waking up, against other borrowers, and
 * against its leaving and the joining of the next.
 *
 *     owner      turn: takes a page off its lists and puts it back      or leaves, and somebody joins
 *     borrower   turn: borrows, takes the lists off, gives back, puts the blocks into the zone
 *
 * The words of the lists are touched plainly by both, so two that have them at once are a data race.
 *
 * Not shown: that the look in takeBack() spares the borrower's line, and how long an owner looks in milliseconds.
 * That borrow() refuses a word with BORROWED in it is no claim of its own: the compareExchange of `borrower` keeps
 * a second borrower out as well, and the bit saves it the try.
 */
import assert from 'node:assert/strict';
import type { HeapParts } from '../../src/heap/heap-parts.js';
import { SLOT, SLOT_STATE, TURN_BORROWED, TURN_OPEN, TURN_STEP } from '../../src/layout/thread-slot.js';
import { LockTimeoutError } from '../../src/locks/lock-errors.js';
import { GFP_NOWAIT } from '../../src/pages/gfp.js';
import { takePageLists } from '../../src/pages/take-page-lists.js';
import { borrow, giveBack } from '../../src/threads/borrow.js';
import { joinHeap, leaveHeap, type Membership } from '../../src/threads/thread-registry.js';
import type { Words } from '../../src/words/words.js';
import { model, type Stage } from '../../tools/checker/model.js';
import { assertBalanced } from '../support/balanced.js';
import { type HeapModelMemory, heapModelMemory } from './support/heap-stage.js';
import { assertPagesAccounted } from './support/page-tally.js';
import { isLookedAtUnlocked } from './support/unlocked-looks.js';

/** Looks of an owner at its borrower. */
const ROUNDS = 50;

const two = heapModelMemory({ pages: 4, spinRounds: ROUNDS });
const three = heapModelMemory({ pages: 4, threads: 3, spinRounds: ROUNDS });

/** One thread of a model. */
interface Actor {
  readonly parts: HeapParts;
  /** Pages that drain() has brought, or borrow() taken. */
  taken: number;
  /** Turns that have ended. */
  turns: number;
  /** Slot that a LockTimeoutError named; -2 where there was none. */
  timedOutOn: number;
}

interface Scene {
  readonly all: readonly Actor[];
  readonly words: Words;
}

function scene(memory: HeapModelMemory, names: readonly string[]): (stage: Stage) => Scene {
  return (stage) => {
    const all: Actor[] = [];
    for (let slot = 0; slot < names.length; slot++) {
      all.push({ parts: memory.wire(stage, names[slot]!, slot), taken: 0, turns: 0, timedOutOn: -2 });
    }
    return { all, words: stage.words };
  };
}

/** What models over `memory` have in common: the first thread keeps a page, or two, on its lists. */
function over(memory: HeapModelMemory) {
  return {
    lengthWords: memory.lengthWords,
    prepare: (words: Words) => memory.prepare(words, keepOnePage),
    nameOf: memory.nameOf,
    mayRace: (word: number) => isLookedAtUnlocked(memory.geometry, word),
  };
}

function keepOnePage([owner]: readonly HeapParts[]): void {
  owner!.pages.freePages(owner!.pages.allocPages(0, GFP_NOWAIT));
}

/** A turn in which the owner uses its lists. */
function useLists(owner: Actor): void {
  owner.parts.turn.run(() => {
    const { pages, words, ownerTag } = owner.parts;
    const page = pages.allocPages(0, GFP_NOWAIT);
    if (page === 0) return;
    words.storePlain(page, ownerTag);
    pages.freePages(page);
  });
  owner.turns++;
}

/** Drains the idle as reclaim does. */
function drainIdle(actor: Actor): void {
  const { turn, idlePages } = actor.parts;
  turn.run(() => {
    actor.taken += idlePages.drain();
  });
}

/** Borrows the slot of `owner` and takes its lists, without a zone: as few steps as it can be done in. */
function takeLists(actor: Actor, owner: Membership): void {
  const { words, geometry, ownerTag } = actor.parts;
  if (!borrow(words, owner.start, ownerTag)) return;
  const heads = takePageLists(words, geometry, owner.slot, actor.parts.membership.slot);
  giveBack(words, owner.start);
  if (heads[0] !== undefined && heads[0] !== 0) actor.taken++;
}

function ownerOf({ all: [owner] }: Scene): Membership {
  return owner!.parts.membership;
}

function turnOf({ words }: Scene, { start }: Membership): number {
  return words.loadPlain(start + SLOT.turn);
}

/** Nobody has the slot of the first thread, and says so. */
function assertGivenBack(state: Scene): void {
  const { start } = ownerOf(state);
  assert.equal(turnOf(state, ownerOf(state)) & (TURN_OPEN | TURN_BORROWED), 0, 'the slot is idle');
  assert.equal(state.words.loadPlain(start + SLOT.borrower), 0, 'nobody says that it has the slot');
}

/** The slot is never borrowed while its thread is in a turn, and who has it has said so (borrow:I2). */
function borrowedFromTheIdle(state: Scene): void {
  const turn = turnOf(state, ownerOf(state));
  if ((turn & TURN_BORROWED) === 0) return;
  assert.equal(turn & TURN_OPEN, 0, 'the slot is borrowed from a thread in a turn');
  assert.notEqual(
    state.words.loadPlain(ownerOf(state).start + SLOT.borrower),
    0,
    'nobody says who has the slot',
  );
}

export const takesFromOneThatWakesUp = model<Scene>({
  name: 'a thread that wakes up while another takes its pages has its lists to itself, and no page is lost',
  ...over(two),
  setup: scene(two, ['owner', 'borrower']),
  threads: {
    owner: ({ all: [owner] }) => useLists(owner!),
    borrower: ({ all: [, borrower] }) => drainIdle(borrower!),
  },
  invariant: borrowedFromTheIdle,
  final(state) {
    const { geometry, words } = state.all[1]!.parts;
    assertPagesAccounted(words, geometry, 0);
    assertBalanced({ words });
    assertGivenBack(state);
    assert.equal(turnOf(state, ownerOf(state)), ownerOf(state).turn + TURN_STEP);
  },
});

export const takesBetweenTwoTurns = model<Scene>({
  name: 'what a thread finds on its lists in the next turn is what a borrower has left there',
  ...over(two),
  setup: scene(two, ['owner', 'borrower']),
  threads: {
    owner({ all: [owner] }) {
      useLists(owner!);
      useLists(owner!);
    },
    borrower: (state) => takeLists(state.all[1]!, ownerOf(state)),
  },
  invariant: borrowedFromTheIdle,
  final(state) {
    assertGivenBack(state);
    assert.equal(state.all[0]!.turns, 2);
  },
});

export const takesEachPageOnce = model<Scene>({
  name: 'of two threads that take an idle thread’s pages each page goes to one',
  ...over(three),
  setup: scene(three, ['owner', 'first', 'second']),
  threads: {
    owner: () => undefined,
    first: (state) => takeLists(state.all[1]!, ownerOf(state)),
    second: (state) => takeLists(state.all[2]!, ownerOf(state)),
  },
  invariant: borrowedFromTheIdle,
  final(state) {
    const [, first, second] = state.all;
    assert.equal(first!.taken + second!.taken, 1);
    assertGivenBack(state);
  },
});

export const waitsForTwoBorrowers = model<Scene>({
  name: 'a thread that wakes up while two others take its pages waits for each of them',
  ...over(three),
  setup: scene(three, ['owner', 'first', 'second']),
  threads: {
    owner({ all: [owner] }) {
      owner!.parts.turn.run(() => {
        const { pages } = owner!.parts;
        const page = pages.allocPages(0, GFP_NOWAIT);
        if (page !== 0) pages.freePages(page);
      });
      owner!.turns++;
    },
    first: (state) => takeLists(state.all[1]!, ownerOf(state)),
    second: (state) => takeLists(state.all[2]!, ownerOf(state)),
  },
  invariant: borrowedFromTheIdle,
  final(state) {
    assertGivenBack(state);
    assert.equal(state.all[0]!.turns, 1);
  },
});

/** What the thread does that joins where the owner has left: its enter must succeed at the first try. */
function joinAndEnter(state: Scene, isolated: boolean): void {
  const { words, geometry } = state.all[0]!.parts;
  const newcomer = joinHeap(words, geometry, 'n', isolated);
  assert.equal(newcomer.slot, 0, 'the slot was free');
  enterAtOnce(words, newcomer, isolated);
}

/** Enters a turn by the compareExchange of Turn._enter() alone, touches the lists, and ends the turn. */
function enterAtOnce(words: Words, { start, turn }: Membership, mustSucceed: boolean): void {
  const found = words.compareExchange(start + SLOT.turn, turn, turn | TURN_OPEN);
  assert.equal(turn & (TURN_OPEN | TURN_BORROWED), 0, 'the slot was free and somebody had it');
  if (mustSucceed) assert.equal(found, turn, 'an isolated thread finds its slot borrowed');
  if (found !== turn) return;
  words.storePlain(start + SLOT.listPages, words.loadPlain(start + SLOT.listPages));
  words.store(start + SLOT.turn, turn + TURN_STEP);
}

/** Leaves as a thread does whose lists are empty. */
function leave({ parts }: Actor): void {
  const { turn, pages, words, membership, geometry } = parts;
  turn.run(() => pages.drain());
  turn.close();
  leaveHeap(words, membership, geometry.spinRounds);
}

/** A free slot is nobody's: no borrower has it (borrow:I1). */
function freeIsNotBorrowed(state: Scene): void {
  const { start } = ownerOf(state);
  const place = state.words.loadPlain(start + SLOT.state);
  if (place !== SLOT_STATE.free && place !== SLOT_STATE.joining) return;
  assert.equal(turnOf(state, ownerOf(state)) & TURN_BORROWED, 0, 'a slot that nobody has is borrowed');
}

export const letsALeaverGo = model<Scene>({
  name: 'a slot is not free while it is borrowed, and an isolated thread that joins there enters at once',
  ...over(two),
  setup: scene(two, ['owner', 'borrower']),
  threads: {
    owner(state) {
      leave(state.all[0]!);
      joinAndEnter(state, true);
    },
    borrower: (state) => takeLists(state.all[1]!, ownerOf(state)),
  },
  invariant: freeIsNotBorrowed,
  final: assertGivenBack,
});

export const joinsWhereOneHasLeft = model<Scene>({
  name: 'a thread that joins where another has left reads its turn word before anybody can borrow',
  ...over(two),
  setup: scene(two, ['owner', 'borrower']),
  threads: {
    owner(state) {
      leave(state.all[0]!);
      joinAndEnter(state, false);
    },
    borrower: (state) => takeLists(state.all[1]!, ownerOf(state)),
  },
  invariant: freeIsNotBorrowed,
  final: assertGivenBack,
});

export const leavesTheIsolatedAlone = model<Scene>({
  name: 'an isolated thread enters its turn at the first try, whoever lacks pages',
  ...over(two),
  prepare(words) {
    two.prepare(words, keepOnePage);
    words.storePlain(two.geometry.slotsStart + SLOT.isolated, 1);
  },
  setup: scene(two, ['owner', 'borrower']),
  threads: {
    owner: (state) => enterAtOnce(state.words, ownerOf(state), true),
    borrower: ({ all: [, borrower] }) => drainIdle(borrower!),
  },
  final({ all: [, borrower] }) {
    assert.equal(borrower!.taken, 0, 'pages of an isolated thread were taken');
  },
});

export const namesABorrowerThatWasKilled = model<Scene>({
  name: 'where a borrower was killed the owner goes on, or ends in a LockTimeoutError that names it',
  ...over(two),
  setup: scene(two, ['owner', 'borrower']),
  threads: {
    owner({ all: [owner] }) {
      try {
        useLists(owner!);
      } catch (error) {
        if (!(error instanceof LockTimeoutError)) throw error;
        owner!.timedOutOn = error.ownerSlot;
      }
    },
    borrower: (state) => takeLists(state.all[1]!, ownerOf(state)),
  },
  invariant: borrowedFromTheIdle,
  final(state) {
    const [owner, borrower] = state.all;
    if (owner!.turns === 1) return;
    assert.notEqual(turnOf(state, ownerOf(state)) & TURN_BORROWED, 0, 'it gave up on a slot that is idle');
    assert.equal(owner!.timedOutOn, borrower!.parts.membership.slot);
  },
  bounds: { kills: ['borrower'] },
});
