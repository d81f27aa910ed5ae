/**
 * HeapCore: one thread's heap: its memory (HeapMemory), turns and grace periods. The collections come on top (Heap).
 *
 * One object per thread and attachment; a thread may attach several times, to one heap or to many. Addresses
 * and names mean the same in all threads of a heap; Heap objects are not sent, their handle is.
 */
import { type BalanceOptions, balance } from '../inspect/balance.js';
import type { BalanceReport } from '../inspect/balance-report.js';
import { type HeapStats, readStatistics } from '../inspect/statistics.js';
import type { Geometry } from '../layout/heap-header.js';
import { NAME_KIND } from '../layout/name-record.js';
import type { FaultAttr } from '../pages/fault-attr.js';
import { allowSpinning } from '../pages/gfp.js';
import type { MemoryCorruptionError } from '../pages/memory-corruption-error.js';
import type { Shrinker } from '../pages/shrinker.js';
import { MAX_CLASS_BYTES, objectWordsFor } from '../slab/size-classes.js';
import { ContextError } from '../threads/context.js';
import { leaveHeap } from '../threads/thread-registry.js';
import { leaveAll } from '../words/host.js';
import { BYTES_PER_WORD } from '../words/units.js';
import type { Words } from '../words/words.js';
import { type MemoryOwner, requireDebugView } from './debug-view.js';
import { requireFaultPoints } from './fault-points.js';
import { type GroupOptions, HeapGroups } from './heap-groups.js';
import type { HeapHandle } from './heap-handle.js';
import { HeapMemory } from './heap-memory.js';
import type { HeapParts } from './heap-parts.js';
import { bareAddress } from './marked-address.js';
import type { MemoryGroup } from './memory-group.js';
import type { Mempool } from './mempool.js';
import { openMempool, type PoolMaker } from './mempool-creation.js';
import type { MempoolElements } from './mempool-element.js';
import { NamedCache } from './named-cache.js';
import { requireMayName } from './registry.js';

export class HeapCore extends HeapMemory {
  /** Raw access to the heap's words; index = address + word offset in the object. */
  readonly words: Words;
  /** Send this to a worker (workerData, postMessage) and `Heap.attach(handle)` there. */
  readonly handle: HeapHandle;
  private readonly _onExit = (): void => this._detachAtExit();
  private readonly _groups: HeapGroups;
  private _attached = true;

