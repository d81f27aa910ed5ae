/**
 * kfreeRcu through sheaves: nothing that a reader may see is used again. A grace period that runs already when a
 * sheaf is sealed did not wait for the readers that came after its start: the kernel freed too early by counting on
 * it, in 2023 (kvfree_rcu: a batch attached to a running grace period).
 *
 *     reader   ---- turn 1 ----|---- turn 2: finds the object ... reads it ----|
 *     updater    grace period N starts here; unlinks, posts, seals: waits for N + 1, not for N; frees; uses again
 *
 * That taking a cookie is a read-modify-write, and not a load, matters only where memory is weaker than an
 * interleaving of steps: these models say nothing of it (docs/memory-model.md does).
 */
import { type Model, model } from '../../tools/checker/checker.js';
import type { Stage } from '../../tools/checker/model.js';
import { assertAllFreed, type ModelHeap, retiredObjectMemory } from './support/retired-objects.js';

interface Pair {
  readonly updater: ModelHeap;
  readonly reader: ModelHeap;
  /** Objects that the updater retires in all. */
  readonly posted: number;
}

const PAIR = retiredObjectMemory({ threads: 2 });
const PAIR_MEMORY = {
  lengthWords: PAIR.lengthWords,
  prepare: PAIR.prepare,
  nameOf: PAIR.nameOf,
  mayRace: PAIR.mayRace,
};

/** The reader is in a turn, nothing was posted. */
function beginPair(stage: Stage): Omit<Pair, 'posted'> {
  const updater = PAIR.wire(stage, 'updater', 0);
  const reader = PAIR.wire(stage, 'reader', 1);
  reader.wiring().turn.pin();
  return { updater, reader };
}

/** Retires object 1 under the eyes of a reader that begins a new turn, and uses the memory again. */
function pairModel(name: string, setup: (stage: Stage) => Pair): Model<Pair> {
  return model<Pair>({
    name,
    ...PAIR_MEMORY,
    setup,
    threads: {
      updater: ({ updater }) => {
        updater.retire(1);
        updater.drain();
        updater.drain();
        updater.reuse(2);
      },
      reader: ({ reader }) => {
        reader.wiring().turn.quiesce();
        reader.read(1);
      },
    },
    final: ({ updater, reader, posted }) => assertAllFreed([updater, reader], posted),
  });
}

export const keepsWhatAReaderFinds = pairModel(
  'an object posted while a grace period runs stays until every reader that found it has ended its turn',
  (stage) => {
    const pair = beginPair(stage);
    pair.updater.startGracePeriod();
    return { ...pair, posted: 1 };
  },
);

export const cookieComesAfterTheLastObject = pairModel(
  'a sheaf that was begun before a grace period started waits for one that starts after its last object',
  (stage) => {
    const pair = beginPair(stage);
    pair.updater.retire(0);
    pair.updater.host.runMicrotasks();
    pair.updater.startGracePeriod();
    return { ...pair, posted: 2 };
  },
);

export const sealedSheafTakesNoMore = model<Pair>({
  name: 'an object posted after a sheaf was sealed waits for a grace period of its own',
  ...PAIR_MEMORY,
  setup: (stage) => {
    const pair = beginPair(stage);
    pair.updater.retire(0);
    pair.updater.drain();
    return { ...pair, posted: 2 };
  },
  threads: {
    updater: ({ updater }) => {
      updater.retire(1);
      updater.seal();
      updater.drain();
      updater.drain();
      updater.reuse(2);
    },
    reader: ({ reader }) => {
      reader.wiring().turn.quiesce();
      reader.read(1);
    },
  },
  final: ({ updater, reader, posted }) => assertAllFreed([updater, reader], posted),
});

const FILLING = retiredObjectMemory({ threads: 2, objects: 4, pages: 8 });

export const fullSheafWaits = model<Pair>({
  name: 'a sheaf that is full is sealed by the next post, and waits for the readers of its last object',
  lengthWords: FILLING.lengthWords,
  prepare: FILLING.prepare,
  nameOf: FILLING.nameOf,
  mayRace: FILLING.mayRace,
  setup: (stage) => {
    const updater = FILLING.wire(stage, 'updater', 0);
    const reader = FILLING.wire(stage, 'reader', 1);
    reader.wiring().turn.pin();
    updater.retire(0);
    updater.host.runMicrotasks();
    updater.startGracePeriod();
    return { updater, reader, posted: 3 };
  },
  threads: {
    updater: ({ updater }) => {
      updater.retire(1);
      // The sheaf has room for two: this one begins the next.
      updater.retire(2);
      updater.host.runMicrotasks();
      updater.reuse(2);
    },
    reader: ({ reader }) => {
      reader.wiring().turn.quiesce();
      reader.read(1);
    },
  },
  final: ({ updater, reader, posted }) => assertAllFreed([updater, reader], posted),
});

/** Where readers find a page. */
const PAGE = 2;

/** The same with a page, which has the sheaf of blocks to wait in. */
function blockModel(name: string, begin: (pair: Omit<Pair, 'posted'>) => number): Model<Pair> {
  return model<Pair>({
    name,
    ...BLOCKS_MEMORY,
    setup: (stage) => {
      const updater = BLOCKS.wire(stage, 'updater', 0);
      const reader = BLOCKS.wire(stage, 'reader', 1);
      updater.publishPage(PAGE);
      updater.host.runMicrotasks();
      reader.wiring().turn.pin();
      return { updater, reader, posted: begin({ updater, reader }) + 1 };
    },
    threads: {
      updater: ({ updater }) => {
        updater.retire(PAGE);
        updater.drain();
        updater.drain();
        updater.reusePages();
      },
      reader: ({ reader }) => {
        reader.wiring().turn.quiesce();
        reader.read(PAGE);
      },
    },
    final: ({ updater, reader, posted }) => assertAllFreed([updater, reader], posted),
  });
}

