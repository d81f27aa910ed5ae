/**
 * Reclaim: an allocation that finds no memory gets what waits for a grace period, once readers are through with it,
 * and nothing that another thread has.
 *
 *     nothing is left but objects that wait: the allocation must seal, leave its turn, wait for the readers, free
 */

import assert from 'node:assert/strict';
import type { HeapParts } from '../../src/heap/heap-parts.js';
import { reclaimFor } from '../../src/heap/reclaim.js';
import { CACHE, CACHE_WORDS } from '../../src/layout/cache-record.js';
import { GFP_KERNEL, GFP_NOWAIT } from '../../src/pages/gfp.js';
import { type Model, model } from '../../tools/checker/checker.js';
import type { Stage } from '../../tools/checker/model.js';
import { reclaimersOf } from '../support/reclaiming.js';
import { heapModelMemory } from './support/heap-stage.js';
import { neverSpins } from './support/never-spins.js';
import { assertPagesAccounted } from './support/page-tally.js';
import {
  assertAllFreed,
  type ModelHeap,
  OBJECT_BYTES,
  retiredObjectMemory,
} from './support/retired-objects.js';
import { isLookedAtUnlocked } from './support/unlocked-looks.js';

/** Allocates as collections do, in a turn that may be renewed; returns 0 where nothing is to be had. */
function allocHard(heap: ModelHeap): number {
  const parts = heap.wiring();
  parts.turn.spend();
  const alloc = (): number => parts.kmalloc.alloc(OBJECT_BYTES, GFP_NOWAIT);
  const p = alloc();
  return p !== 0 ? p : reclaimFor(parts, GFP_KERNEL, alloc);
}

interface Pair {
  readonly allocator: ModelHeap;
  readonly reader: ModelHeap;
  /** What the reader has found in the turn that is open. */
  readonly found: number;
}

/** The allocator has retired an object that a reader has found; nothing else is left. */
function pairModel(name: string, memory: ReturnType<typeof retiredObjectMemory>): Model<Pair> {
  function setup(stage: Stage): Pair {
    const allocator = memory.wire(stage, 'allocator', 0);
    const reader = memory.wire(stage, 'reader', 1);
    const found = reader.findObject(0);
    allocator.retire(0);
    allocator.host.runMicrotasks();
    return { allocator, reader, found };
  }

  return model<Pair>({
    name,
    lengthWords: memory.lengthWords,
    prepare: memory.prepare,
    nameOf: memory.nameOf,
    mayRace: memory.mayRace,
    setup,
    threads: {
      allocator: ({ allocator }) => {
        const p = allocHard(allocator);
        assert.notEqual(p, 0, 'an allocation failed though memory was to come');
        allocator.use(p);
      },
      reader: ({ reader, found }) => reader.look(found),
    },
    final: ({ allocator, reader }) => assertAllFreed([allocator, reader], 1),
  });
}

export const getsWhatLiesInASheaf = pairModel(
  'an allocation that finds nothing gets what lies in its rcu sheaf, after the readers',
  // The objects and their slabs take two pages, the main sheaf and the rcu sheaf one.
  retiredObjectMemory({ threads: 2, objects: 4, pages: 3 }),
);

export const getsWhatIsOnTheList = pairModel(
  'an allocation that finds nothing gets what waits through its RcuHead, after the readers',
  retiredObjectMemory({ threads: 2, objects: 4, pages: 8, isFull: true }),
);

interface Two {
  readonly alpha: ModelHeap;
  readonly beta: ModelHeap;
}

const TWO = retiredObjectMemory({ threads: 2, objects: 4, pages: 8, isFull: true });

export const othersFreeAndAllocate = model<Two>({
  name: 'an allocation that finds nothing, and one of a thread that frees meanwhile, never get the same memory',
  lengthWords: TWO.lengthWords,
  prepare: TWO.prepare,
  nameOf: TWO.nameOf,
  mayRace: TWO.mayRace,
  setup: (stage) => {
    const alpha = TWO.wire(stage, 'alpha', 0);
    const beta = TWO.wire(stage, 'beta', 1);
    // Beta's turn holds up what alpha has retired.
    beta.wiring().turn.pin();
    alpha.retire(0);
    alpha.host.runMicrotasks();
    return { alpha, beta };
  },
  threads: {
    alpha: ({ alpha }) => {
      const p = allocHard(alpha);
      if (p !== 0) alpha.use(p);
    },
    beta: ({ beta }) => {
      beta.retire(1);
      beta.host.runMicrotasks();
      beta.reuse();
    },
  },
  final: ({ alpha, beta }) => assertAllFreed([alpha, beta], 2),
  // Some 8 seconds.
  bounds: { preemptions: 2 },
});

/** Objects of this size have slabs of one page. */
const KEPT_BYTES = 1024;
const BOTH = heapModelMemory({ pages: 4, pageListHigh: 2 });

interface Reclaiming {
  readonly alpha: HeapParts;
  readonly beta: HeapParts;
  /** What each has got. */
  readonly pages: number[];
}

function allocPageHard(parts: HeapParts, order = 0): number {
  const { turn, pages } = parts;
  turn.pin();
  const alloc = (): number => pages.allocPages(order, GFP_KERNEL);
  const p = alloc();
  return p !== 0 ? p : reclaimFor(parts, GFP_KERNEL, alloc);
}

