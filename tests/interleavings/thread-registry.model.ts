/**
 * Joining and leaving: a slot has one thread at a time, each stay has a generation of its own, and who drives a
 * grace period looks at a slot from its first turn on.
 *
 * A thread that has joined writes words of its slot plainly, so two in one slot are a data race, and so is a slot
 * that is taken before what its last thread did in it can be seen.
 */
import assert from 'node:assert/strict';
import { HEADER } from '../../src/layout/heap-header.js';
import { slotStart } from '../../src/layout/heap-layout.js';
import { NAME_WORDS, SLOT, SLOT_STATE } from '../../src/layout/thread-slot.js';
import type { GracePeriod } from '../../src/rcu/grace-period.js';
import { joinHeap, leaveHeap, type Membership, NoFreeSlotError } from '../../src/threads/thread-registry.js';
import { Turn } from '../../src/threads/turn.js';
import type { Words } from '../../src/words/words.js';
import { type ModelHost, model, type Stage } from '../../tools/checker/model.js';
import { driveUntilDone, fill, RcuMemory, readWhole, spoil } from './support/rcu-memory.js';

const oneSlot = new RcuMemory({ threads: 1 });
const twoSlots = new RcuMemory({ threads: 2 });

/** Of a memory that nobody has joined yet, what the model itself needs. */
function over({ lengthWords, prepare, nameOf }: RcuMemory) {
  return {
    lengthWords,
    nameOf,
    prepare(words: Words) {
      prepare(words);
      words.storePlain(HEADER.slotsClaimed, 0);
    },
  };
}

/** A thread that is no member of the heap yet. */
interface Newcomer {
  readonly words: Words;
  readonly memory: RcuMemory;
  readonly name: string;
  readonly host: ModelHost;
  readonly gracePeriod: GracePeriod;
  /** Its stays, in order. */
  readonly stays: Membership[];
  /** How often all slots were taken. */
  refused: number;
}

interface Scene {
  readonly words: Words;
  readonly all: readonly Newcomer[];
  lastClaimed: number;
}

function scene(memory: RcuMemory, names: readonly string[]): (stage: Stage) => Scene {
  return (stage) => {
    const all: Newcomer[] = [];
    for (const name of names) all.push(newcomer(stage, memory, name, all.length));
    return { words: stage.words, all, lastClaimed: 0 };
  };
}

/** @param place tells the owners of the grace period's lock apart; it is no slot */
function newcomer(stage: Stage, memory: RcuMemory, name: string, place: number): Newcomer {
  const { words } = stage;
  const gracePeriod = memory.gracePeriod(words, place);
  return { words, memory, name, host: stage.host(name), gracePeriod, stays: [], refused: 0 };
}

/** Joins where a slot is free. */
function tryToJoin(thread: Newcomer): Membership | undefined {
  try {
    const membership = joinHeap(thread.words, thread.memory.geometry, thread.name);
    thread.stays.push(membership);
    return membership;
  } catch (error) {
    if (!(error instanceof NoFreeSlotError)) throw error;
    thread.refused++;
    return undefined;
  }
}

function turnIn({ words, host }: Newcomer, { start, turn }: Membership): Turn {
  return new Turn(words, start + SLOT.turn, turn, host, 1, nothing);
}

function nothing(): void {}

/** Uses the slot as an owner does; what it finds there must be empty. */
function fillSlot({ words }: Newcomer, { start }: Membership): void {
  assert.equal(words.loadPlain(start + SLOT.listPages), 0, 'joined a slot that was not emptied');
  words.storePlain(start + SLOT.listPages, 1);
}

/** Has a turn in the slot, empties it and gives it back. */
function leaveEmpty(thread: Newcomer, membership: Membership): void {
  const { words } = thread;
  const turn = turnIn(thread, membership);
  turn.pin();
  turn.close();
  words.storePlain(membership.start + SLOT.listPages, 0);
  leaveHeap(words, membership);
}

/** Joins, uses the slot, and leaves it as it should be left. */
function visit(thread: Newcomer): void {
  const membership = tryToJoin(thread);
  if (membership === undefined) return;
  fillSlot(thread, membership);
  leaveEmpty(thread, membership);
}