  protected constructor(parts: HeapParts) {
    super(parts);
    this.words = parts.fittings.userWords(parts.words);
    this.handle = parts.handle;
    this._groups = new HeapGroups(this, parts, (bytes) => this.kmalloc(bytes));
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
   * Errors   Error inside turn(fn). ContextError where this thread may not spin, and what it has waiting cannot be handed
   *          over at this moment: then it is still attached, and the call can be made again.
   */
  detach(): void {
    if (!this._attached) return;
    const { turn, driver, kfreeRcu, caches, pages, charges, host, words, geometry, membership, rights } =
      this.parts;
    const maySpin = allowSpinning(rights.most());
    turn.leave();
    driver.flush();
    driver.stop();
    this.parts.decay.stop();
    turn.run(() => {
      kfreeRcu.seal();
      if (!kfreeRcu.abandon()) this._refuseToLeave();
      caches.flush(maySpin);
      pages.drain();
      charges.drain();
    });
    turn.close();
    this._attached = false;
    host.entered.delete(turn);
    host.exitTasks.delete(this._onExit);
    leaveHeap(words, membership, geometry.spinRounds);
    this.parts.fittings.close();
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
    const { shellWords } = this.parts.fittings;
    const objectWords = objectWordsFor(bytes);
    const id = this.findOrMake(NAME_KIND.slabCache, name, () =>
      this._makeCache(name, objectWords + shellWords),
    );
    this._requireSize(name, id, objectWords);
    return new NamedCache(this, this.parts, id, name, objectWords);
  }

  /**
   * The mempool of this name, the same in all threads: `minimum` elements are kept for allocations that must not fail.
   * Made and filled by the first who asks for it.
   *
   * @param minimum  1 to 65,536; the same in every call for the name, as the elements
   * @param elements what is kept: objects of so many bytes, blocks of 2^order pages, or objects of a slab cache
   *
   * Errors   OutOfMemoryError when it cannot be filled; then nothing has changed. RangeError and TypeError for the rest.
   */
  mempool(name: string, minimum: number, elements: MempoolElements): Mempool {
    return openMempool(this.parts, this._poolMaker(), name, minimum, elements);
  }

  /**
   * Has this thread ask `shrinker` for memory when an allocation of its own finds none, before it fails. It is called
   * outside of every lock of the heap, and may free and delete; what it allocates is refused rather than reclaimed for.
   * What it throws the allocation throws, which then has changed nothing.
   *
   * @returns a function that takes it off again
   *
   * Errors   TypeError for what has no name, count() and scan().
   */
  registerShrinker(shrinker: Shrinker): () => void {
    return this.parts.shrinkers.register(shrinker);
  }

  /**
   * The memory group of this name, the same in all threads; made by the first who asks for it, with the options of that
   * call.
   *
   * @param name             1 to 255 bytes in UTF-8
   * @param options.maxBytes most that may be charged; no limit unless given. Changed by group.setMaxBytes().
   * @param options.parent   the group that it is part of; the same in every call that names one
   *
   * Errors   TypeError or RangeError for the arguments, also where the caches that groups need find no room; Error for
   *          another parent, or one that is closed; OutOfMemoryError. Then nothing has changed.
   */
  group(name: string, options: GroupOptions = {}): MemoryGroup {
    return this._groups.open(name, options);
  }

  /** The names of all memory groups that are not closed, in no order. */
  groups(): string[] {
    return this._groups.names();
  }

  /** Runs `fn` in a turn of its own that ends when `fn` returns; what it reads stays until then. Nests. */
  turn<T>(fn: () => T): T {
    return this.parts.turn.run(fn);
  }

  /**
   * Ends this thread's turn and starts the next, as a long loop must now and then: addresses read before are
   * stale, and what waits for a grace period moves on. Costs about as much as two atomic operations.
   */
  quiesce(): void {
    this.parts.turn.quiesce();
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
    const { rcu, driver, context } = this.parts;
    context.requireMayWait('synchronizeRcuSync()');
    driver.seal();
    rcu.synchronizeSync();
    driver.flush();
  }

  /** Gives back what this thread and the barns keep for reuse, and what this thread has charged to groups in advance. */
  shrink(): void {
    const { turn, driver, caches, pages, charges, rights } = this.parts;
    const maySpin = allowSpinning(rights.most());
    driver.flush();
    turn.run(() => {
      caches.shrink(maySpin);
      pages.drain();
      charges.drain();
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

  /**
   * Where objects of this thread can be made to fail, as the kernel's failslab: `heap.failslab.set({ nth: 3 })`.
   *
   * Errors   Error for a heap that was made without `faultInjection`.
   */
  get failslab(): FaultAttr {
    const points = requireFaultPoints(this.parts.fittings, 'failslab');
    points.findNamedCache = (name) => this.find(NAME_KIND.slabCache, name);
    return points.failslab;
  }

  /** Where blocks of pages of this thread can be made to fail, as the kernel's fail_page_alloc; as failslab. */
  get failPageAlloc(): FaultAttr {
    return requireFaultPoints(this.parts.fittings, 'failPageAlloc').failPageAlloc;
  }

  /** Who allocated what is in use, the most first; Error for a heap that was made without `debug`. Walks everything. */
  owners(): MemoryOwner[] {
    return requireDebugView(this.parts.fittings, 'owners()').owners();
  }

  /** Looks at every object for writes beside it, or after its free. Returns what it found; as owners(). */
  checkObjects(): MemoryCorruptionError[] {
    return requireDebugView(this.parts.fittings, 'checkObjects()').checkObjects();
  }

  /** What `name` stands for, or 0. */
  protected find(kind: number, name: string): number {
    return this.parts.turn.run(() => this.parts.registry.find(kind, name));
  }

  /** What `name` stands for; made by `make` where it is new. ContextError for a new name where nobody may spin. */
  protected findOrMake(kind: number, name: string, make: () => number): number {
    const found = this.find(kind, name);
    if (found !== 0) return found;
    requireMayName(this.parts.context, name);
    const alloc = (bytes: number) => this.kmalloc(bytes);
    const free = (p: number) => this.parts.kmalloc.free(p);
    // run() and not pin(): the name's record is needed no longer than this, and a loop over the map that
    // follows in the same synchronous run must be able to renew its turn.
    return this.parts.turn.run(() => this.parts.registry.findOrMake(kind, name, alloc, free, make));
  }

  /** The group that `p` is charged to, if any. */
  protected groupOf(p: number): MemoryGroup | undefined {
    const record = this.parts.turn.run(() => this.parts.kmalloc.groupOf(p));
    return record === 0 ? undefined : this._groups.ofRecord(record);
  }

  protected isAttached(): boolean {
    return this._attached;
  }

  /** Ends this thread's turn. Throws inside turn(fn). */
  protected leaveTurn(): void {
    this.parts.turn.leave();
  }

  private _refuseToLeave(): never {
    throw new ContextError(
      `called detach() ${this.parts.context.where()}, with objects that wait for a grace period, while another thread has ` +
        'the list that they go to, for which this one may not spin; call detach() again',
    );
  }

  /** The thread ends: even inside turn(fn) no code of fn runs any more, so its turn is over. */
  private _detachAtExit(): void {
    this.parts.turn.endScopes();
    this.detach();
  }

  private _poolMaker(): PoolMaker {
    return {
      find: (kind, name) => this.find(kind, name),
      findOrMake: (kind, name, make) => this.findOrMake(kind, name, make),
      allocHard: (bytes, gfp, alloc) => this.allocHard(bytes, gfp, alloc),
    };
  }

  private _makeCache(name: string, objectWords: number): number {
    const { caches, geometry } = this.parts;
    if (caches.hasRoom()) return caches.create(objectWords);
    throw new RangeError(
      `made slab cache ${name} in a heap with all ${geometry.maxCaches} caches made; create the heap with a larger maxCaches`,
    );
  }

  private _requireSize(name: string, id: number, objectWords: number): void {
    const made = this.parts.caches.view(id).objectWords - this.parts.fittings.shellWords;
    if (made === objectWords) return;
    throw new RangeError(
      `opened slab cache ${name} for objects of ${objectWords * BYTES_PER_WORD} bytes; ` +
        `it was made for ${made * BYTES_PER_WORD}`,
    );
  }
}
