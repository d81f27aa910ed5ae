/**
 * allocPagesNolock and freePagesNolock against everything else that touches the same lists and the same zone: no block
 * is in two places, none is lost, nobody waits, and no call takes more steps than are said (nolock-steps.ts).
 *
 *     alpha: its lists (floor) -> zone (marks), the lock tried once      beta: as an ordinary thread does
 *     free:  its lists -> zone -> the zone's deferred list
 */
import assert from 'node:assert/strict';
import { zoneStart } from '../../src/layout/heap-layout.js';
import { SLOT } from '../../src/layout/thread-slot.js';
import { ZONE } from '../../src/layout/zone-record.js';
import { GFP_ATOMIC, GFP_NOWAIT } from '../../src/pages/gfp.js';
import { nolockStepBound } from '../../src/pages/nolock-steps.js';
import { model, type Stage } from '../../tools/checker/model.js';
import { assertBalanced } from '../support/balanced.js';
import { CountedWords } from './support/counted-words.js';
import { type HeapModelMemory, heapModelMemory } from './support/heap-stage.js';
import { neverSpins } from './support/never-spins.js';
import { PagePlayer } from './support/page-player.js';
import { assertPagesAccounted } from './support/page-tally.js';
import { isLookedAtUnlocked } from './support/unlocked-looks.js';

/** Larger than what threads keep on lists of their own. */
const LARGE = 4;

interface Players {
  /** May not spin. */
  readonly alpha: PagePlayer;
  readonly beta: PagePlayer;
  /** Alpha's. */
  readonly counted: CountedWords;
}

function playersOf(memory: HeapModelMemory, stage: Stage): Players {
  const counted = new CountedWords(stage.words);
  return {
    alpha: new PagePlayer(memory.wire(counted.stage(stage), 'alpha', 0, neverSpins), 1),
    beta: new PagePlayer(memory.wire(stage, 'beta', 1), 2),
    counted,
  };
}

/** Pages that the lists of a thread say they keep. */
function listPages({ parts: { words, membership } }: PagePlayer): number {
  return words.loadPlain(membership.start + SLOT.listPages);
}

/** Asserts that the books add up, and that what is deferred is free after a drain. */
function assertNoneLost({ geometry }: HeapModelMemory, { alpha, beta }: Players): void {
  const { words } = alpha.parts;
  const held = [...alpha.held, ...beta.held];
  assertBalanced({ words }, held);
  beta.parts.pages.drain();
  const { deferred } = assertPagesAccounted(words, geometry, alpha.kept + beta.kept);
  assert.equal(deferred, 0, 'blocks stay deferred');
}

const beside = heapModelMemory({ pages: 6, pageListHigh: 1 });
const had: number[] = [];

export const besideOrdinaryCalls = model({
  name: 'who may not spin takes and frees pages beside one that may: none is in two hands, none is lost, nobody waits',
  lengthWords: beside.lengthWords,
  prepare: (words) =>
    beside.prepare(words, ([alpha]) => {
      had.length = 0;
      had.push(alpha!.pages.allocPages(1, GFP_NOWAIT));
    }),
  setup: (stage) => playersOf(beside, stage),
  threads: {
    alpha({ alpha, counted }: Players) {
      const most = nolockStepBound(alpha.parts.geometry);
      alpha.claim(had[0]!, 1);
      counted.begin();
      alpha.parts.pages.freePagesNolock(had[0]!);
      counted.end('freePagesNolock', most.free);
      counted.begin();
      const start = alpha.parts.pages.allocPagesNolock(0);
      counted.end('allocPagesNolock', most.alloc);
      if (start !== 0) alpha.claim(start, 0);
      alpha.putNolock(start, 0);
      alpha.keepNolock(1);
    },
    beta({ beta }: Players) {
      beta.put(beta.take(0), 0);
      beta.parts.pages.drain();
      beta.keep(1);
    },
  },
  final(players: Players) {
    assert.equal(players.alpha.refused, 0, 'alpha has given back a pair, and gets none');
    assertNoneLost(beside, players);
  },
  nameOf: beside.nameOf,
  mayRace: (word) => isLookedAtUnlocked(beside.geometry, word),
});

const idle = heapModelMemory({ pages: 6, pageListHigh: 4 });

export const besideIdleDrain = model({
  name: 'pages that another takes from a list while its thread is idle are not those that this thread then takes',
  lengthWords: idle.lengthWords,
  prepare: (words) =>
    idle.prepare(words, ([alpha]) => {
      const { pages } = alpha!;
      const two = [pages.allocPages(0, GFP_NOWAIT), pages.allocPages(0, GFP_NOWAIT)];
      for (const start of two) pages.freePages(start);
    }),
  setup: (stage) => ({
    alpha: new PagePlayer(idle.wire(stage, 'alpha', 0, neverSpins), 1),
    beta: new PagePlayer(idle.wire(stage, 'beta', 1), 2),
    counted: new CountedWords(stage.words),
  }),
  threads: {
    alpha({ alpha }: Players) {
      alpha.parts.turn.pin();
      alpha.putNolock(alpha.takeNolock(0), 0);
      alpha.keepNolock(0);
    },
    beta({ beta }: Players) {
      beta.parts.turn.pin();
      beta.parts.idlePages.drain();
      beta.keep(1);
    },
  },
  final: (players: Players) => assertNoneLost(idle, players),
  nameOf: idle.nameOf,
  mayRace: (word) => isLookedAtUnlocked(idle.geometry, word),
});

