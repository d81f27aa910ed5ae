import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Step } from '../machine/step.js';
import { type Model, model, type Stage } from '../model.js';
import { explore } from './explore.js';

/** What the transformation makes of a call: here written by hand. */
function* at<T>(called: T): Generator<unknown, T, unknown> {
  return called instanceof Step ? ((yield* called) as T) : called;
}

type Body = (stage: Stage) => Generator<unknown, void, unknown>;

function modelOf(threads: Record<string, Body>): Model {
  return model({
    name: 'test',
    setup: (stage) => stage,
    threads: threads as unknown as Record<string, (stage: Stage) => void>,
    bounds: { preemptions: 2 },
  }) as Model;
}

const X = 8;
const Y = 9;

/** Makes X a word whose steps are held. */
const touch: Body = function* ({ words }) {
  yield* at(words.store(X, 0) as unknown);
};

test('PreemptionBounded, goes on with a thread that pauses when nothing has changed', () => {
  const subject = modelOf({
    *a({ words }) {
      for (let round = 0; round < 3; round++) {
        yield* at(words.load(X));
        yield* at(words.pause() as unknown);
      }
      assert.fail('came to the end of its rounds');
    },
    b: touch,
  });
  assert.equal(explore(subject).counterexample?.kind, 'assertion');
});

test('PreemptionBounded, reports a spin that nobody ends as a livelock', () => {
  const subject = modelOf({
    *a({ words }) {
      while ((yield* at(words.load(X))) === 0) yield* at(words.pause() as unknown);
    },
    b: touch,
  });
  assert.equal(explore(subject).counterexample?.kind, 'livelock');
});

test('PreemptionBounded, goes on with a thread that has awaited the end of another', () => {
  const subject = modelOf({
    *a(stage) {
      for (let again = 0; again < 3; again++) yield* at(stage.awaitEnd('b'));
      yield* at(stage.words.store(Y, 1) as unknown);
      assert.fail('came to its end');
    },
    b: touch,
    *c({ words }) {
      yield* at(words.load(Y));
    },
  });
  assert.equal(explore(subject).counterexample?.kind, 'assertion');
});
