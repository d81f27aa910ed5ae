/**
 * The reader-writer lock: a writer is alone, readers are not, everyone who waits gets in, and what a writer leaves
 * the next finds, wherever a thread is killed. Patient threads sleep without a limit, so a wake-up that is lost is
 * a deadlock.
 *
 * Writers change two words plainly, and readers read them so: whoever is inside with a writer is a data race.
 *
 * Not shown here: the async side, whose steps are the same, with the event loop between them; a reaper that is killed.
 */
import assert from 'node:assert/strict';
import { CONSISTENCY, LOCK, LOCK_KIND } from '../../src/layout/lock-record.js';
import { LockTimeoutError, NotRecoverableError } from '../../src/locks/lock-errors.js';
import { type ReadGuard, RwLock, type WriteGuard } from '../../src/locks/rw-lock.js';
import type { Words } from '../../src/words/words.js';
import { model, type Stage } from '../../tools/checker/model.js';
import { LockMemory } from '../support/lock-stage.js';
import { begunInside, dieInside, guardedMemory, LockScene } from './support/lock-scene.js';

/** One thread of a model, and what came of its attempts. */
interface Actor {
  readonly slot: number;
  readonly lock: RwLock;
  wrote: number;
  read: number;
  missed: number;
  /** How often it was told that a writer died. */
  told: number;
  /** How often it was told that nobody can use the lock any more. */
  refused: number;
}

interface Contest {
  readonly scene: LockScene;
  /** By slot. */
  readonly actors: readonly Actor[];
}

/** A memory for the threads `names`, in slots by their order; those in `timed` sleep as long as the code says. */
function contest(names: readonly string[], timed: readonly string[] = [], spinRounds = 0) {
  // The last slot is of a thread that is not there, or has died.
  const memory = new LockMemory({ kind: LOCK_KIND.rwLock, threads: names.length + 1 });
  return {
    memory,
    ...guardedMemory(memory),
    setup(stage: Stage): Contest {
      const scene = new LockScene(stage, memory);
      const geometry = { ...memory.geometry, spinRounds };
      const actors = names.map((name, slot) => {
        const thread = Object.assign(scene.thread(name, slot, !timed.includes(name)), { geometry });
        const lock = new RwLock(thread, memory.record, 'tested');
        return { slot, lock, wrote: 0, read: 0, missed: 0, told: 0, refused: 0 };
      });
      return { scene, actors };
    },
  };
}

type WrittenContest = Contest & { readonly guard: WriteGuard };
type ReadContest = Contest & { readonly guard: ReadGuard };

/** contest() that begins when the first thread is inside, writing. */
function writtenContest(names: readonly string[], timed: readonly string[] = []) {
  const made = contest(names, timed);
  return { ...made, setup: begunInside(made.setup, ({ actors }) => actors[0]!.lock.writeSync()) };
}

/** contest() that begins when the first thread is inside, reading. */
function readContest(names: readonly string[], timed: readonly string[] = []) {
  const made = contest(names, timed);
  return { ...made, setup: begunInside(made.setup, ({ actors }) => actors[0]!.lock.readSync()) };
}

/** contest() over a lock whose writer has died inside, after it changed one of the two words. */
function deadWritersContest(names: readonly string[]) {
  const made = contest(names);
  const { memory, prepare } = made;
  return {
    ...made,
    prepare(words: Words): void {
      prepare(words);
      dieInside(words, memory, names.length);
      words.storePlain(memory.record + LOCK.consistency, CONSISTENCY.ownerDied);
    },
  };
}

const LATE = { timeoutMillis: 5 };

/** Word by which the thread of a slot says that it has come so far. */
function mark({ scene }: Contest, slot: number): number {
  return scene.memory.spare + 40 + slot;
}

function readersWord({ memory }: LockScene, slot: number): number {
  return memory.record + LOCK.waiters + memory.geometry.slots + slot;
}

/** Changes what is guarded, repairs what a dead writer left, and leaves. */
function changeAndRelease({ scene }: Contest, actor: Actor, guard: WriteGuard): void {
  scene.count(actor.slot, guard.ownerDied);
  if (guard.ownerDied) {
    actor.told++;
    guard.markConsistent();
  }
  actor.wrote++;
  guard.release();
}

