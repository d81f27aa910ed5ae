/**
 * kfreeRcu(): each seat has words that lead to objects, which its worker alone replaces and all read without a lock.
 *
 *     seat 0: word 0 word 1 .. word 15 fresh | seat 1: ..
 *
 * An object must be as it was written for as long as a reader that has found it is in its section. Where a thread dies in
 * heap.kfreeRcuAt() nothing is lost; where it does in the plain forms, one object may be.
 */
import { __GFP_ZERO, type Address } from '../../../src/index.js';
import { HANDS, SEAT } from '../control.js';
import { PUBLISHED_BYTES } from '../hand-kinds.js';
import { fill, isFilled } from '../pattern.js';
import type { Main, Operation, Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';

const WORDS_A_SEAT = 16;
/** Behind a seat's words: what its worker has made, and not published yet. */
const FRESH = WORDS_A_SEAT;
const SEAT_AREA = WORDS_A_SEAT + 1;
const BYTES_PER_WORD = 4;
const OBJECT_WORDS = PUBLISHED_BYTES / BYTES_PER_WORD;
/** Word of an object: what its pattern was made with. */
const SALT = 1;
/** Readers leave these two words alone. */
const HEAD_OFFSET = 2;
const HEAD_WORDS = 2;
const BODY = HEAD_OFFSET + HEAD_WORDS;
const [OLD] = HANDS.old;

function areaOf(shared: readonly number[], seat: number): number {
  return shared[0]! + seat * SEAT_AREA;
}

/** Its own address and its salt first: no object that was at this address before had the same. */
function publish(stage: Stage, area: number, word: number): void {
  const { heap, words, random } = stage;
  const salt = random.next() | 0;
  const fresh = area + FRESH;
  const p = heap.kmallocAt(fresh, PUBLISHED_BYTES);
  fill(words, p, OBJECT_WORDS, salt);
  words.storePlain(p, p);
  words.storePlain(p + SALT, salt);
  words.store(word, p);
  words.store(fresh, 0);
}

function isWhole(stage: Stage, p: number, salt: number): boolean {
  const { words } = stage;
  // What a word holds of an address: in a validating heap that has its turn above bit 32.
  return words.loadPlain(p) === (p | 0) && isFilled(words, p, OBJECT_WORDS, salt, BODY);
}

function replace(stage: Stage, area: number, retire: (word: number) => void): void {
  const { words, random } = stage;
  const word = area + random.below(WORDS_A_SEAT);
  if (words.loadPlain(word) !== 0) retire(word);
  stage.orRefused(() => publish(stage, area, word));
}

/** By a call that knows nothing of the word: where the thread dies in it, nobody knows whether it was freed. */
function retirePlainly(stage: Stage, word: number, free: (p: Address) => void): void {
  const { words } = stage;
  const old = words.loadPlain(word);
  stage.setOwn(SEAT.hands + OLD, old);
  words.store(word, 0);
  free(old as Address);
  stage.setOwn(SEAT.hands + OLD, 0);
}

function read(stage: Stage, shared: readonly number[]): void {
  const { words, random } = stage;
  const area = areaOf(shared, random.below(stage.seats));
  const p = words.dereference(area + random.below(WORDS_A_SEAT));
  if (p === 0) return;
  let pause = random.oneIn(8) ? random.below(10_000) : 10;
  const salt = words.loadPlain(p + SALT);
  if (!isWhole(stage, p, salt)) stage.wrong(`a reader found the object at ${p} freed, or half written`);
  while (--pause > 0) words.loadPlain(p);
  if (words.loadPlain(p + SALT) !== salt || !isWhole(stage, p, salt)) {
    stage.wrong(`the object at ${p} was freed under a reader`);
  }
  stage.count(SEAT.reads);
}

/** What the dead worker had made and perhaps not published, and what it was about to free. */
function settle({ heap, control, findings }: Main, shared: readonly number[], seat: number): void {
  const { words } = heap;
  const area = areaOf(shared, seat);
  const old = control.of(seat, SEAT.hands + OLD);
  let isPublished = false;
  let isOldThere = false;
  const fresh = words.loadPlain(area + FRESH);
  for (let word = area; word < area + WORDS_A_SEAT; word++) {
    const p = words.loadPlain(word);
    if (p !== 0 && p === fresh) isPublished = true;
    if (p !== 0 && p === old) isOldThere = true;
  }
  if (isPublished) words.store(area + FRESH, 0);
  else if (heap.kfreeAt(area + FRESH)) findings.objectsReturned++;
  control.set(seat, SEAT.hands + OLD, 0);
  if (old !== 0 && !isOldThere) findings.noteCutOff('published');
}

export const KFREE_RCU: Scenario = {
  name: 'kfree-rcu',
  summary: 'objects that all read without a lock, replaced and given to kfreeRcu() in all its forms',
  prepare: ({ heap, seats }) => [heap.kmalloc(seats * SEAT_AREA * BYTES_PER_WORD, __GFP_ZERO)],
  operations: (stage, shared): Operation[] => {
    const { heap } = stage;
    const area = areaOf(shared, stage.seat);
    const plainly = (free: (p: Address) => void) => () =>
      replace(stage, area, (word) => retirePlainly(stage, word, free));
    return [
      {
        name: 'kfreeRcuAt',
        weight: 20,
        run: () => replace(stage, area, (word) => heap.kfreeRcuAt(word, HEAD_OFFSET)),
      },
      { name: 'kfreeRcu', weight: 2, run: plainly((p) => heap.kfreeRcu(p, HEAD_OFFSET)) },
      { name: 'kfreeRcuBulk', weight: 1, run: plainly((p) => heap.kfreeRcuBulk([p], HEAD_OFFSET)) },
      { name: 'kfreeRcuMightsleep', weight: 1, run: plainly((p) => heap.kfreeRcuMightsleep(p)) },
      { name: 'read published', weight: 30, run: () => heap.rcu.read(() => read(stage, shared)) },
    ];
  },
  settle,
  finish({ heap, seats }, shared) {
    for (let i = 0; i < seats * SEAT_AREA; i++) heap.kfreeAt(shared[0]! + i);
    heap.kfree(shared[0]! as Address);
  },
};
