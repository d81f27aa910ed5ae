import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, type Body, finalsOf, modelOf, range, started } from '../../../tests/checker/hand-held.js';
import type { Bounds, Model, Stage } from '../model.js';
import { HappensBefore } from './happens-before.js';

const [X, Y, Z] = range(8, 3) as [number, number, number];
const RESULT = 20;

/** Threads by their lines, each `load`, `set`, `store` or `pause` and a word; a `store` is another value each time. */
function lines(threads: Readonly<Record<string, readonly (readonly [string, number?])[]>>): Model {
  const bodies = Object.entries(threads).map(([name, own]): [string, Body] => [
    name,
    function* ({ words }) {
      for (const [does, word = 0] of own) {
        if (does === 'load') yield* at(words.load(word));
        else if (does === 'set') yield* at(words.store(word, 5) as unknown);
        else if (does === 'store') yield* at(words.add(word, 1));
        else yield* at(words.pause() as unknown);
      }
    },
  ]);
  return modelOf(Object.fromEntries(bodies));
}

/** By step: the earlier ones that could have come after it, where the threads are stepped as `order` says. */
function racesOf(subject: Model, order: readonly number[]): number[][] {
  const machine = started(subject, 'all');
  const happensBefore = new HappensBefore(machine.lengthWords);
  happensBefore.begin(machine);
  return order.map((process, step) => {
    assert.ok(
      (machine.enabled() & (1 << process)) !== 0,
      `step ${step} of thread ${process} cannot be taken`,
    );
    machine.step(process);
    return [...happensBefore.add(machine, step, process)].sort((a, b) => a - b);
  });
}

const LOOKS = [['load', X], ['load', Y], ['pause'], ['load', X]] as const;

test('add, orders who had news after the change of the one word that changed (happens-before:I1)', () => {
  const subject = lines({ a: LOOKS, b: [['store', X]] });
  assert.deepEqual(racesOf(subject, [0, 0, 1, 0, 0]), [[], [], [0], [], []]);
});

test('add, takes for news what changed after the last look, or after an own store', () => {
  const changesTwice = lines({
    a: LOOKS,
    b: [
      ['store', X],
      ['store', X],
    ],
  });
  assert.deepEqual(racesOf(changesTwice, [1, 0, 0, 1, 0, 0]), [[], [0], [], [1], [], []]);
  const stores = lines({ a: [['load', X], ['set', X], ['pause'], ['load', X]], b: [['store', X]] });
  assert.deepEqual(racesOf(stores, [0, 0, 1, 0, 0]), [[], [], [1], [], []]);
});

test('add, orders who had news of two words after neither of the changes (happens-before:I1)', () => {
  const subject = lines({ a: LOOKS, b: [['store', X]], c: [['store', Y]] });
  assert.deepEqual(racesOf(subject, [0, 0, 1, 2, 0, 0]), [[], [], [0], [1], [], [2]]);
});

test('add, tells that a later change of another word could have been the news (happens-before:I2)', () => {
  const subject = lines({ a: LOOKS, b: [['store', X]], c: [['store', Y]] });
  // The store to Y comes after the load of it, and after the store to X by chance.
  assert.deepEqual(racesOf(subject, [0, 0, 1, 0, 2]), [[], [], [0], [], [1, 2]]);
});

test('add, tells that such a change could have come before all that led to the news (happens-before:I2)', () => {
  const subject = lines({
    a: LOOKS,
    b: [
      ['store', Z],
      ['load', Z + 1],
      ['store', X],
    ],
    c: [['store', Y]],
  });
  assert.deepEqual(racesOf(subject, [1, 1, 0, 0, 1, 0, 2]).at(-1), [0, 1, 3, 4]);
});

test('add, leaves out what both the waiting thread and the later change come after (happens-before:I2)', () => {
  const subject = lines({
    a: [['load', Z], ...LOOKS],
    b: [
      ['store', Z],
      ['store', Z + 1],
      ['store', X],
    ],
    c: [
      ['load', Z + 1],
      ['store', Y],
    ],
  });
  // c has seen two stores of b: only the third could have come after its own.
  assert.deepEqual(racesOf(subject, [1, 0, 0, 0, 1, 2, 1, 0, 2]).at(-1), [3, 6]);
});

