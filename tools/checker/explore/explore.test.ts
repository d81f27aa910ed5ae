import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Step } from '../machine/step.js';
import { type Model, type ModelDefinition, model, type Stage } from '../model.js';
import { explore } from './explore.js';

/** What the transformation makes of a call: here written by hand. */
function* at<T>(called: T): Generator<unknown, T, unknown> {
  return called instanceof Step ? ((yield* called) as T) : called;
}

type Body = (stage: Stage) => Generator<unknown, void, unknown>;

function modelOf(threads: Record<string, Body>, rest: Partial<ModelDefinition<Stage>> = {}): Model {
  return model({
    name: 'test',
    setup: (stage) => stage,
    threads: threads as unknown as Record<string, (stage: Stage) => void>,
    ...rest,
  }) as Model;
}

const X = 8;
const Y = 9;

function finals(
  subject: Model,
  words: readonly number[],
  options = {},
): { states: string[]; executions: number } {
  const states = new Set<string>();
  const result = explore(subject, {
    ...options,
    onFinal: (machine) => states.add(words.map((word) => machine.words.loadPlain(word)).join(',')),
  });
  assert.equal(result.result, 'passed', JSON.stringify(result));
  return { states: [...states].sort(), executions: result.executions };
}

function storeBuffering(store: 'store' | 'storePlain', load: 'load' | 'loadPlain'): Model {
  return modelOf({
    *a({ words }) {
      yield* at(words[store](X, 1) as unknown);
      const y = yield* at(words[load](Y));
      yield* at(words.storePlain(1, y) as unknown);
    },
    *b({ words }) {
      yield* at(words[store](Y, 1) as unknown);
      const x = yield* at(words[load](X));
      yield* at(words.storePlain(2, x) as unknown);
    },
  });
}

test('explore, reaches exactly the sequentially consistent outcomes of store buffering', () => {
  const { states, executions } = finals(storeBuffering('store', 'load'), [1, 2]);
  assert.deepEqual(states, ['0,1', '1,0', '1,1']);
  assert.ok(executions <= 4, `${executions}`);
});

test('explore, reaches the fourth outcome where plain stores are buffered', () => {
  const plain = storeBuffering('storePlain', 'loadPlain');
  assert.deepEqual(finals(plain, [1, 2], { bounds: { races: 'explored' } }).states, ['0,1', '1,0', '1,1']);
  const buffered = { bounds: { races: 'explored', storeBuffers: true } };
  assert.deepEqual(finals(plain, [1, 2], buffered).states, ['0,0', '0,1', '1,0', '1,1']);
});

function twice(steps: number): Model {
  const body: Body = function* ({ words }) {
    for (let i = 0; i < steps; i++) yield* at(words.add(X, 1));
  };
  return modelOf({ a: body, b: body }, { final: ({ words }) => assert.equal(words.loadPlain(X), 2 * steps) });
}

test('explore, runs each class of equivalent executions once', () => {
  // Adds to one word depend on each other: all interleavings of 2 times 4 of them, 8 over 4.
  assert.equal(explore(twice(4)).executions, 70);
});

test('explore, runs every schedule of up to two preemptions', () => {
  const result = explore(twice(6), { bounds: { preemptions: 2 } });
  assert.equal(result.result, 'passed');
  assert.equal(result.bound, '2 preemptions');
  assert.ok(result.executions > 10);
});

const lostUpdate: Body = function* ({ words }) {
  const old = yield* at(words.load(X));
  yield* at(words.store(X, old + 1) as unknown);
};

for (const bounds of [{}, { preemptions: 1 }]) {
  test(`explore, finds the lost update (${JSON.stringify(bounds)})`, () => {
    const subject = modelOf(
      { a: lostUpdate, b: lostUpdate },
      { final: ({ words }) => assert.equal(words.loadPlain(X), 2) },
    );
    const { result, counterexample } = explore(subject, { bounds });
    assert.equal(result, 'failed');
    assert.equal(counterexample?.kind, 'assertion');
  });
}

test('explore, reports a deadlock', () => {
  const subject = modelOf({
    *a({ words }) {
      yield* at(words.wait(X, 0, Number.POSITIVE_INFINITY));
    },
    *b({ words }) {
      yield* at(words.notify(X, 1));
    },
  });
  assert.equal(explore(subject).counterexample?.kind, 'deadlock');
});

test('explore, reports a spin that nobody ends as a livelock', () => {
  const subject = modelOf({
    *a({ words }) {
      while ((yield* at(words.load(X))) === 0) yield* at(words.pause() as unknown);
    },
    *b({ words }) {
      yield* at(words.load(X));
    },
  });
  assert.equal(explore(subject).counterexample?.kind, 'livelock');
});

test('explore, lets a thread that spins without a pause go on when the word changes', () => {
  const subject = modelOf({
    *a({ words }) {
      while ((yield* at(words.load(X))) === 0);
    },
    *b({ words }) {
      yield* at(words.store(X, 1) as unknown);
    },
  });
  const { result, executions } = explore(subject);
  assert.equal(result, 'passed');
  assert.ok(executions < 40, `${executions}`);
});

test('explore, reports a data race', () => {
  const subject = modelOf({
    *a({ words }) {
      yield* at(words.storePlain(X, 1) as unknown);
    },
    *b({ words }) {
      yield* at(words.loadPlain(X));
    },
  });
  assert.match(explore(subject).counterexample?.message ?? '', /data race on word 8/);
});

test('explore, takes publication by an atomic store for no race', () => {
  const subject = modelOf({
    *a({ words }) {
      yield* at(words.storePlain(X, 5) as unknown);
      yield* at(words.store(Y, 1) as unknown);
    },
    *b({ words }) {
      if ((yield* at(words.load(Y))) === 1) assert.equal(yield* at(words.loadPlain(X)), 5);
    },
  });
  assert.equal(explore(subject).result, 'passed');
});

test('explore, kills a thread before each of its operations', () => {
  const seen = new Set<number>();
  const subject = modelOf({
    *a({ words }) {
      for (let i = 1; i <= 3; i++) yield* at(words.storePlain(X, i) as unknown);
    },
    *b(stage) {
      const whole = yield* at(stage.awaitEnd('a'));
      seen.add((yield* at(stage.words.loadPlain(X))) * 10 + (whole ? 1 : 0));
    },
  });
  assert.equal(explore(subject, { bounds: { kills: ['a'] } }).result, 'passed');
  assert.deepEqual([...seen].sort(), [0, 10, 20, 31]);
});

test('explore, runs 2,000 executions a second of two threads with forty steps', () => {
  const subject = modelOf(
    Object.fromEntries(
      ['a', 'b'].map((name, me): [string, Body] => [
        name,
        function* ({ words }) {
          for (let i = 0; i < 20; i++) {
            yield* at(words.store(16 + me, i) as unknown);
            yield* at(words.load(16 + (1 - me)));
          }
        },
      ]),
    ),
    { bounds: { executions: 10000 } },
  );
  const { executions, seconds } = explore(subject);
  console.log(`${Math.round(executions / seconds)} executions a second`);
});
