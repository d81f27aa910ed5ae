/**
 * Expedited grace periods: who waits asks the threads that hold it up, and whoever is asked drives the grace period when
 * its turn has ended. Asking makes nothing end early, and what is asked is served by the end of a turn that comes after.
 *
 *     updater   takes an object out, asks, waits, uses its memory
 *     reader    ---- turn: reads ----| served here, or at the end of the next turn ----|
 *
 * That who waits is woken is a matter of time and of no outcome: each sleep has a limit, and then looks itself.
 */
import assert from 'node:assert/strict';
import { SLOT } from '../../src/layout/thread-slot.js';
import { type Model, model } from '../../tools/checker/checker.js';
import type { Stage } from '../../tools/checker/model.js';
import { assertAllFreed, type ModelHeap, retiredObjectMemory } from './support/retired-objects.js';

interface Pair {
  readonly stage: Stage;
  readonly updater: ModelHeap;
  readonly reader: ModelHeap;
  /** What the updater drives for. */
  cookie: number;
}

const PAIR = retiredObjectMemory({ threads: 2 });
const SHARED = {
  lengthWords: PAIR.lengthWords,
  prepare: PAIR.prepare,
  nameOf: PAIR.nameOf,
  mayRace: PAIR.mayRace,
};

/** The reader is in a turn. */
function setup(stage: Stage): Pair {
  const updater = PAIR.wire(stage, 'updater', 0);
  const reader = PAIR.wire(stage, 'reader', 1);
  reader.wiring().turn.pin();
  return { stage, updater, reader, cookie: 0 };
}

function readOn({ reader }: Pair): void {
  reader.read(1);
  reader.wiring().turn.quiesce();
  reader.read(1);
}

/** Waits as `wait` says for an object that the reader may have found, and uses its memory. */
function waitModel(
  name: string,
  wait: (updater: ModelHeap) => void,
  begin: (pair: Pair) => void = () => {},
): Model<Pair> {
  return model<Pair>({
    name,
    ...SHARED,
    setup: (stage) => {
      const pair = setup(stage);
      begin(pair);
      return pair;
    },
    threads: {
      updater: ({ updater }) => {
        const p = updater.unlink(1);
        wait(updater);
        updater.use(p);
      },
      reader: readOn,
    },
    final: ({ updater, reader }) => assertAllFreed([updater, reader], 0),
    bounds: { preemptions: 2 },
    nightly: { preemptions: 3 },
  });
}

export const waitsForReaders = waitModel(
  'an expedited grace period waits for every reader that may have found what was taken out before it',
  (updater) => updater.synchronizeRcuExpeditedSync(),
);

export const waitsForAWholeOne = waitModel(
  'an expedited grace period that is waited for while another runs waits for every reader all the same',
  (updater) => updater.synchronizeRcuExpeditedSync(),
  (pair) => pair.updater.startGracePeriod(),
);

export const twoWaitAtOnce = model<Pair>({
  name: 'two threads in turns that wait for an expedited grace period at once both go on, neither too early',
  ...SHARED,
  setup,
  threads: {
    updater: ({ updater }) => {
      updater.read(0);
      const p = updater.unlink(1);
      updater.synchronizeRcuExpeditedSync();
      updater.use(p);
    },
    reader: ({ reader }) => {
      reader.read(1);
      const p = reader.unlink(0);
      reader.synchronizeRcuExpeditedSync();
      reader.use(p);
    },
  },
  final: ({ updater, reader }) => assertAllFreed([updater, reader], 0),
  bounds: { preemptions: 2 },
  nightly: { preemptions: 3 },
});

export const servesWhoAsks = model<Pair>({
  name: 'a thread that was asked ends the grace period that it held up when its turn has ended',
  ...SHARED,
  setup: (stage) => {
    const pair = setup(stage);
    const { gracePeriod } = pair.updater.wiring();
    pair.cookie = gracePeriod.snap();
    gracePeriod.drive(pair.cookie, true);
    return pair;
  },
  threads: {
    updater: ({ updater }) => updater.read(0),
    reader: readOn,
  },
  final: ({ updater, reader, cookie }) => {
    const { words, membership, gracePeriod } = reader.wiring();
    assert.equal(words.loadPlain(membership.start + SLOT.requests), 0, 'what was asked is asked still');
    assert.ok(gracePeriod.done(cookie), 'who was asked has not ended the grace period that it held up');
    assertAllFreed([updater, reader], 0);
  },
});

export const mendsWhatIsMissed = model<Pair>({
  name: 'where a thread looks just before it is asked, or while the lock is taken, the next look of who waits ends it',
  ...SHARED,
  setup,
  threads: {
    updater: (state) => {
      const { gracePeriod } = state.updater.wiring();
      state.cookie = gracePeriod.snap();
      gracePeriod.drive(state.cookie, true);
    },
    reader: readOn,
  },
  final: ({ updater, reader, cookie }) => {
    const { words, membership, gracePeriod } = reader.wiring();
    reader.turn(() => 0);
    assert.equal(words.loadPlain(membership.start + SLOT.requests), 0, 'what was asked is asked still');
    assert.ok(gracePeriod.drive(cookie), 'a look at threads that are all between turns ends nothing');
    assertAllFreed([updater, reader], 0);
  },
});
