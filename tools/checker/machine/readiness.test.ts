import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, type Body, modelOf, runOut, started } from '../../../tests/checker/hand-held.js';
import { explore } from '../explore/explore.js';
import type { Model } from '../model.js';
import { Memory } from './memory.js';
import { ModelThread } from './model-thread.js';
import { OPERATION, type Operation } from './operation.js';
import { Performer } from './performer.js';
import { comesByNews, Readiness } from './readiness.js';

const X = 3;
const Y = 4;
const MOST_ROUNDS = 100;

interface Scene {
  readonly performer: Performer;
  readonly threads: readonly ModelThread[];
  readonly readiness: Readiness;
}

/** Threads a, b ... held before these operations on X. */
function scene(operations: readonly Operation[], hasStoreBuffers = false): Scene {
  const names = operations.map((_, number) => String.fromCharCode(97 + number));
  const performer = new Performer(new Memory(8), {
    ...{ threads: names, hasStoreBuffers, ignoresFences: false },
    mayRace: () => true,
    nameOf: String,
  });
  performer.reset();
  const threads = names.map((name, number) => {
    const thread = new ModelThread(name, number);
    thread.begin(thread.body);
    return Object.assign(thread, { operation: operations[number]!, word: X });
  });
  const readiness = new Readiness(threads, performer, hasStoreBuffers);
  readiness.begin();
  return { performer, threads, readiness };
}

const { pause, load, store, wake, awaitEnd } = OPERATION;

test('enabled, has every thread that is not over, and every lane that is not empty', () => {
  const { readiness, threads, performer } = scene([load, store, load], true);
  assert.equal(readiness.enabled(), 0b111);
  threads[2]!.isEnded = true;
  performer.visible[Y] = 1;
  performer.perform(threads[0]!, OPERATION.storePlain, Y, 1, 0);
  assert.deepEqual([readiness.enabled(), readiness.isQuiet], [0b1011, false]);
  performer.drain(0);
  assert.equal(readiness.enabled(), 0b011);
});

test('enabled, leaves out a thread whose stores must reach memory first', () => {
  const { readiness, threads, performer } = scene([store, load], true);
  performer.visible[Y] = 1;
  for (const thread of threads) performer.perform(thread, OPERATION.storePlain, Y, 1, 0);
  assert.equal(readiness.enabled() & 0b11, 0b10);
});

test('enabled, leaves out a thread that goes round until a word it has read changes', () => {
  const { readiness, threads, performer } = scene([load, store]);
  for (let i = 0; i < 8; i++) threads[0]!.trail.noteRead(X, performer.memory);
  assert.equal(readiness.enabled(), 0b10);
  performer.memory.write(X, 1);
  assert.equal(readiness.enabled(), 0b11);
});

test('enabled, lets a thread write however often it went round', () => {
  const { readiness, threads, performer } = scene([store]);
  for (let i = 0; i < 8; i++) threads[0]!.trail.noteRead(X, performer.memory);
  assert.deepEqual([readiness.enabled(), comesByNews(threads[0]!)], [0b1, false]);
});

test('enabled, wakes a sleeper that was woken, or that has a limit and news', () => {
  const { readiness, threads, performer } = scene([wake, wake, wake, store]);
  threads[0]!.isWoken = true;
  threads[1]!.isTimed = true;
  for (const thread of threads) thread.trail.noteRead(X, performer.memory);
  assert.equal(readiness.enabled(), 0b1001);
  performer.memory.write(X, 1);
  assert.equal(readiness.enabled(), 0b1011);
  assert.deepEqual(threads.map(comesByNews), [false, true, true, false]);
});

test('enabled, holds who awaits an end until that thread has ended or was killed', () => {
  for (const isOver of ['isEnded', 'isKilled'] as const) {
    const { readiness, threads } = scene([awaitEnd, store]);
    threads[0]!.word = 1;
    assert.equal(readiness.enabled(), 0b10);
    threads[1]![isOver] = true;
    assert.equal(readiness.enabled(), 0b01);
  }
});

test('enabled, lets time pass for whoever spins or has a limit, and for nobody else', () => {
  const { readiness, threads } = scene([pause, wake, wake, awaitEnd]);
  threads[1]!.isTimed = true;
  assert.deepEqual([readiness.enabled(), readiness.isQuiet], [0b0011, true]);
});

