/** The classic litmus tests, each with what must come of it under sequential consistency and with store buffers. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { enumerateFinals } from '../../tools/checker/litmus/enumerate-finals.js';
import { exploreTest } from '../../tools/checker/litmus/explore-litmus.js';
import { parseLitmus } from '../../tools/checker/litmus/parse-litmus.js';
import { type LitmusOutcome, runLitmus } from '../../tools/checker/litmus/run-litmus.js';

/** The sources, seen from where the compiled test lies and from where it is written. */
const FOLDER = fileURLToPath(new URL('.', import.meta.url)).replace(/([/\\])dist[/\\](?=tests[/\\])/, '$1');

type Verdict = LitmusOutcome['result'];

/** Under sequential consistency with the number of its final states; with store buffers. */
const EXPECTED: Readonly<Record<string, readonly [Verdict, number, Verdict]>> = {
  '2+2w': ['Never', 3, 'Sometimes'],
  'atomic-add': ['Always', 2, 'Always'],
  'coherence-rr': ['Never', 3, 'Never'],
  'compare-exchange': ['Never', 2, 'Never'],
  filter: ['Always', 1, 'Always'],
  'if-else': ['Sometimes', 2, 'Sometimes'],
  'independent-reads': ['Never', 15, 'Never'],
  isa2: ['Never', 7, 'Sometimes'],
  'load-buffering': ['Never', 3, 'Never'],
  locations: ['Sometimes', 2, 'Sometimes'],
  'lock-exclusion': ['Never', 2, 'Never'],
  'lock-handover': ['Never', 2, 'Never'],
  'lock-order': ['DEADLOCK', 1, 'DEADLOCK'],
  'lock-twice': ['DEADLOCK', 0, 'DEADLOCK'],
  'lost-update': ['Sometimes', 2, 'Sometimes'],
  'message-passing': ['Never', 3, 'Sometimes'],
  'message-passing-release-acquire': ['Never', 3, 'Never'],
  'message-passing-wmb': ['Never', 3, 'Never'],
  'not-exists': ['Never', 2, 'Never'],
  r: ['Never', 3, 'Sometimes'],
  'rcu-2-readers': ['Sometimes', 8, 'Sometimes'],
  'rcu-2-readers-2-grace-periods': ['Never', 15, 'Never'],
  'rcu-deadlock': ['DEADLOCK', 0, 'DEADLOCK'],
  'rcu-free': ['Never', 2, 'Never'],
  'rcu-lock-deadlock': ['DEADLOCK', 1, 'DEADLOCK'],
  'rcu-nested': ['Never', 3, 'Never'],
  'rcu-no-reader': ['Sometimes', 4, 'Sometimes'],
  'rcu-reader': ['Never', 3, 'Never'],
  'rcu-section-ended': ['Sometimes', 4, 'Sometimes'],
  'rcu-two-sections': ['Sometimes', 4, 'Sometimes'],
  s: ['Never', 3, 'Sometimes'],
  'srcu-other-reader': ['Sometimes', 4, 'Sometimes'],
  'srcu-reader': ['Never', 3, 'Never'],
  'store-buffering': ['Never', 3, 'Sometimes'],
  'store-buffering-mb': ['Never', 3, 'Never'],
  trylock: ['Never', 2, 'Never'],
  'write-to-read': ['Never', 7, 'Never'],
};

/** Two grace periods against two readers: more schedules than a test has time for. */
const BOUNDED = 'rcu-2-readers-2-grace-periods';

const textOf = (name: string): string => readFileSync(`${FOLDER}${name}.litmus`, 'utf8');
const boundOf = (name: string) => (name === BOUNDED ? { preemptions: 2 } : {});

test('runLitmus, has an expectation for every classic test', () => {
  const names = readdirSync(FOLDER).filter((file) => file.endsWith('.litmus'));
  assert.deepEqual(names.map((file) => file.replace('.litmus', '')).sort(), Object.keys(EXPECTED).sort());
});

for (const [name, [verdict, states, weakVerdict]] of Object.entries(EXPECTED)) {
  test(`runLitmus, finds ${name} ${verdict}, as its file says`, async () => {
    const outcome = (await runLitmus(textOf(name), name, boundOf(name))) as LitmusOutcome;
    assert.deepEqual([outcome.result, outcome.states], [verdict, states]);
    assert.equal(outcome.expected, verdict);
  });

  test(`runLitmus, finds ${name} ${weakVerdict} with store buffers`, async () => {
    // Their number of schedules is larger: one preemption of the largest test, and a budget for all.
    const bound = name === BOUNDED ? { preemptions: 1 } : {};
    const outcome = (await runLitmus(textOf(name), name, {
      weak: true,
      budget: 5000,
      ...bound,
    })) as LitmusOutcome;
    assert.equal(outcome.result, weakVerdict);
  });

  test(`exploreTest, reaches exactly the final states of ${name} that a search of all states finds`, async () => {
    const subject = parseLitmus(textOf(name), name);
    const enumerated = enumerateFinals(subject);
    const { finals, isStuck } = await exploreTest(subject, boundOf(name));
    assert.equal(isStuck, enumerated.isStuck);
    // A deadlock ends the exploration before all others are found.
    if (!isStuck) assert.deepEqual(finals.lines(), enumerated.finals.lines());
  });
}
