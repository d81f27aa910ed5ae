/**
 * Turns against grace periods: what a turn has read is not used for anything else before that turn has ended.
 *
 *     reader    enter, p = dereference(link), read p plainly, end
 *     updater   fill a new object, store its address to link, snap, drive until done, spoil the old object
 *
 * Both touch the object plainly, so a turn that was not waited for is a data race on it.
 *
 * What order of steps alone cannot show, the vector clocks of the race check do. In an interleaving every load
 * returns the last store, so the load that ends Turn._enter(), the `or` of snap() and the `exchange` that ends a
 * grace period could all be weaker and no outcome would change: they are there for the happens-before edges by
 * which ECMAScript forbids a reader the old link. `seesEveryUnlinkItIsNotWaitedFor` reads the link plainly, in the
 * one case in which those edges must be there. Everywhere else `dereference` counts as an atomic load; what a plain
 * one rests on (docs/memory-model.md, D1 to D3) is not explored.
 *
 * The store buffers of the checker hold back plain stores until the thread's next atomic operation, of any kind.
 * On real hardware a load does not empty them: so a twin that enters with a plain store must also leave out the
 * load behind it to be seen there, though the store alone is wrong already, and reported as a race.
 */
import assert from 'node:assert/strict';
import { HEADER } from '../../src/layout/heap-header.js';
import { slotStart } from '../../src/layout/heap-layout.js';
import { SLOT, SLOT_STATE, TURN_OPEN } from '../../src/layout/thread-slot.js';
import type { GracePeriod } from '../../src/rcu/grace-period.js';
import { markDead } from '../../src/threads/liveness.js';
import type { Turn } from '../../src/threads/turn.js';
import type { Words } from '../../src/words/words.js';
import { type ModelHost, model, type Stage } from '../../tools/checker/model.js';
import { driveUntilDone, fill, RcuMemory, readWhole, spoil } from './support/rcu-memory.js';

const two = new RcuMemory({ threads: 2 });
const three = new RcuMemory({ threads: 3 });

/** Of a memory, what the model itself needs. */
function over({ lengthWords, prepare, nameOf }: RcuMemory) {
  return { lengthWords, prepare, nameOf };
}

/** One thread of a model, in a slot. */
interface Actor {
  readonly words: Words;
  readonly memory: RcuMemory;
  readonly host: ModelHost;
  readonly turn: Turn;
  readonly gracePeriod: GracePeriod;
  /** What it has to say in the end. */
  count: number;
}

/** Wires the thread `name` in `slot`. */
function actor(stage: Stage, memory: RcuMemory, name: string, slot: number, operations = 1): Actor {
  const { words } = stage;
  const turn = memory.turn(stage, name, slot, operations);
  return {
    words,
    memory,
    host: stage.host(name),
    turn,
    gracePeriod: memory.gracePeriod(words, slot),
    count: 0,
  };
}

interface ReaderAndUpdater {
  readonly stage: Stage;
  readonly reader: Actor;
  readonly updater: Actor;
}

/** The reader's slot is the first. */
function readerAndUpdater(operations = 1): (stage: Stage) => ReaderAndUpdater {
  return (stage) => ({
    stage,
    reader: actor(stage, two, 'reader', 0, operations),
    updater: actor(stage, two, 'updater', 1),
  });
}

/** When a synchronous run is over, so is its turn. */
function turnHasEnded({ reader: { words, memory } }: ReaderAndUpdater): void {
  const turn = words.loadPlain(slotStart(memory.geometry, 0) + SLOT.turn);
  assert.equal(turn & TURN_OPEN, 0, 'the turn is open, though the synchronous run is over');
}

/** True where `attempt` throws: nothing of it may happen. */
function isRefused(attempt: () => void): boolean {
  try {
    attempt();
  } catch {
    return true;
  }
  return false;
}

/** Follows the link and reads what it points to. Returns the object's address. */
function readLinked({ words, memory }: Actor): number {
  const object = words.dereference(memory.link);
  readWhole(words, object);
  return object;
}

