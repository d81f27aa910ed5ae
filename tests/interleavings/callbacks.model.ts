/**
 * Callbacks of rcu.call(): each is called once, in the order of the calls, through the function of its own id, and
 * never before every reader that may have found its object has ended its turn.
 *
 *     updater   unlinks object n, call(its head, id) ... drives ... between turns: function of id (head)
 *     reader    ---- turn 1 ----|---- turn 2: finds the object ... reads it ----|
 *
 * A callback takes the memory of its object for itself and writes to it, so one that comes too early is a data race.
 * What it was called for it notes beside.
 *
 * Not shown here: the limits of a pass, which are 10 callbacks and more.
 */
import assert from 'node:assert/strict';
import { CALLBACK_LIST, FIRST_CALLBACK_ID, SLOT } from '../../src/layout/thread-slot.js';
import { type Model, model } from '../../tools/checker/checker.js';
import type { Stage } from '../../tools/checker/model.js';
import {
  assertAllFreed,
  type ModelHeap,
  noteOf,
  objectOf,
  retiredObjectMemory,
} from './support/retired-objects.js';

/** Takes the object, and uses it. */
const USE = FIRST_CALLBACK_ID;
/** The same, under another name. */
const USE_TOO = FIRST_CALLBACK_ID + 1;
/** Takes the object, and throws. */
const FAIL = FIRST_CALLBACK_ID + 2;
/** Retires object 0 in the same way, and then takes its own. */
const GO_ON = FIRST_CALLBACK_ID + 3;
/** Looks at object 0 in a turn that it does not end, and takes its own. */
const LOOK = FIRST_CALLBACK_ID + 4;

/** A thread that calls, and what was called in it: the id, and where the object's root had been. */
interface Caller {
  readonly heap: ModelHeap;
  readonly objects: readonly number[];
  readonly called: string[];
  readonly failed: string[];
}

interface Pair {
  readonly updater: Caller;
  readonly reader: ModelHeap;
}

const OBJECTS = 4;
const PAIR = retiredObjectMemory({ threads: 2, objects: OBJECTS });
const PAIR_MEMORY = {
  lengthWords: PAIR.lengthWords,
  prepare: PAIR.prepare,
  nameOf: PAIR.nameOf,
  mayRace: PAIR.mayRace,
};

function wireCaller(heap: ModelHeap): Caller {
  const objects: number[] = [];
  for (let n = 0; n < OBJECTS; n++) objects.push(heap.addressOf(n));
  const caller: Caller = { heap, objects, called: [], failed: [] };
  const { callbackFunctions: functions, rcuEvents } = heap.wiring();
  functions.set(USE, 'use', (head) => take(caller, 'use', head));
  functions.set(USE_TOO, 'use too', (head) => take(caller, 'use too', head));
  functions.set(FAIL, 'fail', (head) => {
    take(caller, 'fail', head);
    throw new Error('as it is meant to');
  });
  functions.set(GO_ON, 'go on', (head) => {
    heap.call(0, USE);
    take(caller, 'go on', head);
  });
  functions.set(LOOK, 'look', (head) => {
    heap.read(0);
    // Others go on between these turns; callbacks do not.
    heap.quiesce();
    heap.read(0);
    take(caller, 'look', head);
  });
  rcuEvents.on('callbackError', ({ name }) => void caller.failed.push(name));
  return caller;
}

function take({ heap, objects, called }: Caller, what: string, head: number): void {
  const p = objectOf(head);
  called.push(`${what} ${objects.indexOf(p)}`);
  heap.use(p);
}

/** All that was called has been, in this order, and is counted. */
function assertCalled({ heap, called, failed }: Caller, expected: readonly string[], failures = 0): void {
  assert.deepEqual(called, expected, 'callbacks that were called');
  const { words, callbacks, membership } = heap.wiring();
  const { start } = membership;
  assert.equal(callbacks.isWaiting(), false, 'a callback still waits');
  assert.equal(words.loadPlain(start + SLOT.callbacksInvoked), expected.length);
  assert.equal(words.loadPlain(start + SLOT.callbackErrors), failures);
  assert.equal(failed.length, failures, 'who listens was told of each failure');
  assert.equal(words.loadPlain(start + SLOT.callbacks + CALLBACK_LIST.queued), expected.length);
  assert.equal(words.loadPlain(start + SLOT.callbacks + CALLBACK_LIST.finished), expected.length);
}

/** The reader is in a turn. */
function beginPair(stage: Stage): Pair {
  const updater = wireCaller(PAIR.wire(stage, 'updater', 0));
  const reader = PAIR.wire(stage, 'reader', 1);
  reader.wiring().turn.pin();
  return { updater, reader };
}

interface PairClaim {
  readonly name: string;
  /** What waits when the threads start, for the grace period that runs then; one runs in any case. */
  prepare?(updater: ModelHeap): void;
  update(updater: ModelHeap): void;
  readonly reads: number;
  readonly called: readonly string[];
  readonly failures?: number;
}

