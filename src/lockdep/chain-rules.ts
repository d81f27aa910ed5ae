/**
 * Chain rules: what is checked when a chain of held locks is seen for the first time.
 *
 *     same class      a lock of a class that is held already, unless both are readers and the inner one is a
 *                     recursive one, or a nest lock keeps others away
 *     order           prev -> next for each held lock from the innermost outwards, up to and including the first
 *                     that was waited for; no strong path next -> ... -> prev may exist
 *     contexts        no path from a safe to an unsafe class may arise (usage-rules.ts)
 *
 * A trylock waits for nobody, so nothing is checked for it; it can still be prev. What a recursive reader holds
 * does not end the walk: the edges over it are weak, and an order that only they say would be missed. (The
 * kernel ends it there.) What async tasks hold is always prev: it is in no order with the thread's own locks.
 *
 * Follows check_deadlock() and check_prevs_add() of kernel/locking/lockdep.c.
 */
import { type Chain, isRead, isRecursive, isTrylock } from './chain-trie.js';
import { type ClassGraph, dependencyBits } from './class-graph.js';
import type { HeldLock } from './held-locks.js';
import { findPath, type Visit } from './path-search.js';
import { pairJoinedBy, type UsagePair } from './usage-rules.js';

/** A lock that is about to be waited for. */
export interface Taking {
  readonly chain: Chain;
  readonly instance: number;
  /** Where this is: the chain's own stack may be of another time. */
  readonly stack: string;
  /** Bits of the contexts the thread is in. */
  readonly contexts: number;
  /** Whether the nest lock that was named is held. */
  readonly isNested: boolean;
}

/** Told of what is wrong, and nothing else. */
export interface ChainFindings {
  sameClass(prev: HeldLock, next: Taking): void;
  /** `path` leads from next's class to prev's. */
  inversion(prev: HeldLock, next: Taking, path: Visit): void;
  unsafePair(prev: HeldLock, next: Taking, pair: UsagePair): void;
}

export class ChainRules {
  private readonly _graph: ClassGraph;
  private readonly _thread: string;
  private readonly _findings: ChainFindings;

  /** @param thread the name under which new edges are remembered */
  constructor(graph: ClassGraph, thread: string, findings: ChainFindings) {
    this._graph = graph;
    this._thread = thread;
    this._findings = findings;
  }

  /**
   * Checks `next` against all that is held, and learns the new edges; inside graph.exclusively() only.
   *
   * @param tasks what async tasks hold
   * @param own   what the thread holds by itself, outermost first
   */
  check(tasks: readonly HeldLock[], own: readonly HeldLock[], next: Taking): void {
    const same = tasks.find((prev) => isSameAgain(prev, next)) ?? own.find((prev) => isSameAgain(prev, next));
    if (same !== undefined) {
      // Under a nest lock the inner ones add no order: the nest lock is before them all.
      if (!next.isNested) this._findings.sameClass(same, next);
      return;
    }
    this._addOwn(own, next);
    // A context that came in between waits for no task: usage-rules.ts covers it.
    if (next.contexts === 0) for (const prev of tasks) this._addEdge(prev, next);
  }

  private _addOwn(own: readonly HeldLock[], next: Taking): void {
    for (let at = own.length - 1; at >= 0; at--) {
      const prev = own[at]!;
      if (prev.contexts !== next.contexts) return;
      this._addEdge(prev, next);
      if (!isTrylock(prev.chain.how) && !isRecursive(prev.chain.how)) return;
    }
  }

  private _addEdge(prev: HeldLock, next: Taking): void {
    const from = prev.chain.node;
    const to = next.chain.node;
    const bits = dependencyBits(isRead(prev.chain.how), isRecursive(next.chain.how));
    if (from === to || this._graph.hasEdge(from, to, bits)) return;
    const path = pathBack(prev.chain, next.chain);
    const pair = path === undefined ? pairJoinedBy(prev.chain, next.chain) : undefined;
    if (path !== undefined) this._findings.inversion(prev, next, path);
    else if (pair !== undefined) this._findings.unsafePair(prev, next, pair);
    else this._graph.addEdge(from, to, { bits, stack: next.stack, thread: this._thread });
  }
}

/** A path on which whoever holds next comes to wait for who holds prev. */
function pathBack(prev: Chain, next: Chain): Visit | undefined {
  const isPrevExclusive = !isRead(prev.how);
  return findPath(
    'after',
    next.node,
    isRecursive(next.how),
    (visit) => visit.node === prev.node && (isPrevExclusive || !visit.isWeak),
  );
}

/** Readers may take again as recursive readers what they hold. */
function isSameAgain(prev: HeldLock, { chain }: Taking): boolean {
  return prev.chain.node === chain.node && !(isRecursive(chain.how) && isRead(prev.chain.how));
}
