/**
 * A thread dies with pages in its hands, a zone's lock, or the lists of an idle thread: at any access. Another repairs what
 * it left while a third goes on: no page is in two hands, none is lost, nobody waits for the dead.
 *
 *     victim   takes, frees, defers, drains, borrows        killed before each access
 *     reaper   waits for its end, and reaps its pages
 *     other    uses the same zone, or wakes up where its lists were being taken
 *
 * `awaitEnd` stands for Node's `exit` event. The reaper does what the heap's reaper does about pages, and nothing else.
 */
import assert from 'node:assert/strict';
import { balance } from '../../src/inspect/balance.js';
import { descriptorStart, slotStart, zoneStart } from '../../src/layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageKind } from '../../src/layout/page-descriptor.js';
import { SLOT, TURN_BORROWED, TURN_OPEN } from '../../src/layout/thread-slot.js';
import { ZONE } from '../../src/layout/zone-record.js';
import { ownerTag } from '../../src/locks/owner.js';
import { GFP_NOLOCK, GFP_NOWAIT } from '../../src/pages/gfp.js';
import { takeBack } from '../../src/threads/borrow.js';
import { PAGE_SHIFT } from '../../src/words/units.js';
import type { Words } from '../../src/words/words.js';
import { model, type Stage } from '../../tools/checker/model.js';
import { kill, type PageThread, pageThread, reapPages } from '../support/page-threads.js';
import { type HeapModelMemory, heapModelMemory } from './support/heap-stage.js';
import { isLookedAtUnlocked } from './support/unlocked-looks.js';

const VICTIM = 0;
const OTHER = 1;
const REAPER = 2;
const OTHER_TAG = ownerTag(OTHER, 1);

/** Larger than what threads keep on lists of their own. */
const LARGE = 4;

interface Scene {
  readonly stage: Stage;
  readonly words: Words;
  readonly victim: PageThread;
  readonly other: PageThread;
  readonly reaper: PageThread;
  /** What the other has at the end. */
  readonly held: number[];
}

/** A heap of three threads; `blocks` are allocated before they start. */
interface Given {
  readonly memory: HeapModelMemory;
  readonly blocks: number[];
}

function given(pages: number, pageListHigh = 2): Given {
  return { memory: heapModelMemory({ pages, threads: 3, pageListHigh }), blocks: [] };
}

function actor(words: Words, { geometry }: HeapModelMemory, slot: number): PageThread {
  return pageThread(words, geometry, slot, ownerTag(slot, 1));
}

function over({ memory, blocks }: Given, begin: (victim: PageThread, other: PageThread) => number[]) {
  return {
    lengthWords: memory.lengthWords,
    prepare(words: Words): void {
      memory.prepare(words);
      blocks.length = 0;
      blocks.push(...begin(actor(words, memory, VICTIM), actor(words, memory, OTHER)));
    },
    setup: (stage: Stage): Scene => ({
      stage,
      words: stage.words,
      victim: actor(stage.words, memory, VICTIM),
      other: actor(stage.words, memory, OTHER),
      reaper: actor(stage.words, memory, REAPER),
      held: [],
    }),
    nameOf: memory.nameOf,
    mayRace: (word: number) => isLookedAtUnlocked(memory.geometry, word),
    bounds: { kills: ['victim'], preemptions: 1 },
    // 11,000 executions, 300,000 states at most: twenty seconds each.
    nightly: { preemptions: 2 },
  };
}

/** Waits for the victim's end, and reaps it where it was killed. */
function reap(scene: Scene): void {
  if (scene.stage.awaitEnd('victim')) return;
  kill(scene.words, scene.reaper.geometry, [VICTIM]);
  reapPages(scene.reaper, [VICTIM]);
}

/** Takes a block, writes it and keeps it. */
function keep({ other, held, words }: Scene, order: number): void {
  const start = other.pages.allocPages(order, GFP_NOWAIT);
  if (start === 0) return;
  words.storePlain(start, other.tag);
  held.push(start);
}

/** Takes a block, writes it and gives it back. */
function use({ words, pages, tag }: PageThread, order: number): void {
  const start = pages.allocPages(order, GFP_NOWAIT);
  if (start === 0) return;
  words.storePlain(start, tag);
  pages.freePages(start);
}

/** The books add up, no lock is taken, and what is in use is what somebody has. */
function assertWhole({ memory: { geometry }, blocks }: Given, { words, victim, held }: Scene): void {
  // What the victim was handed out, and nobody else knows: its user's.
  const inHand = words.loadPlain(victim.start + SLOT.inHand);
  const isInUse = (start: number) =>
    pageKind(words.loadPlain(descriptorStart(geometry, start >>> PAGE_SHIFT) + DESCRIPTOR.state)) ===
    PAGE_KIND.allocated;
  const report = balance(words, { held: [...held, ...blocks.filter(isInUse)] });
  assert.deepEqual(report.problems, []);
  for (const start of report.unreachable) assert.equal(start, inHand, `nobody has ${start}`);
  assert.equal(new Set(held).size, held.length, 'a block was handed out twice');
  for (const start of held) assert.equal(words.loadPlain(start), OTHER_TAG, `another has block ${start}`);
  assert.equal(words.loadPlain(zoneStart(geometry, 0) + ZONE.lock), 0, 'the lock of the zone is taken');
  const other = slotStart(geometry, OTHER);
  assert.equal(words.loadPlain(other + SLOT.turn) & TURN_BORROWED, 0, 'the slot is borrowed');
  assert.equal(words.loadPlain(other + SLOT.borrower), 0, 'somebody says that it borrows the slot');
}