function pairModel({ name, prepare, update, reads, called, failures }: PairClaim): Model<Pair> {
  return model<Pair>({
    name,
    ...PAIR_MEMORY,
    setup: (stage) => {
      const pair = beginPair(stage);
      if (prepare === undefined) pair.updater.heap.startGracePeriod();
      else prepare(pair.updater.heap);
      return pair;
    },
    threads: {
      updater: ({ updater: { heap } }) => {
        update(heap);
        for (let pass = 0; pass < 2; pass++) {
          heap.drain();
          assert.equal(
            heap.wiring().turn.isOpen(),
            false,
            'a turn outlasted the pass of the callback that began it',
          );
        }
      },
      reader: ({ reader }) => {
        reader.wiring().turn.quiesce();
        reader.read(reads);
      },
    },
    final: ({ updater, reader }) => {
      assertAllFreed([updater.heap, reader], 0);
      assertCalled(updater, called, failures);
    },
  });
}

export const waitsForEveryReader = pairModel({
  name: 'a callback is called when every reader that found its object has ended its turn',
  update: (updater) => updater.call(1, USE),
  reads: 1,
  called: ['use 1'],
});

export const keepsTheOrder = pairModel({
  name: 'callbacks are called in the order of their calls, each once, whichever grace period they wait for',
  prepare: (updater) => {
    updater.call(0, USE);
    updater.drain();
    updater.call(1, USE_TOO);
    updater.drain();
  },
  update: (updater) => {
    updater.call(2, USE_TOO);
    updater.call(3, USE);
  },
  reads: 2,
  called: ['use 0', 'use too 1', 'use too 2', 'use 3'],
});

export const goesOnAfterAThrow = pairModel({
  name: 'a callback that throws is reported and counted, and those behind it are called',
  update: (updater) => {
    updater.call(1, FAIL);
    updater.call(2, USE);
  },
  reads: 2,
  called: ['fail 1', 'use 2'],
  failures: 1,
});

export const waitsForWhatItCalls = pairModel({
  name: 'what a callback calls waits for a grace period of its own',
  prepare: (updater) => {
    updater.call(1, GO_ON);
    updater.drain();
  },
  update: (updater) => updater.turn(() => 0),
  reads: 0,
  called: ['go on 1', 'use 0'],
});

export const endsTheTurnsOfAPass = pairModel({
  name: 'a turn that a callback begins is over with the pass, and keeps what the callback reads until then',
  update: (updater) => {
    updater.call(1, LOOK);
    updater.call(2, USE);
  },
  reads: 2,
  called: ['look 1', 'use 2'],
});

export const twoCallAtOnce = model<{ readonly alpha: Caller; readonly beta: Caller }>({
  name: 'two threads that read what the other calls back, and both drive, are each called once and not too early',
  ...PAIR_MEMORY,
  setup: (stage) => ({
    alpha: wireCaller(PAIR.wire(stage, 'alpha', 0)),
    beta: wireCaller(PAIR.wire(stage, 'beta', 1)),
  }),
  threads: {
    alpha: ({ alpha: { heap } }) => {
      heap.read(1);
      heap.call(0, USE);
      heap.drain();
    },
    beta: ({ beta: { heap } }) => {
      heap.read(0);
      heap.call(1, USE);
      heap.drain();
    },
  },
  final: ({ alpha, beta }) => {
    assertAllFreed([alpha.heap, beta.heap], 0);
    assertCalled(alpha, ['use 0']);
    assertCalled(beta, ['use 1']);
  },
  bounds: { preemptions: 2 },
});

const NOTED = noteOf(0);

export const hasEndedForBarriers = model<Pair>({
  name: 'when a barrier returns, every callback that was called for before it has returned, not only begun',
  ...PAIR_MEMORY,
  setup: (stage) => ({
    updater: wireCaller(PAIR.wire(stage, 'updater', 0)),
    reader: PAIR.wire(stage, 'reader', 1),
  }),
  threads: {
    updater: ({ updater: { heap } }) => {
      const p = heap.addressOf(1);
      heap.call(1, USE);
      heap.words.store(NOTED, p);
      heap.host.runMicrotasks();
      while (!heap.wiring().driver.isIdle()) {
        heap.host.fireTimers();
        heap.words.pause();
      }
    },
    reader: ({ reader }) => {
      const p = reader.words.load(NOTED);
      reader.rcu.barrierSync();
      // Plainly: the callback wrote to it.
      if (p !== 0) assert.notEqual(reader.words.loadPlain(p), 0);
    },
  },
  final: ({ updater, reader }) => {
    assertAllFreed([updater.heap, reader], 0);
    assertCalled(updater, ['use 1']);
  },
  bounds: { preemptions: 2 },
});
