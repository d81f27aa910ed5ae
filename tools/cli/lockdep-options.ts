/** The options of `lull lockdep`: their texts, and which of them go together. */
import type { Command } from 'commander';
import { UsageError } from './failures.js';

/** What `lull lockdep` is asked to do. */
export interface LockdepOptions {
  /** A saved graph; undefined: that of a heap at work. */
  readonly from: string | undefined;
  /** The graph as DOT: to standard output, to a file, or not at all. */
  readonly graph: 'stdout' | { readonly file: string } | undefined;
  readonly json: boolean;
}

interface RawOptions {
  readonly from?: string;
  readonly graph?: string | true;
  readonly json?: boolean;
}

/** Adds the options of `lull lockdep` to a command. */
export function declareLockdepOptions(command: Command): Command {
  return command
    .option('--graph [file]', 'print the graph as DOT, or write it to a file (dot -Tsvg draws it)')
    .option('--from <file>', 'show a saved graph (--json, or journal entries) instead of running anything')
    .option('--json', 'print the graph as JSON and nothing else');
}

/** Reads back what declareLockdepOptions() had parsed. Throws UsageError for options that do not go together. */
export function lockdepOptionsOf(command: Command): LockdepOptions {
  const { from, graph: drawn, json = false } = command.opts<RawOptions>();
  if (drawn === true && json) {
    throw new UsageError('--graph and --json would both print; give --graph a file, or leave one out');
  }
  const graph = drawn === true ? 'stdout' : drawn === undefined ? undefined : { file: drawn };
  return { from, graph, json };
}
