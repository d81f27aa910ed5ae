/**
 * Grace periods driven by several threads: one at a time drives, each cookie needs a whole one, numbers only
 * go up, across their wrap too.
 *
 *     each thread    read in a turn, put an object of its own in the place of the published one,
 *                    wait for a grace period, spoil what it took out
 *
 * What it took out may be what the other had published just now, so every thread is reader and updater. The
 * published object is exchanged, so that each is taken out by one thread.
 *
 * Not shown here: how long a sleeper sleeps. Every wait of synchronizeSync() has a limit, and in a model a wait
 * with a limit ends when a word it has read changes or when nobody else can go on. So that the end of a grace
 * period wakes those who sleep (GracePeriod's notify) is a matter of time and of no outcome; leaving it out is
 * found by no claim. Nor is synchronize() explored, which awaits: it takes the same steps as synchronizeSync().
 */
import assert from 'node:assert/strict';
import { HEADER } from '../../src/layout/heap-header.js';
import { slotStart } from '../../src/layout/heap-layout.js';
import { SLOT, SLOT_STATE } from '../../src/layout/thread-slot.js';
import type { GracePeriod } from '../../src/rcu/grace-period.js';
import { Rcu } from '../../src/rcu/rcu.js';
import { markDead } from '../../src/threads/liveness.js';
import type { Turn } from '../../src/threads/turn.js';
import type { Words } from '../../src/words/words.js';
import { type ModelHost, model, type Stage } from '../../tools/checker/model.js';
import { driveUntilDone, fill, RcuMemory, readWhole, spoil } from './support/rcu-memory.js';

const two = new RcuMemory({ threads: 2 });
const three = new RcuMemory({ threads: 3 });
/** The first grace period ends beyond the wrap of a word. */
const wrapping = new RcuMemory({ threads: 2, firstSequence: 0x7ffffffc });

/** Of a memory, what the model itself needs. */
function over({ lengthWords, prepare, nameOf }: RcuMemory) {
  return { lengthWords, prepare, nameOf };
}

/** One thread of a model, in a slot. */
interface Actor {
  readonly words: Words;
  readonly memory: RcuMemory;
  readonly slot: number;
  readonly host: ModelHost;
  readonly turn: Turn;
  readonly gracePeriod: GracePeriod;
  readonly rcu: Rcu;
  /** Grace periods of which it saw the end. */
  done: number;
}

/** The threads of one execution, and the last sequence number that the invariant saw. */
interface Scene {
  readonly stage: Stage;
  readonly words: Words;
  readonly all: readonly Actor[];
  lastSequence: number;
}

function scene(memory: RcuMemory, names: readonly string[]): (stage: Stage) => Scene {
  return (stage) => {
    const all: Actor[] = [];
    for (let slot = 0; slot < names.length; slot++) all.push(actor(stage, memory, names[slot]!, slot));
    return { stage, words: stage.words, all, lastSequence: memory.geometry.firstSequence };
  };
}

function actor(stage: Stage, memory: RcuMemory, name: string, slot: number): Actor {
  const { words } = stage;
  const host = stage.host(name);
  const turn = memory.turn(stage, name, slot);
  const gracePeriod = memory.gracePeriod(words, slot);
  const rcu = new Rcu(words, host, gracePeriod, 1);
  return { words, memory, slot, host, turn, gracePeriod, rcu, done: 0 };
}

/** Follows the link and reads, in a turn of its own. */
function readInTurn({ words, memory, turn }: Actor): void {
  turn.run(() => readWhole(words, words.dereference(memory.link)));
}

/** Puts object `number` in the place of the published one. Returns the one that it took out. */
function replaceBy({ words, memory }: Actor, number: number): number {
  fill(words, memory.object(number), number + 1);
  return words.exchange(memory.link, memory.object(number));
}

/** Replaces the published object, waits for a grace period by driving, and spoils what it took out. */
function replaceAndSpoil(updater: Actor, number: number): void {
  const { words, gracePeriod } = updater;
  const old = replaceBy(updater, number);
  driveUntilDone(words, gracePeriod, gracePeriod.snap());
  updater.done++;
  spoil(words, old);
}

/** The same, waiting as a user does. */
function replaceAndSynchronize(updater: Actor, number: number): void {
  const old = replaceBy(updater, number);
  assert.equal(updater.rcu.synchronizeSync(), true);
  updater.done++;
  spoil(updater.words, old);
}