/** The heap has nothing but one slab without an object in use, which its cache keeps. */
export const oneOfTwoGetsIt = model<Reclaiming>({
  name: 'the one page that reclaim can bring goes to one of two threads that reclaim at once, never to none or both',
  lengthWords: BOTH.lengthWords,
  prepare: (words) =>
    BOTH.prepare(words, ([alpha]) => {
      const { kmalloc, caches, pages } = alpha!;
      kmalloc.free(kmalloc.alloc(KEPT_BYTES, GFP_NOWAIT));
      caches.flush();
      while (pages.allocPages(0, GFP_NOWAIT) !== 0);
    }),
  nameOf: BOTH.nameOf,
  mayRace: (index) => isLookedAtUnlocked(BOTH.geometry, index) || isSlabCount(index),
  setup: (stage) => ({
    alpha: BOTH.wire(stage, 'alpha', 0),
    beta: BOTH.wire(stage, 'beta', 1),
    pages: [],
  }),
  threads: {
    alpha: ({ alpha, pages }) => {
      pages[0] = allocPageHard(alpha);
    },
    beta: ({ beta, pages }) => {
      pages[1] = allocPageHard(beta);
    },
  },
  final: ({ alpha, pages }) => {
    const got = pages.filter((p) => p !== 0);
    assert.equal(got.length, 1, `the threads have ${pages}`);
    const { words, geometry } = alpha;
    assert.deepEqual(reclaimersOf(words, geometry), [], 'somebody still reclaims');
    assertPagesAccounted(words, geometry, geometry.totalPages - geometry.firstPage);
  },
  bounds: { preemptions: 2 },
  nightly: { preemptions: 3 },
});

/** Larger than what threads keep on lists of their own. */
const ORDER = 4;
const BLOCK = heapModelMemory({ pages: 30 });
let block = 0;

export const getsWhatIsDeferred = model<Reclaiming>({
  name: 'an allocation that reclaims gets the block that another frees without spinning, or the next allocation does',
  lengthWords: BLOCK.lengthWords,
  prepare: (words) =>
    BLOCK.prepare(words, ([alpha]) => {
      block = alpha!.pages.allocPages(ORDER, GFP_NOWAIT);
      assert.equal(alpha!.pages.allocPages(ORDER, GFP_NOWAIT), 0, 'the heap has one block');
    }),
  nameOf: BLOCK.nameOf,
  mayRace: (index) => isLookedAtUnlocked(BLOCK.geometry, index) || isSlabCount(index, BLOCK.geometry),
  setup: (stage) => ({
    alpha: BLOCK.wire(stage, 'alpha', 0),
    beta: BLOCK.wire(stage, 'beta', 1, neverSpins),
    pages: [],
  }),
  threads: {
    alpha: ({ alpha, pages }) => {
      pages[0] = allocPageHard(alpha, ORDER);
    },
    beta: ({ beta }) => beta.pages.freePagesNolock(block),
  },
  final: ({ alpha, pages }) => {
    const { words, geometry } = alpha;
    assert.deepEqual(reclaimersOf(words, geometry), [], 'somebody still reclaims');
    const [got] = pages;
    const next = alpha.pages.allocPages(ORDER, GFP_NOWAIT);
    assert.deepEqual([got, next].sort(), [0, block].sort(), `alpha has ${got}, and then ${next}`);
    assertPagesAccounted(words, geometry, 1 << ORDER);
  },
  bounds: { preemptions: 2 },
  nightly: { preemptions: 3 },
});

/** Slabs of one page with two objects, and nothing else: the heap is full. */
const OBJECTS = heapModelMemory({ pages: 8, sheafCapacity: 1, barnSheaves: 0, pageListHigh: 2 });
const objects: number[] = [];

export const getsDeferredObjects = model<Reclaiming>({
  name: 'an allocation that reclaims gets the object that another frees without spinning, or the next allocation does',
  lengthWords: OBJECTS.lengthWords,
  prepare: (words) =>
    OBJECTS.prepare(words, ([, beta]) => {
      const { kmalloc, pages } = beta!;
      objects.length = 0;
      for (let i = 0; i < 4; i++) objects.push(kmalloc.alloc(KEPT_BYTES, GFP_NOWAIT));
      // Its sheaves are full: what comes next goes to the slabs.
      kmalloc.free(objects[0]!);
      kmalloc.free(objects[1]!);
      while (pages.allocPages(0, GFP_NOWAIT) !== 0);
    }),
  nameOf: OBJECTS.nameOf,
  mayRace: (index) => isLookedAtUnlocked(OBJECTS.geometry, index) || isSlabCount(index, OBJECTS.geometry),
  setup: (stage) => ({
    alpha: OBJECTS.wire(stage, 'alpha', 0),
    beta: OBJECTS.wire(stage, 'beta', 1, neverSpins),
    pages: [],
  }),
  threads: {
    alpha: ({ alpha, pages }) => {
      const { turn, kmalloc } = alpha;
      turn.pin();
      const alloc = (): number => kmalloc.alloc(KEPT_BYTES, GFP_NOWAIT);
      const p = alloc();
      pages[0] = p !== 0 ? p : reclaimFor(alpha, GFP_KERNEL, alloc);
    },
    beta: ({ beta }) => {
      beta.turn.pin();
      beta.kmalloc.freeNolock(objects[2]!);
    },
  },
  final: ({ alpha, pages: [got] }) => {
    assert.deepEqual(reclaimersOf(alpha.words, alpha.geometry), [], 'somebody still reclaims');
    const next = alpha.kmalloc.alloc(KEPT_BYTES, GFP_NOWAIT);
    assert.deepEqual([got, next].sort(), [0, objects[2]].sort(), `alpha has ${got}, and then ${next}`);
  },
  bounds: { preemptions: 2 },
  nightly: { preemptions: 3 },
});

/** Counts of slabs are looked at without the lock by who asks what could be given back. */
function isSlabCount(index: number, { cachesStart, maxCaches } = BOTH.geometry): boolean {
  const offset = index - cachesStart;
  return offset >= 0 && offset < maxCaches * CACHE_WORDS && offset % CACHE_WORDS === CACHE.emptySlabs;
}
