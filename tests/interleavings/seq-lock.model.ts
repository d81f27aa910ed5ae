/**
 * The seqlock: a reader gets words that were written as one, writers do not mix, and where a writer is killed inside,
 * readers are told so until somebody has written all words anew.
 *
 * A write of n stores n and ~n, so words of two writes do not match.
 *
 * Not shown here: the wrap of the sequence.
 */
import assert from 'node:assert/strict';
import { LOCK, LOCK_KIND } from '../../src/layout/lock-record.js';
import { UNOBSERVED } from '../../src/locks/lock-class.js';
import { LockTimeoutError, OwnerDiedError } from '../../src/locks/lock-errors.js';
import { SeqLock } from '../../src/locks/seq-lock.js';
import type { Words } from '../../src/words/words.js';
import { model, type Stage } from '../../tools/checker/model.js';
import { LockMemory, StageThread } from '../support/lock-stage.js';

const SIZE = 2;
/** More looks than words change in any model here. */
const PATIENT = 40;

/** One thread of a model. */
interface Actor {
  readonly lock: SeqLock;
  /** What it has read, in order. */
  readonly read: number[];
  /** How often it was told that a writer has died. */
  told: number;
  /** How often it has given up. */
  missed: number;
}

interface Scene {
  readonly stage: Stage;
  readonly memory: LockMemory;
  /** By slot. */
  readonly actors: readonly Actor[];
}

/** A memory for the threads `names`, in slots by their order. Nobody sleeps: all are in a turn. */
function scene(names: readonly string[]) {
  const memory = new LockMemory({ kind: LOCK_KIND.seqLock, size: SIZE, threads: names.length });
  const geometry = { ...memory.geometry, spinRounds: PATIENT };
  return {
    lengthWords: memory.lengthWords,
    nameOf: memory.nameOf,
    prepare(words: Words): void {
      memory.prepare(words);
      words.storePlain(memory.record + LOCK.waiters + names.length + 1, ~0);
    },
    setup(stage: Stage): Scene {
      const actors = names.map((name, slot) => {
        const thread = new StageThread(stage.words, geometry, slot, stage.host(name), UNOBSERVED);
        thread.isInTurn = true;
        return { lock: new SeqLock(thread, memory.record, 'tested'), read: [], told: 0, missed: 0 };
      });
      return { stage, memory, actors };
    },
  };
}

function write({ actors }: Scene, slot: number, value: number): void {
  actors[slot]!.lock.write([value, ~value]);
}

/** The value that the words stand for, which were written as one. */
function wholeValue(words: Int32Array): number {
  assert.equal(words[1], ~words[0]!, 'words of two writes');
  return words[0]!;
}

/** Adds `amount` to what is there. */
function add({ actors }: Scene, slot: number, amount: number): void {
  const actor = actors[slot]!;
  actor.lock.write((current, ownerDied) => {
    if (ownerDied) actor.told++;
    else wholeValue(current);
    current[0] = current[0]! + amount;
    current[1] = ~current[0]!;
  });
}

/** Reads, or notes why not. */
function read({ actors }: Scene, slot: number): void {
  const actor = actors[slot]!;
  try {
    actor.read.push(wholeValue(actor.lock.read()));
  } catch (error) {
    if (error instanceof OwnerDiedError) actor.told++;
    else if (error instanceof LockTimeoutError) actor.missed++;
    else throw error;
  }
}

function tryRead({ actors }: Scene, slot: number): void {
  const actor = actors[slot]!;
  const into = new Int32Array(SIZE);
  if (actor.lock.tryRead(into)) actor.read.push(wholeValue(into));
  else actor.missed++;
}

function assertRising(values: readonly number[]): void {
  for (let i = 1; i < values.length; i++)
    assert.ok(values[i]! >= values[i - 1]!, `read ${values.join(', ')}`);
}

/** Marks the slot of the victim dead where it was killed. */
function findDead({ stage, memory }: Scene): void {
  if (!stage.awaitEnd('victim')) memory.markDead(stage.words, 0);
}

