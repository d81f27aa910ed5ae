/**
 * Reclaim: an allocation that finds no memory gets what waits for a grace period, once readers are through with it,
 * and nothing that another thread has.
 *
 *     nothing is left but objects that wait: the allocation must seal, leave its turn, wait for the readers, free
 */
import assert from 'node:assert/strict';
import { reclaimFor } from '../../src/heap/reclaim.js';
import { GFP_NOWAIT } from '../../src/pages/gfp.js';
import { type Model, model } from '../../tools/checker/checker.js';
import type { Stage } from '../../tools/checker/model.js';
import {
  assertAllFreed,
  type ModelHeap,
  OBJECT_BYTES,
  retiredObjectMemory,
} from './support/retired-objects.js';

/** Allocates as collections do, in a turn that may be renewed; returns 0 where nothing is to be had. */
function allocHard(heap: ModelHeap): number {
  const parts = heap.wiring();
  parts.turn.spend();
  const alloc = (): number => parts.kmalloc.alloc(OBJECT_BYTES, GFP_NOWAIT);
  const p = alloc();
  return p !== 0 ? p : reclaimFor(parts, alloc);
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
