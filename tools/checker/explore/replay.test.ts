/** Every failure that is found can be shown again: by its schedule, on a new machine, to the same end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { at, modelOf, replayed } from '../../../tests/checker/hand-held.js';
import { type Claim, loadClaimFiles } from '../claims/claim-files.js';
import { Machine } from '../machine/machine.js';
import type { Bounds } from '../model.js';
import { type ExploreOptions, explore } from './explore.js';
import { replay } from './replay.js';
import { parseSchedule } from './schedule.js';

const SEED = 20_411;
const PROGRAMS = fileURLToPath(new URL('../../../tests/checker/broken-programs.js', import.meta.url));
const { claims } = await loadClaimFiles([PROGRAMS]);
console.log(`seed ${SEED}`);

/** A count of steps is another one in a replay, which holds threads elsewhere. */
function withoutCounts(message: string | undefined): string | undefined {
  return message?.replace(/after \d+ steps/, 'after so many steps');
}

function assertReplays({ id, model }: Claim, options: ExploreOptions): void {
  const kind = model.name.slice(0, model.name.indexOf(':'));
  const found = explore(model, options);
  const { counterexample } = found;
  assert.equal(counterexample?.kind, kind, `${id}: ${JSON.stringify(found)}`);
  const { failure, traces } = replayed(model, found);
  const told = `${id}:${counterexample.schedule}`;
  assert.equal(failure?.kind, kind, told);
  assert.equal(withoutCounts(failure.message), withoutCounts(counterexample.message), told);
  assert.ok(traces.length > 0, told);
}

for (const claim of claims) {
  test(`replay, shows ${claim.id} again: ${claim.model.name}`, () => {
    assertReplays(claim, {});
    assertReplays(claim, { bounds: { preemptions: 3 } });
  });

  test(`replay, shows ${claim.id} again when it was found by chance`, () => {
    assertReplays(claim, { sampling: { seed: SEED, executions: 3000 } });
    assertReplays(claim, { sampling: { seed: SEED, executions: 3000, depth: 3 } });
  });
}

function replayOf(schedule: string, bounds: Bounds = {}) {
  const subject = modelOf({
    *a({ words }) {
      yield* at(words.storePlain(8, 1) as unknown);
      yield* at(words.storePlain(9, 1) as unknown);
    },
    *b({ words }) {
      yield* at(words.loadPlain(9));
    },
  });
  return replay(new Machine(subject, { races: 'explored', ...bounds }), parseSchedule(schedule), 100);
}

test('replay, runs the threads as far as the schedule says, in its order', () => {
  const steps = replayOf('A1B1A2').traces.map(({ thread, word }) => [thread, word]);
  assert.deepEqual(steps, [
    [0, 8],
    [1, 9],
    [0, 9],
  ]);
});

test('replay, lets stores reach memory where the schedule says', () => {
  const { traces } = replayOf('w8,9.A2dA9B1dA8', { storeBuffers: true });
  assert.deepEqual(
    traces.map(({ thread, word, before, after }) => [thread, word, before, after]),
    [
      [0, 8, 0, 1],
      [0, 9, 0, 1],
      [0, 9, 0, 1],
      [1, 9, 1, 1],
      [0, 8, 0, 1],
    ],
  );
});

test('replay, goes on in order where the schedule ends', () => {
  assert.deepEqual(
    replayOf('B1').traces.map(({ thread }) => thread),
    [1, 0, 0],
  );
});

test('replay, says that a schedule is of another model', () => {
  assert.throws(() => replayOf('C1'), /thread C on a model of 2 threads/);
  assert.throws(() => replayOf('dA9'), /store to word 9 drains that was never made/);
});
