/**
 * Writes docs/lock-order.md anew. Run from the root of the repository, after a build.
 *
 *     node dist/tools/lockdep/write-lock-order.js                     from what is recorded
 *     node dist/tools/lockdep/write-lock-order.js graph.json ...      records what these graphs say, first
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseGraph } from './lock-graph.js';
import { mergeTakenUnder, takenUnder } from './lock-order.js';
import { LULL_NAMES, PAGE_FILE, pageText, RECORD_FILE, readRecord, recordText } from './recorded-order.js';

const graphs = process.argv.slice(2).map((file) => parseGraph(readFileSync(file, 'utf8')));
if (graphs.length > 0) {
  const recorded = mergeTakenUnder(graphs.map((graph) => takenUnder(graph, LULL_NAMES)));
  writeFileSync(RECORD_FILE, recordText(recorded));
}
writeFileSync(PAGE_FILE, pageText(readRecord()));
