/**
 * A lock that is not to be had at all, at every place where an operation takes one: its owner is dead, and nobody has heard
 * of it. The operation ends in LockTimeoutError, or goes on without, as all do that give something back; and when the lock is
 * free again nothing is lost, no slab and no sheaf is in nobody's hands, and the same operation works.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { __GFP_ZERO, Heap, LockTimeoutError, type Mempool } from '../../src/index.js';
import type { Address } from '../../src/words/units.js';
import type { Words } from '../../src/words/words.js';
import { assertBalanced } from '../support/balanced.js';
import { FakeHost } from '../support/fake-host.js';
import { partsOf, plainHeapsOnly } from '../support/stage.js';

plainHeapsOnly();

/** An owner tag of a slot that nobody has. */
const FOREIGN_TAG = 250;
const BYTES = 64;
const COUNT = 24;
const ORDERS = [0, 1, 0, 1, 2, 4];
/** Objects, a block that thread lists keep, one that they do not. */
const PLACED_BYTES = [64, 200, 64, 12_288, 65_536, 64];
const GROUP = 'tenant';
const MAP = 'map';

interface Scene {
  readonly heap: Heap;
  readonly host: FakeHost;
  /** What the user has, in variables. */
  readonly own: Address[];
  /** Words that lead to memory, or hold NONE. */
  readonly places: readonly number[];
}

interface Operation {
  readonly name: string;
  /** Gives something back: that never fails for want of a lock. */
  readonly isGiving?: true;
  /** What comes before, while all locks are to be had. */
  prepare?(scene: Scene): void;
  run(scene: Scene): void;
}

function take({ heap, own }: Scene, count = COUNT): void {
  for (let i = 0; i < count; i++) own.push(heap.kmalloc(BYTES));
}

/** Where this throws, the object is still its user's. */
function give({ own }: Scene, free: (p: Address) => void, count = COUNT): void {
  for (let left = Math.min(count, own.length); left > 0; left--) {
    free(own.at(-1)!);
    own.pop();
  }
}

function takePages({ heap, own }: Scene): void {
  for (const order of ORDERS) own.push(heap.allocPages(order));
}

function fillPlaces({ heap, places }: Scene): void {
  for (const [i, place] of places.entries()) {
    if (heap.words.loadPlain(place) === 0) heap.kmallocAt(place, PLACED_BYTES[i % PLACED_BYTES.length]!);
  }
}

function queueCallback({ heap }: Scene): void {
  const id = heap.rcu.register('frees', (head) => heap.kfree(head));
  for (let i = 0; i < COUNT; i++) {
    const p = heap.kmalloc(BYTES);
    heap.rcu.call(p, id);
  }
}

const OPERATIONS: readonly Operation[] = [
  { name: 'kmalloc()', run: (scene) => take(scene) },
  { name: 'kfree()', isGiving: true, run: (scene) => give(scene, (p) => scene.heap.kfree(p)) },
  { name: 'shrink()', run: ({ heap }) => void heap.shrink() },
  { name: 'allocPages()', run: takePages },
  {
    name: 'freePages()',
    isGiving: true,
    prepare: takePages,
    run: (scene) => give(scene, (p) => scene.heap.freePages(p), ORDERS.length),
  },
  { name: 'kmallocAt()', run: fillPlaces },
  {
    name: 'kfreeAt()',
    isGiving: true,
    prepare: fillPlaces,
    run: ({ heap, places }) => {
      for (const place of places) heap.kfreeAt(place);
    },
  },
  {
    name: 'kfreeRcuAt(), and what comes of it',
    isGiving: true,
    prepare: fillPlaces,
    run: (scene) => {
      for (const place of scene.places) scene.heap.kfreeRcuAt(place);
      goOn(scene);
    },
  },
  {
    name: 'kfreeRcu(), and what comes of it',
    isGiving: true,
    prepare: takePages,
    run: (scene) => {
      give(scene, (p) => scene.heap.kfreeRcu(p), COUNT + ORDERS.length);
      goOn(scene);
    },
  },
  { name: 'callbacks that free', isGiving: true, prepare: queueCallback, run: goOn },
  {
    name: 'kmalloc() of a group',
    run: ({ heap, own }) => {
      for (let i = 0; i < COUNT; i++) own.push(heap.group(GROUP).kmalloc(BYTES));
    },
  },
  {
    name: 'kfree() of what a group pays for',
    isGiving: true,
    prepare: ({ heap, own }) => {
      for (let i = 0; i < COUNT; i++) own.push(heap.group(GROUP).kmalloc(BYTES));
    },
    run: (scene) => give(scene, (p) => scene.heap.kfree(p)),
  },
  {
    name: 'map.set()',
    run: ({ heap }) => {
      for (let i = 0; i < COUNT; i++) heap.map(MAP).set(`key ${i}`, 'v'.repeat(20 * i));
    },
  },
  {
    name: 'map.delete()',
    prepare: fillMap,
    run: (scene) => {
      for (let i = 0; i < COUNT; i++) scene.heap.map(MAP).delete(`key ${i}`);
      goOn(scene);
    },
  },
  {
    name: 'map.clear()',
    prepare: fillMap,
    run: (scene) => {
      scene.heap.map(MAP).clear();
      goOn(scene);
    },
  },
  {
    name: 'free() of a mempool',
    isGiving: true,
    prepare: ({ heap, own }) => {
      const pool = poolOf(heap);
      for (let i = 0; i < 6; i++) own.push(pool.alloc());
    },
    run: (scene) => give(scene, (p) => poolOf(scene.heap).free(p), 6),
  },
];