test('enabled, lets time pass for one thread until it has changed a word', () => {
  const { readiness, performer } = scene([pause, pause]);
  assert.equal(readiness.enabled(), 0b11, 'which is first is open');
  for (let i = 0; i < 3; i++) {
    readiness.stepped(1);
    assert.equal(readiness.enabled(), 0b10);
  }
  performer.memory.write(Y, 1);
  assert.equal(readiness.enabled(), 0b11);
});

test('hash, tells for whom time passes, until a word has changed', () => {
  const [fresh, first, second, later] = [undefined, 0, 1, 1].map((patient, i) => {
    const { readiness, performer } = scene([pause, pause]);
    readiness.enabled();
    if (patient !== undefined) readiness.stepped(patient);
    if (i === 3) performer.memory.write(Y, 1);
    return readiness.hash();
  });
  assert.equal(new Set([fresh, first, second]).size, 3);
  assert.equal(later, fresh);
});

test('enabled, lets time pass for the next thread when the first has ended', () => {
  const { readiness, threads } = scene([pause, pause]);
  readiness.enabled();
  readiness.stepped(0);
  threads[0]!.isEnded = true;
  assert.equal(readiness.enabled(), 0b10);
});

test('isEndless, is true when time has passed in vain for all, and not before', () => {
  const { readiness } = scene([pause, pause]);
  for (const [thread, expected] of [
    [1, 0b01],
    [0, 0],
  ] as const) {
    for (let round = 1; round <= MOST_ROUNDS; round++) {
      assert.notEqual(readiness.enabled() & (1 << thread), 0, `thread ${thread}, round ${round}`);
      readiness.stepped(thread);
    }
    assert.equal(readiness.enabled(), expected);
  }
  assert.deepEqual([readiness.isEndless(), readiness.isQuiet], [true, true]);
  readiness.begin();
  assert.deepEqual([readiness.isEndless(), readiness.enabled()], [false, 0b11]);
});

test('isEndless, is false where nobody is to wait for time', () => {
  const { readiness } = scene([wake, wake]);
  assert.deepEqual([readiness.enabled(), readiness.isEndless()], [0, false]);
});

test('stepped, counts pauses: after two of them another thread that is ready goes first', () => {
  const { readiness, threads, performer } = scene([pause, store]);
  for (let i = 0; i < 2; i++) {
    threads[0]!.trail.noteRead(X, performer.memory);
    performer.memory.write(X, i + 1);
    assert.equal(readiness.enabled(), 0b11, `pause ${i}`);
    readiness.stepped(0);
  }
  const owing = readiness.hash();
  assert.equal(readiness.enabled(), 0b10);
  readiness.stepped(1);
  assert.equal(readiness.enabled(), 0b11);
  assert.notEqual(readiness.hash(), owing);
});

/** As scene(), where the first thread sleeps with a limit that may end at any moment. */
function sleepy(operations: readonly Operation[]): Scene {
  const found = scene([wake, ...operations]);
  Object.assign(found.threads[0]!, { isTimed: true, timeoutsLeft: 1 });
  return found;
}

test('enabled, has a sleeper whose time may come at any moment, whether others can go on or not', () => {
  const { readiness, threads } = sleepy([store, pause]);
  assert.deepEqual([readiness.enabled(), readiness.isQuiet, readiness.timeouts()], [0b011, false, 0b001]);
  threads[1]!.isEnded = true;
  assert.deepEqual([readiness.enabled(), readiness.isQuiet], [0b101, true]);
  assert.deepEqual([readiness.isLate(0), readiness.isLate(2)], [false, true], 'I1');
  readiness.stepped(0);
  assert.equal(readiness.enabled(), 0b101, 'no time has passed');
});

test('timeouts, leaves out who was woken, has no limit, no timeouts left, or is over', () => {
  for (const change of [{ isWoken: true }, { isTimed: false }, { timeoutsLeft: 0 }, { isKilled: true }]) {
    const { readiness, threads } = sleepy([store]);
    Object.assign(threads[0]!, change);
    assert.equal(readiness.timeouts(), 0, JSON.stringify(change));
    assert.equal(readiness.enabled(), change.isWoken ? 0b11 : 0b10, JSON.stringify(change));
  }
});

test('comesByNews, is false for a sleeper that needs none', () => {
  const { threads } = sleepy([]);
  assert.equal(comesByNews(threads[0]!), false);
  threads[0]!.timeoutsLeft = 0;
  assert.equal(comesByNews(threads[0]!), true);
});

