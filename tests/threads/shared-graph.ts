/** What the test of shared class graphs and its worker say to each other. */
import type { ClassGraph } from '../../src/lockdep/class-graph.js';

export interface GraphBriefing {
  readonly buffer: SharedArrayBuffer;
  /** A word for each worker: 1 from when it has learnt everything. */
  readonly done: SharedArrayBuffer;
  readonly workers: number;
  readonly classes: number;
  readonly steps: number;
}

export interface GraphResult {
  /** Problems that this worker was the first to claim. */
  readonly claimed: readonly string[];
  readonly graph: string;
}

/** Everything that a class graph knows, as text to compare. */
export function graphText(graph: ClassGraph): string {
  const nodes = graph.nodes().map(({ id, name, subclass, rank, usage }) => [id, name, subclass, rank, usage]);
  return JSON.stringify([nodes, graph.edges()]);
}
