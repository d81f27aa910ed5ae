/** How many executions there are to explore is known for some programs: no fewer, and no more, are run. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, type Body, finalsOf, modelOf, range } from '../../../tests/checker/hand-held.js';
import type { Model } from '../model.js';
import { explore } from './explore.js';

const X = 8;
const RESULTS = 20;

const adds = (count: number, word = X): Body =>
  function* ({ words }) {
    for (let i = 0; i < count; i++) yield* at(words.add(word, 1));
  };

const reads = (count: number, result: number): Body =>
  function* ({ words }) {
    for (let i = 0; i < count; i++) {
      const seen = yield* at(words.load(X));
      yield* at(words.storePlain(result + i, seen) as unknown);
    }
  };

function named(bodies: readonly Body[]): Model {
  return modelOf(Object.fromEntries(bodies.map((body, i) => [`t${i}`, body])));
}

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1);
}

/** In how many orders threads with so many steps each can take them. */
function multinomial(steps: readonly number[]): number {
  const all = steps.reduce((sum, count) => sum + count, 0);
  return steps.reduce((ways, count) => ways / factorial(count), factorial(all));
}

for (const threads of [1, 2, 5, 8]) {
  test(`explore, runs ${threads} threads once that have nothing to do with each other`, () => {
    assert.equal(explore(named(range(0, threads).map((i) => adds(3, X + i)))).executions, 1);
  });

  test(`explore, runs ${threads} readers of one word once`, () => {
    assert.equal(explore(named(range(0, threads).map((i) => reads(1, RESULTS + i)))).executions, 1);
  });
}

for (const steps of [
  [1, 1],
  [2, 2],
  [4, 4],
  [1, 1, 1],
  [2, 2, 2],
  [1, 2, 3],
  [1, 1, 1, 1],
  [2, 2, 1, 1],
]) {
  test(`explore, runs threads that add ${steps.join(', ')} times to one word in every order`, () => {
    assert.equal(explore(named(steps.map((count) => adds(count)))).executions, multinomial(steps));
  });
}

for (const readers of [1, 2, 3, 5]) {
  test(`explore, lets each of ${readers} readers come before or after one write: 2^${readers}`, () => {
    const bodies = [adds(1), ...range(0, readers).map((i) => reads(1, RESULTS + i))];
    const { finals, executions } = finalsOf(named(bodies), range(RESULTS, readers));
    assert.deepEqual([finals.length, executions], [2 ** readers, 2 ** readers]);
  });
}

test('explore, lets a reader that looks twice fall between two writes in every way', () => {
  // The two reads in order among three places: 0 0, 0 1, 0 2, 1 1, 1 2, 2 2.
  const { finals, executions } = finalsOf(named([adds(2), reads(2, RESULTS)]), [RESULTS, RESULTS + 1]);
  assert.deepEqual(finals, ['0,0', '0,1', '0,2', '1,1', '1,2', '2,2']);
  assert.equal(executions, 6);
});

for (const threads of [2, 3, 4]) {
  test(`explore, runs ${threads} threads in each order where there are no preemptions`, () => {
    const { executions } = explore(named(range(0, threads).map(() => adds(2))), {
      bounds: { preemptions: 0 },
    });
    assert.equal(executions, factorial(threads));
  });
}

test('explore, reaches more with each preemption, and everything with enough', () => {
  const subject = named([reads(3, RESULTS), adds(3)]);
  const words = range(RESULTS, 3);
  const all = finalsOf(subject, words).finals;
  const reached = range(0, 7).map(
    (preemptions) => finalsOf(subject, words, { bounds: { preemptions } }).finals,
  );
  for (const [fewer, more] of reached.slice(1).map((finals, i) => [reached[i]!, finals] as const)) {
    assert.ok(fewer.every((final) => more.includes(final)));
  }
  assert.deepEqual(reached[0], ['0,0,0', '3,3,3']);
  assert.ok(reached[1]!.length > 2 && reached[1]!.length < all.length);
  assert.deepEqual(reached.at(-1), all);
});

test('explore, says that it is incomplete where it may run no more executions', () => {
  const { result, executions } = explore(named([adds(4), adds(4)]), { bounds: { executions: 20 } });
  assert.deepEqual([result, executions], ['incomplete', 20]);
});

test('explore, counts steps in states it had not reached', () => {
  assert.equal(explore(named([adds(3)])).states, 0, 'nothing is interleaved with one thread');
  // Two orders of one add each: two steps, and two more.
  assert.equal(explore(named([adds(1), adds(1)])).states, 4);
});
