import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, type Body, modelOf, started } from '../../../tests/checker/hand-held.js';
import { explore } from '../explore/explore.js';
import type { Bounds, Model } from '../model.js';
import { stateHash } from './state-hash.js';

const X = 8;
const Y = 9;
const FOR_EVER = Number.POSITIVE_INFINITY;

const storeAt = (word: number, value = 1): Body =>
  function* ({ words }) {
    yield* at(words.store(word, value) as unknown);
  };

const sleepOnX: Body = function* ({ words }) {
  yield* at(words.wait(X, 0, FOR_EVER));
};

/** The hash of the state after these steps. */
function after(subject: Model, order: readonly number[]): number {
  const machine = started(subject, 'all');
  for (const process of order) machine.step(process);
  return machine.stateHash();
}

test('stateHash, is a whole number of 49 bits', () => {
  for (const order of [[], [0], [1], [0, 1]]) {
    const hash = after(modelOf({ a: storeAt(X), b: storeAt(Y, -1) }), order);
    assert.ok(Number.isSafeInteger(hash) && hash >= 0 && hash < 2 ** 49, `${order}: ${hash}`);
  }
});

test('stateHash, is the same for the same steps in two executions', () => {
  const subject = modelOf({ a: storeAt(X), b: storeAt(X, 2) });
  assert.equal(after(subject, [0, 1]), after(subject, [0, 1]));
});

test('stateHash, tells what memory holds, and what a thread has read, apart', () => {
  const subject = modelOf({
    a: storeAt(X),
    *b({ words }) {
      yield* at(words.load(X));
    },
  });
  const hashes = [[], [0], [1], [0, 1], [1, 0]].map((order) => after(subject, order));
  assert.equal(new Set(hashes).size, hashes.length);
});

test('stateHash, tells what waits in a store buffer from what has reached memory', () => {
  const plainly: Body = function* ({ words }) {
    yield* at(words.storePlain(X, 0) as unknown);
  };
  const bounds: Bounds = { storeBuffers: true, races: 'explored' };
  const subject = modelOf({ a: plainly, b: plainly }, { bounds });
  const [waits, drained] = [[0], [0, 2]].map((order) => after(subject, order));
  assert.notEqual(waits, drained, 'memory holds the same either way');
});

test('stateHash, tells a sleeper that was woken from one that was not', () => {
  const machine = started(modelOf({ a: sleepOnX, b: sleepOnX }), 'all');
  machine.step(0);
  const asleep = machine.stateHash();
  machine.threads[0]!.isWoken = true;
  assert.notEqual(machine.stateHash(), asleep);
});

test('stateHash, tells a thread that was killed from one that goes on', () => {
  const machine = started(modelOf({ a: storeAt(X), b: storeAt(Y) }), 'all');
  const alive = machine.stateHash();
  machine.threads[0]!.isKilled = true;
  assert.notEqual(machine.stateHash(), alive);
});

test('stateHash, tells a thread that has news from one that has read the change', () => {
  const machine = started(modelOf({ a: storeAt(X), b: storeAt(Y) }), 'all');
  const before = machine.stateHash();
  machine.threads[0]!.trail.noteRead(Y, machine.performer.memory);
  assert.equal(machine.stateHash(), before, 'nothing is new yet');
  machine.performer.memory.versions[Y]!++;
  assert.notEqual(machine.stateHash(), before);
});

test('stateHash, depends on the rest that it is given', () => {
  const { threads, performer } = started(modelOf({ a: storeAt(X) }), 'all');
  assert.notEqual(stateHash(threads, performer, 1), stateHash(threads, performer, 2));
});

test('stateHash, tells who came first of those that sleep', () => {
  const subject = modelOf({ a: sleepOnX, b: sleepOnX, c: storeAt(Y) });
  assert.notEqual(after(subject, [0, 1]), after(subject, [1, 0]));
});

/** b tells when it was woken while a was asleep: it must have come first. */
function firstToSleep(): Model {
  const sleepAndPassOn: Body = function* ({ words }) {
    const woken = yield* at(words.wait(X, 0, FOR_EVER) as unknown);
    if (woken !== 'ok') return;
    const passedOn = yield* at(words.notify(X, 1));
    assert.equal(passedOn, 0, 'it came before the other');
  };
  const sleepThenPassOn: Body = function* ({ words }) {
    yield* at(words.wait(X, 0, FOR_EVER));
    yield* at(words.notify(X, 1));
  };
  return modelOf({
    a: sleepThenPassOn,
    b: sleepAndPassOn,
    *c({ words }) {
      yield* at(words.store(X, 1) as unknown);
      yield* at(words.notify(X, 1));
    },
  });
}

test('explore, finds what goes wrong only where the second of two threads was first to sleep', () => {
  for (const bounds of [{}, { preemptions: 2 }, { preemptions: 5 }]) {
    const { counterexample } = explore(firstToSleep(), { bounds });
    assert.match(counterexample?.message ?? 'nothing', /it came before the other/, JSON.stringify(bounds));
  }
});
