import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LockClass, lockClass, WAIT } from '../../src/locks/lock-class.js';
import type { LockGraph } from './lock-graph.js';
import { lockOrderPage, mergeTakenUnder, ordersAgainstRanks, takenUnder } from './lock-order.js';
import { edge, node, rankedGraph } from './sample-graph.js';

/** The orders that are against the ranks, as 'held taken'. */
function wrongOrders(graph: LockGraph): readonly string[] {
  return ordersAgainstRanks(graph).map(
    ({ from, to }) => `${graph.nodes[from]!.name} ${graph.nodes[to]!.name}`,
  );
}

test('ordersAgainstRanks, finds nothing where each lock is waited for under lower ranks only', () => {
  assert.deepEqual(wrongOrders(rankedGraph([10, 20, 30], ['10 20', '20 30', '10 30'])), []);
});

test('ordersAgainstRanks, finds each order from a higher rank to a lower one', () => {
  const graph = rankedGraph([10, 20, 30], ['10 20', '30 10', '20 30', '20 10']);
  assert.deepEqual(wrongOrders(graph), ['30 10', '20 10']);
});

test('ordersAgainstRanks, finds an order between two classes of one rank', () => {
  const nodes = [node('left', { rank: 10 }), node('right', { rank: 10 })];
  assert.deepEqual(wrongOrders({ nodes, edges: [edge(0, 1)] }), ['left right']);
});

test('ordersAgainstRanks, allows a higher subclass of the same class, and no lower or equal one', () => {
  const nodes = [node('bucket', { rank: 10 }), node('bucket', { rank: 10, subclass: 1 })];
  assert.deepEqual(wrongOrders({ nodes, edges: [edge(0, 1)] }), []);
  assert.deepEqual(wrongOrders({ nodes, edges: [edge(1, 0)] }), ['bucket bucket']);
  assert.deepEqual(wrongOrders({ nodes, edges: [edge(0, 0)] }), ['bucket bucket']);
});

test('ordersAgainstRanks, lets classes without a rank go anywhere', () => {
  const nodes = [node('ranked', { rank: 10 }), node('of a user')];
  assert.deepEqual(wrongOrders({ nodes, edges: [edge(0, 1), edge(1, 0)] }), []);
});

test('ordersAgainstRanks, lets a read section be entered anywhere, and holds to its rank what is waited for inside', () => {
  const nodes = [node('lock', { rank: 20 }), node('section', { rank: 10, outer: 'free', inner: 'config' })];
  assert.deepEqual(wrongOrders({ nodes, edges: [edge(0, 1), edge(1, 0)] }), []);
  const late = [node('lock', { rank: 20 }), node('section', { rank: 30, outer: 'free', inner: 'config' })];
  assert.deepEqual(wrongOrders({ nodes: late, edges: [edge(1, 0)] }), ['section lock']);
});

test('takenUnder, names what was waited for under each lock, once, sorted, and of the named locks only', () => {
  const nodes = [node('a'), node('c'), node('b'), node('c', { subclass: 1 }), node('other')];
  const edges = [edge(0, 1), edge(0, 2), edge(0, 3), edge(2, 1), edge(0, 4), edge(4, 1)];
  assert.deepEqual(takenUnder({ nodes, edges }, new Set(['a', 'b', 'c'])), { a: ['b', 'c'], b: ['c'] });
});

test('takenUnder, leaves out read sections, for which nobody waits', () => {
  const nodes = [node('a'), node('section', { outer: 'free' })];
  assert.deepEqual(takenUnder({ nodes, edges: [edge(0, 1), edge(1, 0)] }, new Set(['a', 'section'])), {
    section: ['a'],
  });
});

test('mergeTakenUnder, has everything that one of them has', () => {
  const merged = mergeTakenUnder([{ b: ['d'], a: ['c'] }, { a: ['b', 'c'] }, {}]);
  assert.deepEqual(Object.entries(merged), [
    ['a', ['b', 'c']],
    ['b', ['d']],
  ]);
});

const CLASSES = [
  lockClass('inner', WAIT.spin, { rank: 20 }),
  lockClass('outer', WAIT.sleep, { rank: 10 }),
  lockClass('section', WAIT.config, { rank: 30, outer: WAIT.free, kind: 'percpu' }),
];
const guardedBy = ({ name }: LockClass): string => `what ${name} guards`;

test('lockOrderPage, lists the classes by rank, with what was waited for under them', () => {
  const page = lockOrderPage({ classes: CLASSES, guardedBy, recorded: { outer: ['inner', 'section'] } });
  assert.deepEqual(
    page.split('\n').filter((line) => /^\| \d/.test(line)),
    [
      '| 10 | outer | normal | sleep | what outer guards | inner, section |',
      '| 20 | inner | normal | spin | what inner guards |  |',
      '| 30 | section | percpu | free, inside config | what section guards |  |',
    ],
  );
});

test('lockOrderPage, refuses a class without a rank, and one that guards nothing', () => {
  const classes = [lockClass('loose', WAIT.spin)];
  assert.throws(() => lockOrderPage({ classes, guardedBy, recorded: {} }), /lock class loose has rank 0/);
  assert.throws(
    () => lockOrderPage({ classes: CLASSES, guardedBy: () => '', recorded: {} }),
    /nothing says what lock class outer guards/,
  );
});
