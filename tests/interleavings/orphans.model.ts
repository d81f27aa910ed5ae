/**
 * Orphans: a thread leaves while what it freed still waits for a grace period, and whoever finds it goes on: nothing
 * is lost, nothing is freed twice, nothing too early.
 *
 *     leaver   -- posted a sheaf and a head -- detach(): orphans --X
 *     adopters                                    adopt ... wait anew ... free
 *
 * Where no grace period is to end while the threads run, somebody who takes no part is in a turn.
 *
 * A sheaf's wait starts again when it is adopted, though its old cookie would do: numbers mean the same in every
 * thread, and one that was taken after an object was unlinked stays so. A head has no number without the segment of
 * the list that it was on, so it must have a new one.
 */
import assert from 'node:assert/strict';
import { HEADER } from '../../src/layout/heap-header.js';
import { type Model, model } from '../../tools/checker/checker.js';
import type { Stage } from '../../tools/checker/model.js';
import {
  assertAllFreed,
  type ModelHeap,
  retiredObjectMemory,
  switchTurn,
} from './support/retired-objects.js';

interface Two {
  readonly alpha: ModelHeap;
  readonly beta: ModelHeap;
  /** Has left before the threads start, or is there at the end. */
  readonly third: ModelHeap;
}

const TWO = retiredObjectMemory({ threads: 4, pages: 8 });
const TWO_MEMORY = {
  lengthWords: TWO.lengthWords,
  prepare: TWO.prepare,
  nameOf: TWO.nameOf,
  mayRace: TWO.mayRace,
};
/** The slot of who is in a turn all the time. */
const BUSY = 3;

function beginTwo(stage: Stage): Two {
  const two = {
    alpha: TWO.wire(stage, 'alpha', 0),
    beta: TWO.wire(stage, 'beta', 1),
    // It has no thread of its own, and does nothing while the threads run.
    third: TWO.wire(stage, 'beta', 2),
  };
  switchTurn(two.third.wiring(), BUSY);
  return two;
}

/** Retires object `n` and a page: they lie in a sheaf in hand, and on the list. */
function post(heap: ModelHeap, n: number): void {
  heap.retire(n);
  heap.retireHead();
}

/** The third thread leaves a sheaf and a head. */
function leaveOrphans({ third }: Two): void {
  post(third, 1);
  third.host.runMicrotasks();
  third.detach();
}

function endTwo(staying: readonly ModelHeap[], posted: number): void {
  switchTurn(staying[0]!.wiring(), BUSY);
  assertAllFreed(staying, posted);
}

export const adoptsWhileAnotherLeaves = model<Two>({
  name: 'what a thread leaves while another takes orphans over is freed once, now or later',
  ...TWO_MEMORY,
  setup: (stage) => {
    const two = beginTwo(stage);
    leaveOrphans(two);
    post(two.alpha, 0);
    return two;
  },
  threads: {
    alpha: ({ alpha }) => alpha.handOver(),
    beta: ({ beta }) => beta.drain(),
  },
  final: ({ beta }) => endTwo([beta], 4),
});

export const twoLeaveAtOnce = model<Two>({
  name: 'what two threads leave at once adds up, and whoever comes next frees all of it',
  ...TWO_MEMORY,
  setup: (stage) => {
    const two = beginTwo(stage);
    post(two.alpha, 0);
    post(two.beta, 1);
    return two;
  },
  threads: {
    alpha: ({ alpha }) => alpha.handOver(),
    beta: ({ beta }) => beta.handOver(),
  },
  final: ({ third }) => {
    assert.equal(third.words.loadPlain(HEADER.orphanObjects), 4, 'orphans are not those that were left');
    endTwo([third], 4);
  },
});

export const twoAdoptAtOnce = model<Two>({
  name: 'where two threads look for orphans at once each orphan is taken over once',
  ...TWO_MEMORY,
  setup: (stage) => {
    const two = beginTwo(stage);
    leaveOrphans(two);
    return two;
  },
  threads: {
    alpha: ({ alpha }) => alpha.drain(),
    beta: ({ beta }) => beta.drain(),
  },
  final: ({ alpha, beta }) => endTwo([alpha, beta], 2),
});

interface Adoption {
  readonly reader: ModelHeap;
  readonly adopter: ModelHeap;
  /** What the reader has found in the turn that is open. */
  readonly found: number;
}

/**
 * A reader has found an object when a thread retires it and leaves. A grace period runs then that does not wait
 * for the reader, whose turn began after its start, and that nothing holds up any more.
 */
function adoptionModel(name: string, isFull: boolean): Model<Adoption> {
  const memory = retiredObjectMemory({ threads: 4, pages: 8, isFull });

  function setup(stage: Stage): Adoption {
    const reader = memory.wire(stage, 'reader', 1);
    const adopter = memory.wire(stage, 'adopter', 2);
    // Has left before the threads start.
    const leaver = memory.wire(stage, 'adopter', 0);
    switchTurn(adopter.wiring(), BUSY);
    adopter.startGracePeriod();
    const found = reader.findObject(0);
    leaver.retire(0);
    leaver.host.runMicrotasks();
    leaver.detach();
    switchTurn(adopter.wiring(), BUSY);
    return { reader, adopter, found };
  }

  return model<Adoption>({
    name,
    lengthWords: memory.lengthWords,
    prepare: memory.prepare,
    nameOf: memory.nameOf,
    mayRace: memory.mayRace,
    setup,
    threads: {
      reader: ({ reader, found }) => reader.look(found),
      adopter: ({ adopter }) => {
        adopter.drain();
        adopter.drain();
        adopter.reuse();
      },
    },
    final: ({ reader, adopter }) => assertAllFreed([adopter, reader], 1),
  });
}

export const adoptedSheafWaits = adoptionModel(
  'a sheaf that was taken over stays until a reader that found what is in it has ended its turn',
  false,
);

export const adoptedHeadWaits = adoptionModel(
  'a head that was taken over stays until a reader that found its object has ended its turn',
  true,
);

interface Leaving {
  readonly leaver: ModelHeap;
  readonly reader: ModelHeap;
  readonly adopter: ModelHeap;
}

/** A thread retires an object and leaves, a reader finds it or not, another thread takes it over: all at once. */
function leavingModel(name: string, isFull: boolean): Model<Leaving> {
  const memory = retiredObjectMemory({ threads: 3, pages: 8, isFull });
  return model<Leaving>({
    name,
    lengthWords: memory.lengthWords,
    prepare: memory.prepare,
    nameOf: memory.nameOf,
    mayRace: memory.mayRace,
    setup: (stage) => ({
      leaver: memory.wire(stage, 'leaver', 0),
      reader: memory.wire(stage, 'reader', 1),
      adopter: memory.wire(stage, 'adopter', 2),
    }),
    threads: {
      leaver: ({ leaver }) => {
        leaver.retire(1);
        leaver.handOver();
      },
      reader: ({ reader }) => reader.read(1),
      adopter: ({ adopter }) => {
        adopter.drain();
        adopter.reuse();
      },
    },
    final: ({ reader, adopter }) => assertAllFreed([adopter, reader], 1),
    bounds: { preemptions: 2 },
    // About 10 seconds.
    nightly: { preemptions: 3 },
  });
}

export const sheafOfALeaverWaits = leavingModel(
  'an object in the sheaf of a thread that leaves stays for its readers, whoever takes it over',
  false,
);

export const headOfALeaverWaits = leavingModel(
  'an object on the list of a thread that leaves stays for its readers, whoever takes it over',
  true,
);
