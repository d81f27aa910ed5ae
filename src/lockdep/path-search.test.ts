import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lockClass, WAIT } from '../locks/lock-class.js';
import { type ClassEdge, ClassGraph, type ClassNode, DEPENDENCY } from './class-graph.js';
import { PrivateJournal } from './journal.js';
import { edgesTo, findPath, type Visit } from './path-search.js';

const { SR, ER, SN, EN } = DEPENDENCY;

function graphOf(edges: readonly (readonly [number, number, number])[]): ClassNode[] {
  const graph = new ClassGraph(new PrivateJournal());
  const nodes = [0, 1, 2, 3, 4].map((at) => graph.nodeOf(lockClass(`n${at}`, WAIT.spin), 0)!);
  graph.exclusively(() => {
    for (const [from, to, bits] of edges) {
      graph.addEdge(nodes[from]!, nodes[to]!, { bits, stack: '', thread: '' });
    }
  });
  return nodes;
}

const to = (node: ClassNode | undefined) => (visit: Visit) => visit.node === node;

function numbers(visit: Visit | undefined): number[] | undefined {
  return visit && [...edgesTo(visit).map(({ node }) => node.id)];
}

test('findPath, gives a shortest path, and its root without any edge', () => {
  const n = graphOf([
    [0, 1, EN],
    [1, 2, EN],
    [2, 4, EN],
    [0, 3, EN],
    [3, 4, EN],
  ]);
  assert.deepEqual(numbers(findPath('after', n[0]!, false, to(n[4]))), [3, 4]);
  assert.deepEqual(numbers(findPath('before', n[4]!, false, to(n[0]))), [3, 0]);
  assert.deepEqual(numbers(findPath('after', n[0]!, false, to(n[0]))), []);
  assert.equal(findPath('after', n[4]!, false, to(n[0])), undefined);
});

test('findPath, goes no way on from who is only reached weakly over a shared edge', () => {
  const n = graphOf([
    [0, 1, ER],
    [1, 2, SN],
  ]);
  assert.equal(findPath('after', n[0]!, false, to(n[2])), undefined);
  assert.equal(findPath('before', n[2]!, false, to(n[0])), undefined);
  for (const [first, second] of [
    [EN, SN],
    [ER, EN],
    [ER | SN, SR],
  ] as const) {
    const strong = graphOf([
      [0, 1, first],
      [1, 2, second],
    ]);
    assert.deepEqual(numbers(findPath('after', strong[0]!, false, to(strong[2]))), [1, 2]);
  }
});

test('findPath, comes back to a class by a longer way that is strong', () => {
  const n = graphOf([
    [0, 1, ER],
    [0, 2, EN],
    [2, 1, EN],
    [1, 3, SN],
  ]);
  assert.deepEqual(numbers(findPath('after', n[0]!, false, to(n[3]))), [2, 1, 3]);
});

test('findPath, ends a path at who is skipped', () => {
  const n = graphOf([
    [0, 1, EN],
    [1, 2, EN],
  ]);
  const skipOne = (node: ClassNode) => node === n[1];
  assert.equal(findPath('after', n[0]!, false, to(n[2]), skipOne), undefined);
  assert.equal(findPath('after', n[0]!, false, to(n[1]), skipOne), undefined);
});

test('findPath, finds a strong path exactly where following edges two by two finds one', () => {
  const edge = fc.tuple(fc.nat(4), fc.nat(4), fc.integer({ min: 1, max: 15 }));
  fc.assert(
    fc.property(fc.array(edge, { maxLength: 9 }), fc.boolean(), (edges, rootIsWeak) => {
      const n = graphOf(edges);
      for (const target of [1, 2, 3, 4]) {
        const found = findPath('after', n[0]!, rootIsWeak, to(n[target])) !== undefined;
        assert.equal(found, reaches(n, target, rootIsWeak), `0 -> ${target} in ${JSON.stringify(edges)}`);
      }
    }),
  );
});

/** The same by walking single-kind edges, of which two may follow each other unless *R comes before S*. */
function reaches(nodes: readonly ClassNode[], target: number, rootIsWeak: boolean): boolean {
  const single = (edge: ClassEdge) =>
    [SR, ER, SN, EN].filter((bit) => edge.bits & bit).map((bit) => ({ edge, bit }));
  const all = nodes.flatMap(({ after }) => after).flatMap(single);
  const isShared = (bit: number) => (bit & (SR | SN)) !== 0;
  const reached = new Set(
    all.filter(({ edge, bit }) => edge.from.id === 0 && !(rootIsWeak && isShared(bit))),
  );
  for (const last of reached) {
    const isRecursive = (last.bit & (SR | ER)) !== 0;
    for (const next of all) {
      if (next.edge.from === last.edge.to && !(isRecursive && isShared(next.bit))) reached.add(next);
    }
  }
  return [...reached].some(({ edge }) => edge.to.id === target);
}
