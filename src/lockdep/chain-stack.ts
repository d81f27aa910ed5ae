/**
 * ChainStack: all that this thread and its async tasks hold, and the chain that the next lock would add to.
 *
 *     what the tasks hold, one of each kind  ->  base  ->  own lock  ->  own lock
 *     in a hook or callback                  ->  root  ->  lock taken there
 *
 * What a task was granted lies below all that the thread holds by itself, whenever it came: then a lock that the
 * thread waits for comes after it, and the chains stay few however many tasks there are.
 *
 * What tasks hold changes often, and is looked at only where the thread waits: so the base, and the chains of the
 * thread's own locks above it, are found again then, and not at each change.
 *
 * I1  The chain of each entry is the one that the entries below it, in its context, lead to: after _settle().
 */
import type { LockClass, WaitType } from '../locks/lock-class.js';
import { type Chain, emptyChain, MAX_CHAINS, subclassOf } from './chain-trie.js';
import type { ClassGraph } from './class-graph.js';
import { HeldLock, HeldLocks } from './held-locks.js';
import { TaskLocks, type Way } from './task-locks.js';
import type { ThreadContexts } from './thread-contexts.js';
import type { WaitRules } from './wait-context.js';

export class ChainStack {
  /** What the thread holds by itself. */
  readonly own = new HeldLocks();
  /** What its async tasks hold. */
  readonly tasks = new TaskLocks();
  private readonly _graph: ClassGraph;
  private readonly _contexts: ThreadContexts;
  private readonly _rules: WaitRules;
  private readonly _maxChains: number;
  private _root = emptyChain();
  private _base = this._root;
  /** What the base was found for; undefined where that is to be done anew. */
  private _baseWays: readonly Way[] | undefined = undefined;
  /** Every base that was found. */
  private _bases = new WeakMap<readonly Way[], Chain>();
  private _chains = 0;

  constructor(graph: ClassGraph, contexts: ThreadContexts, rules: WaitRules, maxChains = MAX_CHAINS) {
    this._graph = graph;
    this._contexts = contexts;
    this._rules = rules;
    this._maxChains = maxChains;
  }

  /** The chain of what is held in this context. */
  outer(): Chain {
    this._settle();
    const top = this.own.top();
    const { bits } = this._contexts;
    if (top !== undefined && top.contexts === bits) return top.chain;
    return bits === 0 ? this._base : this._root;
  }

  /** How much waiting is allowed here. */
  allowed(): WaitType {
    this._settle();
    const top = this.own.top();
    const { bits, allowed } = this._contexts;
    return top !== undefined && top.contexts === bits ? top.allowed : this._allowedBelow(bits, allowed);
  }

  /** How much waiting what tasks hold allows, whatever the thread holds by itself. */
  allowedByTasks(): WaitType {
    return this._rules.effective(this.tasks.leastInner());
  }

  /** `outer` with one lock more; made with `stack()` where it is new. Undefined when the graph is off. */
  step(outer: Chain, lock: LockClass, how: number, stack: () => string): Chain | undefined {
    return outer.find(lock, how) ?? this._add(outer, lock, how, stack);
  }

  /** The chain of what a task holds, or all of them. Undefined when the graph is off. */
  chainOf(locks: readonly { readonly chain: Chain }[]): Chain | undefined {
    let chain: Chain | undefined = this._root;
    for (const { chain: held } of locks) {
      if (chain !== undefined) chain = this.step(chain, held.lock, held.how, () => held.stack);
    }
    return chain;
  }

  push(chain: Chain, instance: number): void {
    const allowed = this.allowed();
    const held = this.own.push(chain, instance);
    held.contexts = this._contexts.bits;
    held.contextAllowed = this._contexts.allowed;
    held.allowed = this._rules.inside(chain.lock, allowed);
  }

  /** An entry of its own for what a task holds from now on. */
  pushTask(chain: Chain, instance: number): HeldLock {
    const held = new HeldLock(chain, instance);
    this.tasks.add(held);
    return held;
  }

  /**
   * Takes a lock out that is not on top, or that a task holds; false when nobody here holds it.
   *
   * @param heldByTask what the task holds that releases it
   */
  remove(lock: LockClass, instance: number, heldByTask: () => readonly HeldLock[]): boolean {
    const at = this.own.find(lock, instance);
    const held = at < 0 ? this.tasks.findToRelease(lock, instance, heldByTask) : this.own.entries[at];
    if (held === undefined) return false;
    if (held.dropNested(instance)) return true;
    if (at < 0) this.tasks.remove(held);
    else {
      this.own.remove(at);
      this._rechain(at);
    }
    return true;
  }

  find(lock: LockClass, instance: number | undefined): HeldLock | undefined {
    const at = this.own.find(lock, instance);
    return at < 0 ? this.tasks.find(lock, instance) : this.own.entries[at];
  }

  holdsInstance(instance: number): boolean {
    return this.own.holdsInstance(instance) || this.tasks.holdsInstance(instance);
  }

  /** All that is held, as an array of its own. */
  list(): HeldLock[] {
    return [...this.tasks.list(), ...this.own.list()];
  }

  private _allowedBelow(contexts: number, contextAllowed: WaitType): WaitType {
    if (contexts !== 0) return contextAllowed;
    const allowed = this.allowedByTasks();
    return allowed < contextAllowed ? allowed : contextAllowed;
  }

  private _add(outer: Chain, lock: LockClass, how: number, stack: () => string): Chain | undefined {
    const node = this._graph.nodeOf(lock, subclassOf(how));
    if (node === undefined) return undefined;
    if (++this._chains > this._maxChains) this._forgetChains();
    return outer.add(lock, how, node, stack());
  }

  /** The chains are only remembered checks: what is held keeps its own, the rest is checked anew. */
  private _forgetChains(): void {
    this._chains = 0;
    this._root = emptyChain();
    this._baseWays = undefined;
    this._bases = new WeakMap();
  }

  /** Finds the base again, and all above it, where tasks hold something else than when it was found. */
  private _settle(): void {
    const ways = this.tasks.distinct();
    if (ways === this._baseWays) return;
    this._baseWays = ways;
    this._base = this._bases.get(ways) ?? this._findBase(ways);
    this._rechain(0);
  }

  private _findBase(ways: readonly Way[]): Chain {
    const bases = this._bases;
    const base = this.chainOf(ways) ?? this._root;
    // Not where the chains were forgotten on the way.
    bases.set(ways, base);
    return base;
  }

  /** Finds the chains of the entries from `from` on, after something below them has changed (I1). */
  private _rechain(from: number): void {
    const { entries, depth } = this.own;
    for (let at = from; at < depth; at++) {
      const held = entries[at]!;
      const below = at > 0 && entries[at - 1]!.contexts === held.contexts ? entries[at - 1] : undefined;
      const outer = below?.chain ?? (held.contexts === 0 ? this._base : this._root);
      const { lock, how, stack } = held.chain;
      held.chain = this.step(outer, lock, how, () => stack) ?? held.chain;
      const allowed = below?.allowed ?? this._allowedBelow(held.contexts, held.contextAllowed);
      held.allowed = this._rules.inside(lock, allowed);
    }
  }
}