test('stepped, counts no pauses against a sleeper: nobody has to let its time come first', () => {
  const { readiness, threads, performer } = sleepy([pause]);
  for (let i = 0; i < 4; i++) {
    threads[1]!.trail.noteRead(X, performer.memory);
    performer.memory.write(X, i + 1);
    assert.equal(readiness.enabled(), 0b11, `pause ${i}`);
    readiness.stepped(1);
  }
});

test('stepped, counts no pause of a sleeper whose time has come', () => {
  const { readiness } = sleepy([store]);
  readiness.enabled();
  const before = readiness.hash();
  readiness.stepped(0);
  assert.equal(readiness.hash(), before);
});

test('enabled, lets time pass beside a sleeper that has news and needs none', () => {
  const { readiness, threads, performer } = sleepy([pause]);
  threads[0]!.trail.noteRead(X, performer.memory);
  performer.memory.write(X, 1);
  assert.deepEqual([readiness.enabled(), readiness.isQuiet], [0b11, true]);
});

const awaitX: Body = function* ({ words }) {
  while ((yield* at(words.load(X))) === 0) yield* at(words.pause() as unknown);
};

/** Looks at Y three times, in vain, and then sets X. */
const setXAfterThreeLooks: Body = function* ({ words }) {
  for (let i = 0; i < 3; i++) {
    yield* at(words.load(Y));
    yield* at(words.pause() as unknown);
  }
  yield* at(words.store(X, 1) as unknown);
};

function assertPasses(subject: Model): void {
  for (const bounds of [{}, { preemptions: 3 }]) {
    const found = explore(subject, { bounds });
    assert.equal(found.result, 'passed', JSON.stringify(found));
  }
}

test('explore, finds no livelock where one thread spins until another has spun for a while', () => {
  assertPasses(modelOf({ a: awaitX, b: setXAfterThreeLooks }));
  assertPasses(modelOf({ b: setXAfterThreeLooks, a: awaitX }));
});

test('explore, finds the livelock of two threads that each spin until the other has moved', () => {
  const awaits = (mine: number, others: number): Body =>
    function* ({ words }) {
      while ((yield* at(words.load(others))) === 0) yield* at(words.pause() as unknown);
      yield* at(words.store(mine, 1) as unknown);
    };
  const { counterexample } = explore(modelOf({ a: awaits(X, Y), b: awaits(Y, X) }));
  assert.equal(counterexample?.kind, 'livelock');
  assert.match(counterexample.message, /thread a spins.*word 4; thread b spins.*word 3/);
});

test('explore, tells a sleep that nobody ends from a spin that nobody ends', () => {
  const sleeps: Body = function* ({ words }) {
    yield* at(words.wait(X, 0, Number.POSITIVE_INFINITY));
  };
  assert.equal(explore(modelOf({ a: sleeps })).counterexample?.kind, 'deadlock');
  assert.equal(explore(modelOf({ a: sleeps, b: awaitX })).counterexample?.kind, 'livelock');
});

test('explore, ends where two threads that spin wake each other by the lock they look under', () => {
  const looksUnderLock: Body = function* ({ words }) {
    for (;;) {
      while ((yield* at(words.exchange(Y, 1))) === 1) yield* at(words.pause() as unknown);
      const isSet = (yield* at(words.load(X))) === 1;
      yield* at(words.store(Y, 0) as unknown);
      if (isSet) return;
      yield* at(words.pause() as unknown);
    }
  };
  const setX: Body = function* ({ words }) {
    yield* at(words.store(X, 1) as unknown);
  };
  const found = explore(modelOf({ a: looksUnderLock, b: looksUnderLock, c: setX }), {
    bounds: { preemptions: 1, steps: 400 },
  });
  assert.equal(found.result, 'passed', JSON.stringify(found));
});

test('an execution in which nothing was ever written can pass time again in the next', () => {
  const subject = modelOf({
    *a({ words }) {
      yield* at(words.load(X));
      yield* at(words.pause() as unknown);
    },
  });
  const machine = started(subject, [X]);
  for (let execution = 0; execution < 3; execution++) {
    machine.begin({ kind: 'none' });
    machine.start();
    runOut(machine);
    assert.equal(machine.verdict(), undefined);
  }
});
