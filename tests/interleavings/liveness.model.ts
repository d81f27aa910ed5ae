/**
 * Death: a thread that stops anywhere between joining and having left is found by its number, no other is taken
 * for it, and who finds its owner tag dead sees what it wrote.
 *
 * Where others mark the same death, and reap it, the thread that joins next is never taken for the dead one.
 *
 * `awaitEnd` stands for Node's `exit` event: it returns when the thread runs no more, killed or not.
 */
import assert from 'node:assert/strict';
import { HEADER } from '../../src/layout/heap-header.js';
import { slotStart } from '../../src/layout/heap-layout.js';
import { SLOT, SLOT_STATE, SLOT_STATE_MASK } from '../../src/layout/thread-slot.js';
import { isDead, ownerTag } from '../../src/locks/owner.js';
import { markDead, markStayDead } from '../../src/threads/liveness.js';
import { claimSlot, releaseSlot } from '../../src/threads/slot-release.js';
import { joinHeap, leaveHeap, type Membership, NoFreeSlotError } from '../../src/threads/thread-registry.js';
import type { Words } from '../../src/words/words.js';
import { model, type Stage } from '../../tools/checker/model.js';
import { RcuMemory } from './support/rcu-memory.js';

const memory = new RcuMemory({ threads: 1 });
const { geometry, lengthWords, nameOf, note } = memory;
const START = slotStart(geometry, 0);
const STATE = START + SLOT.state;
const DATA = memory.object(0);

const VICTIM = 7;
const NEWCOMER = 8;
/** What the victim owns a lock with: the first stay in slot 0. */
const VICTIM_TAG = ownerTag(0, 1);
const HEIR_TAG = ownerTag(40, 1);

interface Scene {
  readonly stage: Stage;
  readonly words: Words;
  /** By watcher: the slots that it has marked. */
  readonly marked: number[][];
  /** The newcomer's stay. */
  readonly stays: Membership[];
  /** What the heir of the lock has found in the data. */
  readonly found: number[];
}

function scene(stage: Stage): Scene {
  return { stage, words: stage.words, marked: [[], []], stays: [], found: [] };
}

function prepare(words: Words): void {
  memory.prepare(words);
  words.storePlain(HEADER.slotsClaimed, 0);
}

/** Joins where the slot is free. */
function tryToJoin(words: Words, threadId: number): Membership | undefined {
  try {
    return joinHeap(words, geometry, 'n', false, threadId);
  } catch (error) {
    if (!(error instanceof NoFreeSlotError)) throw error;
    return undefined;
  }
}

function visit({ words }: Scene): void {
  const membership = tryToJoin(words, VICTIM);
  if (membership !== undefined) leaveHeap(words, membership);
}

function watchVictim({ stage, words, marked }: Scene, watcher: number): void {
  stage.awaitEnd('victim');
  marked[watcher] = markDead(words, geometry, VICTIM);
}

function tryToSettle({ words, stays }: Scene): void {
  const membership = tryToJoin(words, NEWCOMER);
  if (membership !== undefined) stays.push(membership);
}

/** One thread at most has marked the slot, and it is marked unless it is free, or the newcomer's. */
function accountedFor({ words, marked, stays }: Scene): void {
  const state = words.loadPlain(STATE);
  const marks = marked[0]!.length + marked[1]!.length;
  if (stays.length > 0) {
    assert.equal(state, SLOT_STATE.live, 'a thread that lives was marked dead');
    assert.equal(marks, 0, 'somebody was told of the death of a thread that lives');
    assert.equal(words.loadPlain(START + SLOT.threadId), NEWCOMER);
    return;
  }
  if (state === SLOT_STATE.free) return;
  assert.equal(state, SLOT_STATE.zombie, 'a thread that was killed was not marked');
  assert.equal(marks, 1, 'both or none were told of the death');
}

export const findsTheKilledAlone = model<Scene>({
  name: 'a thread that was killed while it joined, stayed or left is marked dead, and never the next in its slot',
  ...{ lengthWords, nameOf, prepare, setup: scene },
  threads: {
    victim: visit,
    watcher: (state) => watchVictim(state, 0),
    newcomer: tryToSettle,
  },
  final: accountedFor,
  bounds: { kills: ['victim'] },
});

export const tellsOneOfTwo = model<Scene>({
  name: 'of two threads that mark a dead one exactly one is told',
  ...{ lengthWords, nameOf, prepare, setup: scene },
  threads: {
    victim: visit,
    first: (state) => watchVictim(state, 0),
    second: (state) => watchVictim(state, 1),
  },
  final: accountedFor,
  bounds: { kills: ['victim'] },
});

