/**
 * ChainTrie: every stack of held locks that this thread has had, so that a known one is known at a glance.
 *
 *     root -- zone, write -- barn, write
 *         \-- barn, write -- zone, try
 *
 * A chain is the classes, and how each was taken, from the outermost lock inwards. Taking a lock is one step down:
 * one Map look-up. What is found there was checked before.
 */
import { type LockClass, SUBCLASS_SHIFT, TAKEN } from '../locks/lock-class.js';
import type { ClassNode } from './class-graph.js';

/** Chains that fit; the kernel's size. */
export const MAX_CHAINS = 65536;

/** In `how`, above the subclasses: taken under a nest lock. */
export const NESTED = 1 << 8;

/** A chain, by its innermost lock. */
export class Chain {
  readonly lock: LockClass;
  /** TAKEN bits, the subclass above them, and NESTED. */
  readonly how: number;
  readonly node: ClassNode;
  /** Where the chain was first seen in this thread. */
  readonly stack: string;
  /** Whether its innermost lock was checked against the others. */
  isChecked = false;
  /** Another chain of the same class, taken in another way. */
  readonly sibling: Chain | undefined;
  private readonly _inner = new Map<LockClass, Chain>();

  constructor(lock: LockClass, how: number, node: ClassNode, stack: string, sibling?: Chain) {
    this.lock = lock;
    this.how = how;
    this.node = node;
    this.stack = stack;
    this.sibling = sibling;
  }

  /** The chain with one lock more; undefined when that is new. */
  find(lock: LockClass, how: number): Chain | undefined {
    let chain = this._inner.get(lock);
    while (chain !== undefined && chain.how !== how) chain = chain.sibling;
    return chain;
  }

  /** Adds the chain with one lock more. */
  add(lock: LockClass, how: number, node: ClassNode, stack: string): Chain {
    const chain = new Chain(lock, how, node, stack, this._inner.get(lock));
    this._inner.set(lock, chain);
    return chain;
  }
}

const NOTHING: LockClass = { name: '', rank: 0, outer: 0, inner: 0, kind: 'normal' };
const NO_NODE: ClassNode = {
  id: -1,
  lockClass: NOTHING,
  subclass: 0,
  usage: 0,
  usageSightings: [],
  after: [],
  before: [],
};

/** The chain of who holds nothing. */
export function emptyChain(): Chain {
  return new Chain(NOTHING, 0, NO_NODE, '');
}

export function subclassOf(how: number): number {
  return (how & (NESTED - 1)) >> SUBCLASS_SHIFT;
}

export function isTrylock(how: number): boolean {
  return (how & TAKEN.trylock) !== 0;
}

/** As a reader of either kind. */
export function isRead(how: number): boolean {
  return (how & (TAKEN.recursiveRead | TAKEN.queuedRead)) !== 0;
}

export function isRecursive(how: number): boolean {
  return (how & TAKEN.recursiveRead) !== 0;
}
