/**
 * Holds the lock graphs in a folder, as save-graphs.js leaves them, against the ranks: prints every order that
 * they forbid, and ends with 1 where there is one, or no graph.
 *
 *     node dist/tools/lockdep/check-lock-order.js folder
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mergeGraphs, parseGraph } from './lock-graph.js';
import { ordersAgainstRanks } from './lock-order.js';

const folder = process.argv[2] ?? '.';
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const graph = mergeGraphs(files.map((name) => parseGraph(readFileSync(join(folder, name), 'utf8'))));
const wrong = ordersAgainstRanks(graph);
for (const { from, to, stack } of wrong) {
  const [held, taken] = [graph.nodes[from]!, graph.nodes[to]!];
  console.log(
    `${taken.name} (rank ${taken.rank}) was waited for under ${held.name} (rank ${held.rank}):\n${stack}`,
  );
}
console.log(
  `${graph.edges.length} orders of ${graph.nodes.length} lock classes in ${files.length} threads, ${wrong.length} against the ranks`,
);
process.exitCode = wrong.length === 0 && files.length > 0 ? 0 : 1;