/** The number never goes back, and stands at idle or at running. Not every change of it need be seen. */
function sequenceGoesUp(state: Scene): void {
  const sequence = state.words.loadPlain(HEADER.gracePeriodSequence);
  const gone = (sequence - state.lastSequence) | 0;
  assert.ok(gone >= 0, `the sequence went from ${state.lastSequence} to ${sequence}`);
  assert.ok((sequence & 3) <= 1, `the sequence is ${sequence}, which is neither idle nor running`);
  state.lastSequence = sequence;
}

/** While none runs, nothing is noted; and nobody is left driving. */
function nothingIsLeft({ words, all }: Scene): void {
  const { memory } = all[0]!;
  assert.equal(words.loadPlain(HEADER.gracePeriodLock), 0);
  if ((words.loadPlain(HEADER.gracePeriodSequence) & 3) !== 0) return;
  for (const { slot } of all) {
    assert.equal(words.loadPlain(memory.geometry.turnSnapshotsStart + slot), 0, `slot ${slot} is noted`);
  }
}

export const servesTwoUpdaters = model<Scene>({
  name: 'two threads that read, replace and drive at once spoil nothing that the other reads',
  ...over(two),
  setup: scene(two, ['alpha', 'beta']),
  threads: {
    alpha({ all: [alpha] }) {
      readInTurn(alpha!);
      replaceAndSpoil(alpha!, 1);
    },
    beta({ all: [, beta] }) {
      readInTurn(beta!);
      replaceAndSpoil(beta!, 2);
    },
  },
  invariant: sequenceGoesUp,
  final: nothingIsLeft,
});

export const servesTwoUpdatersAcrossTheWrap = model<Scene>({
  name: 'two threads that drive at once get their grace periods where the number wraps',
  ...over(wrapping),
  setup: scene(wrapping, ['alpha', 'beta']),
  threads: {
    alpha({ all: [alpha] }) {
      readInTurn(alpha!);
      replaceAndSpoil(alpha!, 1);
    },
    beta({ all: [, beta] }) {
      readInTurn(beta!);
      replaceAndSpoil(beta!, 2);
    },
  },
  invariant: sequenceGoesUp,
  final: nothingIsLeft,
});

export const synchronizesTwoThreads = model<Scene>({
  name: 'two threads in synchronizeSync() at once both return, and spoil nothing that the other reads',
  ...over(two),
  setup: scene(two, ['alpha', 'beta']),
  threads: {
    alpha({ all: [alpha] }) {
      readInTurn(alpha!);
      replaceAndSynchronize(alpha!, 1);
    },
    beta({ all: [, beta] }) {
      readInTurn(beta!);
      replaceAndSynchronize(beta!, 2);
    },
  },
  invariant: sequenceGoesUp,
  final: nothingIsLeft,
  bounds: { preemptions: 3 },
  // Every schedule takes half a minute.
  nightly: { preemptions: 5 },
});

export const synchronizesBesideAReader = model<Scene>({
  name: 'of two threads in synchronizeSync() at once neither returns too early for a third that reads',
  ...over(three),
  setup: scene(three, ['reader', 'alpha', 'beta']),
  threads: {
    reader: ({ all: [reader] }) => readInTurn(reader!),
    alpha: ({ all: [, alpha] }) => replaceAndSynchronize(alpha!, 1),
    beta: ({ all: [, , beta] }) => void beta!.rcu.synchronizeSync(),
  },
  invariant: sequenceGoesUp,
  final: nothingIsLeft,
  bounds: { preemptions: 2 },
  // Some ten times as long.
  nightly: { preemptions: 3 },
});

export const saysWhenItsLimitIsOver = model<Scene>({
  name: 'synchronizeSync() with a limit says whether a grace period has passed',
  ...over(two),
  setup: scene(two, ['reader', 'updater']),
  threads: {
    reader: ({ all: [reader] }) => readInTurn(reader!),
    updater({ all: [, updater] }) {
      const old = replaceBy(updater!, 1);
      for (let attempt = 0; attempt < 3 && updater!.done === 0; attempt++) {
        if (updater!.rcu.synchronizeSync(0)) updater!.done++;
      }
      if (updater!.done === 1) spoil(updater!.words, old);
    },
  },
  invariant: sequenceGoesUp,
});

