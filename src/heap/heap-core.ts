/**
 * HeapCore: one thread's heap: memory, turns and grace periods. The collections come on top (Heap).
 *
 * One object per thread and attachment; a thread may attach several times, to one heap or to many. Addresses
 * and names mean the same in all threads of a heap; Heap objects are not sent, their handle is.
 */
import { type BalanceOptions, balance } from '../inspect/balance.js';
import type { BalanceReport } from '../inspect/balance-report.js';
import { type HeapStats, readStatistics } from '../inspect/statistics.js';
import type { Geometry } from '../layout/heap-header.js';
import { NAME_KIND } from '../layout/name-record.js';
import { allowBlocking, GFP_KERNEL, GFP_NOLOCK, type Gfp, requireGfp } from '../pages/gfp.js';
import type { KfreeRcu } from '../slab/kfree-rcu.js';
import type { Kmalloc } from '../slab/kmalloc.js';
import { MAX_CLASS_BYTES, objectWordsFor } from '../slab/size-classes.js';
import { leaveHeap } from '../threads/thread-registry.js';
import type { Turn } from '../threads/turn.js';
import { leaveAll } from '../words/host.js';
import { type Address, BYTES_PER_WORD, PAGE_BYTES } from '../words/units.js';
import type { Words } from '../words/words.js';
import { OutOfMemoryError } from './heap-errors.js';
import type { HeapHandle } from './heap-handle.js';
import type { HeapParts } from './heap-parts.js';
import { bareAddress } from './marked-address.js';
import { NamedCache } from './named-cache.js';
import { reclaimFor } from './reclaim.js';
import { reportUse } from './use-report.js';

// A local copy: the engine folds a module's own constants into the code; imported ones it loads at every use.
const DEFAULT_GFP = GFP_KERNEL;

export class HeapCore {
  /** Raw access to the heap's words; index = address + word offset in the object. */
  readonly words: Words;
  /** Send this to a worker (workerData, postMessage) and `Heap.attach(handle)` there. */
  readonly handle: HeapHandle;
  protected readonly parts: HeapParts;
  private readonly _turn: Turn;
  private readonly _kmalloc: Kmalloc;
  private readonly _kfreeRcu: KfreeRcu;
  private readonly _onExit = (): void => this._detachAtExit();
  private _attached = true;

  protected constructor(parts: HeapParts) {
    this.parts = parts;
    this.words = parts.fittings.userWords(parts.words);
    this.handle = parts.handle;
    this._turn = parts.turn;
    this._kmalloc = parts.kmalloc;
    this._kfreeRcu = parts.kfreeRcu;
    parts.host.entered.add(parts.turn);
    parts.host.exitTasks.add(this._onExit);
  }

  /** Sizes that all threads of the heap share. */
  get geometry(): Geometry {
    return this.parts.geometry;
  }

  /**
   * Gives back everything that this thread keeps, and its slot. What it has waiting for a grace period goes to
   * the threads that stay. The object cannot be used after; a second call does nothing.
   *
   * Errors   Error inside turn(fn).
   */
  detach(): void {
    if (!this._attached) return;
    const { turn, driver, kfreeRcu, caches, pages, host, words, geometry, membership } = this.parts;
    turn.leave();
    driver.flush();
    driver.stop();
    turn.run(() => {
      kfreeRcu.seal();
      kfreeRcu.abandon();
      caches.flush();
      pages.drain();
    });
    turn.close();
    this._attached = false;
    host.entered.delete(turn);
    host.exitTasks.delete(this._onExit);
    leaveHeap(words, membership, geometry.spinRounds);
    this.parts.fittings.close();
  }

  /**
   * Takes memory of at least `bytes` bytes.
   *
   * @param bytes 1 to 4 MiB
   * @param gfp   what may be done to get it; GFP_KERNEL reclaims, and throws where that brings nothing
   * @returns     an address, a multiple of 8 bytes; without the right to wait NONE when nothing is to be had.
   *
   * Errors    OutOfMemoryError (GFP_KERNEL only); RangeError for `bytes`, TypeError for `gfp`.
   * Context   Any thread of the heap. The turn lasts until the synchronous run ends.
   * Ordering  The memory holds old bytes unless __GFP_ZERO. Fill it with plain stores, then publish its
   *           address with one `words.store`.
   */
  kmalloc(bytes: number, gfp: Gfp = DEFAULT_GFP): Address {
    if (this._turn.pinned === false) this._turn.pin();
    if (gfp !== DEFAULT_GFP) requireGfp(gfp);
    const p = this._kmalloc.alloc(bytes, gfp);
    return (p !== 0 ? p : this._kmallocHard(bytes, gfp) | 0) as Address;
  }

