/**
 * Saves the lock graphs of a program that knows nothing of it, for example of all tests: loaded before it, writes
 * what the journals of the validating heaps hold when the thread that made them ends.
 *
 *     export LULL_VALIDATE=1 NODE_OPTIONS="--import $PWD/dist/tools/lockdep/save-graphs.js" LULL_LOCK_GRAPHS=/tmp/graphs
 *
 * A file for each thread that has made a heap; write-lock-order.js takes them all.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { Heap } from '../../src/shared-heap.js';
import { mergeGraphs, readJournal } from './lock-graph.js';

const folder = process.env.LULL_LOCK_GRAPHS;
if (folder === undefined || folder === '') {
  throw new Error('loaded save-graphs.js without LULL_LOCK_GRAPHS; set it to the folder to save graphs in');
}

const journals: SharedArrayBuffer[] = [];
const create = Heap.create;

Heap.create = (options, surroundings) => {
  const heap = create.call(Heap, options, surroundings);
  const { validation } = heap.handle;
  if (validation !== undefined) journals.push(validation.journal);
  return heap;
};

process.on('exit', () => {
  if (journals.length === 0) return;
  const graph = mergeGraphs(journals.map((journal) => readJournal(journal).graph));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${process.pid}-${threadId}.json`), JSON.stringify(graph));
});
