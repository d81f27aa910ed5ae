/** Every operation on pages is stopped before each of its accesses; what is left is repaired, and the repair is stopped as well. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { STRANGER_TAG } from '../../tests/support/bare-heap.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import {
  joinForPages,
  kill,
  type PageThread,
  pageThread,
  reapPages,
} from '../../tests/support/page-threads.js';
import { diesIn, stopAt } from '../../tests/support/stopping-words.js';
import { formatHeap, planFrom } from '../heap/format-heap.js';
import { TINY } from '../heap/heap-options.js';
import { balance } from '../inspect/balance.js';
import { descriptorStart, slotStart, zoneStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageKind, pageOwner } from '../layout/page-descriptor.js';
import { INTENT, INTENT_KIND, SLOT, TURN_BORROWED } from '../layout/thread-slot.js';
import { ZONE } from '../layout/zone-record.js';
import { borrow } from '../threads/borrow.js';
import { Intents } from '../threads/intents.js';
import { NativeWords, reserveBuffer } from '../words/native-words.js';
import { PAGE_BYTES, PAGE_SHIFT } from '../words/units.js';
import type { Words } from '../words/words.js';
import { undoBorrowing } from './dead-pages.js';
import { GFP_NOLOCK, GFP_NOWAIT } from './gfp.js';

/** Slots: who dies, who is idle, who reaps and dies, who reaps. */
const VICTIM = 0;
const IDLE = 1;
const FIRST_REAPER = 2;
const SECOND_REAPER = 3;

const geometry = planFrom(
  { ...TINY, pages: 60, maxCaches: 66, pageListHigh: 6, pageListBatch: 3 },
  new FakeHost(),
);
const buffer = reserveBuffer(geometry.totalPages * PAGE_BYTES);
const memory = new Int32Array(buffer);
const LOCK = zoneStart(geometry, 0) + ZONE.lock;

interface Scenario {
  readonly name: string;
  /** Brings the heap to where the victim begins. Returns the blocks that users have then. */
  prepare?(victim: PageThread, idle: PageThread): number[];
  /** What the victim does. */
  act(victim: PageThread, blocks: readonly number[]): void;
  /** What was left to do for another before the reaper comes. */
  after?(words: Words): void;
  /** What the reaper finishes. */
  finish?(estate: PageThread): void;
  /** Users have none of the blocks in the end. */
  readonly isFreed?: boolean;
}

function alloc({ pages }: PageThread, order: number): number {
  const start = pages.allocPages(order, GFP_NOWAIT);
  assert.notEqual(start, 0, `no block of order ${order}`);
  return start;
}

/** Puts a block on the deferred list of zone 0: somebody has its lock. */
function defer({ words, pages }: PageThread, start: number): void {
  words.store(LOCK, STRANGER_TAG);
  pages.freePagesNolock(start);
  words.store(LOCK, 0);
}

/** Two blocks of order 4 are deferred, by two threads. */
function deferTwo(victim: PageThread, idle: PageThread): number[] {
  const [small, large, kept] = [alloc(idle, 4), alloc(victim, 4), alloc(victim, 2)];
  defer(idle, small);
  defer(victim, large);
  return [kept];
}

/** Frees a block so that a reaper frees it, where the thread stops before it has. */
function freeByIntent({ words, start, pages }: PageThread, [block]: readonly number[]): void {
  const intents = new Intents(words, start);
  const frame = intents.open(INTENT_KIND.free, 0, block!);
  pages.freePages(block!);
  intents.close(frame);
}

/** What a reaper does about the intent of freeByIntent(). */
function finishFree({ words, start, pages }: PageThread): void {
  const intents = new Intents(words, start);
  const frame = start + SLOT.intents;
  if (words.loadPlain(start + SLOT.intentDepth) === 0) return;
  const isFree = words.loadPlain(frame + INTENT.kind) === INTENT_KIND.free;
  const block = words.loadPlain(frame + INTENT.a);
  if (isFree && block !== 0 && isAllocated(words, block)) pages.freePages(block);
  intents.close(frame);
}