/** Reads what is guarded: whole, unless a writer died. */
function look({ scene }: Contest, actor: Actor, guard: ReadGuard): void {
  const { words, memory } = scene;
  const counter = words.loadPlain(memory.spare);
  const complement = words.loadPlain(memory.spare + 1);
  if (guard.ownerDied) actor.told++;
  else assert.equal(complement, ~counter, 'what the last writer wrote is not all there');
  actor.read++;
}

function lookAndRelease(state: Contest, actor: Actor, guard: ReadGuard): void {
  look(state, actor, guard);
  guard.release();
}

function writeOnce(state: Contest, slot: number): void {
  const actor = state.actors[slot]!;
  changeAndRelease(state, actor, actor.lock.writeSync());
}

function readOnce(state: Contest, slot: number): void {
  const actor = state.actors[slot]!;
  lookAndRelease(state, actor, actor.lock.readSync());
}

function tryWriteOnce(state: Contest, slot: number): void {
  const actor = state.actors[slot]!;
  const guard = actor.lock.tryWrite();
  if (guard === undefined) actor.missed++;
  else changeAndRelease(state, actor, guard);
}

function tryReadOnce(state: Contest, slot: number): void {
  const actor = state.actors[slot]!;
  const guard = actor.lock.tryRead();
  if (guard === undefined) actor.missed++;
  else lookAndRelease(state, actor, guard);
}

/** Runs `locked`, or notes that it gave up. */
function inTime(actor: Actor, locked: () => void): void {
  try {
    locked();
  } catch (error) {
    if (!(error instanceof LockTimeoutError)) throw error;
    actor.missed++;
  }
}

/** Reads, and stays inside until the thread of slot `other` is inside as well. */
function meetInside(state: Contest, slot: number, other: number): void {
  const { words } = state.scene;
  const actor = state.actors[slot]!;
  const guard = actor.lock.readSync();
  words.store(mark(state, slot), 1);
  while (words.load(mark(state, other)) === 0) words.pause();
  lookAndRelease(state, actor, guard);
}

/** Waits for the end of the thread of slot 0; where it was killed, does as heap.watch() does. */
function reap({ scene, actors }: Contest, slot: number): void {
  if (!scene.findDead('victim', 0)) return;
  actors[slot]!.lock.forgetDead(0);
  assert.equal(scene.place(0), 0, 'the dead is still in the queue');
  assert.equal(scene.words.load(readersWord(scene, 0)), 0, 'the dead still reads');
}

/** While a thread is inside writing, the owner word names it. */
function writerIsNamed({ scene, actors }: Contest): void {
  scene.assertInsideIsNamed(actors.length);
}

function assertFree({ scene }: Contest): void {
  const { words, memory } = scene;
  assert.equal(words.loadPlain(memory.record + LOCK.owner), 0, 'free, and nobody waits, when all have left');
  for (let slot = 0; slot < memory.geometry.slots; slot++) {
    assert.equal(words.loadPlain(readersWord(scene, slot)), 0, `slot ${slot} still reads`);
  }
  scene.assertNobodyWaits();
}

function assertCounted(state: Contest): void {
  assertFree(state);
  let wrote = 0;
  for (const actor of state.actors) wrote += actor.wrote;
  assert.equal(state.scene.counted(), wrote);
}

/** After the thread of slot 0 may have been killed: it is told where it died inside writing, and nowhere else. */
function assertOutlived(state: Contest, late: number): void {
  const { scene, actors } = state;
  tryWriteOnce(state, late);
  assert.equal(actors[late]!.wrote, 1, 'the lock is not to be had when all have left or are dead');
  let told = 0;
  for (const actor of actors) told += actor.told;
  if (scene.isInside(0)) assert.ok(told > 0, 'nobody was told that the writer died inside');
  assertFree(state);
  // From now on all is whole.
  told = actors[late]!.told;
  tryWriteOnce(state, late);
  assert.equal(actors[late]!.told, told, 'told again of what was repaired');
}

