/**
 * `lull lockdep`: shows a graph of lock classes, of a heap at work or a saved one.
 *
 * What the validators report goes to standard error, so that standard output is the graph and nothing else.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { toDot } from '../lockdep/dot.js';
import { type LockGraph, parseGraph } from '../lockdep/lock-graph.js';
import { ordersAgainstRanks } from '../lockdep/lock-order.js';
import { lockTable } from '../lockdep/lock-table.js';
import { EXIT_FAIL, EXIT_PASS, oneLine, UsageError } from './failures.js';
import type { LockdepOptions } from './lockdep-options.js';
import type { Observation } from './lockdep-workload.js';
import type { OutputStreams } from './run-view.js';

/**
 * Shows the graph as it is asked for.
 *
 * @returns  the exit code: 1 when an order is against the ranks, or something was reported.
 *
 * Errors    UsageError: a file cannot be read or written, or holds no graph.
 *           RunFailure: a worker failed.
 */
export async function lockdep(options: LockdepOptions, { stdout, stderr }: OutputStreams): Promise<number> {
  const { graph, reported } = await observe(options.from);
  const isWritten = options.graph === 'stdout' || options.json;
  if (options.graph === 'stdout') stdout.write(toDot(graph));
  else if (options.graph !== undefined) writeDot(options.graph.file, graph);
  if (options.json) stdout.write(`${JSON.stringify(graph)}\n`);
  if (!isWritten) stdout.write(lockTable(graph));
  for (const key of reported) stderr.write(`lull: the validator has reported: ${key}\n`);
  return reported.length === 0 && ordersAgainstRanks(graph).length === 0 ? EXIT_PASS : EXIT_FAIL;
}

async function observe(file: string | undefined): Promise<Observation> {
  if (file !== undefined) return { graph: readGraph(file), reported: [] };
  const { observeWorkload } = await import('./lockdep-workload.js');
  return observeWorkload();
}

function readGraph(file: string): LockGraph {
  try {
    return parseGraph(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`--from ${file}: ${oneLine((error as Error).message)}`);
  }
}

function writeDot(file: string, graph: LockGraph): void {
  try {
    writeFileSync(file, toDot(graph));
  } catch (error) {
    throw new UsageError(`--graph ${file}: ${oneLine((error as Error).message)}`);
  }
}
