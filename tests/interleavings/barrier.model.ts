/**
 * Barriers: a barrier returns when every callback has ended that was queued before it, in whatever thread, and whatever
 * moves from one thread to another meanwhile.
 *
 *     caller    queues, notes how many ... calls the function ... says that it has ended
 *     leaver    queues, notes how many, hands over, goes
 *     adopter   takes over what lies there, and calls the function
 *     waiter    how many were noted? looks round until the barrier is over: so many have ended
 *
 * A callback marks its head plainly, and the waiter looks at the mark plainly: a barrier that counts right and orders
 * nothing is a data race. The lists, the orphans and the looks round are the heap's own; nobody needs a grace period.
 */
import assert from 'node:assert/strict';
import { CALLBACK } from '../../src/layout/callback-record.js';
import { HEADER } from '../../src/layout/heap-header.js';
import { slotStart } from '../../src/layout/heap-layout.js';
import { NAME, NAME_KIND } from '../../src/layout/name-record.js';
import { CALLBACK_LIST, FIRST_CALLBACK_ID, SLOT, SLOT_STATE } from '../../src/layout/thread-slot.js';
import { ownerTag } from '../../src/locks/owner.js';
import { RawSpinLock } from '../../src/locks/raw-spin-lock.js';
import { BarrierRound } from '../../src/rcu/barrier-round.js';
import { CallbackFunctions } from '../../src/rcu/callback-functions.js';
import { CallbackList } from '../../src/rcu/callback-list.js';
import { forgetCallback } from '../../src/rcu/callback-records.js';
import { type Adopter, Orphans } from '../../src/rcu/orphans.js';
import type { Words } from '../../src/words/words.js';
import { type Bounds, type Model, model, type Stage } from '../../tools/checker/model.js';
import { RcuMemory } from './support/rcu-memory.js';

const SLOTS = 4;
const memory = new RcuMemory({ threads: SLOTS });
const { geometry } = memory;

/** The one callback that is registered, in every thread. */
const ID = FIRST_CALLBACK_ID;
const NAME_RECORD = memory.link + 512;
const RECORD = memory.link + 544;
/** A word for each head: whether its callback has ended. */
const ENDED = memory.link + 600;
/** As if one grace period had ended since whatever was queued. */
const NUMBER = 4;

function prepare(words: Words): void {
  memory.prepareLive(words);
  words.storePlain(NAME_RECORD + NAME.kind, NAME_KIND.rcuCallback);
  words.storePlain(NAME_RECORD + NAME.target, RECORD);
  words.storePlain(RECORD + CALLBACK.id, ID);
  words.storePlain(RECORD + CALLBACK.slots, (1 << SLOTS) - 1);
  words.storePlain(HEADER.registryHead, NAME_RECORD);
}

/** One thread's callbacks. */
class Member implements Adopter {
  readonly words: Words;
  readonly slot: number;
  readonly list: CallbackList;
  readonly orphans: Orphans;
  /** How many it has called. */
  called = 0;

  constructor(words: Words, slot: number) {
    const start = slotStart(geometry, slot);
    const lock = new RawSpinLock(words, HEADER.orphanLock, ownerTag(slot, 1), 50, 'orphans');
    const functions = new CallbackFunctions();
    functions.set(ID, 'note', () => 0);
    this.words = words;
    this.slot = slot;
    this.list = new CallbackList(words, start + SLOT.callbacks);
    const own = { list: this.list, functions, adopted: start + SLOT.adoptedCallback };
    this.orphans = new Orphans(words, geometry, lock, own);
  }

  /** Queues head `n`, and says so. */
  post(n: number): void {
    this.list.enqueue(memory.object(n), ID);
    this.words.store(memory.note, n + 1);
  }

  /** Calls all that is on the list, as a pass does. */
  callAll(): void {
    const { words, list } = this;
    list.accelerate(NUMBER);
    list.advance(NUMBER);
    for (let head = list.takeDone(); head !== 0; head = list.takeDone()) {
      words.storePlain(ENDED + (head - memory.object(0)) / 2, 1);
      list.finish(1);
      this.called++;
    }
  }

  /** Takes over and calls until it has called one. */
  serve(): void {
    while (this.called === 0) {
      this.orphans.adopt(this);
      this.callAll();
      this.words.pause();
    }
  }

  /** Takes over until it has something; calls nothing. */
  takeOver(): void {
    while (this.list.length() === 0) {
      this.orphans.adopt(this);
      this.words.pause();
    }
  }

  /** Hands its callbacks over, and goes. */
  leave(): void {
    const { words, slot, list, orphans } = this;
    orphans.putCallbacks(list.first(), true, this);
    forgetCallback(words, RECORD, slot);
    words.store(slotStart(geometry, slot) + SLOT.state, SLOT_STATE.free);
  }

  leaves(): void {
    this.list.takeAll();
  }

  claimSheaf(): void {
    assert.fail('no sheaves here');
  }

  adoptSheaf(): void {
    assert.fail('there are no sheaves here');
  }

  adoptHeads(): void {
    assert.fail('there are no heads here');
  }
}

interface Scene {
  readonly stage: Stage;
  readonly words: Words;
  readonly members: readonly Member[];
}

