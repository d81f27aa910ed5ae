import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Memory } from './memory.js';
import { ModelThread } from './model-thread.js';
import { OPERATION } from './operation.js';
import { Performer } from './performer.js';

const X = 3;
const NAMES = ['a', 'b'];

interface Scene {
  readonly performer: Performer;
  readonly a: ModelThread;
  readonly b: ModelThread;
}

function scene({ hasStoreBuffers = false, mayRace = false } = {}): Scene {
  const judgement = {
    threads: NAMES,
    hasStoreBuffers,
    ignoresFences: false,
    mayRace: () => mayRace,
    nameOf: (w: number) => `<${w}>`,
  };
  const performer = new Performer(new Memory(8), judgement);
  const [a, b] = NAMES.map((name, number) => new ModelThread(name, number));
  performer.reset();
  return { performer, a: a!, b: b! };
}

test('perform, finds out that a word must be interleaved when two meet there unordered', () => {
  const { performer, a, b } = scene();
  performer.perform(a, OPERATION.store, X, 1, 0);
  assert.deepEqual([performer.visible[X], performer.hasGrown], [0, false]);
  performer.perform(b, OPERATION.load, X, 0, 0);
  assert.deepEqual([performer.visible[X], performer.hasGrown, performer.failure], [1, true, undefined]);
});

test('perform, leaves a word alone that one thread uses, or that all only read', () => {
  const { performer, a, b } = scene();
  performer.perform(a, OPERATION.store, X, 1, 0);
  performer.perform(a, OPERATION.load, X, 0, 0);
  performer.perform(a, OPERATION.loadPlain, X + 1, 0, 0);
  performer.perform(b, OPERATION.load, X + 1, 0, 0);
  assert.equal(performer.hasGrown, false);
});

test('perform, leaves a word alone whose users are ordered by another word', () => {
  const { performer, a, b } = scene();
  performer.perform(a, OPERATION.storePlain, X, 1, 0);
  performer.perform(a, OPERATION.store, X + 1, 1, 0);
  performer.perform(b, OPERATION.load, X + 1, 0, 0);
  performer.perform(b, OPERATION.storePlain, X, 2, 0);
  assert.deepEqual([performer.visible[X], performer.visible[X + 1], performer.failure], [0, 1, undefined]);
});

test('hasGrown, is set once a word; reset() keeps what is visible', () => {
  const { performer, a, b } = scene();
  performer.learn(X);
  performer.hasGrown = false;
  performer.reset();
  performer.perform(a, OPERATION.store, X, 1, 0);
  performer.perform(b, OPERATION.store, X, 1, 0);
  assert.deepEqual([performer.visible[X], performer.hasGrown], [1, false]);
});

test('noteWait, is told once by hasGrown: notifying the word is a step from then on', () => {
  const { performer } = scene();
  performer.noteWait(X);
  assert.deepEqual(
    [performer.hasGrown, performer.isWaitedOn(X), performer.isWaitedOn(X + 1)],
    [true, true, false],
  );
  performer.hasGrown = false;
  performer.reset();
  performer.noteWait(X);
  assert.deepEqual([performer.hasGrown, performer.isWaitedOn(X)], [false, true]);
});

test('perform, reports a race with the word, the operation and both threads', () => {
  const { performer, a, b } = scene();
  performer.perform(a, OPERATION.storePlain, X, 1, 0);
  performer.perform(b, OPERATION.loadPlain, X, 0, 0);
  assert.deepEqual(performer.failure, {
    kind: 'race',
    message:
      'data race on <3>: loadPlain of thread b and an access of thread a are not ordered, and one of them is plain',
  });
});

test('perform, makes a word visible instead where it may race', () => {
  const { performer, a, b } = scene({ mayRace: true });
  performer.perform(a, OPERATION.storePlain, X, 1, 0);
  performer.perform(b, OPERATION.loadPlain, X, 0, 0);
  assert.deepEqual([performer.failure, performer.visible[X]], [undefined, 1]);
});

test('perform, keeps plain stores to visible words back, for their thread to see first', () => {
  const { performer, a, b } = scene({ hasStoreBuffers: true, mayRace: true });
  performer.learn(X);
  performer.perform(a, OPERATION.storePlain, X, 5, 0);
  const seen = [a, b].map((thread) => performer.perform(thread, OPERATION.loadPlain, X, 0, 0));
  assert.deepEqual([seen, performer.memory.values[X]], [[5, 0], 0]);
  assert.equal(performer.drain(0), X);
  assert.equal(performer.perform(b, OPERATION.loadPlain, X, 0, 0), 5);
});

test('perform, traces what each operation found, left and returned', () => {
  const { performer, a } = scene();
  performer.traces = [];
  performer.perform(a, OPERATION.add, X, 5, 0);
  performer.learn(X);
  performer.perform(a, OPERATION.compareExchange, X, 5, 6);
  performer.perform(a, OPERATION.compareExchange, X, 5, 7);
  const common = { thread: 0, word: X };
  assert.deepEqual(performer.traces, [
    { ...common, operation: OPERATION.add, before: 0, after: 5, result: 0, isStep: false },
    { ...common, operation: OPERATION.compareExchange, before: 5, after: 6, result: 5, isStep: true },
    { ...common, operation: OPERATION.compareExchange, before: 6, after: 6, result: 6, isStep: true },
  ]);
});

test('perform, lets a thread have news of a word only when another value is there', () => {
  const { performer, a, b } = scene();
  performer.perform(a, OPERATION.load, X, 0, 0);
  performer.perform(b, OPERATION.store, X, 0, 0);
  assert.equal(a.trail.hasNews(performer.memory), false);
  performer.perform(b, OPERATION.store, X, 1, 0);
  assert.equal(a.trail.hasNews(performer.memory), true);
  a.trail.forget();
  assert.equal(a.trail.hasNews(performer.memory), false);
});
