import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, type Body, modelOf, runOut, started } from '../../../tests/checker/hand-held.js';
import type { Model } from '../model.js';
import { type Failure, failureOf } from './failure.js';

const X = 8;
const nameOf = (word: number) => (word === X ? 'flag' : `word ${word}`);

const spin: Body = function* ({ words }) {
  while ((yield* at(words.load(X))) === 0) yield* at(words.pause() as unknown);
};
const sleep: Body = function* ({ words }) {
  yield* at(words.wait(X, 0, Number.POSITIVE_INFINITY));
};
const end: Body = function* () {};

function verdictOf(subject: Model): Failure | undefined {
  const machine = started(subject, 'all');
  runOut(machine);
  return machine.verdict();
}

test('failureOf, tells an assertion from an error, with its place', () => {
  let assertion: unknown;
  try {
    assert.equal(1, 2, 'one is two');
  } catch (error) {
    assertion = error;
  }
  assert.deepEqual(failureOf(assertion, 'at the end').kind, 'assertion');
  assert.match(failureOf(assertion, 'at the end').message, /^at the end: one is two/);
  assert.match(failureOf(new RangeError('too far'), 'thread a').message, /^thread a: RangeError: too far/);
});

test('failureOf, takes anything that can be thrown', () => {
  assert.match(failureOf('a string', 'thread a').message, /^thread a: threw a string$/);
  assert.match(failureOf(undefined, 'thread a').message, /^thread a: threw undefined$/);
});

for (const [claim, subject, kind, message] of [
  ['a thread that sleeps for ever', modelOf({ a: sleep }), 'deadlock', 'deadlock: thread a sleeps on word 8'],
  [
    'two that wait for each other to end',
    modelOf({
      *a(stage) {
        yield* at(stage.awaitEnd('b'));
      },
      *b(stage) {
        yield* at(stage.awaitEnd('a'));
      },
    }),
    'deadlock',
    'deadlock: thread a awaits the end of thread b; thread b awaits the end of thread a',
  ],
  [
    'a spin that nobody ends, by the word it looks at',
    modelOf({ a: spin, b: end }, { nameOf }),
    'livelock',
    'livelock: thread a spins, at pause of flag',
  ],
  [
    'who sleeps and who spins',
    modelOf({ a: sleep, b: spin }, { nameOf }),
    'livelock',
    'livelock: thread a sleeps on flag; thread b spins, at pause of flag',
  ],
  [
    'an error of a thread',
    modelOf({
      // biome-ignore lint/correctness/useYield: it gets no further.
      *a() {
        throw new TypeError('not so');
      },
    }),
    'error',
    'thread a: TypeError: not so',
  ],
  [
    'an error of final()',
    modelOf({ a: end }, { final: () => assert.fail('too few') }),
    'assertion',
    'at the end: too few',
  ],
] as const) {
  test(`verdict, tells of ${claim}`, () => {
    const failure = verdictOf(subject);
    assert.equal(failure?.kind, kind);
    assert.equal(failure?.message.replace(/ \(at .*\)$/, ''), message);
  });
}

test('checkInvariant, tells that the invariant broke, and what it said', () => {
  const machine = started(
    modelOf(
      {
        *a({ words }) {
          yield* at(words.store(X, 1) as unknown);
        },
      },
      { invariant: ({ words }) => assert.equal(words.loadPlain(X), 0, 'no longer zero') },
    ),
    'all',
  );
  machine.checkInvariant();
  assert.equal(machine.performer.failure, undefined);
  machine.step(0);
  machine.checkInvariant();
  assert.match(machine.verdict()!.message, /^the invariant: no longer zero/);
});