export const leavesItsTurnToSynchronize = model<Scene>({
  name: 'two threads in turns that call synchronizeSync() do not wait for each other for ever',
  ...over(two),
  setup: scene(two, ['alpha', 'beta']),
  threads: {
    alpha({ all: [alpha] }) {
      alpha!.turn.pin();
      assert.equal(alpha!.rcu.synchronizeSync(), true);
    },
    beta({ all: [, beta] }) {
      beta!.turn.pin();
      assert.equal(beta!.rcu.synchronizeSync(), true);
    },
  },
  invariant: sequenceGoesUp,
  final: nothingIsLeft,
  bounds: { preemptions: 3 },
  // Every schedule takes half a minute.
  nightly: { preemptions: 5 },
});

export const needsAWholeGracePeriod = model<Scene>({
  name: 'a cookie taken while a grace period runs is done by the next one, not by that one',
  ...over(two),
  setup: scene(two, ['reader', 'updater']),
  threads: {
    reader({ all: [reader] }) {
      readInTurn(reader!);
      readInTurn(reader!);
    },
    updater({ all: [, updater] }) {
      const { gracePeriod } = updater!;
      // Ends where the reader is between turns, else goes on running.
      gracePeriod.drive(gracePeriod.snap());
      replaceAndSpoil(updater!, 1);
    },
  },
  invariant: sequenceGoesUp,
  final: nothingIsLeft,
});

export const endsInOneCallWhenAllAreIdle = model<Scene>({
  name: 'when all threads are between turns one call of drive() takes any cookie to its end',
  ...over(two),
  setup: scene(two, ['reader', 'updater']),
  threads: {
    reader: ({ all: [reader] }) => readInTurn(reader!),
    updater({ stage, all: [, updater] }) {
      const { gracePeriod } = updater!;
      // What it leaves running is one more to end.
      gracePeriod.drive(gracePeriod.snap());
      const cookie = gracePeriod.snap();
      stage.awaitEnd('reader');
      assert.equal(gracePeriod.drive(cookie), true);
    },
  },
  invariant: sequenceGoesUp,
  final: nothingIsLeft,
});

export const staysDone = model<Scene>({
  name: 'a cookie that is done stays done, while others drive on across the wrap',
  ...over(wrapping),
  setup: scene(wrapping, ['watcher', 'driver']),
  threads: {
    watcher({ all: [watcher] }) {
      const { gracePeriod } = watcher!;
      const cookie = gracePeriod.snap();
      let wasDone = false;
      for (let look = 0; look < 4; look++) {
        const isDone = gracePeriod.done(cookie);
        assert.ok(isDone || !wasDone, 'a cookie was done and then was not');
        wasDone = isDone;
      }
      if (wasDone) watcher!.done++;
    },
    driver({ all: [, driver] }) {
      const { words, gracePeriod } = driver!;
      for (let period = 0; period < 2; period++) driveUntilDone(words, gracePeriod, gracePeriod.snap());
    },
  },
  invariant: sequenceGoesUp,
  final: nothingIsLeft,
});

export const servesTwoDriversAndAReader = model<Scene>({
  name: 'of two threads that drive at once neither ends what the other has begun too early for a third that reads',
  ...over(three),
  setup: scene(three, ['reader', 'alpha', 'beta']),
  threads: {
    reader: ({ all: [reader] }) => readInTurn(reader!),
    alpha: ({ all: [, alpha] }) => replaceAndSpoil(alpha!, 1),
    beta: ({ all: [, , beta] }) => replaceAndSpoil(beta!, 2),
  },
  invariant: sequenceGoesUp,
  final: nothingIsLeft,
  bounds: { preemptions: 2 },
  // Some ten times as long.
  nightly: { preemptions: 3 },
});

export const creditsNothingOld = model<Scene>({
  name: 'that a turn has ended counts for the grace period that waited for it, and not for the next',
  ...over(two),
  setup: (stage) => {
    const state = scene(two, ['reader', 'updater'])(stage);
    const [reader, updater] = state.all;
    // A grace period runs that waits for the reader's turn.
    reader!.turn.pin();
    updater!.gracePeriod.drive(updater!.gracePeriod.snap());
    return state;
  },
  threads: {
    reader({ all: [reader] }) {
      reader!.turn.quiesce();
      readWhole(reader!.words, reader!.words.dereference(reader!.memory.link));
    },
    updater: ({ all: [, updater] }) => replaceAndSpoil(updater!, 1),
  },
  invariant: sequenceGoesUp,
});

