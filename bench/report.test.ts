import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleReport } from './example-report.js';
import { describeMachine } from './machine.js';

test('makeReport() gives machine, results, ratios and skipped, and survives JSON', () => {
  const report = exampleReport();
  assert.deepEqual(Object.keys(report), ['machine', 'results', 'ratios', 'skipped', 'failures']);
  assert.deepEqual(JSON.parse(JSON.stringify(report)), report);
});

test('makeReport() has one result for each subject of each comparison, with its spread', () => {
  assert.deepEqual(exampleReport().results[0], {
    name: 'alloc: lull',
    value: 12,
    unit: 'ns',
    spread: [11.5, 12.5],
  });
  assert.deepEqual(
    exampleReport().results.map(({ name }) => name),
    ['alloc: lull', 'alloc: fast', 'alloc: slow', 'gc: lull'],
  );
});

test('makeReport() has one ratio for each goal whose comparison ran', () => {
  const ratios = exampleReport().ratios.map(({ name, value, goal, met }) => ({ name, value, goal, met }));
  assert.deepEqual(ratios, [
    { name: 'alloc vs fast', value: 1.2, goal: 1.5, met: true },
    { name: 'alloc vs slow', value: 5, goal: 8, met: false },
    { name: 'alloc vs absent', value: null, goal: 2, met: null },
    { name: 'collections', value: 1, goal: 0, met: false },
  ]);
});

test('makeReport() says in which comparison a subject ended', () => {
  assert.deepEqual(exampleReport().failures, ['alloc: odd ended with code 1']);
});

test('describeMachine() names processor, cores, Node, V8 and the date', () => {
  const machine = describeMachine(new Date('2026-01-02T03:04:05Z'));
  assert.deepEqual(Object.keys(machine), ['cpu', 'cores', 'node', 'v8', 'date']);
  assert.equal(machine.date, '2026-01-02T03:04:05.000Z');
  assert.equal(machine.node, process.versions.node);
  assert.ok(machine.cores >= 1 && machine.cpu.length > 0 && machine.v8.length > 0);
});