/** Joins and stays. */
function settle(thread: Newcomer): Membership | undefined {
  const membership = tryToJoin(thread);
  if (membership !== undefined) fillSlot(thread, membership);
  return membership;
}

/** Joins, and reads in a turn what is published. */
function joinAndRead(reader: Newcomer): void {
  const { words, memory, host } = reader;
  turnIn(reader, tryToJoin(reader)!).pin();
  readWhole(words, words.dereference(memory.link));
  host.runMicrotasks();
}

function replaceBy({ words, memory }: Newcomer, number: number): void {
  fill(words, memory.object(number), number + 1);
  words.store(memory.link, memory.object(number));
}

/** slotsClaimed only grows. */
function claimedGrows(state: Scene): void {
  const claimed = state.words.loadPlain(HEADER.slotsClaimed);
  assert.ok(claimed >= state.lastClaimed, `slotsClaimed went from ${state.lastClaimed} to ${claimed}`);
  state.lastClaimed = claimed;
}

/** Every stay in a slot has a generation of its own, from 1 on with none left out, and turns beyond the last one's. */
function staysCountOn({ words, all }: Scene): void {
  const { geometry } = all[0]!.memory;
  for (let slot = 0; slot < geometry.slots; slot++) {
    const stays: Membership[] = [];
    for (const thread of all) for (const stay of thread.stays) if (stay.slot === slot) stays.push(stay);
    stays.sort((a, b) => a.generation - b.generation);
    for (let stay = 0; stay < stays.length; stay++) {
      assert.equal(stays[stay]!.generation, stay + 1);
      assert.ok(stay === 0 || stays[stay]!.turn > stays[stay - 1]!.turn, 'turn words come back');
    }
    const last = words.loadPlain(slotStart(geometry, slot) + SLOT.generation);
    assert.equal(last, stays.length, `slot ${slot} had ${stays.length} stays`);
  }
}

export const givesEachItsOwnSlot = model<Scene>({
  name: 'two threads that join at once never share a slot, and both slots are covered then',
  ...over(twoSlots),
  setup: scene(twoSlots, ['alpha', 'beta']),
  threads: {
    alpha: ({ all: [alpha] }) => void settle(alpha!),
    beta: ({ all: [, beta] }) => void settle(beta!),
  },
  invariant: claimedGrows,
  final(state) {
    staysCountOn(state);
    const [alpha, beta] = state.all;
    assert.equal(alpha!.stays[0]!.slot + beta!.stays[0]!.slot, 1, 'one has slot 0 and one has slot 1');
    assert.equal(state.words.loadPlain(HEADER.slotsClaimed), 2);
  },
});

export const givesEachItsOwnSlotInAMixture = model<Scene>({
  name: 'three threads that join, leave and join again never share one of two slots',
  ...over(twoSlots),
  setup: scene(twoSlots, ['alpha', 'beta', 'gamma']),
  threads: {
    alpha: ({ all: [alpha] }) => visit(alpha!),
    beta: ({ all: [, beta] }) => visit(beta!),
    gamma: ({ all: [, , gamma] }) => void settle(gamma!),
  },
  invariant: claimedGrows,
  final(state) {
    staysCountOn(state);
    for (const { stays, refused } of state.all) assert.equal(stays.length + refused, 1);
  },
});

export const refusesWhenAllAreTaken = model<Scene>({
  name: 'of two threads that join a heap with one slot one gets it, and the other changes nothing',
  ...over(oneSlot),
  setup: scene(oneSlot, ['alpha', 'beta']),
  threads: {
    alpha: ({ all: [alpha] }) => void settle(alpha!),
    beta: ({ all: [, beta] }) => void settle(beta!),
  },
  invariant: claimedGrows,
  final(state) {
    staysCountOn(state);
    const [alpha, beta] = state.all;
    assert.equal(alpha!.stays.length + beta!.stays.length, 1);
    assert.equal(alpha!.refused + beta!.refused, 1);
    const live = state.words.loadPlain(slotStart(oneSlot.geometry, 0) + SLOT.state);
    assert.equal(live, SLOT_STATE.live);
  },
});