/** Free pages below which nobody goes but GFP_ATOMIC, and below which not even that one goes. */
const MIN = 4;
const LEAST = 2;
// An odd number: a block of two pages must not bring the free ones from one above the mark to one below.
const PAGES = 9;
const marked = heapModelMemory({ pages: PAGES, minFreePages: MIN });

function freePages(memory: HeapModelMemory, { alpha: { parts } }: Players): number {
  return parts.words.loadPlain(zoneStart(memory.geometry, 0) + ZONE.freePages);
}

export const keepsTheMarks = model({
  name: 'who may not spin leaves the pages below the min mark to GFP_ATOMIC, and that one those below its own',
  lengthWords: marked.lengthWords,
  prepare: (words) => marked.prepare(words),
  setup: (stage) => playersOf(marked, stage),
  threads: {
    alpha({ alpha }: Players) {
      alpha.keepNolock(1);
      alpha.keepNolock(1);
      alpha.keepNolock(1);
    },
    beta({ beta }: Players) {
      beta.keep(1, GFP_ATOMIC);
      beta.keep(0, GFP_ATOMIC);
      beta.keep(0, GFP_ATOMIC);
    },
  },
  invariant(players: Players) {
    const free = freePages(marked, players);
    assert.ok(free >= LEAST, `${free} pages are free, of which ${LEAST} nobody may have`);
    const { alpha, beta } = players;
    const byAlpha = alpha.kept;
    assert.ok(
      byAlpha <= PAGES - MIN,
      `alpha has ${byAlpha} of ${PAGES - MIN} pages above the mark (beta ${beta.kept})`,
    );
  },
  final: (players: Players) => assertNoneLost(marked, players),
  nameOf: marked.nameOf,
  mayRace: (word) => isLookedAtUnlocked(marked.geometry, word),
  bounds: { preemptions: 2 },
  // Some 350 executions.
  nightly: { preemptions: 4 },
});

const floored = heapModelMemory({ pages: 5, pageListHigh: 4, pageListFloor: 2, pageListBatch: 1 });

export const leavesTheFloorToOthers = model({
  name: 'a flood of calls that may not spin ends at the floor of the list, which an ordinary call then takes',
  lengthWords: floored.lengthWords,
  prepare: (words) =>
    floored.prepare(words, ([alpha]) => {
      const { pages } = alpha!;
      const three = [0, 0, 0].map((order) => pages.allocPages(order, GFP_NOWAIT));
      for (const start of three) pages.freePages(start);
    }),
  // Alpha is an ordinary thread in which something floods.
  setup: (stage) => ({
    alpha: new PagePlayer(floored.wire(stage, 'alpha', 0), 1),
    beta: new PagePlayer(floored.wire(stage, 'beta', 1), 2),
    counted: new CountedWords(stage.words),
  }),
  threads: {
    alpha({ alpha }: Players) {
      for (let i = 0; i < 4; i++) alpha.keepNolock(0);
      assert.ok(listPages(alpha) >= 2, `the flood left ${listPages(alpha)} pages on the list`);
      const { refused } = alpha;
      alpha.keep(0);
      alpha.keep(0);
      assert.equal(alpha.refused, refused, 'an ordinary call did not get what the flood had to leave');
    },
    beta({ beta }: Players) {
      beta.put(beta.take(0), 0);
      beta.parts.pages.drain();
    },
  },
  final: (players: Players) => assertNoneLost(floored, players),
  nameOf: floored.nameOf,
  mayRace: (word) => isLookedAtUnlocked(floored.geometry, word),
  bounds: { preemptions: 2 },
  // Some 350 executions.
  nightly: { preemptions: 4 },
});

const large = heapModelMemory({ pages: 59, threads: 3 });
const blocks: number[] = [];

interface Three extends Players {
  readonly gamma: PagePlayer;
}

export const takesAlongWhatIsDeferred = model({
  name: 'a block that was deferred is to be had by who may not spin as well, beside two that free and take',
  lengthWords: large.lengthWords,
  prepare: (words) =>
    large.prepare(words, ([alpha]) => {
      blocks.length = 0;
      for (let i = 0; i < 3; i++) blocks.push(alpha!.pages.allocPages(LARGE, GFP_NOWAIT));
      // One is deferred already.
      const lock = zoneStart(large.geometry, 0) + ZONE.lock;
      words.storePlain(lock, 1);
      alpha!.pages.freePagesNolock(blocks[0]!);
      words.storePlain(lock, 0);
    }),
  setup: (stage): Three => ({
    ...playersOf(large, stage),
    gamma: new PagePlayer(large.wire(stage, 'gamma', 2, neverSpins), 3),
  }),
  threads: {
    alpha({ alpha }: Three) {
      alpha.keepNolock(LARGE);
    },
    beta({ beta }: Three) {
      beta.claim(blocks[1]!, LARGE);
      beta.put(blocks[1]!, LARGE);
      beta.keep(LARGE);
    },
    gamma({ gamma }: Three) {
      gamma.claim(blocks[2]!, LARGE);
      gamma.putNolock(blocks[2]!, LARGE);
    },
  },
  final(players: Three) {
    assert.equal(players.beta.refused, 0, 'beta has given back a block, and gets none');
    assertNoneLost(large, players);
  },
  nameOf: large.nameOf,
  mayRace: (word) => isLookedAtUnlocked(large.geometry, word),
  bounds: { preemptions: 2 },
});