export const readsWhatWasWritten = model<Scene>({
  name: 'a reader gets the words of one write, and never those of an earlier one than before',
  ...scene(['writer', 'reader']),
  threads: {
    writer(state) {
      write(state, 0, 1);
      write(state, 0, 2);
    },
    reader(state) {
      read(state, 1);
      read(state, 1);
    },
  },
  final({ actors: [, reader] }) {
    assert.deepEqual([reader!.read.length, reader!.told, reader!.missed], [2, 0, 0]);
    assertRising(reader!.read);
  },
});

export const triesToRead = model<Scene>({
  name: 'tryRead() gets words of one write or says no, and says no only where a writer is about',
  ...scene(['writer', 'reader']),
  threads: {
    writer: (state) => write(state, 0, 1),
    reader(state) {
      tryRead(state, 1);
      tryRead(state, 1);
    },
  },
  final({ actors: [, reader] }) {
    assertRising(reader!.read);
    assert.equal(reader!.read.length + reader!.missed, 2);
    // A writer that has gone is about no more.
    assert.equal(reader!.lock.tryRead(new Int32Array(SIZE)), true);
  },
});

export const keepsWritersApart = model<Scene>({
  name: 'what two writers add to the words is all there in the end, and a reader sees it come',
  ...scene(['alpha', 'beta', 'reader']),
  threads: {
    alpha: (state) => add(state, 0, 1),
    beta: (state) => add(state, 1, 2),
    reader: (state) => read(state, 2),
  },
  final(state) {
    const { actors } = state;
    const into = new Int32Array(SIZE);
    assert.equal(actors[0]!.lock.tryRead(into), true);
    assert.equal(wholeValue(into), 3);
    assert.equal(actors[2]!.read.length, 1);
  },
  bounds: { preemptions: 3 },
});

export const tellsOfADeadWriter = model<Scene>({
  name: 'where a writer was killed, a reader gets a whole value or is told, and hangs only until its slot is found dead',
  ...scene(['victim', 'reader', 'reaper']),
  threads: {
    victim: (state) => write(state, 0, 1),
    reader: (state) => read(state, 1),
    reaper: (state) => findDead(state),
  },
  final({ actors: [, reader] }) {
    assert.equal(reader!.missed, 0);
    assert.equal(reader!.read.length + reader!.told, 1);
  },
  bounds: { kills: ['victim'] },
});

export const isRepairedByTheNext = model<Scene>({
  name: 'where a writer was killed, the next writer is told if it died among the words, and makes them whole',
  ...scene(['victim', 'next', 'reaper']),
  threads: {
    victim(state) {
      add(state, 0, 1);
      add(state, 0, 1);
    },
    next: (state) => add(state, 1, 10),
    reaper: (state) => findDead(state),
  },
  final({ stage, memory, actors: [, next] }) {
    const sequence = stage.words.load(memory.record + LOCK.sequence);
    const into = new Int32Array(SIZE);
    const isWhole = next!.lock.tryRead(into);
    assert.equal(isWhole, (sequence & 1) === 0);
    // Torn in the end: the victim died after the next had been and gone.
    if (!isWhole) assert.equal(next!.told, 0);
    else if (next!.told === 0) assert.ok([10, 11, 12].includes(wholeValue(into)), `${into[0]}`);
    else wholeValue(into);
  },
  bounds: { kills: ['victim'] },
});

export const endsWhereNobodyReaps = model<Scene>({
  name: 'where a writer was killed and nobody finds it dead, readers and writers end in LockTimeoutError',
  ...scene(['victim', 'reader', 'writer']),
  threads: {
    victim: (state) => write(state, 0, 1),
    reader: (state) => read(state, 1),
    writer(state) {
      try {
        write(state, 2, 2);
      } catch (error) {
        if (!(error instanceof LockTimeoutError)) throw error;
        assert.equal(error.ownerSlot, 0);
        state.actors[2]!.missed++;
      }
    },
  },
  final({ stage, memory, actors: [, reader, writer] }) {
    assert.equal(reader!.told, 0);
    if (writer!.missed === 1) assert.notEqual(stage.words.load(memory.record + LOCK.owner), 0);
    if (reader!.missed === 1) assert.equal(stage.words.load(memory.record + LOCK.sequence) & 1, 1);
  },
  bounds: { kills: ['victim'], preemptions: 2 },
});