const SCENARIOS: readonly Scenario[] = [
  ...[0, 1, 2, 3, 4].map((order) => ({
    name: `allocPages of order ${order}`,
    act: (victim: PageThread) => void alloc(victim, order),
  })),
  ...[0, 1, 3, 4].map((order) => ({
    name: `freePages of order ${order}`,
    prepare: (victim: PageThread) => [alloc(victim, order), alloc(victim, 0)],
    act: ({ pages }: PageThread, [block]: readonly number[]) => pages.freePages(block!),
  })),
  ...[1, 4].map((order) => ({
    name: `freePages of order ${order}, told in an intent,`,
    prepare: (victim: PageThread) => [alloc(victim, order)],
    act: freeByIntent,
    finish: finishFree,
    isFreed: true,
  })),
  {
    name: 'a free that gives a batch back',
    prepare: (victim) => [0, 0, 1, 0, 0, 1, 0, 0].map((order) => alloc(victim, order)),
    act: ({ pages }, blocks) => {
      for (const block of blocks) pages.freePages(block);
    },
  },
  {
    name: 'drain',
    prepare: (victim) => {
      const blocks = [0, 0, 2, 0, 1].map((order) => alloc(victim, order));
      for (const block of blocks.slice(0, 4)) victim.pages.freePages(block);
      return blocks.slice(4);
    },
    act: ({ pages }) => pages.drain(),
  },
  {
    name: 'a free that is deferred',
    prepare: (victim, idle) => {
      const blocks = [alloc(victim, 4), alloc(idle, 4)];
      defer(idle, blocks[1]!);
      victim.words.store(LOCK, STRANGER_TAG);
      return blocks.slice(0, 1);
    },
    act: ({ pages }, [block]) => pages.freePagesNolock(block!),
    after: (words) => words.store(LOCK, 0),
  },
  { name: 'a drain of what is deferred', prepare: deferTwo, act: (victim) => void alloc(victim, 4) },
  {
    name: 'a drain of a few that are deferred',
    prepare: deferTwo,
    act: ({ pages }) => void pages.allocPagesNolock(4, GFP_NOLOCK),
  },
  {
    name: 'taking the lists of an idle thread',
    prepare: (_victim, idle) => {
      const blocks = [0, 0, 1, 0, 2].map((order) => alloc(idle, order));
      for (const block of blocks.slice(1)) idle.pages.freePages(block);
      return blocks.slice(0, 1);
    },
    act: ({ idle }) => void idle.drain(),
  },
];

/** A heap of four threads, as `prepare` leaves it. */
function begin({ prepare }: Scenario): { state: Int32Array; blocks: number[] } {
  memory.fill(0);
  const words = new NativeWords(buffer);
  formatHeap(words, geometry);
  for (let slot = 0; slot < geometry.slots; slot++) joinForPages(words, geometry, `slot ${slot}`);
  const victim = pageThread(words, geometry, VICTIM);
  const blocks = prepare?.(victim, pageThread(words, geometry, IDLE)) ?? [];
  return { state: memory.slice(), blocks };
}

/** The victim does what it does, for `accesses`. Returns whether it died in the middle. */
function die({ act, after }: Scenario, blocks: readonly number[], accesses: number): boolean {
  const words = new NativeWords(buffer);
  const victim = pageThread(words, geometry, VICTIM);
  stopAt(words, accesses);
  const isDead = diesIn(() => act(victim, blocks));
  after?.(new NativeWords(buffer));
  kill(new NativeWords(buffer), geometry, [VICTIM]);
  return isDead;
}

function reap({ finish }: Scenario, slot: number, dead: readonly number[]): void {
  reapPages(pageThread(new NativeWords(buffer), geometry, slot), dead, finish);
}

/** True where the victim had said that the block is to be freed, before it died, or had freed it. */
function wasTold({ isFreed = false }: Scenario, [block]: readonly number[]): boolean {
  const words = new NativeWords(buffer);
  const kind = slotStart(geometry, VICTIM) + SLOT.intents + INTENT.kind;
  return isFreed && (words.load(kind) === INTENT_KIND.free || !isAllocated(words, block!));
}

/** The books add up, nobody has a lock, and what is in use is what users have. */
function assertWhole(blocks: readonly number[], isGone: boolean, when: string): void {
  const words = new NativeWords(buffer);
  const inHand = words.load(slotStart(geometry, VICTIM) + SLOT.inHand);
  const held = blocks.filter((start) => isAllocated(words, start));
  if (isGone) assert.deepEqual(held, [], when);
  const report = balance(words, { held });
  assert.deepEqual(report.problems, [], when);
  // What was handed out is the user's.
  const lost = report.unreachable.filter((start) => start !== inHand);
  assert.deepEqual(lost, [], when);
  assert.equal(words.load(LOCK), 0, when);
  const start = slotStart(geometry, IDLE);
  assert.equal(words.load(start + SLOT.turn) & TURN_BORROWED, 0, when);
  assert.equal(words.load(start + SLOT.borrower), 0, when);
  for (let page = geometry.firstPage; page < geometry.totalPages; page++) {
    const state = stateOf(words, page);
    if (pageKind(state) === PAGE_KIND.threadList)
      assert.equal(pageOwner(state), IDLE, `${when}: page ${page}`);
  }
}

