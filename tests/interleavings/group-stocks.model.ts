/**
 * What an idle thread has charged in advance, taken by another that lacks room, against the thread's waking up, against
 * a second taker, and against its leaving: nothing is uncharged twice, nothing stays charged that nobody has.
 *
 *     owner     turn: charges from its stock, gives back to it
 *     taker     turn: borrows the slot, takes the stock off, gives the slot back, uncharges
 *
 * The words of the stock are touched plainly by both, so two that have them at once are a data race. Charging itself
 * is group-charge.model.ts's.
 */
import assert from 'node:assert/strict';
import { CHARGE } from '../../src/groups/group-charges.js';
import type { HeapParts } from '../../src/heap/heap-parts.js';
import { GROUP, STOCK_GRANULES } from '../../src/layout/group-record.js';
import { leaveHeap } from '../../src/threads/thread-registry.js';
import { PAGE_WORDS } from '../../src/words/units.js';
import type { Words } from '../../src/words/words.js';
import { model, type Stage } from '../../tools/checker/model.js';
import { chargeHeld, stockOf, unchargeHeld, usageOf, writeRecord } from '../support/group-words.js';
import { type HeapModelMemory, heapModelMemory } from './support/heap-stage.js';
import { isLookedAtUnlocked } from './support/unlocked-looks.js';

/** Room for what the owner has in advance, and a little more. */
const MAX = STOCK_GRANULES + 10;
const SPENT = 9;

const two = heapModelMemory({ pages: 2 });
const three = heapModelMemory({ pages: 2, threads: 3 });

/** A group's record lies at the end of the last page, which nobody allocates. */
function groupOf(memory: HeapModelMemory): number {
  return memory.geometry.totalPages * PAGE_WORDS - 64;
}

interface Actor {
  readonly parts: HeapParts;
  /** What it has been granted and not given back. */
  held: number;
  /** What drainAll() has brought. */
  brought: number;
}

interface Scene {
  readonly all: readonly Actor[];
  readonly words: Words;
  readonly group: number;
}

/** The owner has charged SPENT granules, and the rest of a stock in advance. */
function over(memory: HeapModelMemory, names: readonly string[]) {
  const group = groupOf(memory);
  return {
    lengthWords: memory.lengthWords,
    prepare: (words: Words) =>
      memory.prepare(words, ([owner]) => {
        writeRecord(words, group, MAX);
        assert.equal(chargeHeld(owner!.charges, group, SPENT, CHARGE.ahead), true);
      }),
    nameOf: memory.nameOf,
    mayRace: (word: number) => isLookedAtUnlocked(memory.geometry, word),
    setup(stage: Stage): Scene {
      const all = names.map((name, slot) => ({
        parts: memory.wire(stage, name, slot),
        held: slot === 0 ? SPENT : 0,
        brought: 0,
      }));
      return { all, words: stage.words, group };
    },
    invariant({ words }: Scene) {
      const usage = usageOf(words, group);
      assert.ok(usage >= 0 && usage <= MAX, `${usage} granules are charged, of at most ${MAX}`);
    },
    final: assertNothingLost,
  };
}

/** Usage is what threads hold, and have in stock. */
function assertNothingLost({ all, words, group }: Scene): void {
  let sum = 0;
  for (const { parts, held } of all) sum += held + stockOf(words, parts.membership.start, group);
  assert.equal(usageOf(words, group), sum);
  assert.ok(words.loadPlain(group + GROUP.peak) <= MAX);
}

function charge({ parts }: Actor, group: number, granules: number): boolean {
  return chargeHeld(parts.charges, group, granules, CHARGE.exact);
}

/** A turn in which the owner charges, and gives back all that it has. */
function spend(owner: Actor, group: number): void {
  owner.parts.turn.run(() => {
    if (charge(owner, group, 2)) owner.held += 2;
    unchargeHeld(owner.parts.charges, group, owner.held);
    owner.held = 0;
  });
}

/** Takes what idle threads have, and charges as much as there is room for then. */
function takeAll(taker: Actor, group: number): void {
  taker.parts.turn.run(() => {
    taker.brought = taker.parts.charges.drainAll();
    if (charge(taker, group, 20)) taker.held = 20;
  });
}

export const takesFromOneThatWakesUp = model<Scene>({
  name: 'a thread that wakes up while another takes its stock has it to itself, or finds none; nothing is lost',
  ...over(two, ['owner', 'taker']),
  threads: {
    owner: ({ all: [owner], group }) => spend(owner!, group),
    taker: ({ all: [, taker], group }) => takeAll(taker!, group),
  },
});

export const takesOnce = model<Scene>({
  name: 'two threads that take the stock of an idle one at once take it once',
  ...over(three, ['idle', 'first', 'second']),
  threads: {
    idle() {},
    first: ({ all: [, first], group }) => takeAll(first!, group),
    second: ({ all: [, , second], group }) => takeAll(second!, group),
  },
  final(state) {
    const [, first, second] = state.all;
    assertNothingLost(state);
    assert.ok(first!.brought + second!.brought <= STOCK_GRANULES - SPENT);
  },
  bounds: { preemptions: 3 },
});

export const takesFromOneThatLeaves = model<Scene>({
  name: 'a thread that leaves while another takes its stock leaves nothing charged',
  ...over(two, ['owner', 'taker']),
  threads: {
    owner({ all: [owner], group }) {
      const { parts } = owner!;
      parts.turn.run(() => {
        unchargeHeld(parts.charges, group, owner!.held);
        parts.charges.drain();
      });
      owner!.held = 0;
      leaveHeap(parts.words, parts.membership, 50);
    },
    taker: ({ all: [, taker], group }) => takeAll(taker!, group),
  },
  final(state) {
    assertNothingLost(state);
    assert.equal(usageOf(state.words, state.group), state.all[1]!.held);
  },
});