/** Of a memory, what a model needs in which threads die. */
function overLives({ lengthWords, prepareLive, nameOf }: RcuMemory) {
  return { lengthWords, prepare: prepareLive, nameOf };
}

/**
 * Holds an heir until `thread` in slot 0 has ended. Where it was killed, the first heir marks it, and ends its turn as a
 * reaper does when all else is done; to take the lock is left to whoever drives.
 */
function bury({ stage }: Scene, thread: string, { words, memory }: Actor): void {
  if (stage.awaitEnd(thread)) return;
  for (const slot of markDead(words, memory.geometry, memory.threadOf(0))) {
    words.store(slotStart(memory.geometry, slot) + SLOT.state, SLOT_STATE.dead);
  }
}

/** Whatever a dead thread has left: the next grace period ends in one call, for all are idle or dead. */
function othersGoOn(state: Scene): void {
  const { gracePeriod } = state.all.at(-1)!;
  assert.equal(gracePeriod.drive(gracePeriod.snap()), true, 'no grace period ends any more');
  nothingIsLeft(state);
}

/** Looks of a driver before it hears of the death of another. */
const LOOKS = 2;

/** Replaces, drives in vain or not, and to the end when the death of `thread` is known. */
function replaceAndOutlive(state: Scene, thread: string, updater: Actor): void {
  const { words, gracePeriod } = updater;
  const old = replaceBy(updater, 1);
  const cookie = gracePeriod.snap();
  for (let look = 0; look < LOOKS && !gracePeriod.done(cookie); look++) gracePeriod.drive(cookie);
  bury(state, thread, updater);
  driveUntilDone(words, gracePeriod, cookie);
  updater.done++;
  spoil(words, old);
}

export const outlivesAKilledDriver = model<Scene>({
  name: 'where a driver was killed at any step another takes over when it is dead, and nothing is freed early',
  ...overLives(three),
  setup: scene(three, ['killed', 'reader', 'updater']),
  threads: {
    killed: ({ all: [killed] }) => void killed!.gracePeriod.drive(killed!.gracePeriod.snap()),
    reader: ({ all: [, reader] }) => readInTurn(reader!),
    updater: (state) => replaceAndOutlive(state, 'killed', state.all[2]!),
  },
  invariant: sequenceGoesUp,
  final: othersGoOn,
  bounds: { kills: ['killed'], preemptions: 2 },
  // Some ten times as long.
  nightly: { preemptions: 3 },
});

export const startsAnewInTheNextTurn = model<Scene>({
  name: 'a driver that takes over waits for every turn that is open then, whatever the dead one had noted',
  ...overLives(three),
  setup: (stage) => {
    const state = scene(three, ['killed', 'reader', 'updater'])(stage);
    state.all[1]!.turn.pin();
    return state;
  },
  threads: {
    killed: ({ all: [killed] }) => void killed!.gracePeriod.drive(killed!.gracePeriod.snap()),
    reader({ all: [, reader] }) {
      readWhole(reader!.words, reader!.words.dereference(reader!.memory.link));
      reader!.turn.quiesce();
      readWhole(reader!.words, reader!.words.dereference(reader!.memory.link));
    },
    updater(state) {
      const [, , updater] = state.all;
      const old = replaceBy(updater!, 1);
      const cookie = updater!.gracePeriod.snap();
      bury(state, 'killed', updater!);
      driveUntilDone(updater!.words, updater!.gracePeriod, cookie);
      updater!.done++;
      spoil(updater!.words, old);
    },
  },
  invariant: sequenceGoesUp,
  final: othersGoOn,
  bounds: { kills: ['killed'], preemptions: 2 },
});

export const hasOneHeir = model<Scene>({
  name: 'of two that outlive a driver, killed in a turn or under the lock, one takes over, and both go on',
  ...overLives(three),
  setup: scene(three, ['killed', 'alpha', 'beta']),
  threads: {
    killed({ all: [killed] }) {
      readInTurn(killed!);
      killed!.gracePeriod.drive(killed!.gracePeriod.snap());
    },
    alpha(state) {
      const [, alpha] = state.all;
      bury(state, 'killed', alpha!);
      replaceAndSpoil(alpha!, 1);
    },
    beta(state) {
      const [, , beta] = state.all;
      bury(state, 'killed', beta!);
      readInTurn(beta!);
      replaceAndSpoil(beta!, 2);
    },
  },
  invariant: sequenceGoesUp,
  final: othersGoOn,
  bounds: { kills: ['killed'], preemptions: 2 },
});