export const keepsAWriterAlone = model<Contest>({
  name: 'two threads that write and then read are never inside together, and each finds what the last writer left',
  ...contest(['alpha', 'beta']),
  threads: {
    alpha(state) {
      writeOnce(state, 0);
      readOnce(state, 0);
    },
    beta(state) {
      writeOnce(state, 1);
      readOnce(state, 1);
    },
  },
  invariant: writerIsNamed,
  final(state) {
    assertCounted(state);
    assert.equal(state.scene.counted(), 2);
  },
  bounds: { preemptions: 3 },
  // Some ten times as long.
  nightly: { preemptions: 4 },
});

export const readsWhileNobodyWrites = model<Contest>({
  name: 'a reader and a writer that meet leave one another whole, in every order',
  ...contest(['reader', 'writer']),
  threads: {
    reader: (state) => readOnce(state, 0),
    writer: (state) => writeOnce(state, 1),
  },
  invariant: writerIsNamed,
  final: assertCounted,
});

export const goesInWhileItSpins = model<Contest>({
  name: 'readers and writers that spin go in as those do that sleep',
  ...contest(['alpha', 'beta'], [], 2),
  threads: {
    alpha(state) {
      writeOnce(state, 0);
      readOnce(state, 0);
    },
    beta(state) {
      readOnce(state, 1);
      writeOnce(state, 1);
    },
  },
  invariant: writerIsNamed,
  final: assertCounted,
  bounds: { preemptions: 3 },
});

export const letsReadersMeet = model<WrittenContest>({
  name: 'readers that waited for a writer are all let in, and are inside together',
  ...writtenContest(['writer', 'alpha', 'beta']),
  threads: {
    writer: (state) => changeAndRelease(state, state.actors[0]!, state.guard),
    alpha: (state) => meetInside(state, 1, 2),
    beta: (state) => meetInside(state, 2, 1),
  },
  final(state) {
    assertCounted(state);
    assert.equal(state.actors[1]!.read + state.actors[2]!.read, 2);
  },
  bounds: { preemptions: 2 },
  // Some ten times as long.
  nightly: { preemptions: 3 },
});

export const waitsForReaders = model<ReadContest>({
  name: 'a writer waits until all readers have left, and a reader that comes meanwhile waits for it',
  ...readContest(['reader', 'writer', 'late']),
  threads: {
    reader: (state) => lookAndRelease(state, state.actors[0]!, state.guard),
    writer: (state) => writeOnce(state, 1),
    late: (state) => readOnce(state, 2),
  },
  invariant: writerIsNamed,
  final(state) {
    assertCounted(state);
    assert.equal(state.scene.counted(), 1);
    assert.equal(state.actors[2]!.read, 1);
  },
  bounds: { preemptions: 3 },
});

export const letsEveryWaiterIn = model<WrittenContest>({
  name: 'a reader and a writer that wait both get in, though the writer inside comes again in passing',
  ...writtenContest(['owner', 'reader', 'writer']),
  threads: {
    owner(state) {
      changeAndRelease(state, state.actors[0]!, state.guard);
      tryWriteOnce(state, 0);
    },
    reader: (state) => readOnce(state, 1),
    writer: (state) => writeOnce(state, 2),
  },
  final(state) {
    assertCounted(state);
    assert.equal(state.actors[1]!.read, 1);
    assert.equal(state.actors[2]!.wrote, 1);
  },
  bounds: { preemptions: 2 },
  // Some five times as long.
  nightly: { preemptions: 3 },
});

export const readsAgainPastAWriter = model<ReadContest>({
  name: 'a thread that reads may read again while a writer waits for it',
  ...readContest(['reader', 'writer']),
  threads: {
    reader(state) {
      readOnce(state, 0);
      readOnce(state, 0);
      lookAndRelease(state, state.actors[0]!, state.guard);
    },
    writer: (state) => writeOnce(state, 1),
  },
  invariant: writerIsNamed,
  final(state) {
    assertCounted(state);
    assert.equal(state.actors[0]!.read, 3);
    assert.equal(state.actors[1]!.wrote, 1);
  },
});

