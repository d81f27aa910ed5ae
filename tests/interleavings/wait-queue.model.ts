/**
 * The queue of waiters by itself: a wake is never lost, it goes to the oldest, and a place that a dead thread left is
 * cleared without harm to the next thread of its slot. What is waited for here is a number of tokens: who takes one
 * leaves, and who gives one wakes a waiter.
 */
import assert from 'node:assert/strict';
import { slotStart } from '../../src/layout/heap-layout.js';
import { LOCK, LOCK_KIND, TICKET_MASK, WOKEN } from '../../src/layout/lock-record.js';
import { SLOT, SLOT_STATE } from '../../src/layout/thread-slot.js';
import { WaitQueue } from '../../src/locks/wait-queue.js';
import type { Words } from '../../src/words/words.js';
import { model, type Stage } from '../../tools/checker/model.js';
import { LockMemory } from '../support/lock-stage.js';
import { LockScene } from './support/lock-scene.js';

/** Sleeps that end before anybody gives up. */
const FOR_EVER = Number.POSITIVE_INFINITY;
const A_MOMENT = 1;

interface Crowd {
  readonly scene: LockScene;
  readonly queues: readonly WaitQueue[];
  readonly tokens: number;
  /** What each has got, by slot. Each counts its own. */
  readonly got: number[];
}

/** @param tickets the last ticket that was handed out before */
function crowd(names: readonly string[], tickets = 0) {
  const memory = new LockMemory({ kind: LOCK_KIND.mutex, threads: names.length + 1 });
  return {
    memory,
    lengthWords: memory.lengthWords,
    prepare(words: Words): void {
      memory.prepare(words);
      words.storePlain(memory.record + LOCK.tickets, tickets);
    },
    nameOf: (index: number) => (index === memory.spare ? 'tokens' : memory.nameOf(index)),
    setup(stage: Stage): Crowd {
      const scene = new LockScene(stage, memory);
      const queues = names.map((name, slot) => new WaitQueue(scene.thread(name, slot, false), memory.record));
      return { scene, queues, tokens: memory.spare, got: names.map(() => 0) };
    },
  };
}

function take({ scene: { words }, tokens, got }: Crowd, slot: number): boolean {
  for (;;) {
    const found = words.load(tokens);
    if (found === 0) return false;
    if (words.compareExchange(tokens, found, found - 1) !== found) continue;
    got[slot]!++;
    return true;
  }
}

/** Waits for a token, or until its time is over. A wake-up that it had no use for goes on to the next. */
function waitForOne(state: Crowd, slot: number, limitMillis = FOR_EVER): void {
  const queue = state.queues[slot]!;
  queue.join();
  let isLate = false;
  while (!take(state, slot) && !isLate) {
    isLate = queue.sleep(limitMillis) === 'timed-out';
    queue.rearm();
  }
  // Whoever woke it may have done so for a second token.
  if (queue.leave()) queue.wakeAnother();
}

function give(state: Crowd, slot: number, wake: 'first' | 'another' | 'all' = 'first'): void {
  const queue = state.queues[slot]!;
  state.scene.words.add(state.tokens, 1);
  if (wake === 'first') queue.wakeFirst();
  else if (wake === 'another') queue.wakeAnother();
  else queue.wakeAll();
}

export const losesNoWake = model<Crowd>({
  name: 'who joins and then looks finds what there is, or is woken by who brings it',
  ...crowd(['waiter', 'giver']),
  threads: {
    waiter: (state) => waitForOne(state, 0),
    giver: (state) => give(state, 1),
  },
  final({ scene, got }) {
    assert.deepEqual(got, [1, 0]);
    scene.assertNobodyWaits();
  },
});

