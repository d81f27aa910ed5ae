/**
 * TaskLocks: what the async tasks of this thread hold, in no order, for they go on independently.
 *
 *     by instance    606080: held        606000: held, held           who releases says lock and instance
 *     ways           orders, written: 1      users, read: 2           what the thread's next lock comes after
 *
 * Taking and releasing cost the same however many are held. Only distinct() goes through the ways, and only for a
 * set of them that is new: the sets are remembered, each with those that differ from it in one way.
 *
 *     { orders, users }  <- db comes, db goes ->  { orders, users, db }
 *
 * Nothing is deleted from a Map on the way: in V8 that takes time in proportion to its size. What is empty is kept,
 * and swept out when it is more than what is not.
 *
 * I1  A way's count is how many held locks are of it.
 * I2  Entries are never used again: a task may ask for one after its release.
 */
import { type LockClass, WAIT, type WaitType } from '../locks/lock-class.js';
import type { Chain } from './chain-trie.js';
import type { HeldLock } from './held-locks.js';

/** A class, and how it was taken: all that orders are about. */
export interface Way {
  /** Ends with the lock that was taken first of those held. */
  chain: Chain;
  count: number;
}

/** More than there are bits in `how`. */
const HOW_UNIT = 512;
/** Sets that are remembered. */
const MOST_SETS = 1000;
/** Empty lists are not looked for among fewer. */
const FEW = 64;

/** Ways that were held at once. Two may be equal, where they came about differently. */
class WaySet {
  /** Undefined until somebody asks. */
  ways: readonly Way[] | undefined = undefined;
  /** With the way if this is without it, and without it if this is with it. */
  readonly neighbours = new Map<Way, WaySet>();
}

export class TaskLocks {
  private readonly _byInstance = new Map<number, HeldLock[]>();
  private readonly _ways = new Map<number, Way>();
  private _set = new WaySet();
  private _setCount = 1;
  /** Held locks by how much waiting they allow inside. */
  private readonly _byInner = [0, 0, 0, 0, 0, 0];
  private _count = 0;

  add(held: HeldLock): void {
    const same = this._byInstance.get(held.instance);
    if (same === undefined) this._byInstance.set(held.instance, [held]);
    else same.push(held);
    this._count++;
    if (this._byInstance.size > FEW + 2 * this._count) this._sweep();
    this._byInner[limitOf(held)]!++;
    const way = this._wayOf(held);
    if (way.count++ > 0) return;
    way.chain = held.chain;
    this._toggle(way);
  }

  remove(held: HeldLock): void {
    held.isHeld = false;
    const same = this._byInstance.get(held.instance)!;
    same.splice(same.indexOf(held), 1);
    this._count--;
    this._byInner[limitOf(held)]!--;
    const way = this._wayOf(held);
    if (--way.count === 0) this._toggle(way);
  }

  holdsInstance(instance: number): boolean {
    return (this._byInstance.get(instance)?.length ?? 0) > 0;
  }

  /** Any lock of the class where `instance` is undefined. */
  find(lock: LockClass, instance: number | undefined): HeldLock | undefined {
    const candidates = instance === undefined ? this.list() : this._byInstance.get(instance);
    return candidates?.find((held) => held.isOf(lock, instance));
  }

  /** The one to release: of several, as readers have them, that of the task which releases. */
  findToRelease(
    lock: LockClass,
    instance: number,
    heldByTask: () => readonly HeldLock[],
  ): HeldLock | undefined {
    const ofTask =
      (this._byInstance.get(instance)?.length ?? 0) > 1
        ? heldByTask().find((held) => held.isOf(lock, instance))
        : undefined;
    return ofTask ?? this.find(lock, instance);
  }

  list(): HeldLock[] {
    return [...this._byInstance.values()].flat();
  }

  /** Every way, in an order that does not depend on who came first; mostly the same array for the same ways. */
  distinct(): readonly Way[] {
    this._set.ways ??= [...this._ways]
      .filter(([, { count }]) => count > 0)
      .sort(([a], [b]) => a - b)
      .map(([, way]) => way);
    return this._set.ways;
  }

  /** How much waiting the strictest of them allows inside. */
  leastInner(): WaitType {
    for (const wait of LIMITS) if (this._byInner[wait]! > 0) return wait;
    return WAIT.most;
  }

  /** Goes over to the set that differs in `way`. */
  private _toggle(way: Way): void {
    let next = this._set.neighbours.get(way);
    if (next === undefined) {
      next = new WaySet();
      if (this._setCount++ < MOST_SETS) {
        next.neighbours.set(way, this._set);
        this._set.neighbours.set(way, next);
      } else this._setCount = 1;
    }
    this._set = next;
  }

  private _wayOf({ chain }: HeldLock): Way {
    const key = chain.node.id * HOW_UNIT + chain.how;
    let way = this._ways.get(key);
    if (way === undefined) {
      way = { chain, count: 0 };
      this._ways.set(key, way);
    }
    return way;
  }

  private _sweep(): void {
    for (const [instance, held] of this._byInstance) if (held.length === 0) this._byInstance.delete(instance);
  }
}

const LIMITS = [WAIT.free, WAIT.spin, WAIT.config, WAIT.sleep] as const;

/** What is no lock limits nobody. */
function limitOf({ chain: { lock } }: HeldLock): WaitType {
  return lock.kind === 'waitOverride' ? WAIT.none : lock.inner;
}
