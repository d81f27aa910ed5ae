import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClassGraph } from '../../src/lockdep/class-graph.js';
import { type JournalEntry, PrivateJournal } from '../../src/lockdep/journal.js';
import { formatJournal, SharedJournal } from '../../src/lockdep/shared-journal.js';
import { WAIT } from '../../src/locks/lock-class.js';
import { NativeWords, reserveBuffer } from '../../src/words/native-words.js';
import { labelOf, mergeGraphs, parseGraph, readJournal, recordGraph, waitName } from './lock-graph.js';
import { edge, node } from './sample-graph.js';

const SPINS = { outer: WAIT.spin, inner: WAIT.spin, lockKind: 'normal' } as const;

const ENTRIES: readonly JournalEntry[] = [
  { kind: 'class', name: 'outer', subclass: 0, rank: 10, ...SPINS },
  { kind: 'class', name: 'inner', subclass: 1, rank: 20, ...SPINS, outer: WAIT.config },
  { kind: 'edge', from: 0, to: 1, bits: 0xf, stack: 'at f', thread: 'worker 1' },
  { kind: 'report', key: 'some problem' },
];

const GRAPH = { nodes: [node('a'), node('b')], edges: [edge(0, 1)] };

test('recordGraph, has every class and order that the journal knows', () => {
  const { nodes, edges } = recordGraph(new ClassGraph(new PrivateJournal(ENTRIES)));
  assert.deepEqual(nodes, [
    node('outer', { rank: 10 }),
    node('inner', { rank: 20, subclass: 1, outer: 'config' }),
  ]);
  assert.deepEqual(
    edges.map((each) => ({ ...each, kinds: [...each.kinds].sort() })),
    [edge(0, 1, { kinds: ['EN', 'ER', 'SN', 'SR'], thread: 'worker 1', stack: 'at f' })],
  );
});

test('parseGraph, reads back what recordGraph has made', () => {
  const graph = recordGraph(new ClassGraph(new PrivateJournal(ENTRIES)));
  assert.deepEqual(parseGraph(JSON.stringify(graph)), graph);
});

test('parseGraph, reads the entries of a journal', () => {
  const graph = recordGraph(new ClassGraph(new PrivateJournal(ENTRIES)));
  assert.deepEqual(parseGraph(JSON.stringify(ENTRIES)), graph);
});

test('mergeGraphs, has each class and order once, whatever their numbers were', () => {
  const one = { nodes: [node('a'), node('b', { usage: '-...' })], edges: [edge(0, 1, { kinds: ['ER'] })] };
  const two = {
    nodes: [node('c'), node('b'), node('a')],
    edges: [edge(2, 1), edge(1, 0, { thread: 'other' })],
  };
  assert.deepEqual(mergeGraphs([one, two]), {
    nodes: [node('a'), node('b', { usage: '-...' }), node('c')],
    edges: [edge(0, 1, { kinds: ['ER', 'EN'] }), edge(1, 2, { thread: 'other' })],
  });
  assert.deepEqual(mergeGraphs([]), { nodes: [], edges: [] });
});

test('mergeGraphs, keeps classes of one name apart that differ in anything else', () => {
  const nodes = [node('a'), node('a', { rank: 1 }), node('a', { subclass: 1 }), node('a', { outer: 'free' })];
  assert.equal(mergeGraphs([{ nodes, edges: [] }]).nodes.length, 4);
});

test('readJournal, has the graph and the reports of a journal that another thread keeps', () => {
  const journal = reserveBuffer(4096);
  const words = new NativeWords(journal);
  assert.throws(() => readJournal(journal), /holds none/);
  formatJournal(words);
  const writer = new SharedJournal(words, { tag: 0x101, spinRounds: 5, onClose: assert.fail });
  writer.exclusively(
    () => assert.fail('nobody else adds'),
    (append) => ENTRIES.forEach(append),
  );
  assert.deepEqual(readJournal(journal), {
    graph: recordGraph(new ClassGraph(new PrivateJournal(ENTRIES))),
    reported: ['some problem'],
  });
});

for (const [what, value, message] of [
  ['a number', 3, /neither a graph, an object of `nodes` and `edges`, nor an array/],
  ['an object without edges', { nodes: [] }, /neither a graph/],
  ['an array of something else', [{ kind: 'word' }], /entry 0 is not of kind class, edge, usage, report/],
  [
    'a node without a name',
    { ...GRAPH, nodes: [{ rank: 1 }] },
    /`name` of node 0 is undefined; it is a string/,
  ],
  ['a rank that is none', { nodes: [{ ...node('a'), rank: 'x' }], edges: [] }, /`rank` of node 0 is x/],
  [
    'an unknown wait',
    { nodes: [{ ...node('a'), inner: 'long' }], edges: [] },
    /`inner` of node 0 is long; it is one of none,/,
  ],
  [
    'an edge to nowhere',
    { ...GRAPH, edges: [edge(0, 2)] },
    /`to` of edge 0 is 2; it is the number of a node, 0 to 1/,
  ],
  [
    'an edge of no kinds',
    { ...GRAPH, edges: [{ ...edge(0, 1), kinds: 'EN' }] },
    /edge 0 has no array `kinds`/,
  ],
] as const) {
  test(`parseGraph, says what is wrong with ${what}`, () => {
    assert.throws(() => parseGraph(JSON.stringify(value)), message);
  });
}

test('labelOf and waitName, say what a table shows', () => {
  assert.equal(labelOf({ name: 'zone', subclass: 0 }), 'zone');
  assert.equal(labelOf({ name: 'bucket', subclass: 2 }), 'bucket/2');
  assert.deepEqual(Object.values(WAIT).map(waitName), ['none', 'free', 'spin', 'config', 'sleep', 'most']);
});
