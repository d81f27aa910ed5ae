/**
 * A lock that is not to be had at all, at every place where an operation takes one: its owner is dead, and nobody has heard
 * of it. The operation ends in LockTimeoutError, or goes on without; and when the lock is free again nothing is lost, no slab
 * and no sheaf is in nobody's hands, and the same operation works.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Heap, LockTimeoutError } from '../../src/index.js';
import { CACHE } from '../../src/layout/cache-record.js';
import { cacheStart, zoneStart } from '../../src/layout/heap-layout.js';
import { ZONE } from '../../src/layout/zone-record.js';
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

interface Scene {
  readonly heap: Heap;
  readonly host: FakeHost;
  readonly own: Address[];
}

interface Operation {
  readonly name: string;
  run(scene: Scene): void;
}

function take({ heap, own }: Scene, count = COUNT): void {
  for (let i = 0; i < count; i++) own.push(heap.kmalloc(BYTES));
}

function give({ heap, own }: Scene, count = COUNT): void {
  for (let left = Math.min(count, own.length); left > 0; left--) {
    // Where this throws, the object is still its user's.
    heap.kfree(own.at(-1)!);
    own.pop();
  }
}

const OPERATIONS: readonly Operation[] = [
  { name: 'kmalloc()', run: (scene) => take(scene) },
  { name: 'kfree()', run: (scene) => give(scene) },
  { name: 'shrink()', run: ({ heap }) => void heap.shrink() },
  {
    name: 'freePages()',
    run: ({ heap, own }) => {
      for (let i = 0; i < 6; i++) own.push(heap.allocPages(i % 2));
      for (let i = 0; i < 6; i++) {
        heap.freePages(own.at(-1)!);
        own.pop();
      }
    },
  },
  {
    name: 'kfreeRcu() of objects, and what comes of it',
    run: (scene) => {
      const { heap, own } = scene;
      for (let left = Math.min(COUNT, own.length); left > 0; left--) {
        heap.kfreeRcu(own.at(-1)!);
        own.pop();
      }
      goOn(scene);
    },
  },
  {
    name: 'kfreeRcu() of blocks, and what comes of it',
    run: (scene) => {
      const { heap, own } = scene;
      for (let i = 0; i < 4; i++) {
        own.push(heap.allocPages(i));
        heap.kfreeRcu(own.at(-1)!);
        own.pop();
      }
      own.push(heap.allocPages(4));
      heap.kfreeRcu(own.at(-1)!);
      own.pop();
      goOn(scene);
    },
  },
];

/** The turn ends, grace periods pass, and what has waited for them is freed. */
function goOn({ host }: Scene): void {
  for (let i = 0; i < 4; i++) {
    host.runMicrotasks();
    host.advance(100);
  }
}

/** Locks of zones and caches. */
function locksOf(heap: Heap): Set<number> {
  const { geometry, caches } = partsOf(heap);
  const locks = new Set<number>();
  for (let zone = 0; zone < geometry.zones; zone++) locks.add(zoneStart(geometry, zone) + ZONE.lock);
  for (let id = 0; id < caches.used(); id++) {
    for (const lock of [CACHE.listLock, CACHE.barnLock]) locks.add(cacheStart(geometry, id) + lock);
  }
  return locks;
}

/** From its n-th try on a lock is somebody else's: the one that is tried then. Returns that, 0 where there were less tries. */
function whileNthIsLocked(words: Words, locks: ReadonlySet<number>, n: number, act: () => void): number {
  const { compareExchange } = words;
  let left = n;
  let locked = 0;
  words.compareExchange = (word, expected, value) => {
    if (locked === 0 && expected === 0 && locks.has(word) && left-- === 0) {
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
  return locked;
}

function begin(): Scene {
  const sizes = { sheafCapacity: 3, barnSheaves: 1, minPartialSlabs: 0, pageListHigh: 4, pageListBatch: 2 };
  const options = { ...sizes, pages: 96, threads: 2, maxCaches: 70, minFreePages: 0, spinRounds: 40 };
  const host = new FakeHost();
  const scene = { heap: Heap.create(options, { host }), host, own: [] };
  take(scene, 2 * COUNT);
  give(scene);
  return scene;
}

for (const { name, run } of OPERATIONS) {
  test(`${name}, for which a lock is not to be had, loses nothing`, () => {
    let isLocked = true;
    let n = 0;
    for (; isLocked; n++) {
      const scene = begin();
      const { heap, own } = scene;
      const { words } = partsOf(heap);
      isLocked =
        whileNthIsLocked(words, locksOf(heap), n, () => {
          try {
            run(scene);
          } catch (error) {
            if (!(error instanceof LockTimeoutError)) throw error;
          }
        }) !== 0;
      try {
        goOn(scene);
        assertBalanced(heap, own);
        run(scene);
        for (const p of own.splice(0)) heap.kfree(p);
        goOn(scene);
        heap.shrink();
        const { pages } = assertBalanced(heap);
        assert.equal(pages.allocated + pages.slab, 0, 'pages are in use');
      } catch (error) {
        throw new Error(`lock ${n} not to be had: ${String(error)}`, { cause: error });
      }
    }
    assert.ok(n > 3, `it takes ${n} locks`);
  });
}
