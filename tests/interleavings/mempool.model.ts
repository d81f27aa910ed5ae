/**
 * The mempool: no element is lost or handed out twice, and who waits for one is woken.
 *
 * The heap has nothing: what a thread has it has from the pool. Each writes its element plainly while it has it, and
 * reads it again before it gives it back: two threads with one element are a data race.
 *
 *     words 1 ..       elements, ELEMENT_WORDS each
 *     words RECORD ..  the pool's record
 */
import assert from 'node:assert/strict';
import { MEMPOOL, mempoolRecordWords } from '../../src/layout/mempool-record.js';
import { RawSpinLock } from '../../src/locks/raw-spin-lock.js';
import { ElementPool } from '../../src/pages/mempool.js';
import type { Words } from '../../src/words/words.js';
import { type Bounds, type Model, model, type Stage } from '../../tools/checker/model.js';

const ELEMENT_WORDS = 2;
const FIRST_ELEMENT = 2;
const RECORD = 32;
const ROUNDS = 50;
const FOR_EVER = Number.POSITIVE_INFINITY;

/** A thread of the model, and what it met. */
class Player {
  readonly words: Words;
  readonly pool: ElementPool;
  private readonly _tag: number;
  private readonly _clock: { nowMillis(): number };
  /** Elements that went back to the heap, which keeps them. */
  readonly freed: number[] = [];
  /** Elements that it still has at its end. */
  readonly kept: number[] = [];

  constructor({ words, host }: Stage, name: string, tag: number) {
    const lock = new RawSpinLock(words, RECORD + MEMPOOL.lock, tag, ROUNDS, 'mempool');
    this.words = words;
    this._tag = tag;
    this._clock = host(name);
    const heap = { free: (p: number) => void this.freed.push(p) };
    // For ever: who is not woken is in a deadlock, and does not look again by itself.
    this.pool = new ElementPool(words, RECORD, lock, heap, FOR_EVER);
  }

  /** Takes an element, sleeping until there is one. */
  take(): number {
    return this._use(this.pool.takeSync(() => 0, this._clock, FOR_EVER));
  }

  /** Takes an element if one is to be had at once. */
  takeNolock(): number {
    return this._use(this.pool.take(false));
  }

  put(p: number, maySpin = true): void {
    if (p === 0) return;
    assert.equal(this.words.loadPlain(p), this._tag, 'two threads have one element');
    this.pool.put(p, maySpin);
  }

  /** Gives back element `n`, which this thread has from before. */
  give(n: number): void {
    this.put(this._use(FIRST_ELEMENT + n * ELEMENT_WORDS), false);
  }

  private _use(p: number): number {
    if (p === 0) return 0;
    for (let word = 0; word < ELEMENT_WORDS; word++) this.words.storePlain(p + word, this._tag);
    return p;
  }
}

interface Players {
  readonly words: Words;
  readonly all: readonly Player[];
}

/** What the pool and the players have, in all: each of the elements once. */
function assertNoneLost({ words, all }: Players, elements: number): void {
  const found: number[] = [];
  const count = words.loadPlain(RECORD + MEMPOOL.elements);
  assert.ok(
    count >= 0 && count <= words.loadPlain(RECORD + MEMPOOL.minimum),
    `the pool has ${count} elements`,
  );
  for (let i = 0; i < count; i++) found.push(words.loadPlain(RECORD + MEMPOOL.objects + i));
  let deferred = words.loadPlain(RECORD + MEMPOOL.deferred);
  while (deferred !== 0 && found.length <= elements) {
    found.push(deferred);
    deferred = words.loadPlain(deferred);
  }
  for (const { freed, kept } of all) found.push(...freed, ...kept);
  const expected = Array.from({ length: elements }, (_, i) => FIRST_ELEMENT + i * ELEMENT_WORDS);
  assert.deepEqual(
    found.sort((a, b) => a - b),
    expected,
    'elements are lost, or there twice',
  );
  assert.equal(words.loadPlain(RECORD + MEMPOOL.lock), 0, 'the lock is still held');
}

interface PoolModel {
  readonly name: string;
  /** What the pool keeps. */
  readonly minimum: number;
  /** What it has when the threads start; what is missing has the last thread. */
  readonly elements: number;
  readonly threads: Readonly<Record<string, (player: Player) => void>>;
  /** Elements that there are. */
  readonly total?: number;
  readonly bounds?: Bounds;
  readonly nightly?: Bounds;
}

