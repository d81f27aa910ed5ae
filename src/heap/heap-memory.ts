/**
 * HeapMemory: what one thread's heap gives and takes: objects and pages, for callers that may wait, may spin, or
 * may do neither.
 *
 *     kmalloc, allocPages               as gfp says: waits, spins, or tries
 *     kfree, freePages                  spin, where the thread may
 *     ...Nolock                         try each lock once: memory or an immediate NONE; a free ends on some list
 *     kfreeRcu                          never fails, never waits, in any context
 *     kfreeRcuMightsleep                never fails, and may wait
 *
 * Without a gfp an allocation does the most that is allowed where it is called: in a worker it waits and reclaims,
 * on a browser's main thread it reclaims without waiting, in a worklet, a hook or a raw lock it only tries.
 *
 * Who may call: the thread that the object belongs to.
 */
import { __GFP_ZERO, GFP_KERNEL, GFP_NOLOCK, type Gfp, requireNolockGfp } from '../pages/gfp.js';
import type { Rights } from '../pages/rights.js';
import type { KfreeRcu } from '../slab/kfree-rcu.js';
import type { Kmalloc } from '../slab/kmalloc.js';
import type { Turn } from '../threads/turn.js';
import { type Address, PAGE_BYTES } from '../words/units.js';
import { allocHard } from './alloc-hard.js';
import type { HeapParts } from './heap-parts.js';
import { postOrWait, requireMightSleep } from './mightsleep.js';
import { allocAt, freeAt, retireAt } from './placed-memory.js';

// A local copy: the engine folds a module's own constants into the code; imported ones it loads at every use.
const MOST = GFP_KERNEL;

export class HeapMemory {
  protected readonly parts: HeapParts;
  private readonly _turn: Turn;
  private readonly _rights: Rights;
  private readonly _kmalloc: Kmalloc;
  private readonly _kfreeRcu: KfreeRcu;

  protected constructor(parts: HeapParts) {
    this.parts = parts;
    this._turn = parts.turn;
    this._rights = parts.rights;
    this._kmalloc = parts.kmalloc;
    this._kfreeRcu = parts.kfreeRcu;
  }

  /**
   * Takes memory of at least `bytes` bytes.
   *
   * @param bytes 1 to 4 MiB
   * @param gfp   what may be done to get it; the most that this thread may here unless given
   * @returns     an address, a multiple of 8 bytes; without the right to reclaim NONE when nothing is to be had.
   *
   * Errors    OutOfMemoryError where it may reclaim, and that brought nothing; RangeError for `bytes`; GfpError for
   *           bits that contradict each other; ContextError for GFP_KERNEL where waiting is forbidden.
   * Context   Any thread of the heap. The turn lasts until the synchronous run ends.
   * Ordering  The memory holds old bytes unless __GFP_ZERO. Fill it with plain stores, then publish its
   *           address with one `words.store`.
   */
  kmalloc(bytes: number, gfp?: Gfp): Address {
    if (this._turn.pinned === false) this._turn.pin();
    if (gfp !== undefined) return this._kmallocAs(bytes, gfp);
    const p = this._kmalloc.alloc(bytes, MOST);
    return (p !== 0 ? p : this._kmallocHard(bytes, undefined) | 0) as Address;
  }

  /**
   * kmalloc that tries each lock once: memory or an immediate NONE, in any context. Where the cache of the size is
   * busy in this very thread, or has nothing, the next larger one is tried, once.
   *
   * @param gfp __GFP_ZERO and __GFP_ACCOUNT, or nothing
   *
   * Errors   RangeError for `bytes`, GfpError for `gfp`.
   * Context  Any, also inside any lock, and in a hook. A bounded number of steps (docs/any-context.md).
   */
  kmallocNolock(bytes: number, gfp: Gfp = GFP_NOLOCK): Address {
    if (this._turn.pinned === false) this._turn.pin();
    if (gfp !== GFP_NOLOCK) requireNolockGfp(gfp, 'kmallocNolock()');
    return this._kmalloc.allocNolock(bytes, gfp) as Address;
  }

  /** Gives an object back at once: only what no other thread can reach. RangeError says what `p` is instead. */
  kfree(p: Address): void {
    if (this._turn.pinned === false) this._turn.pin();
    this._kmalloc.free(p);
  }

  /**
   * kfree that tries each lock once, in any context: the object ends in a sheaf, on its slab, or on the cache's list
   * of deferred frees, which the next ordinary operation on the cache empties. Takes what kmalloc() returned as well.
   */
  kfreeNolock(p: Address): void {
    if (this._turn.pinned === false) this._turn.pin();
    this._kmalloc.freeNolock(p);
  }

  /** kfree for each address of an array; stops at the first that is refused, which its error names. */
  kfreeBulk(ps: ArrayLike<Address>): void {
    requireArrayLike(ps, 'kfreeBulk()');
    this._turn.pin();
    for (let i = 0; i < ps.length; i++) this._kmalloc.free(ps[i]!);
  }

  /** kfreeNolock for each address of an array; stops as kfreeBulk(). */
  kfreeBulkNolock(ps: ArrayLike<Address>): void {
    requireArrayLike(ps, 'kfreeBulkNolock()');
    this._turn.pin();
    for (let i = 0; i < ps.length; i++) this._kmalloc.freeNolock(ps[i]!);
  }

  /**
   * Frees `p` after a grace period: when every turn that may have read it has ended. Never fails, never waits.
   *
   * @param headOffset word offset in `p` of two words that readers leave alone (RcuHead); used when no memory
   *                   is to be had for a better way
   *
   * Errors   RangeError: `p` is not an object, or the head does not lie inside it.
   * Context  Any thread of the heap, in any context, after `p` was unlinked with an atomic store.
   */
  kfreeRcu(p: Address, headOffset = 0): void {
    if (this._turn.pinned === false) this._turn.pin();
    if (headOffset !== 0) this._kfreeRcu.requireHead(p, headOffset);
    this._kfreeRcu.post(p, headOffset);
  }

