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

test('runLitmus, calls it a DEADLOCK when no execution ends as the filter says', async () => {
  const text = (filter: string) => `C n
{}
P0(int *x, spinlock_t *l) { spin_lock(l); WRITE_ONCE(*x, 1); spin_unlock(l); }
P1(int *x, spinlock_t *l) { spin_lock(l); r1 = READ_ONCE(*x); r2 = READ_ONCE(*x); spin_unlock(l); }
filter (${filter})
exists (1:r2=1)
`;
  const { result, states } = await run(text('1:r1=0 /\\ 1:r2=1'));
  assert.deepEqual([result, states], ['DEADLOCK', 0]);
  assert.equal((await run(text('1:r1=0 /\\ 1:r2=0'))).result, 'Never');
});

test('runLitmus, does not call it a DEADLOCK where executions were left out', async () => {
  const text = GRACE_PERIODS.replace('exists', 'filter (2:r1=7)\nexists');
  assert.equal((await run(text, { preemptions: 1 })).result, 'Never');
});

test('runLitmus, takes srcu_down_read and srcu_up_read for a section of the process that began it', async () => {
  const text = (end: string) => `C n
{}
P0(int *x, int *y, struct srcu_struct *s) {
  int i = srcu_down_read(s);
  int r1 = READ_ONCE(*x);
  int r2 = READ_ONCE(*y);
  ${end}
}
P1(int *x, int *y, struct srcu_struct *s) { WRITE_ONCE(*y, 1); synchronize_srcu(s); WRITE_ONCE(*x, 1); }
exists (0:r1=1 /\\ 0:r2=0)
`;
  assert.equal((await run(text('srcu_up_read(s, i);'))).result, 'Never');
  // A section that nobody ends lasts as long as its process, as a turn does, and no longer.
  assert.equal((await run(text(';'))).result, 'Never');
});

test('runLitmus, says with the line that a process ends a section it has not begun', async () => {
  const text = `C n
{}
P0(struct srcu_struct *s) { int i = srcu_read_lock(s); srcu_read_unlock(s, i); }
P1(struct srcu_struct *s, int *i) {
  r1 = READ_ONCE(*i);
  srcu_up_read(s, r1);
}
`;
  assert.deepEqual(await runLitmus(text, 'a.litmus'), {
    file: 'a.litmus',
    unsupported: 'line 6: P1 ends a read-side critical section that it has not begun',
  });
});