function setup(stage: Stage): Scene {
  const { words } = stage;
  const members: Member[] = [];
  for (let slot = 0; slot < SLOTS; slot++) members.push(new Member(words, slot));
  return { stage, words, members };
}

/** A barrier; what was queued before it has ended after it. */
function wait({ words }: Scene): void {
  const queued = words.load(memory.note);
  const round = new BarrierRound(words, geometry, false);
  while (!round.look()) words.pause();
  for (let n = 0; n < queued; n++) {
    assert.equal(
      words.loadPlain(ENDED + n),
      1,
      `callback ${n} was queued before a barrier that has not waited for it`,
    );
  }
}

/** Every callback was called once, and all slots say so. */
function allCalled(count: number): (state: Scene) => void {
  return ({ words, members }) => {
    let called = 0;
    for (const member of members) {
      called += member.called;
      const start = slotStart(geometry, member.slot) + SLOT.callbacks;
      const queued = words.loadPlain(start + CALLBACK_LIST.queued);
      const finished = words.loadPlain(start + CALLBACK_LIST.finished);
      assert.equal(finished, queued, `slot ${member.slot} has not finished what it queued`);
    }
    assert.equal(called, count);
    assert.equal(words.loadPlain(HEADER.orphanCallbackCount), 0, 'callbacks lie there for good');
  };
}

interface BarrierClaim {
  readonly name: string;
  readonly threads: Readonly<Record<string, (state: Scene) => void>>;
  /** How many callbacks are called in all. */
  readonly called: number;
  readonly bounds?: Bounds;
  readonly nightly?: Bounds;
}

function barrierModel({ name, threads, called, ...bounds }: BarrierClaim): Model<Scene> {
  return model<Scene>({
    name,
    lengthWords: memory.lengthWords,
    prepare,
    nameOf,
    setup,
    threads,
    final: allCalled(called),
    // Looked at before the lock is taken, and again under it: who sees an old number looks at the next turn's end.
    mayRace: (index) => index === HEADER.migrations,
    ...bounds,
  });
}

function nameOf(index: number): string {
  if (index >= ENDED) return `end of callback ${index - ENDED}`;
  if (index >= RECORD) return `callback record word ${index - RECORD}`;
  return memory.nameOf(index);
}

export const waitsForAllOfAThread = barrierModel({
  name: 'a barrier returns when all callbacks have ended that a thread had queued, whatever that thread queues since',
  threads: {
    caller({ members: [member] }) {
      member!.post(0);
      member!.post(1);
      member!.callAll();
      member!.post(2);
      member!.callAll();
    },
    waiter: wait,
  },
  called: 3,
});

export const waitsForTheLastSlot = barrierModel({
  name: 'a barrier waits for the callbacks of the last slot as for those of the first',
  threads: {
    caller({ members }) {
      members[SLOTS - 1]!.post(0);
      members[SLOTS - 1]!.callAll();
    },
    waiter: wait,
  },
  called: 1,
});

export const countsWhatWasQueuedBefore = barrierModel({
  name: 'a barrier does not wait for what is queued after it has begun',
  threads: {
    caller({ members: [member] }) {
      member!.post(0);
      member!.callAll();
    },
    waiter({ words, members: [, member] }) {
      const round = new BarrierRound(words, geometry, false);
      round.look();
      member!.post(1);
      while (!round.look()) words.pause();
      member!.callAll();
    },
  },
  called: 2,
});

export const twoWaitAtOnce = barrierModel({
  name: 'two barriers at once both return, neither too early',
  threads: {
    caller({ members: [member] }) {
      member!.post(0);
      member!.callAll();
      member!.post(1);
      member!.callAll();
    },
    first: wait,
    second: wait,
  },
  called: 2,
});

export const waitsForOrphans = barrierModel({
  name: 'a barrier waits for the callbacks of a thread that leaves, on their way, where they lie, and when taken over',
  threads: {
    leaver({ members: [leaver] }) {
      leaver!.post(0);
      leaver!.leave();
    },
    adopter: ({ members: [, adopter] }) => adopter!.serve(),
    waiter: wait,
  },
  called: 1,
  bounds: { preemptions: 2 },
  // Some five times as long.
  nightly: { preemptions: 3 },
});

export const waitsForAdopters = barrierModel({
  name: 'a barrier waits for callbacks that a thread has taken over in whose count there were none before',
  threads: {
    leaver({ members: [leaver] }) {
      leaver!.post(0);
      leaver!.leave();
    },
    adopter({ members: [, adopter] }) {
      adopter!.takeOver();
      adopter!.callAll();
    },
    waiter: wait,
  },
  called: 1,
  bounds: { preemptions: 2 },
  // Some five times as long.
  nightly: { preemptions: 3 },
});

export const waitsForWhatMovesTwice = barrierModel({
  name: 'a barrier waits for callbacks that are handed over by who has just taken them over',
  threads: {
    leaver({ members: [leaver] }) {
      leaver!.post(0);
      leaver!.leave();
    },
    between({ stage, members: [, between] }) {
      stage.awaitEnd('leaver');
      between!.orphans.adopt(between!);
      between!.leave();
    },
    adopter: ({ members: [, , adopter] }) => adopter!.serve(),
    waiter: wait,
  },
  called: 1,
  bounds: { preemptions: 2 },
});
