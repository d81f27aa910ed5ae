/**
 * Cookies: poll() is true when a whole grace period has passed since the cookie was taken, and not before; however long
 * the cookie was kept, and across the wrap of the number. startPoll() makes the grace period come to pass.
 *
 *     updater   takes object 0 out, takes a cookie ... poll? true: spoils object 0
 *     reader    in a turn, finds an object, reads it
 *     driver    whoever wants a grace period at the time
 *
 * Not shown here: condSynchronize(), which awaits; it takes the same steps as condSynchronizeSync().
 */
import assert from 'node:assert/strict';
import { HEADER } from '../../src/layout/heap-header.js';
import type { GracePeriod } from '../../src/rcu/grace-period.js';
import { Rcu } from '../../src/rcu/rcu.js';
import { isDoneExact } from '../../src/rcu/sequence.js';
import type { Turn } from '../../src/threads/turn.js';
import type { Words } from '../../src/words/words.js';
import { type Model, type ModelHost, model, type Stage } from '../../tools/checker/model.js';
import { fill, RcuMemory, readWhole, spoil } from './support/rcu-memory.js';
import { assertTimersFree, type ModelHeap, retiredObjectMemory } from './support/retired-objects.js';

const three = new RcuMemory({ threads: 3 });
/** Numbers wrap while the threads run. */
const wrapping = new RcuMemory({ threads: 3, firstSequence: 0x7ffffff8 });

interface Actor {
  readonly host: ModelHost;
  readonly turn: Turn;
  readonly gracePeriod: GracePeriod;
}

interface Scene {
  readonly words: Words;
  readonly memory: RcuMemory;
  readonly reader: Actor;
  readonly updater: Actor;
  readonly driver: Actor;
}

function actor(stage: Stage, memory: RcuMemory, name: string, slot: number): Actor {
  return {
    host: stage.host(name),
    turn: memory.turn(stage, name, slot),
    gracePeriod: memory.gracePeriod(stage.words, slot),
  };
}

function scene(memory: RcuMemory): (stage: Stage) => Scene {
  return (stage) => ({
    words: stage.words,
    memory,
    reader: actor(stage, memory, 'reader', 0),
    updater: actor(stage, memory, 'updater', 1),
    driver: actor(stage, memory, 'driver', 2),
  });
}

/** heap.rcu.poll() of a cookie that is one. */
function poll({ updater: { gracePeriod } }: Scene, cookie: number): boolean {
  return isDoneExact(gracePeriod.sequence(), cookie);
}

/** Puts object 1 in the place of object 0. */
function replace({ words, memory }: Scene): void {
  fill(words, memory.object(1), 2);
  words.store(memory.link, memory.object(1));
}

function readTwice({ words, memory, reader: { turn } }: Scene): void {
  turn.run(() => readWhole(words, words.dereference(memory.link)));
  turn.run(() => readWhole(words, words.dereference(memory.link)));
}

function drive({ driver: { gracePeriod } }: Scene): void {
  gracePeriod.drive(gracePeriod.snap());
  gracePeriod.drive(gracePeriod.snap());
}

const LOOKS = 3;

/** Polls now and then, and spoils when it may. Once done, a cookie stays done. */
function replaceAndPoll(state: Scene): void {
  replace(state);
  const cookie = state.updater.gracePeriod.snap();
  let wasDone = false;
  for (let look = 0; look < LOOKS; look++) {
    const isDone = poll(state, cookie);
    assert.ok(isDone || !wasDone, 'a cookie was done, and then was not');
    wasDone = isDone;
  }
  if (wasDone) spoil(state.words, state.memory.object(0));
}

function pollModel(name: string, memory: RcuMemory): Model<Scene> {
  return model<Scene>({
    name,
    lengthWords: memory.lengthWords,
    prepare: memory.prepare,
    nameOf: memory.nameOf,
    setup: scene(memory),
    threads: { reader: readTwice, updater: replaceAndPoll, driver: drive },
    bounds: { preemptions: 2 },
    nightly: { preemptions: 3 },
  });
}

