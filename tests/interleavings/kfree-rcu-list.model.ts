/**
 * kfreeRcu where no memory is left for a sheaf: objects wait on the list through their own RcuHeads, and what holds
 * of sheaves holds of them. Heads have no numbers of their own: a segment of the list has, and heads change segments.
 *
 *     WAIT        object 0, retired before grace period N started      waits for N, which runs
 *     NEXT_READY  object 1, retired while N ran                        waits for N + 1
 *     NEXT        object 2, retired by the thread of the model         waits for N + 1, or N + 2 when N + 1 runs
 */
import assert from 'node:assert/strict';
import { SLOT, TURN_OPEN } from '../../src/layout/thread-slot.js';
import { type Model, model } from '../../tools/checker/checker.js';
import type { Stage } from '../../tools/checker/model.js';
import {
  assertAllFreed,
  freedObjects,
  type ModelHeap,
  retiredObjectMemory,
} from './support/retired-objects.js';

interface Pair {
  readonly updater: ModelHeap;
  readonly reader: ModelHeap;
  /** What the reader has found in the turn that is open: two addresses, 0 for nothing. */
  readonly found0: number;
  readonly found1: number;
}

/** How many objects wait when the threads start; the next is the one that the updater retires. */
type Waiting = 0 | 1 | 2;

const PAIR = retiredObjectMemory({ threads: 2, objects: 4, pages: 8, isFull: true });
const PAIR_MEMORY = {
  lengthWords: PAIR.lengthWords,
  prepare: PAIR.prepare,
  nameOf: PAIR.nameOf,
  mayRace: PAIR.mayRace,
};

/** The reader is in a turn for which a grace period waits that runs, and so do the first objects. */
function beginPair(stage: Stage, waiting: Waiting): Pair {
  const updater = PAIR.wire(stage, 'updater', 0);
  const reader = PAIR.wire(stage, 'reader', 1);
  const found0 = reader.findObject(0);
  const found1 = reader.findObject(1);
  if (waiting === 0) updater.startGracePeriod();
  for (let n = 0; n < waiting; n++) {
    updater.retire(n);
    updater.drain();
  }
  return { updater, reader, found0, found1 };
}

function pairModel(name: string, waiting: Waiting): Model<Pair> {
  return model<Pair>({
    name,
    ...PAIR_MEMORY,
    setup: (stage) => beginPair(stage, waiting),
    threads: {
      updater: ({ updater }) => {
        updater.retire(waiting);
        updater.drain();
        updater.drain();
        updater.reuse(waiting + 1);
      },
      reader: ({ reader, found0, found1 }) => {
        reader.look(found0);
        reader.look(found1);
        reader.wiring().turn.quiesce();
        reader.read(waiting);
      },
    },
    final: ({ updater, reader }) => assertAllFreed([updater, reader], waiting + 1),
  });
}

export const keepsWhatAReaderFinds = pairModel(
  'an object that waits through its RcuHead stays until every reader that found it has ended its turn',
  0,
);

export const laterHeadsWaitLonger = pairModel(
  'a head queued while another waits for the running grace period waits for the next',
  1,
);

export const headsKeepTheirSegments = pairModel(
  'heads of all segments move on together, each with the grace period that it waits for',
  2,
);

export const laterHeadsHoldUpNobody = model<Pair>({
  name: 'a head whose grace period can end is freed, whatever was queued since and waits on',
  ...PAIR_MEMORY,
  setup: (stage) => beginPair(stage, 1),
  threads: {
    updater: ({ updater, reader }) => {
      const { words, geometry, membership } = reader.wiring();
      // Of the reader's objects only constants are used here: where its turn word lies, and what it was.
      const isOver = words.load(membership.start + SLOT.turn) !== ((membership.turn + TURN_OPEN) | 0);
      updater.retire(1);
      updater.drain();
      if (isOver)
        assert.ok(freedObjects(words, geometry) > 0, 'a head waits for a grace period that is not its own');
    },
    reader: ({ reader }) => {
      reader.wiring().turn.quiesce();
      reader.read(1);
    },
  },
  final: ({ updater, reader }) => assertAllFreed([updater, reader], 2),
});

const FAILING = retiredObjectMemory({ threads: 2, pages: 8 });

export const failsOver = model<Pair>({
  name: 'an object is freed once, and not too early, whichever allocation of a sheaf fails',
  lengthWords: FAILING.lengthWords,
  prepare: FAILING.prepare,
  nameOf: FAILING.nameOf,
  mayRace: FAILING.mayRace,
  setup: (stage) => {
    const updater = FAILING.wire(stage, 'updater', 0);
    const reader = FAILING.wire(stage, 'reader', 1);
    const found0 = reader.findObject(0);
    const found1 = reader.findObject(1);
    // The last sheaf for which no page is needed: the next takes one.
    updater.retire(0);
    updater.drain();
    return { updater, reader, found0, found1 };
  },
  threads: {
    updater: ({ updater }) => {
      updater.retire(1);
      updater.drain();
      updater.drain();
      updater.reuse(2);
    },
    reader: ({ reader, found0, found1 }) => {
      reader.look(found0);
      reader.look(found1);
      reader.wiring().turn.quiesce();
      reader.read(1);
    },
  },
  final: ({ updater, reader }) => assertAllFreed([updater, reader], 2),
  bounds: { failures: true },
});

interface Trio {
  readonly updater: ModelHeap;
  readonly reader: ModelHeap;
  readonly starter: ModelHeap;
}

const TRIO = retiredObjectMemory({ threads: 3, isFull: true });

export const othersDrive = model<Trio>({
  name: 'an object that waits through its RcuHead stays for its readers where another thread drives',
  lengthWords: TRIO.lengthWords,
  prepare: TRIO.prepare,
  nameOf: TRIO.nameOf,
  mayRace: TRIO.mayRace,
  setup: (stage) => {
    const trio = {
      updater: TRIO.wire(stage, 'updater', 0),
      reader: TRIO.wire(stage, 'reader', 1),
      starter: TRIO.wire(stage, 'starter', 2),
    };
    trio.reader.wiring().turn.pin();
    trio.starter.startGracePeriod();
    return trio;
  },
  threads: {
    updater: ({ updater }) => {
      updater.retire(1);
      updater.host.runMicrotasks();
      updater.reuse();
    },
    reader: ({ reader }) => {
      reader.wiring().turn.quiesce();
      reader.read(1);
    },
    starter: ({ starter }) => starter.startGracePeriod(),
  },
  final: ({ updater, reader, starter }) => assertAllFreed([updater, reader, starter], 1),
  bounds: { preemptions: 1 },
  // About 10 seconds.
  nightly: { preemptions: 2 },
});
