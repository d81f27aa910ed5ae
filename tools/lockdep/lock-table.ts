/** A lock graph as a table: one line for each class, by rank, with what was waited for under it. */
import { type LockGraph, type LockNode, labelOf } from './lock-graph.js';
import { ordersAgainstRanks } from './lock-order.js';

const HEADINGS = ['rank', 'class', 'waits', 'inside', 'usage', 'waited for under it'];

/** The table, with one line above it that counts. */
export function lockTable(graph: LockGraph): string {
  const wrong = ordersAgainstRanks(graph);
  const counts = `${graph.nodes.length} classes, ${graph.edges.length} orders, ${wrong.length} against the ranks`;
  const order = [...graph.nodes.keys()].sort((a, b) => graph.nodes[a]!.rank - graph.nodes[b]!.rank || a - b);
  const rows = [HEADINGS, ...order.map((index) => cellsOf(graph, index, wrong))];
  return `${counts}\n\n${alignColumns(rows)}\n`;
}

function cellsOf(graph: LockGraph, index: number, wrong: LockGraph['edges']): string[] {
  const { rank, outer, inner, usage } = graph.nodes[index]!;
  const taken = graph.edges
    .filter(({ from }) => from === index)
    .map((edge) => `${labelAt(graph, edge.to)}${wrong.includes(edge) ? ' (!)' : ''}`);
  return [rank === 0 ? '-' : String(rank), labelAt(graph, index), outer, inner, usage, taken.join(', ')];
}

function labelAt({ nodes }: LockGraph, index: number): string {
  const node: LockNode = nodes[index]!;
  return labelOf(node);
}

/** Lines of cells, all columns but the last as wide as their widest cell. */
function alignColumns(rows: readonly (readonly string[])[]): string {
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  '));
  return lines.map((text) => text.trimEnd()).join('\n');
}
