import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lockClass, WAIT } from '../locks/lock-class.js';
import { NativeWords, reserveBuffer } from '../words/native-words.js';
import { ClassGraph, DEPENDENCY } from './class-graph.js';
import { type ClosedReason, type Journal, type JournalEntry, PrivateJournal } from './journal.js';
import { formatJournal, JOURNAL, SharedJournal } from './shared-journal.js';
import { USAGE } from './usage.js';

const A = lockClass('a', WAIT.spin, { rank: 10 });
const B = lockClass('b', WAIT.sleep, { outer: WAIT.config, kind: 'percpu' });

function learnt(journal = new PrivateJournal()): { graph: ClassGraph; journal: PrivateJournal } {
  const graph = new ClassGraph(journal);
  const [a, b] = [graph.nodeOf(A, 0)!, graph.nodeOf(B, 3)!];
  graph.exclusively(() => {
    graph.addEdge(a, b, { bits: DEPENDENCY.SR, stack: 'first', thread: 'main' });
    graph.addEdge(a, b, { bits: DEPENDENCY.EN, stack: 'second', thread: 'other' });
    graph.addUsage(b, { bits: USAGE.usedInHook | USAGE.enabledCallback, stack: 'used', thread: 'main' });
  });
  graph.claimReport('problem');
  return { graph, journal };
}

test('nodes, gives each class with rank, subclass, wait types and usage characters', () => {
  assert.deepEqual(learnt().graph.nodes(), [
    { id: 0, name: 'a', subclass: 0, rank: 10, lockClass: A, usage: '....' },
    { id: 1, name: 'b', subclass: 3, rank: 0, lockClass: B, usage: '-.+.' },
  ]);
});

test('edges, gives each edge once, with all its kinds and where it was first seen', () => {
  assert.deepEqual(learnt().graph.edges(), [
    { from: 0, to: 1, kinds: ['SR', 'EN'], stack: 'first', thread: 'main' },
  ]);
});

test('hasEdge, is true for all the bits that are known, and no others', () => {
  const { graph } = learnt();
  const [a, b] = [graph.nodeOf(A, 0)!, graph.nodeOf(B, 3)!];
  assert.equal(graph.hasEdge(a, b, DEPENDENCY.SR | DEPENDENCY.EN), true);
  assert.equal(graph.hasEdge(a, b, DEPENDENCY.SR | DEPENDENCY.ER), false);
  assert.equal(graph.hasEdge(b, a, DEPENDENCY.SR), false);
});

test('ClassGraph, is the same again from its entries as JSON', () => {
  const { graph, journal } = learnt();
  const copy = new PrivateJournal(JSON.parse(JSON.stringify(journal.entries)) as JournalEntry[]);
  const again = new ClassGraph(copy);
  again.refresh();
  assert.deepEqual([again.nodes(), again.edges()], [graph.nodes(), graph.edges()]);
  assert.equal(again.nodeOf({ ...B }, 3)!.id, 1);
  assert.equal(again.claimReport('problem'), false);
  assert.equal(copy.entries.length, journal.entries.length);
});

test('ClassGraph, leaves out entries about classes that are not there', () => {
  const edge = { kind: 'edge', from: 0, to: 4, bits: 1, stack: '', thread: '' } as const;
  const usage = { kind: 'usage', node: 4, bits: 1, stack: '', thread: '' } as const;
  const graph = new ClassGraph(new PrivateJournal([edge, usage]));
  graph.refresh();
  assert.deepEqual([graph.nodes(), graph.edges()], [[], []]);
});

test('nodeOf, gives one node for a class and subclass, whichever object says it', () => {
  const graph = new ClassGraph(new PrivateJournal());
  assert.equal(graph.nodeOf(A, 0), graph.nodeOf({ ...A }, 0));
  assert.notEqual(graph.nodeOf(A, 0), graph.nodeOf(A, 1));
  assert.notEqual(graph.nodeOf(A, 0), graph.nodeOf({ ...A, rank: 11 }, 0));
});

test('claimReport, is true once', () => {
  const graph = new ClassGraph(new PrivateJournal());
  assert.deepEqual(
    [graph.claimReport('x'), graph.claimReport('x'), graph.claimReport('y')],
    [true, false, true],
  );
});

test('addEdge, refuses to learn where others may learn too', () => {
  const { graph } = learnt();
  const a = graph.nodeOf(A, 0)!;
  assert.throws(
    () => graph.addEdge(a, a, { bits: 1, stack: '', thread: '' }),
    /learnt a edge outside of exclusively/,
  );
});

test('exclusively, is false from the first entry on that has no room, and gives the reason', () => {
  const graph = new ClassGraph(new PrivateJournal([], 1));
  assert.notEqual(graph.nodeOf(A, 0), undefined);
  assert.equal(graph.offReason(), undefined);
  assert.equal(graph.claimReport('x') && graph.offReason() === undefined, false);
  assert.match(graph.offReason()!, /journal is full/);
  assert.equal(
    graph.exclusively(() => assert.fail('ran though the graph is off')),
    false,
  );
});

test('offReason, says why the journal is closed', () => {
  const reasons: [ClosedReason, RegExp][] = [
    ['full', /journal is full; make fewer classes of locks/],
    [
      'abandoned',
      /terminated, or stopped for long, while it wrote into the journal; let threads end by themselves/,
    ],
    ['damaged', /journal holds what no validator has written; find out who writes/],
  ];
  for (const [closed, said] of reasons) {
    const journal: Journal = { exclusively: () => false, read: () => true, closedReason: () => closed };
    const graph = new ClassGraph(journal);
    graph.refresh();
    assert.equal(graph.offReason(), undefined);
    assert.equal(graph.nodeOf(A, 0), undefined);
    assert.match(graph.offReason()!, said);
  }
});

test('refresh, reads what others have learnt and keeps nobody from learning more', () => {
  const words = new NativeWords(reserveBuffer(4096));
  formatJournal(words);
  const options = { spinRounds: 10, onClose: assert.fail };
  const graphOf = (tag: number) => new ClassGraph(new SharedJournal(words, { ...options, tag }));
  const [writer, reader] = [graphOf(1), graphOf(2)];
  writer.nodeOf(A, 0);
  // As if another thread were adding something, or had died over it.
  words.store(JOURNAL.lock, 3);
  reader.refresh();
  assert.deepEqual(
    reader.nodes().map(({ name }) => name),
    ['a'],
  );
  assert.equal(reader.offReason(), undefined);
});

test('PrivateJournal, reads each entry that it was made with once, and none that was appended', () => {
  const entries: JournalEntry[] = [
    { kind: 'report', key: 'one' },
    { kind: 'report', key: 'two' },
  ];
  const journal = new PrivateJournal(entries);
  const read: JournalEntry[] = [];
  const turn = () =>
    journal.exclusively(
      (entry) => read.push(entry),
      (append) => append({ kind: 'report', key: 'new' }),
    );
  assert.deepEqual([turn(), turn()], [true, true]);
  assert.deepEqual(read, entries);
  assert.equal(journal.entries.length, 4);
});

test('PrivateJournal, is full for good at its first entry too many', () => {
  const journal = new PrivateJournal([], 1);
  const append = () =>
    journal.exclusively(
      () => {},
      (add) => add({ kind: 'report', key: 'x' }),
    );
  assert.deepEqual([append(), append(), append()], [true, false, false]);
  assert.equal(
    journal.exclusively(
      () => {},
      () => assert.fail('ran though the journal is full'),
    ),
    false,
  );
  assert.equal(journal.entries.length, 1);
});
