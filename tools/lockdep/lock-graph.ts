/**
 * LockGraph: a class graph as plain values, so that it can be saved, read back, drawn and compared.
 *
 *     edges[n].from, .to  ->  index into nodes
 *
 * A saved graph is a JSON object of this form, or an array of journal entries, from which the graph follows.
 */
import { ClassGraph } from '../../src/lockdep/class-graph.js';
import { type JournalEntry, PrivateJournal } from '../../src/lockdep/journal.js';
import { requireJournal, SharedJournal } from '../../src/lockdep/shared-journal.js';
import { type LockKind, WAIT, type WaitType } from '../../src/locks/lock-class.js';
import { NativeWords } from '../../src/words/native-words.js';

export type WaitName = keyof typeof WAIT;

/** A class, or one of its subclasses. */
export interface LockNode {
  readonly name: string;
  readonly subclass: number;
  /** 0 outside of Lull's own order. */
  readonly rank: number;
  readonly kind: LockKind;
  readonly outer: WaitName;
  readonly inner: WaitName;
  /** In which contexts it is taken, and held open: four characters of '.-+?'. */
  readonly usage: string;
}

/** One order: somebody held `from` and waited for `to`. */
export interface LockEdge {
  readonly from: number;
  readonly to: number;
  /** Of SR, ER, SN, EN: held by a reader (S) or not (E), waited for as a recursive reader (R) or not (N). */
  readonly kinds: readonly string[];
  /** Name of the thread that did it first, and where. */
  readonly thread: string;
  readonly stack: string;
}

export interface LockGraph {
  readonly nodes: readonly LockNode[];
  readonly edges: readonly LockEdge[];
}

/** How a class is called: its name, and its subclass where it has one. */
export function labelOf({ name, subclass }: Pick<LockNode, 'name' | 'subclass'>): string {
  return subclass === 0 ? name : `${name}/${subclass}`;
}

/** A wait type in words. */
export function waitName(type: WaitType): WaitName {
  const names = Object.keys(WAIT) as WaitName[];
  return names.find((name) => WAIT[name] === type) ?? 'none';
}

/** Everything that `graph` has learnt, from all threads that share its journal. */
export function recordGraph(graph: ClassGraph): LockGraph {
  graph.refresh();
  const nodes = graph.nodes().map(({ name, subclass, rank, usage, lockClass }) => ({
    ...{ name, subclass, rank, kind: lockClass.kind },
    ...{ outer: waitName(lockClass.outer), inner: waitName(lockClass.inner), usage },
  }));
  const edges = graph
    .edges()
    .map(({ from, to, kinds, thread, stack }) => ({ from, to, kinds: [...kinds], thread, stack }));
  return { nodes, edges };
}

/** What the threads of a validating heap have learnt up to now, and the keys of what they have reported. */
export function readJournal(journal: SharedArrayBuffer): { graph: LockGraph; reported: readonly string[] } {
  const words = new NativeWords(journal);
  requireJournal(words);
  const entries: JournalEntry[] = [];
  // Only looked at, which takes no lock: so there is no owner to be named.
  const reader = new SharedJournal(words, { tag: 0, spinRounds: 0, onClose: () => {} });
  reader.read((entry) => entries.push(entry));
  const reported = entries.flatMap((entry) => (entry.kind === 'report' ? [entry.key] : []));
  return { graph: recordGraph(new ClassGraph(new PrivateJournal(entries))), reported };
}

/** One graph with the classes and orders of all, each once; an order is told as the first has it. */
export function mergeGraphs(graphs: readonly LockGraph[]): LockGraph {
  const nodes = new Map<string, LockNode>();
  const edges = new Map<string, LockEdge>();
  const numbers = new Map<string, number>();
  for (const graph of graphs) {
    const here = graph.nodes.map((node) => {
      const key = classKey(node);
      if (!nodes.has(key)) numbers.set(key, nodes.size);
      nodes.set(key, nodes.get(key) ?? node);
      return numbers.get(key)!;
    });
    for (const edge of graph.edges) {
      const moved = { ...edge, from: here[edge.from]!, to: here[edge.to]! };
      const key = `${moved.from} ${moved.to}`;
      const known = edges.get(key);
      edges.set(key, { ...(known ?? moved), kinds: [...new Set([...(known?.kinds ?? []), ...edge.kinds])] });
    }
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}

/** The same for what is one class, whatever its usage. */
function classKey({ usage: _, ...rest }: LockNode): string {
  return JSON.stringify(Object.entries(rest).sort());
}

/**
 * Reads a saved graph.
 *
 * Errors  SyntaxError: `text` is no JSON. TypeError: it is no graph, and the message says where.
 */
export function parseGraph(text: string): LockGraph {
  const value: unknown = JSON.parse(text);
  if (Array.isArray(value)) return recordGraph(new ClassGraph(new PrivateJournal(requireEntries(value))));
  if (!isRecord(value) || !Array.isArray(value.nodes) || !Array.isArray(value.edges)) {
    throw new TypeError(
      'it is neither a graph, an object of `nodes` and `edges`, nor an array of journal entries',
    );
  }
  for (const [index, node] of value.nodes.entries()) requireNode(node, index);
  for (const [index, edge] of value.edges.entries()) requireEdge(edge, index, value.nodes.length);
  return value as unknown as LockGraph;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function requireEntries(values: readonly unknown[]): readonly JournalEntry[] {
  const kinds: readonly unknown[] = ['class', 'edge', 'usage', 'report'] satisfies JournalEntry['kind'][];
  for (const [index, value] of values.entries()) {
    if (isRecord(value) && kinds.includes(value.kind)) continue;
    throw new TypeError(`entry ${index} is not of kind ${kinds.join(', ')}`);
  }
  return values as readonly JournalEntry[];
}

function requireNode(node: unknown, index: number): void {
  if (!isRecord(node)) throw new TypeError(`node ${index} is ${String(node)}; it is an object`);
  requireStrings(node, ['name', 'kind', 'usage'], `node ${index}`);
  for (const field of ['subclass', 'rank'] as const) {
    if (Number.isInteger(node[field])) continue;
    throw new TypeError(`\`${field}\` of node ${index} is ${String(node[field])}; it is an integer`);
  }
  for (const field of ['outer', 'inner'] as const) {
    if (Object.hasOwn(WAIT, String(node[field]))) continue;
    const allowed = Object.keys(WAIT).join(', ');
    throw new TypeError(`\`${field}\` of node ${index} is ${String(node[field])}; it is one of ${allowed}`);
  }
}

function requireEdge(edge: unknown, index: number, nodes: number): void {
  if (!isRecord(edge)) throw new TypeError(`edge ${index} is ${String(edge)}; it is an object`);
  requireStrings(edge, ['thread', 'stack'], `edge ${index}`);
  for (const field of ['from', 'to'] as const) {
    const end = edge[field];
    if (Number.isInteger(end) && Number(end) >= 0 && Number(end) < nodes) continue;
    throw new TypeError(
      `\`${field}\` of edge ${index} is ${String(end)}; it is the number of a node, 0 to ${nodes - 1}`,
    );
  }
  if (!Array.isArray(edge.kinds)) throw new TypeError(`edge ${index} has no array \`kinds\``);
}

function requireStrings(record: Record<string, unknown>, fields: readonly string[], what: string): void {
  for (const field of fields) {
    if (typeof record[field] === 'string') continue;
    throw new TypeError(`\`${field}\` of ${what} is ${String(record[field])}; it is a string`);
  }
}
