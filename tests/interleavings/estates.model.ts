/**
 * What a dead thread had waiting goes on: who is told of the death makes orphans of it, and whoever takes them over
 * waits anew. Nothing comes too early, nothing twice, and no callback through the function of another.
 *
 *     killed   -- call, call, post ... drives ... --X      stopped before any of its accesses
 *     reader        ---- finds an object, or not ... reads it ----
 *     heir                          marks it dead, takes over, waits anew, calls and frees
 *
 * Where no grace period is to end while the threads run, somebody who takes no part is in a turn. A callback takes the
 * memory of its object and writes to it, so that one that comes too early is a data race.
 */
import assert from 'node:assert/strict';
import { HEADER } from '../../src/layout/heap-header.js';
import { FIRST_CALLBACK_ID } from '../../src/layout/thread-slot.js';
import { type Model, model } from '../../tools/checker/checker.js';
import type { Stage } from '../../tools/checker/model.js';
import {
  freedObjects,
  type ModelHeap,
  objectOf,
  retiredObjectMemory,
  switchTurn,
} from './support/retired-objects.js';

const FIRST = FIRST_CALLBACK_ID;
const SECOND = FIRST_CALLBACK_ID + 1;
const OBJECTS = 2;
/** The slots of the thread that dies, and of who is in a turn all the time. */
const KILLED = 0;
const READER = 1;
const BUSY = 3;

const MEMORY = retiredObjectMemory({ threads: 4, objects: OBJECTS, callbacks: 2, pages: 8 });
const SHARED = {
  lengthWords: MEMORY.lengthWords,
  prepare: MEMORY.prepare,
  nameOf: MEMORY.nameOf,
  mayRace: MEMORY.mayRace,
};

/** A thread, and what was called in it: by which function, for which object. */
interface Member {
  readonly heap: ModelHeap;
  readonly objects: readonly number[];
  readonly called: string[];
}

interface Scene {
  readonly stage: Stage;
  readonly killed: Member;
  readonly reader: ModelHeap;
  readonly heir: Member;
  /** How many of its objects the killed thread has given away. */
  given: number;
}

function wire(stage: Stage, name: string, slot: number): Member {
  const heap = MEMORY.wire(stage, name, slot);
  const objects: number[] = [];
  for (let n = 0; n < OBJECTS; n++) objects.push(heap.addressOf(n));
  return { heap, objects, called: [] };
}

/** Has the thread call functions for these callbacks. */
function register(member: Member, callbacks: readonly number[]): void {
  for (const n of callbacks) {
    member.heap.register(n, (head) => {
      const p = objectOf(head);
      member.called.push(`callback ${n} for object ${member.objects.indexOf(p)}`);
      member.heap.use(p);
    });
  }
}

/** @param reader the name of its thread: it has one of its own, or takes no part while the threads run */
function setup(stage: Stage, reader = 'heir'): Scene {
  const killed = wire(stage, 'killed', KILLED);
  register(killed, [0, 1]);
  const heir = wire(stage, 'heir', 2);
  return { stage, killed, heir, reader: MEMORY.wire(stage, reader, READER), given: 0 };
}

/** Outlives the killed thread, takes over what it left, and goes on for two turns. */
function inherit({ stage, heir: { heap } }: Scene): void {
  if (!stage.awaitEnd('killed')) heap.inherit(KILLED);
  heap.drain();
  heap.drain();
}

/** All that can go on has gone on. */
function settle({ reader, heir }: Scene): void {
  // Where it was not killed it has ended its last turn, with something in hand.
  heir.heap.inherit(KILLED);
  for (let round = 0; round < 4; round++) for (const heap of [heir.heap, reader]) heap.drain();
}

/** Callbacks were called once each, but for the one that was in hand at the death. */
function assertCalledOnce(state: Scene, callbacks: readonly string[]): void {
  settle(state);
  const { killed, heir, given } = state;
  const { words } = killed.heap.wiring();
  const called = [...killed.called, ...heir.called];
  assert.equal(new Set(called).size, called.length, `called twice: ${called.join(', ')}`);
  for (const callback of called) assert.ok(callbacks.includes(callback), `called ${callback}`);
  assert.ok(
    called.length >= given - heir.heap.interrupted.length,
    `of ${given} callbacks only these were called: ${called.join(', ')}`,
  );
  assert.equal(words.loadPlain(HEADER.orphanCallbackCount), 0, 'callbacks lie there for good');
}