/** A turn that lasts until the synchronous run ends. */
function readOneTurn(reader: Actor): void {
  reader.turn.pin();
  readLinked(reader);
  reader.host.runMicrotasks();
}

/** Puts object `number` in the place of the one before it; nobody else does at the same time. */
function replaceBy({ words, memory }: Actor, number: number): void {
  fill(words, memory.object(number), number + 1);
  words.store(memory.link, memory.object(number));
}

/** Replaces object `number - 1`, waits, and uses its memory for something else. */
function replaceAndSpoil(updater: Actor, number = 1): void {
  const { words, memory, gracePeriod } = updater;
  replaceBy(updater, number);
  driveUntilDone(words, gracePeriod, gracePeriod.snap());
  spoil(words, memory.object(number - 1));
}

export const keepsWhatItReads = model<ReaderAndUpdater>({
  name: 'an object that a turn reads is not used for anything else until the turn has ended',
  ...over(two),
  setup: readerAndUpdater(),
  threads: {
    reader: ({ reader }) => readOneTurn(reader),
    updater: ({ updater }) => replaceAndSpoil(updater),
  },
  final: turnHasEnded,
});

export const keepsWhatTheLastSlotReads = model<ReaderAndUpdater>({
  name: 'a reader in the last slot is waited for as one in the first',
  ...over(two),
  setup: (stage) => ({
    stage,
    reader: actor(stage, two, 'reader', 1),
    updater: actor(stage, two, 'updater', 0),
  }),
  threads: {
    reader: ({ reader }) => readOneTurn(reader),
    updater: ({ updater }) => replaceAndSpoil(updater),
  },
});

export const keepsWhatEachTurnReads = model<ReaderAndUpdater>({
  name: 'each of two turns keeps what it reads while one object after the other is replaced',
  ...over(two),
  setup: readerAndUpdater(),
  threads: {
    reader({ reader }) {
      readOneTurn(reader);
      readOneTurn(reader);
    },
    updater({ updater }) {
      replaceAndSpoil(updater, 1);
      replaceAndSpoil(updater, 2);
    },
  },
});

export const keepsWhatARenewedTurnReads = model<ReaderAndUpdater>({
  name: 'a turn that renews itself keeps what each operation reads',
  ...over(two),
  setup: readerAndUpdater(1),
  threads: {
    reader({ reader }) {
      for (let operation = 0; operation < 3; operation++) {
        reader.turn.spend();
        readLinked(reader);
      }
      reader.count = reader.turn.epoch;
    },
    updater: ({ updater }) => replaceAndSpoil(updater),
  },
  final(state) {
    turnHasEnded(state);
    assert.equal(state.reader.count, 2, 'the third operation comes in a new turn');
  },
});

export const keepsWhatTheNextRunReads = model<ReaderAndUpdater>({
  name: 'a turn that ends with operations left to it leaves none to the next synchronous run',
  ...over(two),
  setup: readerAndUpdater(2),
  threads: {
    reader({ reader }) {
      reader.turn.spend();
      readLinked(reader);
      reader.host.runMicrotasks();
      reader.turn.spend();
      readLinked(reader);
    },
    updater: ({ updater }) => replaceAndSpoil(updater),
  },
  final: turnHasEnded,
});

export const keepsWhatAPinnedTurnReads = model<ReaderAndUpdater>({
  name: 'a pinned turn is not renewed: an address read before many operations is good after them',
  ...over(two),
  setup: readerAndUpdater(1),
  threads: {
    reader({ reader }) {
      reader.turn.pin();
      const object = readLinked(reader);
      for (let operation = 0; operation < 3; operation++) reader.turn.spend();
      readWhole(reader.words, object);
    },
    updater: ({ updater }) => replaceAndSpoil(updater),
  },
});

export const keepsWhatAnOuterScopeReads = model<ReaderAndUpdater>({
  name: 'turn(fn) inside of turn(fn) ends nothing: what the outer has read is good until it returns',
  ...over(two),
  setup: readerAndUpdater(1),
  threads: {
    reader({ reader }) {
      const { turn, words } = reader;
      turn.run(() => {
        const object = readLinked(reader);
        turn.run(() => readLinked(reader));
        turn.spend();
        turn.spend();
        readWhole(words, object);
      });
      assert.equal(turn.isOpen(), false);
    },
    updater: ({ updater }) => replaceAndSpoil(updater),
  },
});

