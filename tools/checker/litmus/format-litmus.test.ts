import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agreement, formatOutcome, formatUnsupported, isContradicted, summaryLine } from './format-litmus.js';
import type { LitmusOutcome } from './run-litmus.js';

const outcome = (rest: Partial<LitmusOutcome> = {}): LitmusOutcome => ({
  ...{ file: 'a.litmus', name: 'a', result: 'Never', states: 3, seconds: 0.1, executions: 9 },
  ...rest,
});

test('formatOutcome, aligns name and result and notes what is worth it', () => {
  assert.deepEqual(formatOutcome(outcome(), 4), ['a     Never      (3 states)']);
  assert.deepEqual(formatOutcome(outcome({ states: 1, bound: '2 preemptions', expected: 'Sometimes' }), 1), [
    'a  Never      (1 state, 2 preemptions, the file expects Sometimes)',
  ]);
});

test('formatOutcome, lists the final states', () => {
  const finals = [{ regs: { '0:r1': 1 }, mem: { p: 'x' } }];
  assert.equal(formatOutcome(outcome({ finals }), 1)[1], '    0:r1=1; p=x;');
});

test('formatUnsupported, says file and reason', () => {
  const line = formatUnsupported({ file: 'b.litmus', unsupported: 'line 1: LISA, not C' }, 10);
  assert.equal(line, 'b.litmus    unsupported  (line 1: LISA, not C)');
});

test('agreement, compares only what is definite', () => {
  assert.equal(agreement(outcome({ expected: 'Never' })), 'agrees');
  assert.equal(agreement(outcome({ expected: 'Always' })), 'differs');
  assert.equal(agreement(outcome({ expected: 'Maybe' })), undefined);
  assert.equal(agreement(outcome()), undefined);
});

test('isContradicted, is about what should never be reached and was', () => {
  assert.equal(isContradicted(outcome({ result: 'Sometimes', expected: 'Never' })), true);
  assert.equal(isContradicted(outcome({ result: 'DEADLOCK', expected: 'Never' })), false);
  assert.equal(isContradicted(outcome({ result: 'Never', expected: 'Sometimes' })), false);
});

test('summaryLine, counts results, and what the files say of them', () => {
  const outcomes = [
    outcome({ expected: 'Never' }),
    outcome({ result: 'Always', expected: 'Never' }),
    outcome(),
  ];
  assert.equal(
    summaryLine(outcomes, 2),
    '5 files: 2 Never, 0 Sometimes, 1 Always, 0 DEADLOCK, 2 unsupported. Results that the files state: ' +
      '1 agree, 1 differ, 1 of them reached what should be Never.',
  );
});
