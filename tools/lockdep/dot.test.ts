import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toDot } from './dot.js';
import { edge, node, rankedGraph } from './sample-graph.js';

/** The lines of nodes and edges. */
function linesOf(dot: string): readonly string[] {
  return dot
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^n\d/.test(line));
}

test('toDot, draws a box with name, rank and waits for each class, the outermost first', () => {
  const nodes = [
    node('zone', { rank: 40 }),
    node('section', { outer: 'free', inner: 'config', kind: 'percpu', usage: '-.+.' }),
    node('bucket', { rank: 20, subclass: 1 }),
  ];
  assert.deepEqual(linesOf(toDot({ nodes, edges: [] })), [
    'n1 [label="section\\nno rank\\nwaits: free, inside config\\npercpu\\n{-.+.}"];',
    'n2 [label="bucket/1\\nrank 20\\nwaits: spin"];',
    'n0 [label="zone\\nrank 40\\nwaits: spin"];',
  ]);
});

test('toDot, draws an arrow with its kinds for each order, and says who did it first and where', () => {
  const nodes = [node('a'), node('b')];
  const edges = [edge(0, 1, { kinds: ['ER', 'EN'], thread: 'worker 1', stack: 'at f\nat g' })];
  assert.equal(
    linesOf(toDot({ nodes, edges }))[2],
    'n0 -> n1 [label="ER EN", tooltip="worker 1\\nat f\\nat g"];',
  );
});

test('toDot, draws dashed what excludes nobody, and red what is against the ranks', () => {
  const nodes = [node('a'), node('b')];
  const [, , readers] = linesOf(toDot({ nodes, edges: [edge(0, 1, { kinds: ['SR'] })] }));
  assert.match(readers!, /style=dashed\];$/);
  const wrong = linesOf(toDot(rankedGraph([10, 20], ['10 20', '20 10']))).filter((line) =>
    line.includes('red'),
  );
  assert.deepEqual(
    wrong.map((line) => line.split(' [')[0]),
    ['n1 -> n0'],
  );
});

test('toDot, escapes quotes and backslashes of names and stacks', () => {
  const nodes = [node('the "big" one')];
  const edges = [edge(0, 0, { thread: 'C:\\main', stack: 'at "x"' })];
  const [box, arrow] = linesOf(toDot({ nodes, edges }));
  assert.match(box!, /label="the \\"big\\" one\\nno rank/);
  assert.match(arrow!, /tooltip="C:\\\\main\\nat \\"x\\""/);
});
