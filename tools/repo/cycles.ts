/**
 * Rule `cycles`: no file imports itself through others, not even for a type and not even within a folder.
 * Files can then be read, tested and loaded one after the other.
 *
 * Each knot of files that reach each other (a strongly connected component) is reported once, by one of its
 * shortest cycles through the file that comes first in the alphabet.
 */
import type { Finding } from './finding.js';
import { importsOf } from './imports.js';
import type { SourceFile } from './source-file.js';

const RULE = 'cycles';

/** For each file the files it imports, with the line of the first import of each. */
type Graph = ReadonlyMap<string, ReadonlyMap<string, number>>;

export function checkCycles(files: readonly SourceFile[]): Finding[] {
  const graph = graphOf(files);
  const reported = new Set<string>();
  const findings: Finding[] = [];
  for (const start of [...graph.keys()].sort()) {
    if (reported.has(start)) continue;
    const cycle = shortestCycle(graph, start);
    if (cycle === undefined) continue;
    for (const path of knotOf(graph, start)) reported.add(path);
    findings.push({
      path: start,
      line: graph.get(start)?.get(cycle[1] ?? start) ?? 1,
      rule: RULE,
      problem: `imports itself: ${cycle.join(' -> ')}`,
      remedy: 'move what both ends need into a file that imports neither',
    });
  }
  return findings;
}

function graphOf(files: readonly SourceFile[]): Graph {
  const known = new Set(files.map((file) => file.path));
  return new Map(
    files.map((file) => {
      const edges = new Map<string, number>();
      for (const edge of importsOf(file)) {
        if (edge.target === undefined || !known.has(edge.target) || edges.has(edge.target)) continue;
        edges.set(edge.target, edge.line);
      }
      return [file.path, edges];
    }),
  );
}

/** The paths from `start` back to `start`, both ends included, or undefined. */
function shortestCycle(graph: Graph, start: string): string[] | undefined {
  let paths = [[start]];
  const seen = new Set<string>();
  while (paths.length > 0) {
    const longer: string[][] = [];
    for (const path of paths) {
      for (const next of graph.get(path.at(-1) ?? start)?.keys() ?? []) {
        if (next === start) return [...path, start];
        if (seen.has(next)) continue;
        seen.add(next);
        longer.push([...path, next]);
      }
    }
    paths = longer;
  }
  return undefined;
}

/** All files that `start` reaches and that reach `start`. */
function knotOf(graph: Graph, start: string): string[] {
  const reached = reachedFrom(graph, start);
  return [...reached].filter((path) => reachedFrom(graph, path).has(start));
}

function reachedFrom(graph: Graph, start: string): Set<string> {
  const reached = new Set([start]);
  for (const path of reached) {
    for (const next of graph.get(path)?.keys() ?? []) reached.add(next);
  }
  return reached;
}
