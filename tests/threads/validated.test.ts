/** Validating heaps over real threads: an order that two threads have between them is found, once, with both stacks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Address, Heap, type LockReport, type ValidateOptions } from '../../src/index.js';
import { startTeam } from './team.js';
import type { ValidatedBriefing, ValidatedResult } from './validated.js';

interface Play {
  readonly orders: readonly (readonly string[])[];
  readonly rounds?: number;
  readonly isAsync?: boolean;
  readonly mode?: ValidatedBriefing['mode'];
}

/** One worker for each order. Returns what each was told, and what this thread was. */
async function play({ orders, rounds = 1, isAsync = false, mode = 'collect' }: Play) {
  const mine: LockReport[] = [];
  const validate: ValidateOptions = { onReport: (found) => void mine.push(found) };
  const heap = Heap.create({ bytes: 2 ** 22, threads: orders.length + 1, validate });
  const stage = heap.kmalloc(64);
  heap.words.store(stage, 0);
  const briefings = orders.map(
    (order): ValidatedBriefing => ({ handle: heap.handle, stage, order, rounds, isAsync, mode }),
  );
  const results = await startTeam<ValidatedResult>('validated-worker', briefings).results;
  heap.kfree(stage as Address);
  const { problems, unreachable } = heap.balance();
  assert.deepEqual([problems, unreachable], [[], []]);
  heap.detach();
  return { mine, results, reports: results.flatMap(({ reports }) => reports) };
}

for (const isAsync of [false, true]) {
  const how = isAsync ? 'lock()' : 'lockSync()';
  test(`a validating heap, reports two mutexes that each of two threads takes in another order with ${how}, and names both`, async () => {
    const { mine, results } = await play({
      orders: [
        ['a', 'b'],
        ['b', 'a'],
      ],
      isAsync,
    });
    assert.deepEqual(mine, []);
    assert.deepEqual(results[0]!.reports, []);
    const [found, ...more] = results[1]!.reports;
    assert.deepEqual(more, []);
    assert.equal(found!.kind, 'inversion');
    assert.match(found!.message, /thread locker 1 \(slot \d\) takes mutex a/);
    assert.match(found!.message, /by thread locker 0 \(slot \d\)/);
    const stacks = found!.message.match(isAsync ? /at .*awaitInOrder/g : /at .*takeInOrder/g);
    assert.ok(stacks!.length >= 2, found!.message);
  });
}

test('a validating heap, reports a circle that three threads have between them, once', async () => {
  const orders = [
    ['a', 'b'],
    ['b', 'c'],
    ['c', 'a'],
    ['c', 'a'],
  ];
  const { reports } = await play({ orders, rounds: 5 });
  assert.deepEqual(
    reports.map(({ key }) => key),
    ['inversion: mutex c > mutex a'],
  );
  for (const name of ['locker 0', 'locker 1', 'locker 2'])
    assert.ok(reports[0]!.message.includes(name), name);
});

test('a validating heap, says nothing of threads that keep one order', async () => {
  const order = ['a', 'b', 'c'];
  const { mine, reports } = await play({ orders: [order, order, ['a', 'c'], ['b', 'c']], rounds: 200 });
  assert.deepEqual([...mine, ...reports], []);
});

test('a worker that has asked for it, has the report thrown, and its locks are free after it', async () => {
  const orders = [
    ['a', 'b'],
    ['b', 'a'],
    ['b', 'a'],
  ];
  const { results } = await play({ orders, rounds: 2, mode: 'throw' });
  assert.deepEqual(
    results.map(({ thrown }) => thrown?.key),
    [undefined, 'inversion: mutex b > mutex a', undefined],
  );
});

test('LULL_VALIDATE=throw, reaches the workers that attach to a validating heap', async (t) => {
  const before = process.env.LULL_VALIDATE;
  t.after(() => {
    if (before === undefined) delete process.env.LULL_VALIDATE;
    else process.env.LULL_VALIDATE = before;
  });
  process.env.LULL_VALIDATE = 'throw';
  const orders = [
    ['a', 'b'],
    ['b', 'a'],
  ];
  const { results } = await play({ orders, mode: 'print' });
  assert.equal(results[1]!.thrown?.kind, 'inversion');
});