export const wakesTheOldest = model<Crowd>({
  name: 'the one who came first is woken first, also where tickets wrap between the two',
  ...crowd(['first', 'second', 'giver'], TICKET_MASK - 1),
  threads: {
    first: (state) => waitForOne(state, 0),
    second(state) {
      state.scene.awaitWaiter(0);
      waitForOne(state, 1);
    },
    giver(state) {
      const { scene } = state;
      scene.awaitWaiter(1);
      // Both are there, and neither has been woken.
      const wasThere = scene.place(0) !== 0;
      assert.equal(state.queues[2]!.wakeFirst(), true);
      assert.ok(!wasThere || !scene.isTold(1), 'the younger was woken');
      scene.words.add(state.tokens, 1);
      give(state, 2, 'all');
    },
  },
  final: ({ got }) => assert.deepEqual(got, [1, 1, 0]),
  bounds: { preemptions: 2 },
});

export const wakesOneForEach = model<Crowd>({
  name: 'two who each bring something and wake another one wake two',
  ...crowd(['alpha', 'beta', 'giver', 'other']),
  threads: {
    alpha: (state) => waitForOne(state, 0),
    beta: (state) => waitForOne(state, 1),
    giver: (state) => give(state, 2, 'another'),
    other: (state) => give(state, 3, 'another'),
  },
  final({ scene, got }) {
    assert.deepEqual(got, [1, 1, 0, 0]);
    scene.assertNobodyWaits();
  },
  bounds: { preemptions: 2 },
});

export const wakesAll = model<Crowd>({
  name: 'wakeAll() wakes everyone who has joined before it',
  ...crowd(['alpha', 'beta', 'giver']),
  threads: {
    alpha: (state) => waitForOne(state, 0),
    beta: (state) => waitForOne(state, 1),
    giver(state) {
      state.scene.words.add(state.tokens, 1);
      give(state, 2, 'all');
    },
  },
  final: ({ got }) => assert.deepEqual(got, [1, 1, 0]),
  bounds: { preemptions: 2 },
});

export const passesAWakeOn = model<Crowd>({
  name: 'who leaves without what it waited for knows that it was woken, and the next is woken instead',
  ...crowd(['impatient', 'patient', 'giver']),
  threads: {
    impatient(state) {
      waitForOne(state, 0, A_MOMENT);
      if (state.got[0] === 1) give(state, 0);
    },
    patient: (state) => waitForOne(state, 1),
    giver(state) {
      give(state, 2);
      if (take(state, 2)) give(state, 2);
    },
  },
  final({ scene, got }) {
    assert.equal(got[1], 1);
    scene.assertNobodyWaits();
  },
  bounds: { timeouts: ['impatient'], preemptions: 2 },
});

/** The slot of nobody's, which a thread has died in while it waited. */
const DEAD = 3;
/** Older than the waiter's. */
const DEAD_TICKET = 9;
/** Younger. */
const NEW_TICKET = 20;

export const sparesTheNextOfTheSlot = model<Crowd>({
  name: 'who clears the place of the dead takes none from the next thread of the slot, and the living is woken',
  ...(() => {
    const made = crowd(['waiter', 'giver', 'reaper'], DEAD_TICKET);
    return {
      ...made,
      prepare(words: Words): void {
        made.prepare(words);
        words.storePlain(slotStart(made.memory.geometry, DEAD) + SLOT.state, SLOT_STATE.dead);
        words.storePlain(made.memory.record + LOCK.waiters + DEAD, DEAD_TICKET);
        words.storePlain(made.memory.record + LOCK.handoff, DEAD_TICKET);
      },
    };
  })(),
  threads: {
    waiter: (state) => waitForOne(state, 0),
    giver: (state) => give(state, 1),
    reaper({ scene, queues }) {
      queues[2]!.forgetDead(DEAD);
      // The slot has a new thread, which joins, and leaves again.
      const place = scene.memory.record + LOCK.waiters + DEAD;
      scene.words.store(slotStart(scene.memory.geometry, DEAD) + SLOT.state, SLOT_STATE.live);
      scene.words.store(place, NEW_TICKET);
      const left = scene.words.exchange(place, 0);
      assert.equal(left & TICKET_MASK, NEW_TICKET, 'the new thread has lost its place');
      if ((left & WOKEN) !== 0) queues[2]!.wakeFirst();
    },
  },
  final({ scene, got, queues }) {
    assert.equal(got[0], 1);
    scene.assertNobodyWaits();
    assert.equal(queues[1]!.mayGo(), true, 'the dead is still to be next');
  },
});
