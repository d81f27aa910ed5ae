/**
 * Held locks: what this thread holds by itself.
 *
 *     0        1        2           depth
 *     zone     barn     (hook) x    .. unused, to be filled again ..
 *
 * Whoever waits synchronously stops the whole thread, so such a lock comes after everything in here, and after what
 * async tasks hold (TaskLocks). Locks may be released in any order.
 *
 * I1  Below depth every entry isHeld; entries above depth are nobody's.
 */
import type { LockClass, WaitType } from '../locks/lock-class.js';
import { type Chain, emptyChain } from './chain-trie.js';

/** Locks one thread can hold by itself; the kernel's size. */
export const MAX_HELD = 48;

/** A lock that is held. */
export class HeldLock {
  chain: Chain;
  instance: number;
  /** Bits of the contexts in which it was taken. */
  contexts = 0;
  /** How much waiting is allowed inside, and by the context alone. */
  allowed: WaitType = 0;
  contextAllowed: WaitType = 0;
  isHeld = true;
  /** Locks of the same class, taken under a nest lock after this one. */
  nested: number[] | undefined = undefined;

  constructor(chain: Chain, instance: number) {
    this.chain = chain;
    this.instance = instance;
  }

  /** Any lock of the class where `instance` is undefined. */
  isOf(lock: LockClass, instance: number | undefined): boolean {
    return isSameClass(this.chain.lock, lock) && (instance === undefined || this.hasInstance(instance));
  }

  hasInstance(instance: number): boolean {
    return this.instance === instance || (this.nested?.includes(instance) ?? false);
  }

  /** Gives up one of several locks; false when there is but one. */
  dropNested(instance: number): boolean {
    if (this.nested === undefined) return false;
    if (this.instance === instance) this.instance = this.nested.pop()!;
    else this.nested.splice(this.nested.indexOf(instance), 1);
    if (this.nested.length === 0) this.nested = undefined;
    return true;
  }
}

export class HeldLocks {
  /** Entries at `depth` and above are nobody's. */
  readonly entries: HeldLock[] = [];
  depth = 0;

  top(): HeldLock | undefined {
    return this.depth === 0 ? undefined : this.entries[this.depth - 1];
  }

  /** The caller makes sure that depth stays below MAX_HELD. */
  push(chain: Chain, instance: number): HeldLock {
    const held = this.entries[this.depth] ?? this._grow();
    held.chain = chain;
    held.instance = instance;
    held.isHeld = true;
    this.depth++;
    return held;
  }

  /** Takes out the entry on top, which has nothing nested. */
  pop(): void {
    this.depth--;
    this.entries[this.depth]!.isHeld = false;
  }

  /** Index of the innermost matching lock, -1 without one. */
  find(lock: LockClass, instance: number | undefined): number {
    for (let at = this.depth - 1; at >= 0; at--) if (this.entries[at]!.isOf(lock, instance)) return at;
    return -1;
  }

  holdsInstance(instance: number): boolean {
    for (let at = 0; at < this.depth; at++) if (this.entries[at]!.hasInstance(instance)) return true;
    return false;
  }

  /** Takes an entry out; those above move down. */
  remove(at: number): void {
    const held = this.entries[at]!;
    held.isHeld = false;
    held.nested = undefined;
    this.depth--;
    for (let above = at; above < this.depth; above++) this.entries[above] = this.entries[above + 1]!;
    this.entries[this.depth] = held;
  }

  /** What is held, as an array of its own. */
  list(): HeldLock[] {
    return this.entries.slice(0, this.depth);
  }

  private _grow(): HeldLock {
    const held = new HeldLock(emptyChain(), 0);
    this.entries.push(held);
    return held;
  }
}

/** One class may be said by several objects: each thread makes its own. */
export function isSameClass(one: LockClass, other: LockClass): boolean {
  if (one === other) return true;
  return (
    one.name === other.name &&
    one.rank === other.rank &&
    one.outer === other.outer &&
    one.inner === other.inner &&
    one.kind === other.kind
  );
}