  /** Gives an object back at once: only what no other thread can reach. RangeError says what `p` is instead. */
  kfree(p: Address): void {
    if (this._turn.pinned === false) this._turn.pin();
    this._kmalloc.free(p);
  }

  /** kfree for each address of an array; stops at the first that is refused, which its error names. */
  kfreeBulk(ps: ArrayLike<Address>): void {
    this._turn.pin();
    for (let i = 0; i < ps.length; i++) this._kmalloc.free(ps[i]!);
  }

  /**
   * Frees `p` after a grace period: when every turn that may have read it has ended. Never fails, never waits.
   *
   * @param headOffset word offset in `p` of two words that readers leave alone (RcuHead); used when no memory
   *                   is to be had for a better way
   *
   * Errors   RangeError: `p` is not an object, or the head does not lie inside it.
   * Context  Any thread of the heap, after `p` was unlinked with an atomic store.
   */
  kfreeRcu(p: Address, headOffset = 0): void {
    if (this._turn.pinned === false) this._turn.pin();
    if (headOffset !== 0) this._kfreeRcu.requireHead(p, headOffset);
    this._kfreeRcu.post(p, headOffset);
  }

  /** Takes 2^order contiguous pages of 4 KiB, order 0 to 10; errors and contexts as kmalloc. */
  allocPages(order: number, gfp: Gfp = DEFAULT_GFP): Address {
    this._turn.pin();
    requireGfp(gfp);
    const start = this.parts.pages.allocPages(order, gfp);
    return start !== 0 ? start : this._allocPagesHard(order, gfp);
  }

  /** Gives back what allocPages returned. RangeError says what `start` is instead. */
  freePages(start: Address): void {
    this._turn.pin();
    this.parts.pages.freePages(start);
  }

  /** allocPages that tries each lock once: memory or an immediate NONE, in any context. */
  allocPagesNolock(order: number): Address {
    this._turn.pin();
    return this.parts.pages.allocPages(order, GFP_NOLOCK);
  }

  /** freePages that neither spins nor waits: at worst the pages lie on the zone's list of deferred frees. */
  freePagesNolock(start: Address): void {
    this._turn.pin();
    this.parts.pages.freePagesNolock(start);
  }

  /**
   * A cache of objects of one size, by name: the same in every thread.
   *
   * @param bytes size of an object, 1 to 8192; the same in every call for the name
   *
   * Errors   RangeError for `bytes`, for another size than the name was made with, or when `maxCaches` are made.
   */
  slabCache(name: string, bytes: number): NamedCache {
    if (!(Number.isInteger(bytes) && bytes >= 1 && bytes <= MAX_CLASS_BYTES)) {
      throw new RangeError(
        `opened slab cache ${name} for objects of ${String(bytes)} bytes; a size is an integer in 1..${MAX_CLASS_BYTES}`,
      );
    }
    const objectWords = objectWordsFor(bytes);
    const id = this.findOrMake(NAME_KIND.slabCache, name, () => this._makeCache(name, objectWords));
    this._requireSize(name, id, objectWords);
    return new NamedCache(this, this.parts, id, name, objectWords);
  }

  /** Runs `fn` in a turn of its own that ends when `fn` returns; what it reads stays until then. Nests. */
  turn<T>(fn: () => T): T {
    return this._turn.run(fn);
  }

  /**
   * Ends this thread's turn and starts the next, as a long loop must now and then: addresses read before are
   * stale, and what waits for a grace period moves on. Costs about as much as two atomic operations.
   */
  quiesce(): void {
    this._turn.quiesce();
  }

