/**
 * ClassGraph: all that is known of lock classes and of the orders in which they are taken.
 *
 *     node    a class with one subclass, and its usage in contexts
 *     edge    prev -> next: next was waited for while prev was held; DEPENDENCY bits say how
 *
 *                      next: recursive reader      next: writer, queued reader
 *     prev: reader     SR                          SN
 *     prev: writer     ER                          EN
 *
 * The graph holds no cycle that can deadlock: an edge that would close one is reported, and not added.
 *
 * Who may call: validators of one thread. Other threads have graphs of their own, equal through the journal.
 *
 * I1  Nodes and edges change only by apply(), in the journal's order.
 * I2  What was taken for known stays known: usage bits and DEPENDENCY bits are only ever added.
 */
import type { LockClass } from '../locks/lock-class.js';
import type { ClosedReason, Journal, JournalEntry } from './journal.js';
import { usageCharacters } from './usage.js';

/** Kinds of an edge: how prev is held (shared, exclusive), how next is taken (recursive reader, or not). */
export const DEPENDENCY = { SR: 1, ER: 2, SN: 4, EN: 8 } as const;

/** Edges on which prev is held exclusively. */
export const FROM_WRITER = DEPENDENCY.ER | DEPENDENCY.EN;
/** Edges on which next waits for readers' queues too. */
export const TO_NON_RECURSIVE = DEPENDENCY.SN | DEPENDENCY.EN;

/** How many of each fit; the kernel's sizes. */
export const GRAPH_LIMITS = { classes: 8192, edges: 32768 } as const;

const FEWER_CLASSES = 'make fewer classes of locks: one for all locks of a kind, not one for each lock';
/** What a graph says whose journal is closed. */
const CLOSED_TEXTS: Readonly<Record<ClosedReason, string>> = {
  full: `its journal is full; ${FEWER_CLASSES}`,
  abandoned:
    'a thread was terminated, or stopped for long, while it wrote into the journal; let threads end by themselves, ' +
    'or terminate them where they take no lock',
  damaged:
    'its journal holds what no validator has written; find out who writes into memory that is not theirs',
};

export type GraphLimits = { readonly classes: number; readonly edges: number };

/** Where and by whom something was first seen. */
export interface Sighting {
  readonly bits: number;
  readonly stack: string;
  readonly thread: string;
}

export interface ClassNode {
  readonly id: number;
  readonly lockClass: LockClass;
  readonly subclass: number;
  /** USAGE bits. */
  usage: number;
  readonly usageSightings: Sighting[];
  readonly after: ClassEdge[];
  readonly before: ClassEdge[];
}

export interface ClassEdge {
  readonly from: ClassNode;
  readonly to: ClassNode;
  /** DEPENDENCY bits. */
  bits: number;
  /** Each added bits; the first made the edge. */
  readonly sightings: Sighting[];
}

/** A node, for who draws or saves the graph. */
export interface GraphNode {
  readonly id: number;
  readonly name: string;
  readonly subclass: number;
  readonly rank: number;
  readonly lockClass: LockClass;
  /** Four characters of '.-+?', as usageCharacters() has them. */
  readonly usage: string;
}

/** An edge, for who draws or saves the graph. */
export interface GraphEdge {
  readonly from: number;
  readonly to: number;
  /** Of 'SR', 'ER', 'SN', 'EN'. */
  readonly kinds: readonly string[];
  /** Where it was first seen, and by which thread. */
  readonly stack: string;
  readonly thread: string;
}

export class ClassGraph {
  private readonly _journal: Journal;
  private readonly _limits: GraphLimits;
  private readonly _nodes: ClassNode[] = [];
  private readonly _byKey = new Map<string, ClassNode>();
  private readonly _byClass = new Map<LockClass, (ClassNode | undefined)[]>();
  private readonly _reported = new Set<string>();
  private readonly _apply: (entry: JournalEntry) => void;
  private _append: ((entry: JournalEntry) => void) | undefined = undefined;
  private _edgeCount = 0;
  private _offReason: string | undefined = undefined;

  constructor(journal: Journal, limits: GraphLimits = GRAPH_LIMITS) {
    this._journal = journal;
    this._limits = limits;
    this._apply = (entry) => this._applyEntry(entry);
  }

  /** Why nothing more is learnt, and what to do about it; undefined while the graph works. */
  offReason(): string | undefined {
    return this._offReason;
  }

  /**
   * Runs `fn` with all that others have learnt read, and nobody else learning meanwhile; nests.
   *
   * @returns false when the graph is off, before or by this call.
   */
  exclusively(fn: () => void): boolean {
    if (this._offReason !== undefined) return false;
    if (this._append !== undefined) fn();
    else if (!this._journal.exclusively(this._apply, (append) => this._withAppend(append, fn))) {
      this._noteClosed();
    }
    return this._offReason === undefined;
  }

  /** Reads what other threads have learnt; keeps nobody from learning more. */
  refresh(): void {
    if (!this._journal.read(this._apply)) this._noteClosed();
  }

  /** By number: nodes()[n].id is n. */
  nodes(): GraphNode[] {
    return this._nodes.map(({ id, lockClass, subclass, usage }) => ({
      id,
      name: lockClass.name,
      subclass,
      rank: lockClass.rank,
      lockClass,
      usage: usageCharacters(usage),
    }));
  }

  edges(): GraphEdge[] {
    return this._nodes.flatMap((node) => node.after.map(edgeForReader));
  }