test('add, leaves out what the waiting thread alone comes after (happens-before:I2)', () => {
  const subject = lines({
    a: [['load', X], ['load', Y], ['load', Z], ['pause']],
    b: [
      ['store', Z],
      ['store', X],
    ],
    c: [['store', Y]],
  });
  assert.deepEqual(racesOf(subject, [0, 0, 1, 0, 1, 0, 2]).at(-1), [1, 4]);
});

test('add, does not take for earlier news what comes after the news (happens-before:I2)', () => {
  const subject = lines({
    a: [...LOOKS.slice(0, 3), ['store', Z]],
    b: [['store', X]],
    c: [
      ['load', Z],
      ['store', Y],
    ],
  });
  assert.deepEqual(racesOf(subject, [0, 0, 1, 0, 0, 2, 2]), [[], [], [0], [], [], [4], []]);
});

test('add, does not take a second change of a word for the first news of it (happens-before:I2)', () => {
  const subject = lines({ a: LOOKS, b: [['store', X]], c: [['store', Y]], d: [['store', Y]] });
  assert.deepEqual(racesOf(subject, [0, 0, 1, 0, 2, 3]).slice(4), [[1, 2], [4]]);
});

test('add, orders who goes on because time has passed after all others', () => {
  const subject = lines({ a: LOOKS, b: [['store', Z], ['pause'], ['store', Y]] });
  assert.deepEqual(racesOf(subject, [0, 0, 1, 0, 0, 1, 1]).flat(), []);
});

/** Looks at `word` up to twice, and notes how often in vain. */
function* spin({ words }: Stage, word: number): Generator<unknown, void, unknown> {
  let turns = 0;
  for (; turns < 2 && (yield* at(words.load(word))) === 0; turns++) yield* at(words.pause() as unknown);
  yield* at(words.storePlain(RESULT, turns) as unknown);
}

/** The final states in every schedule, in whatever order the threads stand: the same as by every preemption. */
function everyWay(threads: Readonly<Record<'a' | 'b' | 'c', Body>>, bounds: Bounds): string[] {
  const words = [RESULT, RESULT + 1];
  const byPreemption = finalsOf(modelOf(threads), words, { bounds: { ...bounds, preemptions: 100 } }).finals;
  for (const order of ['abc', 'acb', 'bac', 'bca', 'cab', 'cba']) {
    const subject = modelOf(
      Object.fromEntries([...order].map((name) => [name, threads[name as keyof typeof threads]])),
    );
    assert.deepEqual(finalsOf(subject, words, { bounds }).finals, byPreemption, order);
  }
  return byPreemption;
}

test('explore, lets a spin go on by each word that its thread has read (happens-before:I2)', () => {
  const finals = everyWay(
    {
      *a({ words }) {
        yield* at(words.add(X, 1));
        yield* at(words.store(Z, 1) as unknown);
      },
      *b(stage) {
        yield* at(stage.words.add(Y, 1));
        yield* spin(stage, X);
      },
      *c({ words }) {
        yield* at(words.add(Y, 1));
      },
    },
    { races: 'explored' },
  );
  assert.deepEqual(finals, ['0,0', '1,0', '2,0']);
});

test('explore, lets a spin go on by a word that nobody is held at (happens-before:I3)', () => {
  const finals = everyWay(
    {
      *a({ words }) {
        yield* at(words.store(X, 1) as unknown);
      },
      *b(stage) {
        yield* at(stage.words.loadPlain(Z));
        yield* at(stage.words.store(Y, 1) as unknown);
        yield* spin(stage, X);
      },
      *c({ words }) {
        const mayWrite = yield* at(words.exchange(Y, 2));
        if (mayWrite === 1) yield* at(words.storePlain(Z, 1) as unknown);
        yield* at(words.storePlain(RESULT + 1, mayWrite) as unknown);
      },
    },
    {},
  );
  assert.deepEqual(finals, ['0,0', '0,1', '1,0', '1,1', '2,1']);
});