function fillMap({ heap }: Scene): void {
  for (let i = 0; i < COUNT; i++) heap.map(MAP).set(`key ${i}`, 'v'.repeat(20 * i));
}

function poolOf(heap: Heap): Mempool {
  return heap.mempool('pool', 4, { bytes: BYTES });
}

/** The turn ends, grace periods pass, and what has waited for them is freed. */
function goOn({ host }: Scene): void {
  for (let i = 0; i < 4; i++) {
    host.runMicrotasks();
    host.advance(100);
  }
}

/**
 * From its n-th try on a raw lock is somebody else's: the one that this thread takes then.
 * Returns false where there were fewer tries.
 */
function whileNthIsLocked(heap: Heap, n: number, act: () => void): boolean {
  const { words, ownerTag } = partsOf(heap);
  const { compareExchange } = words;
  let left = n;
  let locked = 0;
  words.compareExchange = (word, expected, value) => {
    if (locked === 0 && expected === 0 && value === ownerTag && left-- === 0) {
      locked = word;
      words.store(word, FOREIGN_TAG);
    }
    return compareExchange.call(words, word, expected, value);
  };
  try {
    act();
  } finally {
    delete (words as Partial<Words>).compareExchange;
    if (locked !== 0) words.store(locked, 0);
  }
  return locked !== 0;
}

function begin(): Scene {
  const sizes = { sheafCapacity: 3, barnSheaves: 1, minPartialSlabs: 0, pageListHigh: 4, pageListBatch: 2 };
  const options = { ...sizes, pages: 300, threads: 2, maxCaches: 140, minFreePages: 0, spinRounds: 40 };
  const host = new FakeHost();
  const heap = Heap.create(options, { host });
  // All that has a name: names are made before.
  heap.group(GROUP);
  fillMap({ heap, host, own: [], places: [] });
  heap.map(MAP).clear();
  poolOf(heap);
  const table = heap.kmalloc(PLACED_BYTES.length * 4, __GFP_ZERO);
  const scene = { heap, host, own: [] as Address[], places: PLACED_BYTES.map((_, i) => table + i) };
  take(scene, 2 * COUNT);
  give(scene, (p) => heap.kfree(p));
  goOn(scene);
  return scene;
}

/** What is held, in variables or by words. */
function heldIn({ heap, own, places }: Scene): number[] {
  return [places[0]!, ...own, ...places.map((place) => heap.words.loadPlain(place)).filter((p) => p !== 0)];
}

/** Gives back all that is held: nothing is in use then but what names lead to. */
function end(scene: Scene): void {
  const { heap, own, places } = scene;
  for (const p of own.splice(0)) heap.kfree(p);
  for (const place of places) heap.kfreeAt(place);
  heap.map(MAP).clear();
  goOn(scene);
  heap.shrink();
  assertBalanced(heap, [places[0]!]);
  assert.equal(heap.group(GROUP).stats().usageBytes, 0, 'something is charged for nothing');
}

/** Runs the operation while its n-th lock is not to be had. Returns false where it takes fewer. */
function tryWithout(n: number, { isGiving, prepare, run }: Operation): boolean {
  const scene = begin();
  prepare?.(scene);
  const isLocked = whileNthIsLocked(scene.heap, n, () => {
    try {
      run(scene);
    } catch (error) {
      if (isGiving || !(error instanceof LockTimeoutError)) throw error;
    }
  });
  goOn(scene);
  assertBalanced(scene.heap, heldIn(scene));
  prepare?.(scene);
  run(scene);
  end(scene);
  return isLocked;
}

for (const operation of OPERATIONS) {
  test(`${operation.name}, for which a lock is not to be had, loses nothing`, () => {
    let n = 0;
    try {
      while (tryWithout(n, operation)) n++;
    } catch (error) {
      throw new Error(`lock ${n} not to be had: ${(error as Error).stack}`, { cause: error });
    }
    assert.ok(n > 1, `it takes ${n} locks`);
  });
}