export const handsDownWhatTheDeadWrote = model<Scene>({
  name: 'who takes a lock whose owner is dead sees all that the owner wrote, and nobody takes it from the living',
  ...{ lengthWords, nameOf, prepare, setup: scene },
  threads: {
    victim({ words }) {
      const membership = tryToJoin(words, VICTIM)!;
      words.compareExchange(note, 0, VICTIM_TAG);
      words.storePlain(DATA, 2);
      words.storePlain(DATA, 3);
      words.store(note, 0);
      leaveHeap(words, membership);
    },
    watcher: (state) => watchVictim(state, 0),
    heir({ words, found }) {
      const owner = words.load(note);
      if (owner === 0 || !isDead(words, geometry, owner)) return;
      if (words.compareExchange(note, owner, HEIR_TAG) !== owner) return;
      found.push(words.loadPlain(DATA));
      words.storePlain(DATA, 4);
    },
  },
  final({ words, found }) {
    if (found.length === 0) return;
    assert.equal(words.loadPlain(STATE), SLOT_STATE.zombie);
    assert.equal(words.loadPlain(note), HEIR_TAG);
    assert.equal(words.loadPlain(DATA), 4);
  },
  bounds: { kills: ['victim'] },
});

export const tellsStaysApart = model<Scene>({
  name: 'a tag is of the living until its thread has left, and of the dead from then on, whoever has the slot next',
  ...{ lengthWords, nameOf, prepare, setup: scene },
  threads: {
    victim({ words }) {
      const membership = tryToJoin(words, VICTIM);
      if (membership === undefined) return;
      words.store(note, VICTIM_TAG);
      leaveHeap(words, membership);
    },
    newcomer: tryToSettle,
    observer({ words }) {
      if (words.load(note) !== VICTIM_TAG) return;
      const wasOver = isOver(words);
      const dead = isDead(words, geometry, VICTIM_TAG);
      assert.ok(dead || !wasOver, 'a thread that had left was taken for one that lives');
      assert.ok(!dead || isOver(words), 'a thread that lives was taken for one that has left');
    },
  },
});

/** True when the first stay in the slot is over. The last word of it is the store of free; of the next, live. */
function isOver(words: Words): boolean {
  const state = words.load(STATE);
  if (state === SLOT_STATE.free || (state & SLOT_STATE_MASK) === SLOT_STATE.joining) return true;
  return words.load(START + SLOT.threadId) === NEWCOMER;
}

const crowd = new RcuMemory({ threads: 3 });
const CROWD_STATE = slotStart(crowd.geometry, 0) + SLOT.state;

interface Crowd {
  readonly words: Words;
  marks: number;
  joined: number;
}

/** By slot: how each of the two markers knows of the death. */
function markAndReap(state: Crowd, slot: number, isByThread: boolean): void {
  const { words } = state;
  const { geometry: shape } = crowd;
  const own = ownerTag(slot, words.loadPlain(slotStart(shape, slot) + SLOT.generation));
  const start = slotStart(shape, 0);
  const marks = isByThread
    ? markDead(words, shape, crowd.threadOf(0), own).length
    : Number(markStayDead(words, shape, 0, DEAD_TAG, own));
  state.marks += marks;
  if (!claimSlot(words, shape, 0, own)) return;
  words.store(start + SLOT.state, SLOT_STATE.dead);
  releaseSlot(words, start, own);
}

/** Of the stay that prepareLive() gives slot 0. */
const DEAD_TAG = ownerTag(0, 1);

function crowdModel(name: string, firstByThread: boolean, secondByThread: boolean) {
  return model<Crowd>({
    name,
    lengthWords: crowd.lengthWords,
    nameOf: crowd.nameOf,
    prepare: (words) => crowd.prepareLive(words),
    setup: ({ words }) => ({ words, marks: 0, joined: 0 }),
    threads: {
      first: (state) => markAndReap(state, 1, firstByThread),
      second: (state) => markAndReap(state, 2, secondByThread),
      newcomer(state) {
        try {
          joinHeap(state.words, crowd.geometry, 'n', false, NEWCOMER);
        } catch (error) {
          if (error instanceof NoFreeSlotError) return;
          throw error;
        }
        state.joined++;
      },
    },
    final({ words, marks, joined }) {
      assert.equal(marks, 1, 'both or none were told of the death');
      const expected = joined > 0 ? SLOT_STATE.live : SLOT_STATE.free;
      assert.equal(words.loadPlain(CROWD_STATE), expected, 'the next thread in the slot was marked dead');
    },
  });
}

export const sparesTheNextByThread = crowdModel(
  'of two threads that mark and reap a dead one, by the id of its thread or by its stay, none marks the next in the slot',
  true,
  false,
);

export const sparesTheNextByStay = crowdModel(
  'of two threads that mark and reap one stay none marks the next in the slot',
  false,
  false,
);