  /** kfreeRcu for each address of an array; stops at the first that is refused, which its error names. */
  kfreeRcuBulk(ps: ArrayLike<Address>, headOffset = 0): void {
    requireArrayLike(ps, 'kfreeRcuBulk()');
    for (let i = 0; i < ps.length; i++) this.kfreeRcu(ps[i]!, headOffset);
  }

  /**
   * kfreeRcu of what has no two words for an RcuHead: all of it may be read until the grace period is over. Where no memory
   * is to be had it reclaims a little, and at last waits for a grace period itself: then this thread's turn has ended, and
   * addresses read before are stale.
   *
   * Errors   RangeError: `p` is not an object. ContextError where this thread may not wait, Error inside turn(fn) or a
   *          read section, whether it would have to wait or not. Then nothing has changed.
   */
  kfreeRcuMightsleep(p: Address): void {
    requireMightSleep(this.parts);
    this._turn.pin();
    const left = this._kfreeRcu.postHeadless(p);
    if (left !== 0) postOrWait(this.parts, left);
  }

  /**
   * kmalloc() whose address is stored at the word `place` of the heap, in one operation as far as this thread's death goes:
   * whatever it stops at, once it is reaped the word leads to memory in use, or holds NONE and nothing is lost.
   *
   * @param place index of a word of the heap that holds NONE, and that this thread alone changes now
   *
   * Errors   as kmalloc(); RangeError for `place`, Error where it holds an address. Then nothing has changed.
   * Ordering The address is stored atomically: what was written to the memory before is nobody's but its old owner's.
   */
  kmallocAt(place: number, bytes: number, gfp?: Gfp): Address {
    this._turn.pin();
    return allocAt(this.parts, place, () => this.kmalloc(bytes, gfp)) as Address;
  }

  /** kfree() of what the word `place` leads to, which holds NONE then; as kmallocAt(). False where it held NONE. */
  kfreeAt(place: number): boolean {
    this._turn.pin();
    return freeAt(this.parts, place);
  }

  /** kfreeRcu() of what the word `place` leads to, which holds NONE then; as kfreeAt(). */
  kfreeRcuAt(place: number, headOffset = 0): boolean {
    this._turn.pin();
    return retireAt(this.parts, place, headOffset);
  }

  /** Takes 2^order contiguous pages of 4 KiB, order 0 to 10; errors and contexts as kmalloc. */
  allocPages(order: number, gfp?: Gfp): Address {
    this._turn.pin();
    if (gfp !== undefined) this._rights.require(gfp, 'allocPages()');
    const start = this.parts.pages.allocPages(order, gfp ?? MOST);
    return start !== 0 ? start : this._allocPagesHard(order, gfp);
  }

  /** Gives back what allocPages returned. RangeError says what `start` is instead. */
  freePages(start: Address): void {
    this._turn.pin();
    this.parts.pages.freePages(start);
  }

  /**
   * allocPages that tries each lock once: zeroed pages or an immediate NONE, in any context. Nothing of the reserves.
   *
   * @param gfp __GFP_ACCOUNT, or nothing
   */
  allocPagesNolock(order: number, gfp: Gfp = GFP_NOLOCK): Address {
    this._turn.pin();
    if (gfp !== GFP_NOLOCK) requireNolockGfp(gfp, 'allocPagesNolock()');
    return this.parts.pages.allocPagesNolock(order, gfp | __GFP_ZERO);
  }

  /** freePages that neither spins nor waits: at worst the pages lie on the zone's list of deferred frees. */
  freePagesNolock(start: Address): void {
    this._turn.pin();
    this.parts.pages.freePagesNolock(start);
  }

  /**
   * The allocation failed at first: reclaims where that is allowed, and says NONE or throws where it fails.
   *
   * @param gfp   as the caller gave it; undefined for the most that is allowed
   * @param order of the block that it takes, where it is not an object
   */
  allocHard(bytes: number, gfp: Gfp | undefined, alloc: () => number, order?: number): Address {
    return allocHard(this.parts, bytes, gfp, alloc, order);
  }

  /** kmalloc() with a gfp: apart from it, which the engine only inlines while it is short. */
  private _kmallocAs(bytes: number, gfp: Gfp): Address {
    this._rights.require(gfp, 'kmalloc()');
    const p = this._kmalloc.alloc(bytes, gfp);
    return (p !== 0 ? p : this._kmallocHard(bytes, gfp) | 0) as Address;
  }

  // A closure in kmalloc itself would cost every call, not only those that come here.
  private _kmallocHard(bytes: number, gfp: Gfp | undefined): Address {
    return this.allocHard(bytes, gfp, () => this._kmalloc.alloc(bytes, gfp ?? MOST));
  }

  private _allocPagesHard(order: number, gfp: Gfp | undefined): Address {
    const alloc = () => this.parts.pages.allocPages(order, gfp ?? MOST);
    return this.allocHard(PAGE_BYTES << order, gfp, alloc, order);
  }
}

/** Something without a length would be freed as nothing at all. */
function requireArrayLike(ps: ArrayLike<Address>, call: string): void {
  const length: unknown = ps?.length;
  if (typeof ps === 'object' && typeof length === 'number' && length >= 0) return;
  throw new TypeError(
    `called ${call} with ${typeof ps === 'object' ? 'an object without a length' : String(ps)}; it takes an array of addresses`,
  );
}
