import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LitmusOptions } from './explore-litmus.js';
import { type LitmusOutcome, runLitmus } from './run-litmus.js';

const GRACE_PERIODS = `C two
{}
P0(int *x) { WRITE_ONCE(*x, 1); synchronize_rcu(); }
P1(int *x) { WRITE_ONCE(*x, 2); synchronize_rcu(); }
P2(int *x) { rcu_read_lock(); r1 = READ_ONCE(*x); rcu_read_unlock(); }
exists (2:r1=2 /\\ x=1)
`;

async function run(text: string, options: LitmusOptions = {}): Promise<LitmusOutcome> {
  const outcome = await runLitmus(text, 'some.litmus', options);
  assert.ok('result' in outcome, JSON.stringify(outcome));
  return outcome;
}

test('runLitmus, lists every final state where asked to, and else none', async () => {
  const text =
    'C p\n{ p=x; }\nP0(int **p, int *y) { WRITE_ONCE(*p, y); }\nP1(int **p) { r1 = READ_ONCE(*p); }\nexists (1:r1=y)\n';
  assert.equal((await run(text)).finals, undefined);
  const { finals, result, states, file, name } = await run(text, { states: true });
  assert.deepEqual([result, states, file, name], ['Sometimes', 2, 'some.litmus', 'p']);
  assert.deepEqual(finals, [
    { regs: { '1:r1': 'x' }, mem: { p: 'y', x: 0, y: 0 } },
    { regs: { '1:r1': 'y' }, mem: { p: 'y', x: 0, y: 0 } },
  ]);
});

test('runLitmus, says what it explored when the budget is spent', async () => {
  const whole = await run(GRACE_PERIODS, { preemptions: 2, budget: 100_000 });
  assert.equal(whole.bound, '2 preemptions');
  const { bound, result, states, executions } = await run(GRACE_PERIODS, { budget: 700 });
  assert.match(bound ?? '', /^[123] preemptions?$/);
  assert.deepEqual([result, states], [whole.result, whole.states]);
  assert.ok(executions > 700, `${executions}`);
});

test('runLitmus, says so where no bound is through within the budget', async () => {
  assert.match((await run(GRACE_PERIODS, { budget: 5 })).bound ?? '', /^1 preemption, incomplete$/);
});

test('runLitmus, says what is unsupported, with the line, before and while it runs', async () => {
  assert.deepEqual(await runLitmus('LISA n\n', 'a.litmus'), {
    file: 'a.litmus',
    unsupported: 'line 1: LISA, not C',
  });
  const text = 'C n\n{}\nP0(int *x) {\n  r1 = READ_ONCE(*x);\n  r2 = READ_ONCE(*r1);\n}\n';
  const { unsupported } = (await runLitmus(text, 'b.litmus')) as { unsupported: string };
  assert.match(unsupported, /^line 5: accesses memory at 0, which is no address of a global/);
});

test('runLitmus, observes the same on every run', async () => {
  const text = 'C n\n{}\nP0(int *x) { *x = *x + 1; }\nP1(int *x) { *x = *x + 1; }\nexists (x=1)\n';
  const [first, second] = [await run(text, { states: true }), await run(text, { states: true })];
  assert.deepEqual(
    [first.result, first.finals, first.executions],
    [second.result, second.finals, second.executions],
  );
});
