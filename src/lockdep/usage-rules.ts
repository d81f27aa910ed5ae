/**
 * Usage rules: no hook or callback may come to wait for a lock that its own thread holds.
 *
 *     one class     not both taken inside (safe) and held open (unsafe), except by recursive readers alone
 *     two classes   no path  safe -> ... -> unsafe:  thread 1 holds the unsafe one, and its hook wants the safe one,
 *                   which thread 2 holds while it waits for the unsafe one
 *
 * Both are checked from both sides: when a class gets a usage, and when the graph gets an edge. A lock that each
 * thread has for itself (percpu), and what is no lock (waitOverride), are on no such path.
 *
 * Follows mark_lock_irq() and check_irq_usage() of kernel/locking/lockdep.c.
 */
import type { Chain } from './chain-trie.js';
import { isRead, isRecursive } from './chain-trie.js';
import type { ClassNode } from './class-graph.js';
import { findPath, type Visit } from './path-search.js';
import { ALL_ENABLED, ALL_USED_IN, BY_WRITERS, conflictsOf, exclusiveWith } from './usage.js';

/** A class of which `bit` is to be true, and what speaks against it. */
export interface UsageConflict {
  readonly bit: number;
  /** The other class's usage, or of the same. */
  readonly conflicting: number;
  /** The path to the other class; undefined when it is the same class. */
  readonly path: Visit | undefined;
}

/** Two classes on a path that a new edge would close. */
export interface UsagePair {
  readonly safe: Visit;
  readonly unsafe: Visit;
  readonly safeBit: number;
  readonly unsafeBit: number;
}

/** What speaks against `bit` for the lock that `chain` ends with; undefined when nothing does. */
export function conflictWith(chain: Chain, bit: number): UsageConflict | undefined {
  const { node, how } = chain;
  const own = node.usage & conflictsOf(bit);
  if (own !== 0) return { bit, conflicting: lowestBit(own), path: undefined };
  const wanted = exclusiveWith(bit);
  const path =
    bit & ALL_USED_IN
      ? findPath('after', node, isRecursive(how), matching(wanted), isOnNoPath)
      : findPath('before', node, isRead(how), matching(wanted), isOnNoPath);
  if (path === undefined) return undefined;
  return { bit, conflicting: lowestBit(usageOf(path) & wanted), path };
}

/** A safe class before `prev` and an unsafe one after `next`, where prev -> next would join them. */
export function pairJoinedBy(prev: Chain, next: Chain): UsagePair | undefined {
  let before = 0;
  const isPrevRead = isRead(prev.how);
  const gather = (visit: Visit): boolean => {
    before |= usageOf(visit);
    return false;
  };
  findPath('before', prev.node, isPrevRead, gather, isOnNoPath);
  before &= ALL_USED_IN;
  if (before === 0) return undefined;
  const wanted = exclusiveWith(before);
  const unsafe = findPath('after', next.node, isRecursive(next.how), matching(wanted), isOnNoPath);
  if (unsafe === undefined) return undefined;
  // Only what may be held open counts: its other usages say nothing about this pair.
  const open = usageOf(unsafe) & wanted & ALL_ENABLED;
  const safe = findPath('before', prev.node, isPrevRead, matching(exclusiveWith(open)), isOnNoPath);
  if (safe === undefined) return undefined;
  const safeBit = lowestBit(usageOf(safe) & exclusiveWith(open));
  return { safe, unsafe, safeBit, unsafeBit: lowestBit(open & exclusiveWith(safeBit)) };
}

function matching(wanted: number): (visit: Visit) => boolean {
  return (visit) => (usageOf(visit) & wanted) !== 0;
}

/** Where a path arrives weakly, only writers at its end wait or are waited for. */
function usageOf({ node, isWeak }: Visit): number {
  return isWeak ? node.usage & BY_WRITERS : node.usage;
}

function isOnNoPath({ lockClass }: ClassNode): boolean {
  return lockClass.kind !== 'normal';
}

export function lowestBit(bits: number): number {
  return bits & -bits;
}