export const triesWithoutWaiting = model<Contest>({
  name: 'tryRead() and tryWrite() never wait, keep others out as any do, and forget nobody who waits',
  ...contest(['alpha', 'beta']),
  threads: {
    alpha(state) {
      tryReadOnce(state, 0);
      tryWriteOnce(state, 0);
    },
    beta(state) {
      writeOnce(state, 1);
      tryReadOnce(state, 1);
    },
  },
  invariant: writerIsNamed,
  final(state) {
    assertCounted(state);
    assert.equal(state.actors[1]!.wrote, 1);
  },
  bounds: { preemptions: 4 },
  // Some twenty times as long.
  nightly: { preemptions: 8 },
});

export const givesUpWritingWithoutHarm = model<ReadContest>({
  name: 'a writer that gives up, at whatever moment, lets in those who queued behind it',
  ...readContest(['reader', 'impatient', 'patient'], ['impatient']),
  threads: {
    reader: (state) => lookAndRelease(state, state.actors[0]!, state.guard),
    impatient(state) {
      const actor = state.actors[1]!;
      inTime(actor, () => changeAndRelease(state, actor, actor.lock.writeSync(LATE)));
    },
    patient: (state) => readOnce(state, 2),
  },
  invariant: writerIsNamed,
  final(state) {
    assertCounted(state);
    const [, impatient, patient] = state.actors;
    assert.equal(impatient!.wrote + impatient!.missed, 1);
    assert.equal(patient!.read, 1);
  },
  bounds: { timeouts: ['impatient'], preemptions: 2 },
  // Some ten times as long, as the next.
  nightly: { preemptions: 3 },
});

export const givesUpReadingWithoutHarm = model<WrittenContest>({
  name: 'a reader that gives up, at whatever moment, takes nobody else’s wake-up with it',
  ...writtenContest(['owner', 'impatient', 'patient'], ['impatient']),
  threads: {
    owner: (state) => changeAndRelease(state, state.actors[0]!, state.guard),
    impatient(state) {
      const actor = state.actors[1]!;
      inTime(actor, () => lookAndRelease(state, actor, actor.lock.readSync(LATE)));
    },
    patient: (state) => writeOnce(state, 2),
  },
  invariant: writerIsNamed,
  final(state) {
    assertCounted(state);
    const [, impatient, patient] = state.actors;
    assert.equal(impatient!.read + impatient!.missed, 1);
    assert.equal(patient!.wrote, 1);
  },
  bounds: { timeouts: ['impatient'], preemptions: 2 },
  nightly: { preemptions: 3 },
});

export const outlivesAKilledWriter = model<Contest>({
  name: 'wherever a writer is killed, others get in, and are told where it died inside',
  ...contest(['victim', 'reader', 'writer', 'reaper']),
  threads: {
    victim: (state) => writeOnce(state, 0),
    reader: (state) => readOnce(state, 1),
    writer: (state) => writeOnce(state, 2),
    reaper: (state) => reap(state, 3),
  },
  final(state) {
    assert.equal(state.actors[1]!.read, 1);
    assert.equal(state.actors[2]!.wrote, 1);
    assertOutlived(state, 3);
  },
  bounds: { kills: ['victim'], preemptions: 1 },
  // Some thirty times as long, as the next.
  nightly: { preemptions: 2 },
});

export const outlivesAKilledReader = model<Contest>({
  name: 'wherever a reader is killed, others get in, and nobody is told of a death that changed nothing',
  ...contest(['victim', 'reader', 'writer', 'reaper']),
  threads: {
    victim: (state) => readOnce(state, 0),
    reader: (state) => readOnce(state, 1),
    writer: (state) => writeOnce(state, 2),
    reaper: (state) => reap(state, 3),
  },
  final(state) {
    assert.equal(state.actors[1]!.read, 1);
    assert.equal(state.actors[2]!.wrote, 1);
    assertOutlived(state, 3);
    for (const { told } of state.actors) assert.equal(told, 0, 'told of a death that changed nothing');
  },
  bounds: { kills: ['victim'], preemptions: 1 },
  nightly: { preemptions: 2 },
});

