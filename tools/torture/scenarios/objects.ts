/**
 * Objects and blocks of pages, of all sizes: those that a table in the heap tells of, and those that only variables do.
 *
 *     table   seat 0: place 0 [address, bytes if filled] place 1 .. | seat 1: ..
 *
 * heap.kmallocAt() and heap.kfreeAt() are one operation each as far as death goes, so of the objects in the table none may be
 * lost. Of the others one may be, for each call in which the thread dies.
 */
import { __GFP_ZERO, type Address, GFP_KERNEL, type Mempool } from '../../../src/index.js';
import { PAGE_WORDS } from '../../../src/words/units.js';
import { HANDS, IN_TRANSIT, SEAT } from '../control.js';
import { HAND_BYTES, kindOfBlock, POOL_BYTES, TABLE_CLASSES } from '../hand-kinds.js';
import { fill, isFilled } from '../pattern.js';
import type { Main, Operation, Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';

const PLACES = 64;
const PLACE_WORDS = 2;
const TABLE_WORDS = PLACES * PLACE_WORDS;
const BYTES_PER_WORD = 4;

const POOL = 'torture mempool';
const POOL_ELEMENTS = 8;
const TABLE_BYTES = [...TABLE_CLASSES, 12_288, 40_000];

const MAX_ORDER = 4;
const KIND_OF = { objects: 'object', charged: 'charged', pool: 'element' } as const;

function tableOf(shared: readonly number[], seat: number): number {
  return shared[0]! + seat * TABLE_WORDS;
}

/** Takes an object for a random empty place of the table, and says when it is filled. */
function allocAt({ heap, words, random }: Stage, table: number): void {
  const place = table + random.below(PLACES) * PLACE_WORDS;
  if (words.loadPlain(place) !== 0) return;
  const bytes = random.of(TABLE_BYTES);
  const p = heap.kmallocAt(place, bytes);
  fill(words, p, bytes / BYTES_PER_WORD, place);
  words.storePlain(place + 1, bytes);
}

function freeAt(stage: Stage, table: number): void {
  const { heap, words, random } = stage;
  const place = table + random.below(PLACES) * PLACE_WORDS;
  const p = words.loadPlain(place);
  if (p === 0) return;
  const bytes = words.loadPlain(place + 1);
  if (bytes !== 0 && !isFilled(words, p, bytes / BYTES_PER_WORD, place)) {
    stage.wrong(`the object of ${bytes} bytes at ${p} was written to by another`);
  }
  words.storePlain(place + 1, 0);
  heap.kfreeAt(place);
}

function takeObject(stage: Stage, alloc: (bytes: number) => number): void {
  const hand = stage.freeHand(HANDS.objects);
  if (hand < 0) return;
  const bytes = HAND_BYTES[hand % HAND_BYTES.length]!;
  const p = stage.take(hand, 0, () => alloc(bytes));
  if (p !== 0) fill(stage.words, p, bytes / BYTES_PER_WORD, stage.salt(hand));
}

function giveObject(stage: Stage, free: (p: Address) => void): void {
  const hand = stage.fullHand(HANDS.objects);
  if (hand < 0) return;
  const p = stage.own(SEAT.hands + hand);
  const bytes = HAND_BYTES[hand % HAND_BYTES.length]!;
  if (!isFilled(stage.words, p, bytes / BYTES_PER_WORD, stage.salt(hand))) {
    stage.wrong(`the object of ${bytes} bytes at ${p}, in a hand, was written to by another`);
  }
  stage.give(hand, 0, (given) => free(given as Address));
}

function takePages(stage: Stage, alloc: (order: number) => number): void {
  const hand = stage.freeHand(HANDS.pages);
  if (hand < 0) return;
  const order = stage.random.below(MAX_ORDER + 1);
  const p = stage.take(hand, order, () => alloc(order));
  if (p === 0) return;
  fill(stage.words, p, PAGE_WORDS << order, stage.salt(hand));
  // For who gives it back: in the block itself.
  stage.words.storePlain(p, order);
}

function givePages(stage: Stage, free: (p: Address) => void): void {
  const hand = stage.fullHand(HANDS.pages);
  if (hand < 0) return;
  const p = stage.own(SEAT.hands + hand);
  const order = stage.words.loadPlain(p);
  if (order < 0 || order > MAX_ORDER) stage.wrong(`a block in a hand has ${order} in its first word`);
  else if (!isFilled(stage.words, p, PAGE_WORDS << order, stage.salt(hand), 1)) {
    stage.wrong(`the block of order ${order} at ${p}, in a hand, was written to by another`);
  }
  stage.give(hand, order, (given) => free(given as Address));
}

function openPool(heap: Main['heap']): Mempool {
  return heap.mempool(POOL, POOL_ELEMENTS, { bytes: POOL_BYTES });
}

function takeElement(stage: Stage): void {
  const hand = stage.freeHand(HANDS.pool);
  if (hand < 0) return;
  const p = stage.take(hand, 0, () => openPool(stage.heap).alloc(GFP_KERNEL, { timeoutMillis: 20_000 }));
  if (p !== 0) fill(stage.words, p, POOL_BYTES / BYTES_PER_WORD, stage.salt(hand));
}

function giveElement(stage: Stage): void {
  const hand = stage.fullHand(HANDS.pool);
  if (hand < 0) return;
  const held = stage.own(SEAT.hands + hand);
  if (!isFilled(stage.words, held, POOL_BYTES / BYTES_PER_WORD, stage.salt(hand))) {
    stage.wrong('an element of a mempool was written to by another');
  }
  const pool = openPool(stage.heap);
  stage.give(hand, 0, (p) =>
    stage.random.oneIn(2) ? pool.free(p as Address) : pool.freeNolock(p as Address),
  );
}

/** Takes blocks until there are none, and gives them back: the shortest way to shrinkers, reserves and refusals. */
function exhaust(stage: Stage, table: number): void {
  const { heap, words, random } = stage;
  const wanted = 1 + random.below(PLACES);
  const taken: number[] = [];
  for (let i = 0; i < PLACES && taken.length < wanted; i++) {
    const place = table + i * PLACE_WORDS;
    if (words.loadPlain(place) !== 0) continue;
    const bytes = 65_536 << random.below(7);
    if (!stage.orRefused(() => heap.kmallocAt(place, bytes))) break;
    taken.push(place);
  }
  for (const place of taken) heap.kfreeAt(place);
}

/**
 * What a worker that is gone had in its hands is main's to free, as far as it was there for sure. For every scenario.
 */
export function settleHands({ heap, control, findings }: Main, seat: number): void {
  for (const name of ['objects', 'charged', 'pages', 'pool'] as const) {
    const [first, count] = HANDS[name];
    for (let hand = first; hand < first + count; hand++) {
      const held = control.of(seat, SEAT.hands + hand);
      // First: what follows may be done again.
      if (held < 0) control.set(seat, SEAT.hands + hand, 0);
      if (held < 0) findings.noteCutOff(name === 'pages' ? kindOfBlock(IN_TRANSIT - held) : KIND_OF[name]);
      if (held <= 0) continue;
      if (name === 'pages') heap.freePages(held as Address);
      else if (name === 'pool') openPool(heap).free(held as Address);
      else heap.kfree(held as Address);
      control.set(seat, SEAT.hands + hand, 0);
      findings.objectsReturned++;
    }
  }
}

/** The table of a worker that is gone. */
function settleTable({ heap, findings }: Main, table: number): void {
  const { words } = heap;
  for (let place = table; place < table + TABLE_WORDS; place += PLACE_WORDS) {
    const p = words.loadPlain(place);
    const bytes = words.loadPlain(place + 1);
    words.storePlain(place + 1, 0);
    if (p === 0) continue;
    if (bytes !== 0 && !isFilled(words, p, bytes / BYTES_PER_WORD, place)) {
      findings.wrong(`a dead worker's object of ${bytes} bytes at ${p} was written to by another`);
    }
    heap.kfreeAt(place);
    findings.objectsReturned++;
  }
}

export const OBJECTS: Scenario = {
  name: 'objects',
  summary: 'objects and blocks of pages of all sizes, with and without locks, until memory runs out',
  prepare: ({ heap, seats }) => {
    openPool(heap);
    return [heap.kmalloc(seats * TABLE_WORDS * BYTES_PER_WORD, __GFP_ZERO)];
  },
  operations: (stage, shared): Operation[] => {
    const table = tableOf(shared, stage.seat);
    const refusable = (act: () => void) => () => void stage.orRefused(act);
    return [
      { name: 'kmallocAt', weight: 30, run: refusable(() => allocAt(stage, table)) },
      { name: 'kfreeAt', weight: 30, run: () => freeAt(stage, table) },
      { name: 'kmalloc', weight: 6, run: () => takeObject(stage, (bytes) => stage.heap.kmalloc(bytes)) },
      { name: 'kfree', weight: 6, run: () => giveObject(stage, (p) => stage.heap.kfree(p)) },
      {
        name: 'kmallocNolock',
        weight: 4,
        run: () => takeObject(stage, (bytes) => stage.heap.kmallocNolock(bytes)),
      },
      { name: 'kfreeNolock', weight: 4, run: () => giveObject(stage, (p) => stage.heap.kfreeNolock(p)) },
      { name: 'allocPages', weight: 4, run: () => takePages(stage, (order) => stage.heap.allocPages(order)) },
      { name: 'freePages', weight: 4, run: () => givePages(stage, (p) => stage.heap.freePages(p)) },
      {
        name: 'allocPagesNolock',
        weight: 2,
        run: () => takePages(stage, (order) => stage.heap.allocPagesNolock(order)),
      },
      {
        name: 'freePagesNolock',
        weight: 2,
        run: () => givePages(stage, (p) => stage.heap.freePagesNolock(p)),
      },
      { name: 'mempool.alloc', weight: 4, run: () => takeElement(stage) },
      { name: 'mempool.free', weight: 4, run: () => giveElement(stage) },
      { name: 'exhaust', weight: 0.8, run: () => exhaust(stage, table) },
      { name: 'shrink', weight: 0.2, run: () => stage.heap.shrink() },
      { name: 'quiesce', weight: 2, run: () => stage.heap.quiesce() },
    ];
  },
  settle(main, shared, seat) {
    settleTable(main, tableOf(shared, seat));
  },
  finish(main, shared) {
    main.heap.kfree(shared[0]! as Address);
  },
};