export const keepsWhatAScopeReads = model<ReaderAndUpdater>({
  name: 'in turn(fn) the turn can be neither left nor renewed, and nothing of an attempt happens',
  ...over(two),
  setup: readerAndUpdater(1),
  threads: {
    reader({ reader }) {
      const { turn, words } = reader;
      turn.run(() => {
        const object = readLinked(reader);
        assert.ok(isRefused(() => turn.leave()));
        assert.ok(isRefused(() => turn.quiesce()));
        readWhole(words, object);
      });
    },
    updater: ({ updater }) => replaceAndSpoil(updater),
  },
  final: turnHasEnded,
});

export const keepsWhatIsReadAfterQuiesce = model<ReaderAndUpdater>({
  name: 'quiesce() begins a turn that keeps what it reads, and is pinned as the last one was',
  ...over(two),
  setup: readerAndUpdater(),
  threads: {
    reader({ reader }) {
      reader.turn.pin();
      readLinked(reader);
      reader.turn.quiesce();
      const object = readLinked(reader);
      reader.turn.spend();
      reader.turn.spend();
      readWhole(reader.words, object);
    },
    updater: ({ updater }) => replaceAndSpoil(updater),
  },
});

export const waitsForTheDriversOwnTurn = model<ReaderAndUpdater>({
  name: "a grace period waits for its driver's own turn as for any other",
  ...over(two),
  setup: readerAndUpdater(),
  threads: {
    reader: ({ reader }) => readOneTurn(reader),
    updater({ updater }) {
      const { words, memory, gracePeriod, turn } = updater;
      turn.pin();
      const mine = readLinked(updater);
      replaceBy(updater, 1);
      const cookie = gracePeriod.snap();
      assert.equal(gracePeriod.drive(cookie), false, 'a grace period ended in the turn of its driver');
      readWhole(words, mine);
      turn.leave();
      driveUntilDone(words, gracePeriod, cookie);
      spoil(words, memory.object(0));
    },
  },
});

export const endsThoughTheNextTurnIsOpen = model<ReaderAndUpdater>({
  name: 'a grace period waits for the turn that it has met, not for the next of the same thread',
  ...over(two),
  setup: readerAndUpdater(),
  threads: {
    reader({ reader }) {
      const { words, memory, turn } = reader;
      turn.pin();
      words.store(memory.note, 1);
      while (words.load(memory.note) !== 2) words.pause();
      turn.quiesce();
      while (words.load(memory.note) !== 3) words.pause();
    },
    updater({ updater }) {
      const { words, memory, gracePeriod } = updater;
      while (words.load(memory.note) !== 1) words.pause();
      const cookie = gracePeriod.snap();
      assert.equal(gracePeriod.drive(cookie), false);
      words.store(memory.note, 2);
      driveUntilDone(words, gracePeriod, cookie);
      // Until now the reader's second turn stays open.
      words.store(memory.note, 3);
    },
  },
});

/** More looks than there are changes to see. */
const LOOKS = 6;

/** Looks until a grace period is over, or it cannot be: the reader has ended, one way or the other. */
function driveBesideVictim({ stage, updater }: ReaderAndUpdater): void {
  const { gracePeriod } = updater;
  const cookie = gracePeriod.snap();
  for (let look = 0; look < LOOKS && updater.count === 0; look++) {
    if (look === LOOKS - 1) stage.awaitEnd('reader');
    if (gracePeriod.drive(cookie)) updater.count++;
  }
}

/** True when the reader's turn word says that it is in a turn. */
function readerIsInATurn({ reader: { words, memory } }: ReaderAndUpdater): boolean {
  return (words.loadPlain(slotStart(memory.geometry, 0) + SLOT.turn) & TURN_OPEN) !== 0;
}

