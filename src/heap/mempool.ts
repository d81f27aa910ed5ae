/**
 * Mempool: what heap.mempool() returns: a few elements that are kept for allocations that must not fail, under one name
 * in every thread.
 *
 *     alloc()        memory, or a sleep until an element comes back: never NONE where the caller may wait without limit
 *                    NONE where it may not, when neither the heap nor the pool has anything
 *     allocAsync()   the same, for threads that may not wait
 *
 * Elements that a thread had when it was killed are lost to the pool.
 *
 * Who may call: the thread that opened it, outside of every lock of the heap where it may wait.
 */
import { asyncLimitOf, type LockOptions, limitOf, type WaitLimit } from '../locks/lock-options.js';
import { sleepAsync } from '../locks/waiters.js';
import {
  __GFP_ACCOUNT,
  __GFP_DIRECT_RECLAIM,
  __GFP_HIGH,
  __GFP_NOFAIL,
  __GFP_NOMEMALLOC,
  __GFP_NORETRY,
  __GFP_ZERO,
  allowBlocking,
  allowSpinning,
  type Gfp,
  GfpError,
} from '../pages/gfp.js';
import { type ElementPool, MEMPOOL_SLICE_MILLIS } from '../pages/mempool.js';
import { leaveAll } from '../words/host.js';
import { type Address, NONE } from '../words/units.js';
import type { HeapParts } from './heap-parts.js';
import type { PoolElement } from './mempool-element.js';
import { reclaimFor } from './reclaim.js';

/** What the first try may not do: wait, use the reserves. */
const NOT_AT_FIRST = __GFP_DIRECT_RECLAIM | __GFP_HIGH | __GFP_NOFAIL;

export class Mempool {
  readonly name: string;
  /** How many elements are kept. */
  readonly minimum: number;
  private readonly _parts: HeapParts;
  private readonly _pool: ElementPool;
  private readonly _element: PoolElement;

  constructor(parts: HeapParts, name: string, minimum: number, pool: ElementPool, element: PoolElement) {
    this.name = name;
    this.minimum = minimum;
    this._parts = parts;
    this._pool = pool;
    this._element = element;
  }

  /** How many elements the pool has now. */
  get elements(): number {
    return this._pool.elements();
  }

  /**
   * Takes an element.
   *
   * @param gfp     what may be done to get it; the most that this thread may here unless given
   * @param options `timeoutMillis`: how long to wait at most; for ever unless given
   * @returns       NONE where it may not wait, or has waited long enough
   *
   * Errors   GfpError for __GFP_ZERO and __GFP_ACCOUNT, which elements that were kept cannot serve; ContextError for
   *          GFP_KERNEL where waiting is forbidden; Error where it would have to wait inside turn(fn).
   * Context  Any. Where it has to wait the turn ends: what was read before is stale.
   */
  alloc(gfp?: Gfp, options?: WaitLimit): Address {
    const { turn, rights, context, shrinkers, host } = this._parts;
    turn.pin();
    if (gfp !== undefined) this._requireGfp(gfp);
    const limitMillis = limitOf(options, `mempool '${this.name}'`, 'allocated from');
    const wanted = gfp ?? rights.most();
    const p = this._takeNow(wanted);
    if (p !== 0) return p as Address;
    // A shrinker that waits would wait for what it is to give.
    const mayWait = allowBlocking(wanted) && context.waitRight() === 'may-wait' && !shrinkers.isScanning();
    if (!mayWait || limitMillis === 0) return NONE;
    const late = this._pool.takeSync(() => this._tryOrLeave(wanted), host, limitMillis);
    // What leaves this function is read in a turn.
    turn.pin();
    return late as Address;
  }

  /**
   * alloc() for an async task: resolves to an element once there is one, or to NONE after `timeoutMillis`. Keeps the
   * process alive while it waits.
   *
   * Errors   The signal's reason.
   * Context  Any thread with an event loop.
   */
  async allocAsync(options?: LockOptions): Promise<Address> {
    const limitMillis = asyncLimitOf(options, `mempool '${this.name}'`, 'allocated from');
    const { host } = this._parts;
    const deadline = host.nowMillis() + limitMillis;
    const signal = options?.signal;
    const onAbort = () => this._pool.wakeAll();
    signal?.addEventListener('abort', onAbort);
    const letGo = host.startKeepAlive();
    try {
      for (;;) {
        if (signal?.aborted === true) throw signal.reason;
        const seen = this._pool.returns();
        const p = this._tryHere();
        const left = deadline - host.nowMillis();
        if (p !== 0 || left <= 0) return p as Address;
        const sleeper = {
          sleepAsync: (millis: number) => this._pool.sleepAsync(seen, millis),
          wakeSelf: () => this._pool.wakeAll(),
        };
        await sleepAsync(host, sleeper, Math.min(left, MEMPOOL_SLICE_MILLIS));
      }
    } finally {
      signal?.removeEventListener('abort', onAbort);
      letGo();
    }
  }

  /**
   * Gives an element back: to the pool, and to who waits for it, while the pool has fewer than it keeps; else to the heap.
   *
   * Errors   RangeError: `p` is not an element of this size.
   * Context  Any.
   */
  free(p: Address): void {
    const { turn, context } = this._parts;
    turn.pin();
    this._pool.put(this._element.require(p, this.name), context.waitRight() !== 'may-neither');
  }

  /** free() that tries each lock once, in any context. */
  freeNolock(p: Address): void {
    this._parts.turn.pin();
    this._pool.put(this._element.require(p, this.name), false);
  }

  /** The heap without waiting, the pool, and the heap with reclaim where that is allowed. */
  private _takeNow(gfp: Gfp): number {
    const narrowed = this._parts.rights.narrow(gfp);
    const maySpin = allowSpinning(narrowed);
    const first = maySpin ? (narrowed & ~NOT_AT_FIRST) | __GFP_NOMEMALLOC : narrowed;
    const p = this._element.alloc(first);
    if (p !== 0) return p;
    const q = this._pool.take(maySpin);
    if (q !== 0) return q;
    // Now with all that the caller has a right to.
    return allowBlocking(gfp) ? this._reclaim(gfp) : this._element.alloc(narrowed);
  }

  private _reclaim(gfp: Gfp): number {
    return reclaimFor(this._parts, gfp & ~__GFP_NOFAIL, () => this._element.alloc(gfp));
  }

  /** Between two sleeps: the heap; without it this thread leaves its turns. */
  private _tryOrLeave(gfp: Gfp): number {
    const { turn, host } = this._parts;
    turn.pin();
    const p = this._element.alloc(gfp);
    if (p === 0) leaveAll(host);
    return p;
  }

  /** What can be had now without a wait. */
  private _tryHere(): number {
    const { turn, rights } = this._parts;
    turn.pin();
    const most = rights.most();
    return this._takeNow(allowBlocking(most) ? most | __GFP_NORETRY : most);
  }

  private _requireGfp(gfp: Gfp): void {
    this._parts.rights.require(gfp, 'alloc() of a mempool');
    if ((gfp & (__GFP_ZERO | __GFP_ACCOUNT)) === 0) return;
    throw new GfpError(
      gfp,
      `allocated from mempool '${this.name}' with ${(gfp & __GFP_ZERO) !== 0 ? '__GFP_ZERO' : '__GFP_ACCOUNT'}: what was ` +
        'kept is neither zeroed nor charged to a group; leave it out, and fill the element yourself',
    );
  }
}