export const handsASlotOn = model<Scene>({
  name: 'a slot that a thread has left is found emptied, with its turns counting on and a new generation',
  ...over(oneSlot),
  setup: scene(oneSlot, ['alpha', 'beta']),
  threads: {
    alpha({ all: [alpha] }) {
      visit(alpha!);
      visit(alpha!);
    },
    beta({ all: [, beta] }) {
      visit(beta!);
      visit(beta!);
    },
  },
  invariant: claimedGrows,
  final(state) {
    staysCountOn(state);
    const [alpha, beta] = state.all;
    assert.ok(alpha!.stays.length + beta!.stays.length >= 2);
  },
});

export const standsApartFromAKilledNewcomer = model<Scene>({
  name: 'a thread that was killed while it joined or left keeps nobody else from joining',
  ...over(twoSlots),
  setup: scene(twoSlots, ['killed', 'other']),
  threads: {
    killed: ({ all: [killed] }) => visit(killed!),
    other: ({ all: [, other] }) => void settle(other!),
  },
  invariant: claimedGrows,
  final({ words, all: [, other] }) {
    const { slot, start } = other!.stays[0]!;
    assert.equal(words.loadPlain(start + SLOT.state), SLOT_STATE.live);
    assert.ok(words.loadPlain(HEADER.slotsClaimed) > slot, 'the slot is covered');
  },
  bounds: { kills: ['killed'] },
});

export const coversASlotBeforeItsFirstTurn = model<Scene>({
  name: 'what the first turn of a thread that joins reads is kept',
  ...over(twoSlots),
  setup: scene(twoSlots, ['reader', 'updater']),
  threads: {
    reader: ({ all: [reader] }) => joinAndRead(reader!),
    updater({ all: [, updater] }) {
      const { words, memory, gracePeriod } = updater!;
      replaceBy(updater!, 1);
      driveUntilDone(words, gracePeriod, gracePeriod.snap());
      spoil(words, memory.object(0));
    },
  },
  invariant: claimedGrows,
});

export const coversTwoSlotsBeforeTheirFirstTurns = model<Scene>({
  name: 'what the first turns of two threads that join at once read is kept',
  ...over(twoSlots),
  setup: scene(twoSlots, ['first', 'second', 'updater']),
  threads: {
    first: ({ all: [first] }) => joinAndRead(first!),
    second: ({ all: [, second] }) => joinAndRead(second!),
    updater({ all: [, , updater] }) {
      const { words, memory, gracePeriod } = updater!;
      replaceBy(updater!, 1);
      driveUntilDone(words, gracePeriod, gracePeriod.snap());
      spoil(words, memory.object(0));
    },
  },
  invariant: claimedGrows,
});

export const coversASlotWhoeverDrives = model<Scene>({
  name: 'what the first turn of a thread that joins reads is kept, though another drives than has replaced it',
  ...over(twoSlots),
  setup: scene(twoSlots, ['reader', 'updater', 'driver']),
  threads: {
    reader: ({ all: [reader] }) => joinAndRead(reader!),
    updater({ all: [, updater] }) {
      const { words, memory, gracePeriod } = updater!;
      replaceBy(updater!, 1);
      const cookie = gracePeriod.snap();
      if (gracePeriod.done(cookie)) spoil(words, memory.object(0));
    },
    driver({ all: [, , driver] }) {
      driver!.gracePeriod.drive(driver!.gracePeriod.snap());
    },
  },
  invariant: claimedGrows,
});

export const publishesName = model<Scene>({
  name: 'whoever sees a slot live finds the name and the generation of the thread that has joined',
  ...over(oneSlot),
  setup: scene(oneSlot, ['joiner', 'lister']),
  threads: {
    joiner: ({ all: [joiner] }) => void tryToJoin(joiner!),
    lister({ all: [, lister] }) {
      const { words, memory } = lister!;
      const start = slotStart(memory.geometry, 0);
      if (words.load(start + SLOT.state) !== SLOT_STATE.live) return;
      const bytes = new Uint8Array(NAME_WORDS * 4);
      const length = words.loadPlain(start + SLOT.nameBytes);
      words.readBytesPlain(start + SLOT.name, bytes, length);
      assert.equal(new TextDecoder().decode(bytes.subarray(0, length)), 'joiner');
      assert.equal(words.loadPlain(start + SLOT.generation), 1);
    },
  },
});