export const isDoneWhenAllHaveEnded = pollModel(
  'a cookie is done when every turn has ended that was open when it was taken, and stays so',
  three,
);

export const isDoneAcrossTheWrap = pollModel(
  'a cookie is done at its time where the number wraps, and stays so',
  wrapping,
);

/** As long as a cookie may be kept before the difference of two numbers says nothing. */
const HALF_ROUND = 2 ** 31;

export const oldCookiesAreDone = model<Scene>({
  name: 'a cookie is done however long it was kept, and one of now is not done early for it',
  lengthWords: three.lengthWords,
  prepare: three.prepare,
  nameOf: three.nameOf,
  setup: scene(three),
  threads: {
    reader: readTwice,
    updater(state) {
      const { words, memory, updater } = state;
      replace(state);
      const cookie = updater.gracePeriod.snap();
      // Of times long past, as if the number had gone round since.
      for (const age of [64, HALF_ROUND - 64, HALF_ROUND, HALF_ROUND + 64, 2 * HALF_ROUND - 64]) {
        assert.ok(poll(state, (cookie - age) | 0), `a cookie that was kept for ${age} numbers is not done`);
      }
      if (poll(state, cookie)) spoil(words, memory.object(0));
    },
    driver: drive,
  },
  bounds: { preemptions: 2 },
});

export const waitsForACookie = model<Scene>({
  name: 'condSynchronizeSync() returns when the cookie is done, at once where it is',
  lengthWords: wrapping.lengthWords,
  prepare: wrapping.prepare,
  nameOf: wrapping.nameOf,
  setup: scene(wrapping),
  threads: {
    reader: readTwice,
    updater(state) {
      const { words, memory, updater } = state;
      const rcu = new Rcu(words, updater.host, updater.gracePeriod, 1);
      replace(state);
      const cookie = updater.gracePeriod.snap();
      assert.ok(rcu.waitForSync(cookie, Number.POSITIVE_INFINITY));
      assert.ok(poll(state, cookie), 'a cookie that was waited for is not done');
      spoil(words, memory.object(0));
      assert.ok(rcu.waitForSync(cookie, 0), 'a cookie that is done is waited for');
    },
    driver: drive,
  },
  final: ({ words }) => assert.equal(words.loadPlain(HEADER.gracePeriodLock), 0),
  bounds: { preemptions: 2 },
});

interface Pair {
  readonly poller: ModelHeap;
  readonly reader: ModelHeap;
  /** What startPoll() gave. */
  cookie: number;
}

const PAIR = retiredObjectMemory({ threads: 2 });

export const startsWhatItPolls = model<Pair>({
  name: 'after startPoll() timers alone bring the grace period, though nothing waits for it, and not too early',
  lengthWords: PAIR.lengthWords,
  prepare: PAIR.prepare,
  nameOf: PAIR.nameOf,
  mayRace: PAIR.mayRace,
  setup: (stage) => ({
    poller: PAIR.wire(stage, 'poller', 0),
    reader: PAIR.wire(stage, 'reader', 1),
    cookie: 0,
  }),
  threads: {
    poller: (state) => {
      const { poller } = state;
      const p = poller.unlink(1);
      state.cookie = poller.rcu.startPoll();
      poller.host.runMicrotasks();
      for (let look = 0; look < LOOKS; look++) {
        poller.host.fireTimers();
        if (isDone(state)) {
          poller.use(p);
          return;
        }
      }
      poller.taken.push(p);
    },
    reader: ({ reader }) => {
      reader.read(1);
      reader.wiring().turn.quiesce();
      reader.read(1);
    },
  },
  final: (state) => {
    assertTimersFree([state.poller, state.reader], 0);
    assert.ok(isDone(state), 'no timer came for a cookie of startPoll()');
  },
});

function isDone({ poller, cookie }: Pair): boolean {
  return isDoneExact(poller.wiring().gracePeriod.sequence(), cookie);
}
