import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBareHeap } from '../../tests/support/bare-heap.js';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { SLOT, SLOT_STATE, TURN_OPEN, TURN_STEP } from '../layout/thread-slot.js';
import { ownerTag } from '../locks/owner.js';
import { claimSlot, disclaimSlot, isOver, releaseSlot } from './slot-release.js';
import { joinHeap, type Membership } from './thread-registry.js';

const DEAD_STATES = ['zombie', 'dead'] as const;

function scene() {
  const { words, geometry } = formatBareHeap({ ...CONFIGURATIONS[0]!.options, threads: 3 });
  const [dead, reaper, other] = ['dead', 'reaper', 'other'].map((name) => joinHeap(words, geometry, name));
  return { words, geometry, dead: dead!, reaper: reaper!, other: other! };
}

function tagOf({ slot, generation }: Membership): number {
  return ownerTag(slot, generation);
}

for (const state of DEAD_STATES) {
  test(`claimSlot, gives the slot of a ${state} thread to one, until that disclaims it`, () => {
    const { words, geometry, dead, reaper, other } = scene();
    words.store(dead.start + SLOT.state, SLOT_STATE[state]);
    assert.equal(claimSlot(words, geometry, dead.slot, tagOf(reaper)), true);
    assert.equal(claimSlot(words, geometry, dead.slot, tagOf(other)), false);
    assert.equal(claimSlot(words, geometry, dead.slot, tagOf(reaper)), false, 'nor to itself, once more');
    disclaimSlot(words, dead.start, tagOf(other));
    assert.equal(claimSlot(words, geometry, dead.slot, tagOf(other)), false);
    disclaimSlot(words, dead.start, tagOf(reaper));
    assert.equal(claimSlot(words, geometry, dead.slot, tagOf(other)), true);
  });

  test(`claimSlot, takes over from a reaper that is a ${state}`, () => {
    const { words, geometry, dead, reaper, other } = scene();
    words.store(dead.start + SLOT.state, SLOT_STATE.zombie);
    claimSlot(words, geometry, dead.slot, tagOf(reaper));
    words.store(reaper.start + SLOT.state, SLOT_STATE[state]);
    assert.equal(claimSlot(words, geometry, dead.slot, tagOf(other)), true);
    assert.equal(words.load(dead.start + SLOT.reaper), tagOf(other));
  });
}

for (const state of ['free', 'joining', 'live', 'leaving'] as const) {
  test(`claimSlot, refuses a slot that is ${state}, and leaves it as it was`, () => {
    const { words, geometry, dead, reaper } = scene();
    words.store(dead.start + SLOT.state, SLOT_STATE[state]);
    assert.equal(isOver(words, dead.start), false);
    assert.equal(claimSlot(words, geometry, dead.slot, tagOf(reaper)), false);
    assert.equal(words.load(dead.start + SLOT.reaper), 0);
  });
}

test('claimSlot, looks again: a slot that was released in between is not worked on (slot-release:I2)', () => {
  const { words, geometry, dead, reaper } = scene();
  words.store(dead.start + SLOT.state, SLOT_STATE.dead);
  const compareExchange = words.compareExchange.bind(words);
  words.compareExchange = (index, expected, value) => {
    words.compareExchange = compareExchange;
    words.store(dead.start + SLOT.state, SLOT_STATE.live);
    return compareExchange(index, expected, value);
  };
  assert.equal(claimSlot(words, geometry, dead.slot, tagOf(reaper)), false);
  assert.equal(words.load(dead.start + SLOT.reaper), 0);
});

test('releaseSlot, frees the slot for the next thread, with a turn word that it never had', () => {
  const { words, geometry, dead, reaper } = scene();
  const turn = dead.turn | TURN_OPEN;
  words.store(dead.start + SLOT.turn, turn);
  words.store(dead.start + SLOT.state, SLOT_STATE.dead);
  words.store(dead.start + SLOT.requests, 3);
  claimSlot(words, geometry, dead.slot, tagOf(reaper));
  releaseSlot(words, dead.start, tagOf(reaper));
  assert.equal(words.load(dead.start + SLOT.turn), (dead.turn + TURN_STEP) | 0);
  assert.equal(words.load(dead.start + SLOT.requests), 0);
  assert.equal(words.load(dead.start + SLOT.reaper), 0);
  const next = joinHeap(words, geometry, 'next');
  assert.deepEqual([next.slot, next.generation], [dead.slot, dead.generation + 1]);
});

test('releaseSlot, leaves alone who has claimed the slot after it', () => {
  const { words, dead, reaper, other } = scene();
  words.store(dead.start + SLOT.state, SLOT_STATE.dead);
  words.store(dead.start + SLOT.reaper, tagOf(other));
  releaseSlot(words, dead.start, tagOf(reaper));
  assert.equal(words.load(dead.start + SLOT.reaper), tagOf(other));
});