/** Takes two large blocks, and frees the second while the zone's lock is taken. Returns the first. */
function deferSecond({ memory: { geometry } }: Given, { pages, words, start }: PageThread): number[] {
  const [first, second] = [0, 0].map(() => pages.allocPages(LARGE, GFP_NOWAIT));
  const lock = zoneStart(geometry, 0) + ZONE.lock;
  words.store(lock, OTHER_TAG);
  pages.freePagesNolock(second!);
  words.store(lock, 0);
  words.store(start + SLOT.inHand, 0);
  return [first!];
}

// Pages 6 to 21: [6 7] [8 .. 15] [16 .. 19] [20 21].
const zone = given(16);

export const takesOverAZone = model<Scene>({
  name: 'where a thread dies that takes and frees blocks, another has the zone’s lock soon, and none of the pages is lost',
  ...over(zone, () => []),
  threads: {
    victim({ victim: { pages } }) {
      const start = pages.allocPages(2, GFP_NOWAIT);
      if (start !== 0) pages.freePages(start);
      pages.drain();
    },
    reaper: reap,
    other: (scene) => keep(scene, 2),
  },
  final: (scene) => assertWhole(zone, scene),
});

// Blocks of order 4 at pages 16 and 32, and a free one behind that, which it is merged with.
const deferring = given(58);

export const finishesADrain = model<Scene>({
  name: 'where a thread dies that takes blocks from the deferred list, each is free in the end, also those deferred meanwhile',
  ...over(deferring, (victim) => deferSecond(deferring, victim)),
  threads: {
    victim: ({ victim: { pages } }) => pages.drain(),
    reaper: reap,
    other: ({ other: { pages } }) => pages.freePagesNolock(deferring.blocks[0]!),
  },
  final: (scene) => assertWhole(deferring, scene),
});

// Blocks of order 4 at pages 16 and 32.
const popping = given(42);

export const finishesAPop = model<Scene>({
  name: 'where a thread dies that takes one deferred block along without spinning, the block is free, or still deferred',
  ...over(popping, (victim) => deferSecond(popping, victim)),
  threads: {
    victim: ({ victim: { pages } }) => void pages.allocPagesNolock(LARGE, GFP_NOLOCK),
    reaper: reap,
    other: ({ other: { pages } }) => pages.freePagesNolock(popping.blocks[0]!),
  },
  final: (scene) => assertWhole(popping, scene),
});

const pushing = given(42);

export const finishesAPush = model<Scene>({
  name: 'where a thread dies that defers a block, the block is free once, pushed or not',
  ...over(pushing, ({ pages }) => [pages.allocPages(LARGE, GFP_NOWAIT)]),
  threads: {
    victim: ({ victim: { pages } }) => pages.freePagesNolock(pushing.blocks[0]!),
    reaper: reap,
    other: ({ other }) => use(other, LARGE),
  },
  final: (scene) => assertWhole(pushing, scene),
});

const lending = given(8, 4);

export const endsABorrowing = model<Scene>({
  name: 'where a thread dies that takes an idle thread’s pages, that one has its lists when it wakes up, and no page is lost',
  ...over(lending, (_victim, { pages }) => {
    const blocks = [0, 1].map((order) => pages.allocPages(order, GFP_NOWAIT));
    for (const start of blocks) pages.freePages(start);
    return [];
  }),
  threads: {
    victim: ({ victim }) => void victim.idle.drain(),
    reaper: reap,
    other(scene) {
      const { words, other } = scene;
      takeBack(words, other.start, 0, TURN_OPEN, 50);
      keep(scene, 0);
      words.store(other.start + SLOT.turn, 0);
    },
  },
  final: (scene) => assertWhole(lending, scene),
});

const lender = given(8, 4);

export const leavesALiveBorrowerWhatItHas = model<Scene>({
  name: 'where a thread dies whose pages another is taking, each goes back once, by the one or the other',
  ...over(lender, ({ pages }) => {
    const blocks = [0, 1].map((order) => pages.allocPages(order, GFP_NOWAIT));
    for (const start of blocks) pages.freePages(start);
    return [];
  }),
  threads: {
    victim({ words, victim }) {
      takeBack(words, victim.start, 0, TURN_OPEN, 50);
      use(victim, 0);
      words.store(victim.start + SLOT.turn, 0);
    },
    reaper: reap,
    other: ({ other }) => void other.idle.drain(),
  },
  final: (scene) => assertWhole(lender, scene),
});
