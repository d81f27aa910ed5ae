import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { toDot } from '../lockdep/dot.js';
import { type LockGraph, parseGraph } from '../lockdep/lock-graph.js';
import { lockTable } from '../lockdep/lock-table.js';
import { rankedGraph } from '../lockdep/sample-graph.js';

const PROGRAM = fileURLToPath(new URL('./lull.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'lull-lockdep-'));
after(() => rmSync(folder, { recursive: true }));

/** Runs `lull lockdep`. */
function lockdep(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [PROGRAM, 'lockdep', ...args], { encoding: 'utf8', timeout: 60_000 });
}

function write(name: string, content: string): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

function saved(graph: LockGraph): string {
  return write('graph.json', JSON.stringify(graph));
}

const ORDERED = rankedGraph([10, 20], ['10 20']);
const WRONG = rankedGraph([10, 20], ['20 10']);

test('lull lockdep --from, shows a saved graph as a table, as DOT, or as JSON', () => {
  const file = saved(ORDERED);
  assert.equal(lockdep('--from', file).stdout, lockTable(ORDERED));
  assert.equal(lockdep('--from', file, '--graph').stdout, toDot(ORDERED));
  assert.deepEqual(JSON.parse(lockdep('--from', file, '--json').stdout), ORDERED);
});

test('lull lockdep --graph with a file, writes the DOT there and the table to standard output', () => {
  const target = join(folder, 'graph.dot');
  const { status, stdout } = lockdep('--from', saved(ORDERED), '--graph', target);
  assert.equal(readFileSync(target, 'utf8'), toDot(ORDERED));
  assert.equal(stdout, lockTable(ORDERED));
  assert.equal(status, 0);
});

test('lull lockdep, fails when an order is against the ranks', () => {
  assert.equal(lockdep('--from', saved(ORDERED)).status, 0);
  assert.equal(lockdep('--from', saved(WRONG)).status, 1);
});

test('lull lockdep, shows the orders of a heap that three threads use, keeps to the ranks, and reports nothing', () => {
  const { status, stdout, stderr } = lockdep('--json');
  assert.equal(stderr, '');
  assert.equal(status, 0);
  const graph = parseGraph(stdout);
  const orders = graph.edges.map(({ from, to }) => `${graph.nodes[from]!.name} -> ${graph.nodes[to]!.name}`);
  for (const order of ['map growth -> zone', 'thread pages -> zone', 'reclaim -> slabs']) {
    assert.ok(orders.includes(order), `${order} is not among ${orders.join(', ')}`);
  }
  const threads = new Set(graph.edges.map(({ thread }) => thread.replace(/ \(.*/, '')));
  assert.ok(threads.size > 1, 'no worker has learnt anything');
});

for (const [what, args, line] of [
  ['two outputs at once', ['--graph', '--json'], /--graph and --json would both print; give --graph a file/],
  ['no such file', ['--from', join(folder, 'none.json')], /--from .*none\.json: ENOENT/],
  ['no JSON', ['--from', write('bad.json', '{')], /--from .*bad\.json: .*JSON/],
  ['no graph', ['--from', write('three.json', '3')], /three\.json: it is neither a graph/],
  ['a folder as target', ['--from', saved(ORDERED), '--graph', folder], /--graph .*: EISDIR/],
  ['an argument', ['extra'], /too many arguments/],
] as const) {
  test(`lull lockdep, with ${what}, ends in one line and code 2`, () => {
    const { status, stdout, stderr } = lockdep(...args);
    assert.match(stderr, /^lull: [^\n]+\n$/);
    assert.match(stderr, line);
    assert.equal(stdout, '');
    assert.equal(status, 2);
  });
}