  /** The node of a class, made where it is new; undefined when the graph is off. */
  nodeOf(lock: LockClass, subclass: number): ClassNode | undefined {
    const known = this._byClass.get(lock)?.[subclass] ?? this._learnNode(lock, subclass);
    if (known === undefined) return undefined;
    const subclasses = this._byClass.get(lock) ?? [];
    subclasses[subclass] = known;
    this._byClass.set(lock, subclasses);
    return known;
  }

  /** Whether the edge is known with all of `bits`. */
  hasEdge(from: ClassNode, to: ClassNode, bits: number): boolean {
    const edge = from.after.find((candidate) => candidate.to === to);
    return edge !== undefined && (edge.bits & bits) === bits;
  }

  /** Adds an edge; inside exclusively() only, after the searches that prove it harmless. */
  addEdge(from: ClassNode, to: ClassNode, sighting: Sighting): void {
    const isNew = !from.after.some((edge) => edge.to === to);
    if (isNew && this._edgeCount >= this._limits.edges) this._turnOff('edges', this._limits.edges);
    else this._learn({ kind: 'edge', from: from.id, to: to.id, ...sighting });
  }

  /** Adds usage bits to a node; inside exclusively() only. */
  addUsage(node: ClassNode, sighting: Sighting): void {
    this._learn({ kind: 'usage', node: node.id, ...sighting });
  }

  /** True for the first who asks with this key, over all threads. */
  claimReport(key: string): boolean {
    if (this._reported.has(key)) return false;
    let isFirst = false;
    this.exclusively(() => {
      isFirst = !this._reported.has(key);
      if (isFirst) this._learn({ kind: 'report', key });
    });
    return isFirst;
  }

  private _withAppend(append: (entry: JournalEntry) => void, fn: () => void): void {
    this._append = append;
    try {
      fn();
    } finally {
      this._append = undefined;
    }
  }

  private _learnNode(lock: LockClass, subclass: number): ClassNode | undefined {
    const key = keyOf(lock, subclass);
    this.exclusively(() => {
      if (this._byKey.has(key)) return;
      if (this._nodes.length >= this._limits.classes) this._turnOff('classes', this._limits.classes);
      else this._learn(classEntry(lock, subclass));
    });
    return this._byKey.get(key);
  }

  private _turnOff(what: string, limit: number): void {
    this._offReason = `there are more than ${limit} ${what} of locks; ${FEWER_CLASSES}`;
  }

  private _noteClosed(): void {
    this._offReason ??= CLOSED_TEXTS[this._journal.closedReason() ?? 'damaged'];
  }

  private _learn(entry: JournalEntry): void {
    if (this._append === undefined) {
      throw new Error(`learnt a ${entry.kind} outside of exclusively(), where other threads may learn too`);
    }
    this._applyEntry(entry);
    this._append(entry);
  }

  private _applyEntry(entry: JournalEntry): void {
    if (entry.kind === 'class') this._applyClass(entry);
    else if (entry.kind === 'edge') this._applyEdge(entry);
    else if (entry.kind === 'usage') this._applyUsage(entry);
    else if (entry.kind === 'report') this._reported.add(entry.key);
  }

  private _applyClass(entry: JournalEntry & { kind: 'class' }): void {
    const { name, rank, outer, inner, lockKind, subclass } = entry;
    const lockClass: LockClass = { name, rank, outer, inner, kind: lockKind };
    const id = this._nodes.length;
    const node = { id, lockClass, subclass, usage: 0, usageSightings: [], after: [], before: [] };
    this._nodes.push(node);
    this._byKey.set(keyOf(lockClass, subclass), node);
  }

  private _applyEdge({ from, to, bits, stack, thread }: JournalEntry & { kind: 'edge' }): void {
    const source = this._nodes[from];
    const target = this._nodes[to];
    if (source === undefined || target === undefined) return;
    let edge = source.after.find((candidate) => candidate.to === target);
    if (edge === undefined) {
      edge = { from: source, to: target, bits: 0, sightings: [] };
      source.after.push(edge);
      target.before.push(edge);
      this._edgeCount++;
    }
    edge.bits |= bits;
    edge.sightings.push({ bits, stack, thread });
  }

  private _applyUsage({ node: id, bits, stack, thread }: JournalEntry & { kind: 'usage' }): void {
    const node = this._nodes[id];
    if (node === undefined) return;
    node.usage |= bits;
    node.usageSightings.push({ bits, stack, thread });
  }
}

/** The edge bits of taking a lock, as a recursive reader or not, while prev is held, by a reader or not. */
export function dependencyBits(prevIsRead: boolean, nextIsRecursive: boolean): number {
  if (nextIsRecursive) return prevIsRead ? DEPENDENCY.SR : DEPENDENCY.ER;
  return prevIsRead ? DEPENDENCY.SN : DEPENDENCY.EN;
}

/** What the first sighting of one of `bits` says; undefined when none was seen. */
export function firstSighting(sightings: readonly Sighting[], bits: number): Sighting | undefined {
  return sightings.find((sighting) => (sighting.bits & bits) !== 0);
}

function edgeForReader({ from, to, bits, sightings }: ClassEdge): GraphEdge {
  const kinds = Object.entries(DEPENDENCY)
    .filter(([, bit]) => (bits & bit) !== 0)
    .map(([name]) => name);
  const { stack, thread } = sightings[0]!;
  return { from: from.id, to: to.id, kinds, stack, thread };
}

function classEntry({ name, rank, outer, inner, kind }: LockClass, subclass: number): JournalEntry {
  return { kind: 'class', name, subclass, rank, outer, inner, lockKind: kind };
}

/** Equal for what is one class to all threads, whichever object says it. */
function keyOf({ name, rank, outer, inner, kind }: LockClass, subclass: number): string {
  return JSON.stringify([name, subclass, rank, outer, inner, kind]);
}
