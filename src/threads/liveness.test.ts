import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertUnchanged, snapshotOf } from '../../tests/support/balanced.js';
import { type BareHeap, formatBareHeap } from '../../tests/support/bare-heap.js';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { SLOT, SLOT_STATE } from '../layout/thread-slot.js';
import { isDead, ownerTag } from '../locks/owner.js';
import { markDead } from './liveness.js';
import { joinHeap, leaveHeap, type Membership } from './thread-registry.js';

const DEAD = 7;
const ALIVE = 8;

function emptyHeap(): BareHeap {
  return formatBareHeap(CONFIGURATIONS[0]!.options);
}

function join({ words, geometry }: BareHeap, threadId: number): Membership {
  return joinHeap(words, geometry, `thread ${threadId}`, false, threadId);
}

function stateOf({ words }: BareHeap, { start }: Membership): number {
  return words.load(start + SLOT.state);
}

test('markDead() marks every slot of the thread, once, and those of no other', () => {
  const heap = emptyHeap();
  const members = [ALIVE, DEAD, 0, DEAD, ALIVE].map((threadId) => join(heap, threadId));
  assert.deepEqual(markDead(heap.words, heap.geometry, DEAD), [1, 3]);
  const { live, dead } = SLOT_STATE;
  assert.deepEqual(
    members.map((member) => stateOf(heap, member)),
    [live, dead, live, dead, live],
  );
  assert.deepEqual(markDead(heap.words, heap.geometry, DEAD), []);
});

for (const state of ['joining', 'live', 'leaving'] as const) {
  test(`markDead() marks a thread that ended while its slot was ${state}`, () => {
    const heap = emptyHeap();
    const member = join(heap, DEAD);
    heap.words.store(member.start + SLOT.state, SLOT_STATE[state]);
    assert.deepEqual(markDead(heap.words, heap.geometry, DEAD), [0]);
    assert.equal(stateOf(heap, member), SLOT_STATE.dead);
    assert.equal(isDead(heap.words, heap.geometry, ownerTag(member.slot, member.generation)), true);
  });
}

test('markDead() changes nothing after the thread has left', () => {
  const heap = emptyHeap();
  leaveHeap(heap.words, join(heap, DEAD));
  const before = snapshotOf(heap.words);
  assert.deepEqual(markDead(heap.words, heap.geometry, DEAD), []);
  assertUnchanged(heap.words, before);
});

test('markDead() of a thread that has no number changes nothing', () => {
  const heap = emptyHeap();
  join(heap, 0);
  const before = snapshotOf(heap.words);
  assert.deepEqual(markDead(heap.words, heap.geometry, 0), []);
  assertUnchanged(heap.words, before);
});

test('markDead() at any step of the next thread that joins the slot leaves it to that thread (thread-registry:I4)', () => {
  const heap = emptyHeap();
  const { words, geometry } = heap;
  leaveHeap(words, join(heap, DEAD));
  const marked: number[] = [];
  let steps = 0;
  const store = words.store.bind(words);
  words.store = (index, value) => {
    steps++;
    marked.push(...markDead(words, geometry, DEAD));
    store(index, value);
    marked.push(...markDead(words, geometry, DEAD));
  };
  const next = join(heap, ALIVE);
  assert.ok(steps >= 4);
  assert.deepEqual(marked, []);
  assert.equal(next.slot, 0);
  assert.equal(stateOf(heap, next), SLOT_STATE.live);
});

test('markDead() tells one of two who mark at once (liveness:I1)', () => {
  const heap = emptyHeap();
  const { words, geometry } = heap;
  join(heap, DEAD);
  const compareExchange = words.compareExchange.bind(words);
  let other: number[] = [];
  words.compareExchange = (index, expected, value) => {
    words.compareExchange = compareExchange;
    other = markDead(words, geometry, DEAD);
    return compareExchange(index, expected, value);
  };
  assert.deepEqual(markDead(words, geometry, DEAD), []);
  assert.deepEqual(other, [0]);
});

test('joinHeap() writes the thread id before anything else in the slot, and leaveHeap() clears it', () => {
  const heap = emptyHeap();
  const { words } = heap;
  const written: number[] = [];
  const { store, storePlain } = words;
  words.store = (index, value) => {
    written.push(index);
    store.call(words, index, value);
  };
  words.storePlain = (index, value) => {
    written.push(index);
    storePlain.call(words, index, value);
  };
  const member = join(heap, ALIVE);
  assert.equal(written[0], member.start + SLOT.threadId);
  assert.equal(words.load(member.start + SLOT.threadId), ALIVE);
  written.length = 0;
  leaveHeap(words, member);
  assert.equal(words.load(member.start + SLOT.threadId), 0);
  assert.deepEqual(written.slice(-2), [member.start + SLOT.threadId, member.start + SLOT.state]);
});