function isAllocated(words: Words, start: number): boolean {
  return pageKind(stateOf(words, start >>> PAGE_SHIFT)) === PAGE_KIND.allocated;
}

function stateOf(words: Words, page: number): number {
  return words.load(descriptorStart(geometry, page) + DESCRIPTOR.state);
}

for (const scenario of SCENARIOS) {
  const { name } = scenario;

  test(`returnPages, leaves no page behind of a thread that died anywhere in ${name}`, (t: TestContext) => {
    const { state, blocks } = begin(scenario);
    let steps = 0;
    for (; ; steps++) {
      memory.set(state);
      const isDead = die(scenario, blocks, steps);
      const isGone = wasTold(scenario, blocks);
      reap(scenario, SECOND_REAPER, [VICTIM]);
      assertWhole(blocks, isGone, `stopped before access ${steps}`);
      if (!isDead) break;
    }
    t.diagnostic(`${steps} accesses`);
    assert.ok(steps > 5);
  });

  test(`returnPages, and the repair before it, may be stopped anywhere and done again: ${name}`, (t: TestContext) => {
    const { state, blocks } = begin(scenario);
    let runs = 0;
    for (let steps = 1; ; steps += 7) {
      memory.set(state);
      const isDead = die(scenario, blocks, steps);
      const isGone = wasTold(scenario, blocks);
      const dead = memory.slice();
      for (let at = 0; ; at += 1 + (at % 4)) {
        memory.set(dead);
        const words = new NativeWords(buffer);
        const reaper = pageThread(words, geometry, FIRST_REAPER);
        stopAt(words, at);
        const isCut = diesIn(() => reapPages(reaper, [VICTIM], scenario.finish));
        if (!isCut) break;
        kill(new NativeWords(buffer), geometry, [FIRST_REAPER]);
        reap(scenario, SECOND_REAPER, [VICTIM, FIRST_REAPER]);
        assertWhole(blocks, isGone, `stopped before access ${steps}, the reaper before its access ${at}`);
        runs++;
      }
      if (!isDead) break;
    }
    t.diagnostic(`${runs} reapers stopped`);
    assert.ok(runs > 50);
  });
}

test('returnPages, leaves what users have where a thread died that did nothing', () => {
  const scenario = SCENARIOS.find(({ name }) => name === 'drain')!;
  const { state, blocks } = begin(scenario);
  memory.set(state);
  die(scenario, blocks, 0);
  reap(scenario, SECOND_REAPER, [VICTIM]);
  const words = new NativeWords(buffer);
  for (const block of blocks) assert.ok(isAllocated(words, block));
});

test('undoBorrowing, gives the slot back that is borrowed still', () => {
  begin(SCENARIOS[0]!);
  const words = new NativeWords(buffer);
  const victim = pageThread(words, geometry, VICTIM);
  const idle = slotStart(geometry, IDLE);
  assert.ok(borrow(words, idle, victim.tag));
  kill(words, geometry, [VICTIM]);
  assert.notEqual(words.load(idle + SLOT.turn) & TURN_BORROWED, 0);
  undoBorrowing(words, geometry, VICTIM, victim.tag);
  assert.equal(words.load(idle + SLOT.turn) & TURN_BORROWED, 0);
  assert.equal(words.load(idle + SLOT.borrower), 0);
});

test('undoBorrowing, leaves alone what a live thread has borrowed, and who has its slot back', () => {
  begin(SCENARIOS[0]!);
  const words = new NativeWords(buffer);
  const [victim, live] = [pageThread(words, geometry, VICTIM), pageThread(words, geometry, FIRST_REAPER)];
  const [idle, other] = [slotStart(geometry, IDLE), slotStart(geometry, SECOND_REAPER)];
  assert.ok(borrow(words, idle, live.tag));
  // As after giveBack(), but for its last store.
  words.store(other + SLOT.borrower, victim.tag);
  kill(words, geometry, [VICTIM]);
  undoBorrowing(words, geometry, VICTIM, victim.tag);
  assert.notEqual(words.load(idle + SLOT.turn) & TURN_BORROWED, 0);
  assert.equal(words.load(idle + SLOT.borrower), live.tag);
  assert.equal(words.load(other + SLOT.borrower), 0);
});
