/** Small lock graphs for tests, written as names and ranks. */
import type { LockEdge, LockGraph, LockNode } from './lock-graph.js';

/** A class that spins, of no rank. */
export function node(name: string, more: Partial<LockNode> = {}): LockNode {
  const plain = {
    subclass: 0,
    rank: 0,
    kind: 'normal',
    outer: 'spin',
    inner: 'spin',
    usage: '....',
  } as const;
  return { name, ...plain, ...more };
}

/** An order that excludes all others, first seen in thread main. */
export function edge(from: number, to: number, more: Partial<LockEdge> = {}): LockEdge {
  return { from, to, kinds: ['EN'], thread: 'main', stack: 'at somewhere', ...more };
}

/**
 * A graph of classes whose names are their ranks.
 *
 * @param ranks  of the classes
 * @param orders as 'held taken', in ranks
 */
export function rankedGraph(ranks: readonly number[], orders: readonly string[]): LockGraph {
  const numberOf = (rank: string | undefined): number => ranks.indexOf(Number(rank));
  const edges = orders.map((order) => {
    const [held, taken] = order.split(' ');
    return edge(numberOf(held), numberOf(taken));
  });
  return { nodes: ranks.map((rank) => node(String(rank), { rank })), edges };
}
