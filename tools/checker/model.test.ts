import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, type Body, modelOf } from '../../tests/checker/hand-held.js';
import { explore } from './explore/explore.js';
import { type Bounds, isModel, type ModelDefinition, model, type Stage } from './model.js';
import { twin } from './twin.js';

const X = 8;
const Y = 9;

const definition: ModelDefinition<Stage> = { name: 'a claim', setup: (stage) => stage, threads: { a() {} } };

test('model, keeps what it is given, and leaves the definition alone', () => {
  const bounds: Bounds = { preemptions: 2 };
  const made = model({ ...definition, bounds });
  assert.deepEqual([made.name, made.threads, made.bounds], ['a claim', definition.threads, bounds]);
  assert.notEqual(made, definition);
  assert.equal(isModel(definition), false);
});

test('isModel, is true for what model() returned, also after it was spread', () => {
  const made = model(definition);
  assert.equal(isModel(made), true);
  assert.equal(isModel({ ...made, bounds: {} }), true);
});

test('isModel, is false for all else', () => {
  const broken = twin({ ...{ name: 't', claim: 'a/b', caughtAs: 'race' }, patch: [] });
  for (const value of [undefined, null, 0, 'model', () => {}, {}, { ...definition }, broken]) {
    assert.equal(isModel(value), false, String(value));
  }
});

const COUNT = 10;
/** Sets the word and takes it back; `between` is met while it is set. */
function raiseAndLower(word: number, between: Body = function* () {}): Body {
  return function* (stage) {
    yield* at(stage.words.store(word, 1) as unknown);
    yield* between(stage);
    yield* at(stage.words.store(word, 0) as unknown);
  };
}

/** Something that two threads do to one word, before which they are held. */
const meet: Body = function* ({ words }) {
  yield* at(words.add(COUNT, 1));
};

const INVARIANTS: Readonly<Record<string, (stage: Stage) => void>> = {
  'that reads both': ({ words }) =>
    assert.notDeepEqual([words.load(X), words.load(Y)], [1, 1], 'both are set'),
  'that reads the second where the first is set': ({ words }) =>
    assert.ok(!(words.load(X) === 1 && words.load(Y) === 1), 'both are set'),
};

function assertViolated(between: Body | undefined, invariant: (stage: Stage) => void, bounds: Bounds): void {
  const threads = { a: raiseAndLower(X, between), b: raiseAndLower(Y, between) };
  const { counterexample } = explore(modelOf(threads, { invariant }), { bounds });
  assert.equal(counterexample?.kind, 'assertion');
  assert.match(counterexample.message, /^the invariant: both are set/);
}

for (const [how, invariant] of Object.entries(INVARIANTS)) {
  for (const bounds of [{}, { preemptions: 2 }] satisfies Bounds[]) {
    const within = JSON.stringify(bounds);
    test(`invariant, is violated where threads are held while their words are set: one ${how}, ${within}`, () => {
      assertViolated(meet, invariant, bounds);
    });
    test(`invariant, is violated over words of independent threads: one ${how}, ${within}`, () => {
      assertViolated(undefined, invariant, bounds);
    });
  }
}

test('invariant, passes where a third word keeps the threads apart', () => {
  const inTurn = (word: number): Body =>
    function* (stage) {
      if ((yield* at(stage.words.compareExchange(11, 0, 1))) === 0) yield* raiseAndLower(word, meet)(stage);
    };
  const invariant = INVARIANTS['that reads both']!;
  const found = explore(modelOf({ a: inTurn(X), b: inTurn(Y) }, { invariant }));
  assert.equal(found.result, 'passed', JSON.stringify(found));
});

test('invariant, is violated by a state that one thread passes through', () => {
  const invariant = ({ words }: Stage) => assert.equal(words.load(X), 0, 'it is set');
  const { counterexample } = explore(modelOf({ a: raiseAndLower(X) }, { invariant }));
  assert.match(counterexample?.message ?? 'nothing', /it is set/);
});