export const keepsWhatAKilledReaderReads = model<ReaderAndUpdater>({
  name: 'a thread that was killed in a turn holds up the grace period until it is found dead, one killed elsewhere does not',
  lengthWords: two.lengthWords,
  prepare: two.prepareLive,
  nameOf: two.nameOf,
  setup: readerAndUpdater(),
  threads: {
    reader: ({ reader }) => readOneTurn(reader),
    updater(state) {
      const { stage, updater } = state;
      const { words, memory, gracePeriod } = updater;
      replaceBy(updater, 1);
      driveBesideVictim(state);
      if (updater.count === 0) {
        const isKilled = !stage.awaitEnd('reader');
        assert.ok(isKilled && readerIsInATurn(state), 'nothing holds up a grace period that does not end');
        markDead(words, memory.geometry, memory.threadOf(0));
        assert.ok(!gracePeriod.drive(gracePeriod.snap()), 'what a zombie had in hand may be freed');
        words.store(slotStart(memory.geometry, 0) + SLOT.state, SLOT_STATE.dead);
        assert.ok(gracePeriod.drive(gracePeriod.snap()), 'a grace period waits for a thread that is dead');
      }
      spoil(words, memory.object(0));
    },
  },
  bounds: { kills: ['reader'] },
});

export const keepsWhatTwoReadersRead = model<{
  readonly first: Actor;
  readonly second: Actor;
  readonly updater: Actor;
}>({
  name: 'an object that two turns read is not used for anything else until both have ended',
  ...over(three),
  setup: (stage) => ({
    first: actor(stage, three, 'first', 0),
    second: actor(stage, three, 'second', 1),
    updater: actor(stage, three, 'updater', 2),
  }),
  threads: {
    first({ first }) {
      readOneTurn(first);
      readOneTurn(first);
    },
    second: ({ second }) => readOneTurn(second),
    updater: ({ updater }) => replaceAndSpoil(updater),
  },
});

interface Three {
  readonly reader: Actor;
  readonly updater: Actor;
  readonly driver: Actor;
}

function withDriver(stage: Stage): Three {
  return {
    reader: actor(stage, three, 'reader', 0),
    updater: actor(stage, three, 'updater', 1),
    driver: actor(stage, three, 'driver', 2),
  };
}

export const keepsWhatItReadsWhoeverDrives = model<Three>({
  name: 'an object that a turn reads is kept, though a grace period that another drives began before it was replaced',
  ...over(three),
  setup: withDriver,
  threads: {
    reader: ({ reader }) => readOneTurn(reader),
    updater({ updater }) {
      const { words, memory, gracePeriod } = updater;
      replaceBy(updater, 1);
      const cookie = gracePeriod.snap();
      // Leaves all driving to the other, and may never see the end.
      if (gracePeriod.done(cookie)) spoil(words, memory.object(0));
    },
    driver({ driver: { gracePeriod } }) {
      gracePeriod.drive(gracePeriod.snap());
    },
  },
});

export const seesEveryUnlinkItIsNotWaitedFor = model<Three>({
  name: 'a turn in which a grace period ends that did not wait for it reads every link as the cookie was taken for',
  ...over(three),
  setup: withDriver,
  threads: {
    reader({ reader: { words, memory, turn } }) {
      turn.pin();
      // Both looks order nothing: what orders the plain read of the link is the entering alone.
      const sequence = words.loadPlain(HEADER.gracePeriodSequence);
      const cookie = words.loadPlain(memory.note);
      if (cookie === 0 || sequence < cookie) return;
      assert.equal(words.loadPlain(memory.link), memory.object(1));
    },
    updater({ updater: { words, memory, gracePeriod } }) {
      words.store(memory.link, memory.object(1));
      words.storePlain(memory.note, gracePeriod.snap());
    },
    driver({ driver: { gracePeriod } }) {
      gracePeriod.drive(gracePeriod.snap());
      gracePeriod.drive(gracePeriod.snap());
    },
  },
  // How the reader learns that it was not waited for is no part of the claim, and must not order anything.
  mayRace: (index) => index === HEADER.gracePeriodSequence || index === three.note,
});