  /**
   * Runs `fn`, which may wait in its own way, outside of every turn of this thread, of other attachments too: it
   * holds up no grace period. Addresses read before are stale. Error inside turn(fn).
   */
  idle<T>(fn: () => T): T {
    leaveAll(this.parts.host);
    return fn();
  }

  /** Resolves when every turn that was open at the call has ended; what this thread has waiting is then freed. */
  async synchronizeRcu(): Promise<void> {
    const { rcu, driver } = this.parts;
    driver.seal();
    await rcu.synchronize();
    if (this._attached) driver.flush();
  }

  /** Waits until every turn that was open at the call has ended; ContextError where a thread may not wait. */
  synchronizeRcuSync(): void {
    const { rcu, driver } = this.parts;
    driver.seal();
    rcu.synchronizeSync();
    driver.flush();
  }

  /** Gives back what this thread and the barns keep for reuse. */
  shrink(): void {
    const { turn, driver, caches, pages } = this.parts;
    driver.flush();
    turn.run(() => {
      caches.shrink();
      pages.drain();
    });
  }

  /** Counters and states, summed over all threads; cheap, and while others run as they were at some moment. */
  stats(): HeapStats {
    return readStatistics(this.words);
  }

  /**
   * Checks that every page and object of the heap is in exactly one place and every counter right.
   *
   * @param options.held addresses that the caller holds, so that they do not count as unreachable
   *
   * Context   While no other thread changes the heap: walks everything.
   */
  balance(options: BalanceOptions = {}): BalanceReport {
    const held = Array.from(options.held ?? [], bareAddress);
    return balance(this.words, { ...options, held });
  }

  /** What `name` stands for, or 0. */
  protected find(kind: number, name: string): number {
    return this._turn.run(() => this.parts.registry.find(kind, name));
  }

  /** What `name` stands for; made by `make` where it is new. */
  protected findOrMake(kind: number, name: string, make: () => number): number {
    const alloc = (bytes: number) => this.kmalloc(bytes);
    const free = (p: number) => this._kmalloc.free(p);
    // run() and not pin(): the name's record is needed no longer than this, and a loop over the map that
    // follows in the same synchronous run must be able to renew its turn.
    return this._turn.run(() => this.parts.registry.findOrMake(kind, name, alloc, free, make));
  }

  protected isAttached(): boolean {
    return this._attached;
  }

  /** Ends this thread's turn. Throws inside turn(fn). */
  protected leaveTurn(): void {
    this._turn.leave();
  }

  /** The thread ends: even inside turn(fn) no code of fn runs any more, so its turn is over. */
  private _detachAtExit(): void {
    this._turn.endScopes();
    this.detach();
  }

  private _makeCache(name: string, objectWords: number): number {
    const { caches, geometry } = this.parts;
    if (caches.hasRoom()) return caches.create(objectWords);
    throw new RangeError(
      `made slab cache ${name} in a heap with all ${geometry.maxCaches} caches made; create the heap with a larger maxCaches`,
    );
  }

  // A closure in kmalloc itself would cost every call, not only those that come here.
  private _kmallocHard(bytes: number, gfp: Gfp): Address {
    return this.allocHard(bytes, gfp, () => this._kmalloc.alloc(bytes, gfp));
  }

  private _allocPagesHard(order: number, gfp: Gfp): Address {
    return this.allocHard(PAGE_BYTES << order, gfp, () => this.parts.pages.allocPages(order, gfp));
  }

  private _requireSize(name: string, id: number, objectWords: number): void {
    const made = this.parts.caches.view(id).objectWords;
    if (made === objectWords) return;
    throw new RangeError(
      `opened slab cache ${name} for objects of ${objectWords * BYTES_PER_WORD} bytes; ` +
        `it was made for ${made * BYTES_PER_WORD}`,
    );
  }

  /** The allocation failed at first: reclaims where that is allowed, and says NONE or throws where it fails. */
  allocHard(bytes: number, gfp: Gfp, alloc: () => number): Address {
    requireGfp(gfp);
    if (!allowBlocking(gfp)) return 0 as Address;
    const p = reclaimFor(this.parts, alloc);
    if (p !== 0) return p as Address;
    throw new OutOfMemoryError(bytes, reportUse(this.parts));
  }
}
