/**
 * Lock classes: what is known of all locks of one kind, and what a lock tells whoever observes it.
 *
 *     wait types     free < spin < config < sleep < most
 *     outer          what the context around a lock must allow: at least this much waiting
 *     inner          how much waiting the lock allows inside
 *
 *     raw spin: spin, spin      spin, local lock: config, config      mutex: sleep, sleep
 *     RCU read section: free, config
 *
 * Rank: who holds a lock takes only locks of a higher rank, or of the same class with a higher subclass. The
 * ranks are a promise on paper; docs/lock-order.md lists them, and the validator's graph is held against them.
 *
 * Follows include/linux/lockdep_types.h (lockdep_wait_type, lockdep_lock_type, lock_class_key).
 */

/** How much waiting; the kernel's LD_WAIT values. `config` is where stricter platforms would wait and others spin. */
export const WAIT = { none: 0, free: 1, spin: 2, config: 3, sleep: 4, most: 5 } as const;
export type WaitType = (typeof WAIT)[keyof typeof WAIT];

/**
 * normal        one lock for all threads
 * percpu        each thread has its own: two threads cannot wait for each other's
 * waitOverride  not a lock: sets how much waiting is allowed inside, also to more
 */
export type LockKind = 'normal' | 'percpu' | 'waitOverride';

export interface LockClass {
  readonly name: string;
  /** 0 for classes outside of Lull's own order. */
  readonly rank: number;
  readonly outer: WaitType;
  readonly inner: WaitType;
  readonly kind: LockKind;
}

/** How a lock is taken, as bits that a LockObserver is told. */
export const TAKEN = {
  /** By a reader who may be inside already, whoever waits for writing. */
  recursiveRead: 1,
  /** By a reader who queues behind who waits for writing. */
  queuedRead: 2,
  /** Without waiting. */
  trylock: 4,
  /** By an async task: the thread goes on meanwhile. */
  async: 8,
} as const;

/** Subclasses lie above the bits of TAKEN: `how = subclass << SUBCLASS_SHIFT | TAKEN bits`. */
export const SUBCLASS_SHIFT = 4;
export const MAX_SUBCLASSES = 8;

/**
 * Whoever is told of every acquisition: the validator, in heaps that have one.
 *
 * `instance` tells locks of one class apart: the lock's word index.
 * Each may throw what it reports; then the lock is as it was before the call.
 */
export interface LockObserver {
  /** Before a wait for the lock begins, or after a trylock that succeeded. From now on the thread holds it. */
  lockAcquire(lock: LockClass, instance: number, how: number, nestLock?: number): void;
  /** Before an async task waits; it holds the lock from lockGranted on. */
  lockAwait(lock: LockClass, instance: number, how: number): void;
  /** An async task got the lock; who goes on when `granted` resolves holds it. */
  lockGranted(lock: LockClass, instance: number, how: number, granted: object): void;
  /** Before the lock is let go, or after a wait for it ended without it. */
  lockRelease(lock: LockClass, instance: number): void;
}

/** Observes nothing. */
export const UNOBSERVED: LockObserver = {
  lockAcquire() {},
  lockAwait() {},
  lockGranted() {},
  lockRelease() {},
};

/** What all locks of one kind have in common. */
export function lockClass(
  name: string,
  wait: WaitType,
  more: { rank?: number; outer?: WaitType; kind?: LockKind } = {},
): LockClass {
  const { rank = 0, outer = wait, kind = 'normal' } = more;
  return { name, rank, outer, inner: wait, kind };
}
