/**
 * Who works on the slot of a dead thread: one reaper at a time, the next where that dies, and none any more once the slot
 * is somebody's again.
 *
 *     zombie in slot 0     reapers in slots 1 and 2: claim, write the data plainly, release     newcomer: joins, writes it
 */
import assert from 'node:assert/strict';
import { slotStart } from '../../src/layout/heap-layout.js';
import { SLOT, SLOT_STATE } from '../../src/layout/thread-slot.js';
import { ownerTag } from '../../src/locks/owner.js';
import { claimSlot, isOver, releaseSlot } from '../../src/threads/slot-release.js';
import { joinHeap, NoFreeSlotError } from '../../src/threads/thread-registry.js';
import type { Words } from '../../src/words/words.js';
import { model, type Stage } from '../../tools/checker/model.js';
import { RcuMemory } from './support/rcu-memory.js';

const memory = new RcuMemory({ threads: 3 });
const { geometry, lengthWords, nameOf } = memory;
const START = slotStart(geometry, 0);
const DATA = memory.object(0);

interface Scene {
  readonly stage: Stage;
  readonly words: Words;
  /** How often the slot was released. */
  released: number;
  joined: number;
}

function setup(stage: Stage): Scene {
  return { stage, words: stage.words, released: 0, joined: 0 };
}

function prepare(words: Words): void {
  memory.prepareLive(words);
  words.store(START + SLOT.state, SLOT_STATE.zombie);
}

function tagOf(words: Words, slot: number): number {
  return ownerTag(slot, words.loadPlain(slotStart(geometry, slot) + SLOT.generation));
}

/** Reaps slot 0 where it may. Returns whether it did. */
function reap(state: Scene, slot: number): boolean {
  const { words } = state;
  const tag = tagOf(words, slot);
  if (!claimSlot(words, geometry, 0, tag)) return false;
  words.storePlain(DATA, words.loadPlain(DATA) + 1);
  words.store(START + SLOT.state, SLOT_STATE.dead);
  words.storePlain(DATA, words.loadPlain(DATA) + 1);
  releaseSlot(words, START, tag);
  state.released++;
  return true;
}

function tryToJoin(state: Scene): void {
  const { words } = state;
  try {
    joinHeap(words, geometry, 'n', false, 9);
  } catch (error) {
    if (error instanceof NoFreeSlotError) return;
    throw error;
  }
  state.joined++;
  words.storePlain(DATA, -100);
}

export const oneReapsAtATime = model<Scene>({
  name: 'of two reapers one works on the slot of a dead thread, and none on that of the thread that joins next',
  ...{ lengthWords, nameOf, prepare, setup },
  threads: {
    first: (state) => void reap(state, 1),
    second: (state) => void reap(state, 2),
    newcomer: tryToJoin,
  },
  final({ words, released, joined }) {
    assert.equal(released, 1, 'the slot is released once');
    const state = words.loadPlain(START + SLOT.state);
    assert.equal(state, joined > 0 ? SLOT_STATE.live : SLOT_STATE.free);
  },
});

export const theNextGoesOn = model<Scene>({
  name: 'where a reaper dies the next one reaps the slot, also one that had found it taken before',
  ...{ lengthWords, nameOf, prepare, setup },
  threads: {
    first: (state) => void reap(state, 1),
    second(state) {
      const { stage, words } = state;
      reap(state, 2);
      if (stage.awaitEnd('first')) return;
      words.store(slotStart(geometry, 1) + SLOT.state, SLOT_STATE.zombie);
      if (isOver(words, START)) assert.ok(reap(state, 2), 'the slot of a dead thread is to be had by nobody');
    },
    newcomer: tryToJoin,
  },
  final({ words, joined }) {
    const state = words.loadPlain(START + SLOT.state);
    assert.equal(state, joined > 0 ? SLOT_STATE.live : SLOT_STATE.free, 'the slot is lost');
  },
  bounds: { kills: ['first'] },
});
