import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertUnchanged, snapshotOf } from '../../tests/support/balanced.js';
import { type BareHeap, formatBareHeap } from '../../tests/support/bare-heap.js';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { SLOT, SLOT_STATE, SLOT_STATE_BITS, SLOT_STATE_MASK } from '../layout/thread-slot.js';
import { isDead, ownerTag } from '../locks/owner.js';
import { ANY_STAY, markDead, markStayDead } from './liveness.js';
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
  const { live, zombie } = SLOT_STATE;
  assert.deepEqual(
    members.map((member) => stateOf(heap, member)),
    [live, zombie, live, zombie, live],
  );
  assert.deepEqual(markDead(heap.words, heap.geometry, DEAD), []);
});

for (const state of ['joining', 'live', 'leaving'] as const) {
  test(`markDead() marks a thread that ended while its slot was ${state}`, () => {
    const heap = emptyHeap();
    const member = join(heap, DEAD);
    const said = state === 'joining' ? DEAD << SLOT_STATE_BITS : 0;
    heap.words.store(member.start + SLOT.state, SLOT_STATE[state] | said);
    assert.deepEqual(markDead(heap.words, heap.geometry, DEAD), [0]);
    assert.equal(stateOf(heap, member), SLOT_STATE.zombie);
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

test('joinHeap() says whose the slot is as it takes it, and stores the id before anything else', () => {
  const heap = emptyHeap();
  const { words } = heap;
  const written: number[] = [];
  const { store, compareExchange } = words;
  words.store = (index, value) => {
    written.push(index);
    store.call(words, index, value);
  };
  let joining = 0;
  words.compareExchange = (index, expected, value) => {
    if (joining === 0) joining = value;
    return compareExchange.call(words, index, expected, value);
  };
  const member = join(heap, ALIVE);
  assert.deepEqual([joining & SLOT_STATE_MASK, joining >>> SLOT_STATE_BITS], [SLOT_STATE.joining, ALIVE]);
  assert.equal(written[0], member.start + SLOT.threadId);
  assert.equal(words.load(member.start + SLOT.threadId), ALIVE);
});

for (const state of ['live', 'leaving'] as const) {
  test(`markStayDead() marks a stay whose slot is ${state}, once, and lets the slot be reaped`, () => {
    const heap = emptyHeap();
    const { words, geometry } = heap;
    const [own, member] = [join(heap, 0), join(heap, 0)];
    words.store(member.start + SLOT.state, SLOT_STATE[state]);
    const [ownTag, tag] = [own, member].map(({ slot, generation }) => ownerTag(slot, generation));
    assert.equal(markStayDead(words, geometry, member.slot, tag!, ownTag!), true);
    assert.equal(stateOf(heap, member), SLOT_STATE.zombie);
    assert.equal(markStayDead(words, geometry, member.slot, tag!, ownTag!), false);
    assert.equal(words.load(member.start + SLOT.reaper), 0);
  });
}

test('markStayDead() changes nothing where the slot is free, being joined, or another stay', () => {
  const heap = emptyHeap();
  const { words, geometry } = heap;
  const [own, member] = [join(heap, 0), join(heap, 0)];
  const [ownTag, tag] = [own, member].map(({ slot, generation }) => ownerTag(slot, generation)) as [
    number,
    number,
  ];
  const { free, joining, live } = SLOT_STATE;
  for (const [state, of] of [
    [free, tag],
    [joining | (3 << SLOT_STATE_BITS), tag],
    [live, ownerTag(member.slot, member.generation + 1)],
  ] as const) {
    words.store(member.start + SLOT.state, state);
    assert.equal(markStayDead(words, geometry, member.slot, of, ownTag), false);
    assert.equal(stateOf(heap, member), state);
  }
});

test('markStayDead() waits for who has the right to reap the slot, and names it where that never ends', () => {
  const heap = emptyHeap();
  const { words, geometry } = heap;
  const [own, member] = [join(heap, 0), join(heap, 0)];
  const [ownTag, tag] = [own, member].map(({ slot, generation }) => ownerTag(slot, generation)) as [
    number,
    number,
  ];
  // The own thread's tag stands for a reaper that lives.
  words.store(member.start + SLOT.reaper, ownTag);
  const hasty = { ...geometry, spinRounds: 10 };
  assert.throws(() => markStayDead(words, hasty, member.slot, tag, tag), {
    name: 'LockTimeoutError',
    ownerSlot: 0,
  });
  assert.deepEqual(
    [stateOf(heap, member), words.load(member.start + SLOT.reaper)],
    [SLOT_STATE.live, ownTag],
  );
});

test('markStayDead() of any stay marks whoever has the slot, also one that was joining', () => {
  const heap = emptyHeap();
  const { words, geometry } = heap;
  const [own, member] = [join(heap, 0), join(heap, 0)];
  const ownTag = ownerTag(own.slot, own.generation);
  words.store(member.start + SLOT.state, SLOT_STATE.joining | (3 << SLOT_STATE_BITS));
  assert.equal(markStayDead(words, geometry, member.slot, ANY_STAY, ownTag), true);
  assert.equal(stateOf(heap, member), SLOT_STATE.zombie);
});