const BLOCKS = retiredObjectMemory({ threads: 2, pages: 6 });
const BLOCKS_MEMORY = {
  lengthWords: BLOCKS.lengthWords,
  prepare: BLOCKS.prepare,
  nameOf: BLOCKS.nameOf,
  mayRace: BLOCKS.mayRace,
};

export const keepsABlockThatAReaderFinds = blockModel(
  'a page posted while a grace period runs stays until every reader that found it has ended its turn',
  ({ updater }) => {
    updater.startGracePeriod();
    return 0;
  },
);

export const blocksWaitForTheLast = blockModel(
  'a sheaf of blocks that was begun before a grace period started waits for one that starts after its last block',
  ({ updater, reader }) => {
    updater.retirePage();
    reader.wiring().gracePeriod.drive(reader.wiring().gracePeriod.snap());
    return 1;
  },
);

export const keepsWhatAReaderFindsAtAnyTime = model<Pair>({
  name: 'an object stays until every reader that found it has ended its turn, from idle and in each of two turns',
  ...PAIR_MEMORY,
  setup: (stage) => ({
    updater: PAIR.wire(stage, 'updater', 0),
    reader: PAIR.wire(stage, 'reader', 1),
    posted: 1,
  }),
  threads: {
    updater: ({ updater }) => {
      updater.retire(1);
      updater.drain();
      updater.drain();
      updater.reuse();
    },
    reader: ({ reader }) => {
      reader.read(1);
      reader.wiring().turn.quiesce();
      reader.read(1);
    },
  },
  final: ({ updater, reader, posted }) => assertAllFreed([updater, reader], posted),
});

export const postersDriveAtOnce = model<{ readonly alpha: ModelHeap; readonly beta: ModelHeap }>({
  name: 'two threads that read what the other retires, and both drive, free each object once and not too early',
  ...PAIR_MEMORY,
  setup: (stage) => ({ alpha: PAIR.wire(stage, 'alpha', 0), beta: PAIR.wire(stage, 'beta', 1) }),
  threads: {
    alpha: ({ alpha }) => {
      alpha.read(1);
      alpha.retire(0);
      alpha.drain();
      alpha.reuse();
    },
    beta: ({ beta }) => {
      beta.read(0);
      beta.retire(1);
      beta.drain();
      beta.reuse();
    },
  },
  final: ({ alpha, beta }) => assertAllFreed([alpha, beta], 2),
  bounds: { preemptions: 2 },
});

export const driversMeet = model<{ readonly alpha: ModelHeap; readonly beta: ModelHeap }>({
  name: 'two threads whose sheaves wait for different grace periods drive at once, and each frees its own once',
  ...PAIR_MEMORY,
  setup: (stage) => {
    const alpha = PAIR.wire(stage, 'alpha', 0);
    const beta = PAIR.wire(stage, 'beta', 1);
    // Alpha's sheaf waits for the grace period that beta's turn holds up, beta's for the next.
    beta.retire(1);
    alpha.retire(0);
    alpha.drain();
    beta.seal();
    return { alpha, beta };
  },
  threads: {
    alpha: ({ alpha }) => {
      alpha.drain();
      alpha.reuse();
    },
    beta: ({ beta }) => {
      beta.host.runMicrotasks();
      beta.reuse();
    },
  },
  final: ({ alpha, beta }) => assertAllFreed([alpha, beta], 2),
  bounds: { preemptions: 2 },
  // About 10 seconds.
  nightly: { preemptions: 3 },
});

interface Trio extends Pair {
  readonly starter: ModelHeap;
}

const TRIO = retiredObjectMemory({ threads: 3 });

const TRIO_MEMORY = {
  lengthWords: TRIO.lengthWords,
  prepare: TRIO.prepare,
  nameOf: TRIO.nameOf,
  mayRace: TRIO.mayRace,
};

/** The reader is in a turn, for the end of which a grace period waits that the starter has begun. */
function beginTrio(stage: Stage): Trio {
  const trio = {
    updater: TRIO.wire(stage, 'updater', 0),
    reader: TRIO.wire(stage, 'reader', 1),
    starter: TRIO.wire(stage, 'starter', 2),
    posted: 1,
  };
  trio.reader.wiring().turn.pin();
  trio.starter.startGracePeriod();
  return trio;
}

export const othersDrive = model<Trio>({
  name: 'an object stays for its readers where another thread drives the grace periods',
  ...TRIO_MEMORY,
  setup: beginTrio,
  threads: {
    updater: ({ updater }) => {
      updater.retire(1);
      updater.drain();
      updater.reuse();
    },
    reader: ({ reader }) => {
      reader.wiring().turn.quiesce();
      reader.read(1);
    },
    starter: ({ starter }) => starter.startGracePeriod(),
  },
  final: ({ updater, reader, starter, posted }) => assertAllFreed([updater, reader, starter], posted),
  bounds: { preemptions: 1 },
  // About 10 seconds.
  nightly: { preemptions: 2 },
});

export const othersUseTheMemory = model<Trio & { readonly found: number }>({
  name: 'an object stays for its readers where another thread takes the memory that comes free',
  ...TRIO_MEMORY,
  setup: (stage) => {
    const trio = beginTrio(stage);
    const found = trio.reader.findObject(0);
    trio.updater.retire(0);
    trio.updater.seal();
    return { ...trio, found };
  },
  threads: {
    updater: ({ updater }) => updater.drain(),
    reader: ({ reader, found }) => reader.look(found),
    starter: ({ starter }) => starter.reuse(),
  },
  final: ({ updater, reader, starter, posted }) => assertAllFreed([updater, reader, starter], posted),
});
