import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, type Body, modelOf, range } from '../../../tests/checker/hand-held.js';
import type { Model } from '../model.js';
import { explore } from './explore.js';
import { Dice, type Sampling } from './sampling.js';

const X = 8;
const PADDING = 9;
/** Steps of a thread that matter to nobody, before and after those that do. */
const PADS = 3;
const SEEDS = range(1, 25);

function* pad({ words }: Parameters<Body>[0]): Generator<unknown, void, unknown> {
  for (let i = 0; i < PADS; i++) yield* at(words.add(PADDING, 1));
}

function padded(body: Body): Body {
  return function* (stage) {
    yield* pad(stage);
    yield* body(stage);
    yield* pad(stage);
  };
}

const addOneSlowly: Body = padded(function* ({ words }) {
  const old = yield* at(words.load(X));
  yield* at(words.store(X, old + 1) as unknown);
});

/** One order of two steps against one of the other thread: depth 2. */
const depthTwo = modelOf(
  { a: addOneSlowly, b: addOneSlowly },
  { final: ({ words }) => assert.equal(words.loadPlain(X), 2) },
);

/** Three orders: the first write, a look, the second write, a look. */
const depthThree = modelOf({
  a: padded(function* ({ words }) {
    yield* at(words.store(X, 1) as unknown);
    yield* at(words.store(X, 2) as unknown);
  }),
  b: padded(function* ({ words }) {
    const first = yield* at(words.load(X));
    const second = yield* at(words.load(X));
    assert.ok(first !== 1 || second !== 2, 'has seen both');
  }),
});

const THREADS = 2;
const STEPS = 2 * (2 * PADS + 2);

/** Executions after which a bug of this depth is missed with a probability of at most e^-9. */
function enoughFor(depth: number): number {
  return 9 * THREADS * STEPS ** (depth - 1);
}

for (const [depth, subject] of [
  [2, depthTwo],
  [3, depthThree],
] as const) {
  test(`Sampler, finds a bug of depth ${depth} by PCT in 9 n k^${depth - 1} executions, with each of 25 seeds`, () => {
    const executions = enoughFor(depth);
    let sum = 0;
    for (const seed of SEEDS) {
      const found = explore(subject, { sampling: { seed, executions, depth } });
      assert.equal(found.counterexample?.kind, 'assertion', `seed ${seed}`);
      sum += found.executions;
    }
    // The bound is tight for such bugs, so the mean lies near n k^(d-1); 25 seeds scatter by a fifth.
    const mean = sum / SEEDS.length;
    assert.ok(mean <= 1.5 * THREADS * STEPS ** (depth - 1), `${mean} executions on average`);
  });

  test(`Sampler, never finds it by PCT of depth 1: no thread is interrupted`, () => {
    assert.equal(explore(subject, { sampling: { seed: 1, executions: 500, depth: 1 } }).result, 'passed');
  });

  test(`Sampler, finds a bug of depth ${depth} by plain chance as well`, () => {
    for (const seed of SEEDS.slice(0, 5)) {
      assert.equal(
        explore(subject, { sampling: { seed, executions: 5000 } }).result,
        'failed',
        `seed ${seed}`,
      );
    }
  });
}

/** Which orders of adds and reads the executions of a sampling saw. */
function seen(sampling: Sampling): string[] {
  const orders: string[] = [];
  const watch: Body = function* ({ words }) {
    for (let i = 0; i < 4; i++) {
      const value = yield* at(words.load(X));
      yield* at(words.storePlain(20 + i, value) as unknown);
    }
  };
  const count: Body = function* ({ words }) {
    for (let i = 0; i < 4; i++) yield* at(words.add(X, 1));
  };
  const subject: Model = modelOf({ watch, count });
  const { result, executions } = explore(subject, {
    sampling,
    onFinal: ({ words }) =>
      orders.push(
        range(20, 4)
          .map((word) => words.loadPlain(word))
          .join(''),
      ),
  });
  assert.deepEqual([result, executions], ['passed', sampling.executions]);
  return orders;
}

for (const depth of [undefined, 3]) {
  const how = depth === undefined ? 'by plain chance' : 'by PCT';
  const sampling = (seed: number): Sampling => ({
    seed,
    executions: 60,
    ...(depth === undefined ? {} : { depth }),
  });

  test(`Sampler, runs the same executions for the same seed ${how}, and others for another`, () => {
    assert.deepEqual(seen(sampling(5)), seen(sampling(5)));
    assert.notDeepEqual(seen(sampling(5)), seen(sampling(6)));
  });
}

test('Dice, throws every number below the limit, about equally often', () => {
  for (const seed of [0, 1, 2, 1_000_000]) {
    const dice = new Dice(seed);
    const thrown = range(0, 6).map(() => 0);
    for (let i = 0; i < 6000; i++) thrown[dice.below(6)]!++;
    for (const times of thrown) assert.ok(times > 800 && times < 1200, `seed ${seed}: ${thrown}`);
  }
});