/** Queues object `n` for a callback, and says so. */
function call(state: Scene, n: number, id: number): void {
  state.killed.heap.call(n, id);
  state.given++;
}

/** What is called in the end, whoever calls it. */
const BOTH = ['callback 1 for object 0', 'callback 0 for object 1'];

export const callbacksGoOn = model<Scene>({
  name: 'callbacks that a thread had queued when it died are called once each, in that thread or in another',
  ...SHARED,
  setup: (stage) => {
    const state = setup(stage);
    register(state.heir, [0, 1]);
    return state;
  },
  threads: {
    killed: (state) => {
      call(state, 0, SECOND);
      call(state, 1, FIRST);
    },
    heir: inherit,
  },
  final: (state) => assertCalledOnce(state, BOTH),
  bounds: { kills: ['killed'] },
});

/** The heir has `left` what the dead thread gave; a reader whose turn began in the running grace period looks at it. */
function anewModel(name: string, leave: (state: Scene) => void, final: (state: Scene) => void): Model<Scene> {
  return model<Scene>({
    name,
    ...SHARED,
    setup: (stage) => {
      const state = setup(stage, 'reader');
      const { heir, reader } = state;
      register(heir, [0, 1]);
      switchTurn(reader.wiring(), BUSY);
      heir.heap.startGracePeriod();
      reader.findObject(1);
      leave(state);
      switchTurn(reader.wiring(), BUSY);
      return state;
    },
    threads: {
      killed: () => {},
      reader: ({ reader, killed }) => reader.look(killed.objects[1]!),
      heir: ({ heir: { heap } }) => {
        heap.inherit(KILLED);
        heap.drain();
        heap.drain();
        heap.reuse(2);
      },
    },
    final,
  });
}

export const callbackWaitsAnew = anewModel(
  'callbacks of a dead thread are not through with the grace period that ran when it died',
  (state) => {
    call(state, 0, SECOND);
    state.killed.heap.host.runMicrotasks();
    call(state, 1, FIRST);
    state.killed.heap.host.runMicrotasks();
  },
  (state) => assertCalledOnce(state, BOTH),
);

export const sheafWaitsAnew = anewModel(
  'a sheaf that a dead thread had in hand is not through with the grace period that ran when it died',
  ({ killed: { heap } }) => {
    heap.retire(1);
    heap.host.runMicrotasks();
  },
  (state) => assertAllFreed(state, 1),
);

export const wrongFunctionIsNotCalled = model<Scene>({
  name: 'a callback of a dead thread is called where its own function is, and waits while no thread has one',
  ...SHARED,
  setup: (stage) => {
    const state = setup(stage);
    register(state.heir, [0]);
    return state;
  },
  threads: {
    killed: (state) => {
      call(state, 0, SECOND);
      call(state, 1, FIRST);
    },
    heir: inherit,
  },
  final: (state) => {
    settle(state);
    const { heir } = state;
    assert.ok(!heir.called.includes(BOTH[0]!), 'called without a function for it');
    register(heir, [1]);
    assertCalledOnce(state, BOTH);
  },
  bounds: { kills: ['killed'] },
});

/** All objects were freed that were given away, each once: `given` of them at least. */
function assertAllFreed(state: Scene, given: number, most = OBJECTS): void {
  settle(state);
  const { words, geometry } = state.heir.heap.wiring();
  const freed = freedObjects(words, geometry);
  assert.ok(freed >= given && freed <= most, `of ${given} objects ${freed} were freed`);
  assert.equal(words.loadPlain(HEADER.orphanObjects), 0, 'nobody took the orphans over');
}

