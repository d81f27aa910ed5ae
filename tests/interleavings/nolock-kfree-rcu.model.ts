/**
 * kfreeRcu in a thread that may neither wait nor spin, and the end of its turn: no object is freed before its readers
 * are through, none is lost, and no lock is waited for, neither by the call nor by what the end of a turn does.
 *
 *     alpha, may neither: kfreeRcu -> turn ends -> drive by trylock -> free what is done, a share of it
 *     beta: reads, retires, allocates, and drives as well
 */
import type { HeapParts } from '../../src/heap/heap-parts.js';
import { BACKLOG_SHEAVES } from '../../src/slab/done-frees.js';
import { type Model, model } from '../../tools/checker/model.js';
import { neverSpins } from './support/never-spins.js';
import {
  assertAllFreed,
  type ModelHeap,
  type RetiredObjectOptions,
  retiredObjectMemory,
  switchTurn,
} from './support/retired-objects.js';

interface Two {
  /** May neither wait nor spin. */
  readonly alpha: ModelHeap;
  readonly beta: ModelHeap;
}

/** From here on the thread is one that may neither wait nor spin. */
function enterWorklet({ context }: HeapParts): void {
  context.enterAtomic('an audio worklet');
}

interface Claim {
  readonly name: string;
  readonly heap: RetiredObjectOptions;
  /** Objects that are retired in all. */
  readonly retired: number;
  readonly preemptions?: number;
  readonly alpha: (alpha: ModelHeap) => void;
  readonly beta: (beta: ModelHeap) => void;
}

function workletModel(claim: Claim): Model<Two> {
  const { name, heap, retired, preemptions = 2, alpha: runAlpha, beta: runBeta } = claim;
  const memory = retiredObjectMemory({ threads: 2, ...heap });
  return model<Two>({
    name,
    lengthWords: memory.lengthWords,
    prepare: memory.prepare,
    nameOf: memory.nameOf,
    mayRace: memory.mayRace,
    setup: (stage) => {
      const alpha = memory.wire(stage, 'alpha', 0, neverSpins);
      enterWorklet(alpha.wiring());
      return { alpha, beta: memory.wire(stage, 'beta', 1) };
    },
    threads: {
      alpha: ({ alpha }) => runAlpha(alpha),
      beta: ({ beta }) => runBeta(beta),
    },
    final: ({ alpha, beta }) => assertAllFreed([alpha, beta], retired),
    bounds: { preemptions },
    nightly: { preemptions: preemptions + 1 },
  });
}

export const waitsForReaders = workletModel({
  name: 'what a thread retires that may neither wait nor spin stays for its readers, and is freed after them',
  heap: { pages: 6 },
  retired: 2,
  alpha: (alpha) => {
    alpha.retire(0);
    alpha.retire(1);
    alpha.drain();
    alpha.reuse(2);
  },
  beta: (beta) => {
    beta.read(0);
    beta.host.runMicrotasks();
    beta.reuse();
  },
});

export const drivesBesideAnother = workletModel({
  name: 'where two drive the grace periods at once, one of which may not spin, each object is freed once and not too early',
  heap: { pages: 6 },
  retired: 2,
  alpha: (alpha) => {
    alpha.read(1);
    alpha.retire(0);
    alpha.drain();
  },
  beta: (beta) => {
    beta.read(0);
    beta.retire(1);
    beta.drain();
  },
});

export const goesByItsHead = workletModel({
  name: 'where no sheaf is to be had, what is retired without spinning waits through its own head, and is freed',
  heap: { pages: 8, isFull: true },
  retired: 2,
  alpha: (alpha) => {
    alpha.retire(0);
    alpha.retire(1);
    alpha.drain();
  },
  beta: (beta) => {
    beta.read(1);
    beta.host.runMicrotasks();
    beta.reuse();
  },
});

export const carvesItsSheaves = workletModel({
  name: 'sheaves cut out of a page of the thread itself, without a lock, go round beside another that takes and returns some',
  heap: { pages: 8, pointerPageSource: 'thread-list', pageListFloor: 0 },
  retired: 2,
  preemptions: 1,
  alpha: (alpha) => {
    // So that its own list has a page.
    alpha.freePagesNolock(alpha.allocPagesNolock(0));
    alpha.retire(0);
    alpha.drain();
  },
  beta: (beta) => {
    beta.retire(1);
    beta.drain();
    beta.wiring().caches.shrink();
  },
});

/** As many as it takes for a backlog: its sheaves hold two each. */
const BACKLOG = 2 * (BACKLOG_SHEAVES + 1);
/** The slot of who is in a turn while that many are retired. */
const BUSY = 3;

/** The heap of a thread with so much waiting that it is about to leave it to others. */
const CROWDED = retiredObjectMemory({ threads: 4, pages: 32, sheafCapacity: 2 });

export const leavesItsBacklog = model<Two & { readonly heir: ModelHeap }>({
  name: 'where a thread that may not spin has too much waiting, others take it over: each object is freed once, after its readers',
  lengthWords: CROWDED.lengthWords,
  prepare: CROWDED.prepare,
  nameOf: CROWDED.nameOf,
  mayRace: CROWDED.mayRace,
  setup: (stage) => {
    const alpha = CROWDED.wire(stage, 'alpha', 0, neverSpins);
    const beta = CROWDED.wire(stage, 'beta', 1);
    enterWorklet(alpha.wiring());
    switchTurn(beta.wiring(), BUSY);
    for (let n = 0; n < BACKLOG; n++) alpha.retireOf(beta);
    // Has no thread of its own, and does nothing while the threads run.
    return { alpha, beta, heir: CROWDED.wire(stage, 'beta', 2) };
  },
  threads: {
    alpha: ({ alpha }) => {
      alpha.retire(0);
      alpha.host.runMicrotasks();
    },
    beta: ({ beta }) => {
      beta.read(0);
      beta.retire(1);
      beta.handOver();
    },
  },
  final: ({ alpha, heir }) => {
    switchTurn(heir.wiring(), BUSY);
    // A thread that may not spin frees one sheaf a turn.
    for (let round = 0; round < BACKLOG; round++) alpha.drain();
    assertAllFreed([heir, alpha], BACKLOG + 2);
  },
  bounds: { preemptions: 1 },
  nightly: { preemptions: 2 },
});
