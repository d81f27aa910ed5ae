/**
 * Read sections: rcu.readLock(), readUnlock() and read(fn). What a section has read stays as it is until the outermost
 * one ends; a section is over with its turn, and holds up nobody after that.
 *
 *     reader    readLock, p = dereference(link), readLock, ..., readUnlock, read p, readUnlock
 *     updater   puts another object there, waits for a grace period, spoils the one it took out
 *
 * As in turn.model.ts, both touch the object plainly: a section that was not waited for is a data race on it.
 */
import assert from 'node:assert/strict';
import { slotStart } from '../../src/layout/heap-layout.js';
import { SLOT, TURN_OPEN } from '../../src/layout/thread-slot.js';
import type { GracePeriod } from '../../src/rcu/grace-period.js';
import type { Turn } from '../../src/threads/turn.js';
import type { Words } from '../../src/words/words.js';
import { type Model, type ModelHost, model, type Stage } from '../../tools/checker/model.js';
import { driveUntilDone, fill, RcuMemory, readWhole, spoil } from './support/rcu-memory.js';

const memory = new RcuMemory({ threads: 2 });

interface Scene {
  readonly words: Words;
  readonly host: ModelHost;
  /** The reader's; renewed with every operation, where nothing keeps it. */
  readonly turn: Turn;
  /** The updater's. */
  readonly gracePeriod: GracePeriod;
}

function setup(stage: Stage): Scene {
  const { words } = stage;
  return {
    words,
    host: stage.host('reader'),
    turn: memory.turn(stage, 'reader', 0, 1),
    gracePeriod: memory.gracePeriod(words, 1),
  };
}

/** Follows the link and reads what it points to. Returns the object's address. */
function readLinked({ words }: Scene): number {
  const object = words.dereference(memory.link);
  readWhole(words, object);
  return object;
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

/** Tries all that ends or renews a turn, none of which may happen in a section. */
function tryToEnd({ turn }: Scene): void {
  isRefused(() => turn.leave());
  isRefused(() => turn.quiesce());
  turn.spend();
  turn.spend();
}

/** Ends a section, or finds that it is over: what that means for what was read is for the race check to say. */
function unlock({ turn }: Scene): void {
  isRefused(() => turn.readUnlock());
}

function replaceAndSpoil({ words, gracePeriod }: Scene): void {
  fill(words, memory.object(1), 2);
  words.store(memory.link, memory.object(1));
  driveUntilDone(words, gracePeriod, gracePeriod.snap());
  spoil(words, memory.object(0));
}

/** What `read` reads is kept as long as it says; in the end no turn is open. */
function sectionModel(name: string, read: (state: Scene) => void): Model<Scene> {
  return model<Scene>({
    name,
    lengthWords: memory.lengthWords,
    prepare: memory.prepare,
    nameOf: memory.nameOf,
    setup,
    threads: { reader: read, updater: replaceAndSpoil },
    final({ words, turn }) {
      const word = words.loadPlain(slotStart(memory.geometry, 0) + SLOT.turn);
      assert.equal(word & TURN_OPEN, 0, 'the turn is open, though the synchronous run is over');
      assert.equal(turn.isReading(), false, 'a section is open, though the synchronous run is over');
    },
  });
}

export const keepsWhatItReads = sectionModel(
  'what a read section reads stays until it ends, and nothing ends or renews its turn before that',
  (state) => {
    const { words, turn } = state;
    turn.readLock();
    const object = readLinked(state);
    tryToEnd(state);
    readWhole(words, object);
    unlock(state);
    turn.quiesce();
    readLinked(state);
  },
);

export const refusesToEnd = sectionModel(
  'neither leave() nor quiesce() does anything inside of a section, but say so, and both do when it has ended',
  (state) => {
    const { turn } = state;
    turn.readLock();
    assert.ok(
      isRefused(() => turn.leave()),
      'a turn was left inside of a section',
    );
    assert.ok(
      isRefused(() => turn.quiesce()),
      'a turn was renewed inside of a section',
    );
    readLinked(state);
    turn.readUnlock();
    turn.quiesce();
    turn.leave();
  },
);

export const innerSectionEndsNothing = sectionModel(
  'what the outer of two read sections reads stays when the inner one has ended',
  (state) => {
    const { words, turn } = state;
    turn.readLock();
    const object = readLinked(state);
    turn.readLock();
    readLinked(state);
    unlock(state);
    tryToEnd(state);
    readWhole(words, object);
    unlock(state);
    turn.leave();
  },
);

export const innerReadEndsNothing = sectionModel(
  'what a read section reads stays when a read(fn) inside of it has returned, or thrown',
  (state) => {
    const { words, turn } = state;
    turn.readLock();
    const object = readLinked(state);
    turn.read(() => readLinked(state));
    const failed = isRefused(() =>
      turn.read(() => {
        readLinked(state);
        throw new Error('as it is meant to');
      }),
    );
    assert.ok(failed);
    tryToEnd(state);
    readWhole(words, object);
    unlock(state);
    turn.leave();
  },
);

export const readKeepsWhatItReads = sectionModel(
  'what read(fn) reads stays until it returns, whatever sections have begun and ended inside',
  (state) => {
    const { words, turn } = state;
    turn.read(() => {
      const object = readLinked(state);
      turn.readLock();
      readLinked(state);
      unlock(state);
      turn.read(() => readLinked(state));
      tryToEnd(state);
      readWhole(words, object);
    });
    assert.equal(turn.isOpen(), false, 'read(fn) has returned, and its turn goes on');
  },
);

export const readEndsWhatBeganInside = sectionModel(
  'a section that fn began and did not end is over when read(fn) has thrown, and keeps nothing and nobody',
  (state) => {
    const { turn } = state;
    turn.pin();
    readLinked(state);
    const failed = isRefused(() =>
      turn.read(() => {
        turn.readLock();
        throw new Error('as it is meant to');
      }),
    );
    assert.ok(failed);
    turn.quiesce();
    readLinked(state);
  },
);

export const endsWithItsTurn = sectionModel(
  'a section ends with its turn: it keeps nothing after that, and its readUnlock() says so',
  (state) => {
    const { host, turn } = state;
    turn.readLock();
    readLinked(state);
    host.runMicrotasks();
    turn.readLock();
    readLinked(state);
    turn.readUnlock();
    assert.ok(
      isRefused(() => turn.readUnlock()),
      'a section was ended that was over with its turn',
    );
  },
);
