/**
 * A lock graph as DOT, for `dot -Tsvg`: a box for each class, the outermost on top, an arrow from what was held
 * to what was waited for under it.
 *
 *     solid   held by who lets nobody else in, and waited for other than by a recursive reader (EN)
 *     dashed  seen in weaker kinds only: under readers, or by recursive readers
 *     red     against the ranks
 */
import { type LockEdge, type LockGraph, type LockNode, labelOf } from './lock-graph.js';
import { ordersAgainstRanks } from './lock-order.js';

/** The graph's DOT text. */
export function toDot(graph: LockGraph): string {
  const wrong = new Set(ordersAgainstRanks(graph));
  const order = [...graph.nodes.keys()].sort((a, b) => graph.nodes[a]!.rank - graph.nodes[b]!.rank || a - b);
  return [
    'digraph "lock order" {',
    '  rankdir=TB;',
    '  node [shape=box, style=rounded, fontname="sans-serif"];',
    '  edge [fontname="sans-serif", fontsize=10];',
    ...order.map((index) => `  ${nodeLine(graph.nodes[index]!, index)}`),
    ...graph.edges.map((edge) => `  ${edgeLine(edge, wrong.has(edge))}`),
    '}',
    '',
  ].join('\n');
}

function nodeLine(node: LockNode, index: number): string {
  const lines = [labelOf(node), node.rank === 0 ? 'no rank' : `rank ${node.rank}`, waits(node)];
  if (node.kind !== 'normal') lines.push(node.kind);
  // That a class is held where a context may interrupt says nothing unless some class is taken inside one.
  if (/[-?]/.test(node.usage)) lines.push(`{${node.usage}}`);
  return `n${index} [label=${quote(lines.join('\n'))}];`;
}

function waits({ outer, inner }: LockNode): string {
  return outer === inner ? `waits: ${outer}` : `waits: ${outer}, inside ${inner}`;
}

function edgeLine({ from, to, kinds, thread, stack }: LockEdge, isWrong: boolean): string {
  const attributes = [`label=${quote(kinds.join(' '))}`, `tooltip=${quote(`${thread}\n${stack}`)}`];
  if (!kinds.includes('EN')) attributes.push('style=dashed');
  if (isWrong) attributes.push('color=red', 'fontcolor=red');
  return `n${from} -> n${to} [${attributes.join(', ')}];`;
}

/** A string of DOT: quotes and backslashes escaped, lines as \n, which centres them. */
function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replace(/\r?\n/g, '\\n')}"`;
}