export const sheavesGoOn = model<Scene>({
  name: 'objects in the sheaves of a thread that died, in hand, sealed, or about to be, are freed once',
  ...SHARED,
  setup: (stage) => {
    const state = setup(stage);
    switchTurn(state.reader.wiring(), BUSY);
    state.killed.heap.retire(0);
    state.given++;
    return state;
  },
  threads: {
    killed: (state) => {
      state.killed.heap.retire(1);
      state.given++;
      state.killed.heap.seal();
    },
    heir: inherit,
  },
  final: (state) => {
    switchTurn(state.reader.wiring(), BUSY);
    assertAllFreed(state, state.given);
  },
  bounds: { kills: ['killed'] },
});

/** Two objects wait, of the thread that is killed or of one that has left; all of them are freed, once each. */
function handOverModel(
  name: string,
  begin: (state: Scene) => void,
  run: (killed: ModelHeap) => void,
): Model<Scene> {
  return model<Scene>({
    name,
    ...SHARED,
    setup: (stage) => {
      const state = setup(stage);
      switchTurn(state.reader.wiring(), BUSY);
      begin(state);
      return state;
    },
    threads: { killed: ({ killed }) => run(killed.heap), heir: inherit },
    final: (state) => {
      switchTurn(state.reader.wiring(), BUSY);
      assertAllFreed(state, OBJECTS);
    },
    bounds: { kills: ['killed'] },
  });
}

/** Both objects. */
function giveBoth(heap: ModelHeap): void {
  heap.retire(0);
  heap.retire(1);
  heap.host.runMicrotasks();
}

export const outlivesWhoLeaves = handOverModel(
  'what a thread has waiting that dies while it hands that over, at any step, is freed once',
  ({ killed }) => giveBoth(killed.heap),
  (killed) => killed.handOver(),
);

export const outlivesWhoTakesOver = handOverModel(
  'what a thread has left is freed once, though one died at any step that was taking it over',
  ({ reader }) => {
    reader.retire(0);
    reader.turn(() => reader.retireHead());
    reader.host.runMicrotasks();
    reader.handOver();
  },
  (killed) => killed.seal(),
);

export const callbacksOutliveWhoTakesOver = model<Scene>({
  name: 'callbacks that a thread has left are called once, though one died at any step that was taking them over',
  ...SHARED,
  setup: (stage) => {
    const state = setup(stage);
    const { heir, reader } = state;
    switchTurn(reader.wiring(), BUSY);
    register(heir, [0, 1]);
    reader.register(0, () => assert.fail('it has left'));
    reader.register(1, () => assert.fail('it has left'));
    for (const [n, id] of [SECOND, FIRST].entries()) {
      reader.call(n, id);
      state.given++;
    }
    reader.host.runMicrotasks();
    reader.handOverCallbacks();
    return state;
  },
  threads: { killed: ({ killed }) => killed.heap.seal(), heir: inherit },
  final: (state) => {
    switchTurn(state.reader.wiring(), BUSY);
    assertCalledOnce(state, BOTH);
  },
  bounds: { kills: ['killed'] },
});

/** The heir was killed itself, at any step of its own; who comes after it goes on. */
export const outlivesTheHeir = model<Scene>({
  name: 'what a dead thread had waiting is freed once, though one died at any step that was making orphans of it',
  ...SHARED,
  setup: (stage) => {
    const state = setup(stage, 'reader');
    const { reader, killed } = state;
    switchTurn(reader.wiring(), BUSY);
    killed.heap.retire(0);
    killed.heap.turn(() => killed.heap.retireHead());
    killed.heap.seal();
    killed.heap.retire(1);
    return state;
  },
  threads: {
    killed: () => {},
    // Here it is the reader that makes orphans, and is killed.
    reader: ({ stage, reader }) => {
      stage.awaitEnd('killed');
      reader.inherit(KILLED);
    },
    heir: ({ stage, heir: { heap } }) => {
      stage.awaitEnd('killed');
      if (!stage.awaitEnd('reader')) heap.inherit(READER);
      heap.inherit(KILLED);
      heap.drain();
      heap.drain();
    },
  },
  final: (state) => {
    switchTurn(state.reader.wiring(), BUSY);
    assertAllFreed(state, OBJECTS + 1, OBJECTS + 1);
  },
  bounds: { kills: ['reader'] },
});