export const outlivesAWriterThatWaits = model<ReadContest>({
  name: 'a writer that is killed while it waits for readers leaves nobody asleep, and nothing to repair',
  ...readContest(['reader', 'victim', 'late', 'reaper']),
  threads: {
    reader: (state) => lookAndRelease(state, state.actors[0]!, state.guard),
    victim: (state) => writeOnce(state, 1),
    late: (state) => readOnce(state, 2),
    reaper({ scene, actors }) {
      if (scene.findDead('victim', 1)) actors[3]!.lock.forgetDead(1);
    },
  },
  final(state) {
    const { scene, actors } = state;
    assert.equal(actors[2]!.read, 1);
    tryWriteOnce(state, 3);
    assert.equal(actors[3]!.wrote, 1, 'the lock is not to be had when all have left or are dead');
    if (scene.isInside(1)) assert.ok(actors[3]!.told + actors[2]!.told > 0, 'nobody was told');
    assertFree(state);
  },
  bounds: { kills: ['victim'], preemptions: 1 },
  nightly: { preemptions: 2 },
});

export const outlivesAReaderInside = model<ReadContest>({
  name: 'a writer that waits for a reader that is killed goes on',
  ...readContest(['victim', 'writer', 'reaper']),
  threads: {
    victim: (state) => lookAndRelease(state, state.actors[0]!, state.guard),
    writer: (state) => writeOnce(state, 1),
    reaper: (state) => reap(state, 2),
  },
  final(state) {
    assert.equal(state.actors[1]!.wrote, 1);
    assertOutlived(state, 2);
    for (const { told } of state.actors) assert.equal(told, 0, 'told of a death that changed nothing');
  },
  bounds: { kills: ['victim'] },
});

export const findsDeathByItself = model<ReadContest>({
  name: 'a writer whom nobody wakes finds by itself that the reader it waits for is dead',
  ...readContest(['victim', 'writer', 'reaper'], ['writer']),
  threads: {
    victim: (state) => lookAndRelease(state, state.actors[0]!, state.guard),
    writer: (state) => writeOnce(state, 1),
    // Proof of death, and no more.
    reaper: ({ scene }) => void scene.findDead('victim', 0),
  },
  final: ({ actors }) => assert.equal(actors[1]!.wrote, 1),
  bounds: { kills: ['victim'] },
});

export const tellsReadersUntilRepaired = model<Contest>({
  name: 'readers and the first writer are told of a writer that died inside, and nobody once that is repaired',
  ...deadWritersContest(['alpha', 'beta', 'writer']),
  threads: {
    alpha: (state) => readOnce(state, 0),
    beta: (state) => tryReadOnce(state, 1),
    writer: (state) => writeOnce(state, 2),
  },
  final(state) {
    assertFree(state);
    const { memory, words } = state.scene;
    assert.equal(words.loadPlain(memory.record + LOCK.consistency), CONSISTENCY.consistent);
    assert.equal(state.actors[2]!.told, 1);
    assert.equal(state.actors[0]!.read, 1);
  },
  bounds: { preemptions: 2 },
});

/** Has it as the test of a lost lock does: repairs nothing. */
function useUnrepaired(actor: Actor, lock: () => ReadGuard | WriteGuard): void {
  try {
    const guard = lock();
    if (guard.ownerDied) actor.told++;
    actor.read++;
    guard.release();
  } catch (error) {
    if (!(error instanceof NotRecoverableError)) throw error;
    actor.refused++;
  }
}

export const isLostWhereNobodyRepairs = model<Contest>({
  name: 'released unrepaired by a writer, the lock is refused to everyone, also to who sleeps',
  ...deadWritersContest(['alpha', 'beta', 'writer']),
  threads: {
    alpha: ({ actors: [alpha] }) => useUnrepaired(alpha!, () => alpha!.lock.readSync()),
    beta: ({ actors: [, beta] }) => useUnrepaired(beta!, () => beta!.lock.writeSync()),
    writer: ({ actors: [, , writer] }) => useUnrepaired(writer!, () => writer!.lock.writeSync()),
  },
  final(state) {
    assertFree(state);
    const [alpha, beta, writer] = state.actors;
    for (const { read, told, refused } of state.actors) {
      assert.equal(read, told);
      assert.equal(read + refused, 1);
    }
    assert.equal(beta!.told + writer!.told, 1);
    assert.throws(() => alpha!.lock.tryRead(), NotRecoverableError);
    assert.throws(() => alpha!.lock.tryWrite(), NotRecoverableError);
  },
  bounds: { preemptions: 2 },
});