function poolModel({
  name,
  minimum,
  elements,
  threads,
  total = minimum,
  bounds,
  nightly,
}: PoolModel): Model<Players> {
  const names = Object.keys(threads);
  return model<Players>({
    name,
    lengthWords: RECORD + mempoolRecordWords(total),
    prepare: (words) => {
      words.storePlain(RECORD + MEMPOOL.minimum, minimum);
      words.storePlain(RECORD + MEMPOOL.elements, elements);
      for (let i = 0; i < elements; i++) {
        words.storePlain(RECORD + MEMPOOL.objects + i, FIRST_ELEMENT + i * ELEMENT_WORDS);
      }
    },
    setup: (stage) => ({
      words: stage.words,
      all: names.map((thread, i) => new Player(stage, thread, i + 1)),
    }),
    threads: Object.fromEntries(
      names.map((thread, i) => [thread, ({ all }: Players) => threads[thread]!(all[i]!)]),
    ),
    final: (players) => assertNoneLost(players, total),
    nameOf,
    ...(bounds === undefined ? {} : { bounds }),
    ...(nightly === undefined ? {} : { nightly }),
  });
}

function nameOf(index: number): string {
  if (index < RECORD) return `element ${Math.floor((index - FIRST_ELEMENT) / ELEMENT_WORDS)}`;
  const offset = index - RECORD;
  if (offset >= MEMPOOL.objects) return `objects[${offset - MEMPOOL.objects}]`;
  const field = Object.entries(MEMPOOL).find(([, at]) => at === offset);
  return `pool ${field?.[0] ?? offset}`;
}

export const waiterIsWoken = poolModel({
  name: 'of two threads that take the one element of a pool and give it back, each gets it, and is woken for it',
  minimum: 1,
  elements: 1,
  threads: {
    alpha: (player) => player.put(player.take()),
    beta: (player) => player.put(player.take()),
  },
});

export const threeForTwo = poolModel({
  name: 'of three threads that take one of two elements and give it back, each gets one, and no element is lost',
  minimum: 2,
  elements: 2,
  threads: {
    alpha: (player) => player.put(player.take()),
    beta: (player) => player.put(player.take()),
    gamma: (player) => player.put(player.take()),
  },
  bounds: { preemptions: 1 },
  nightly: { preemptions: 3 },
});

export const nolockLosesNothing = poolModel({
  name: 'what is given back by who may not spin, while others take and give back, is neither lost nor handed out twice',
  minimum: 2,
  elements: 2,
  threads: {
    alpha: (player) => player.put(player.take()),
    beta: (player) => {
      const first = player.takeNolock();
      const second = player.takeNolock();
      player.put(first, false);
      player.put(second, false);
    },
  },
  bounds: { preemptions: 3 },
});

/** Beta and gamma have the two elements when they start. */
export const defersTogether = poolModel({
  name: 'of what two threads give back at once while a third has the lock, nothing is lost',
  minimum: 2,
  elements: 0,
  threads: {
    alpha: (player) => player.put(player.take()),
    beta: (player) => player.give(0),
    gamma: (player) => player.give(1),
  },
  bounds: { preemptions: 2 },
});

export const wokenByNolock = poolModel({
  name: 'who waits gets what is given back by who may not spin, whatever lock is busy meanwhile',
  minimum: 1,
  elements: 1,
  threads: {
    alpha: (player) => player.put(player.take()),
    beta: (player) => player.put(player.takeNolock(), false),
    gamma: (player) => player.put(player.take(), false),
  },
  bounds: { preemptions: 2 },
  nightly: { preemptions: 3 },
});

/** Elements 0 and 1 are the pool's, and 2 is one that beta has from the heap. */
export const keepsItsMinimum = poolModel({
  name: 'a pool takes in what it lacks and no more: the rest goes back to the heap, also from the deferred list',
  minimum: 2,
  elements: 2,
  total: 3,
  threads: {
    alpha: (player) => player.put(player.take(), false),
    beta: (player) => {
      player.give(2);
      player.put(player.takeNolock());
    },
  },
});
