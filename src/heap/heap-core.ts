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
import { SLOT } from '../layout/thread-slot.js';
import { asyncLimitOf, type LockOptions, limitOf, type WaitLimit } from '../locks/lock-options.js';
import type { FaultAttr } from '../pages/fault-attr.js';
import { allowSpinning } from '../pages/gfp.js';
import type { MemoryCorruptionError } from '../pages/memory-corruption-error.js';
import type { Shrinker } from '../pages/shrinker.js';
import { KFREE_RCU_BARRIER } from '../rcu/barrier.js';
import { EXPEDITED, NORMAL } from '../rcu/rcu.js';
import { leaveAll } from '../words/host.js';
import { requireDeepestStack } from '../words/stack-room.js';
import type { Words } from '../words/words.js';
import type { CallbackNames } from './callback-registry.js';
import { type MemoryOwner, requireDebugView } from './debug-view.js';
import { callQueued, giveBackAll, leaveSlot } from './departure.js';
import { requireFaultPoints } from './fault-points.js';
import { type GroupOptions, HeapGroups } from './heap-groups.js';
import type { HeapHandle } from './heap-handle.js';
import { HeapMemory } from './heap-memory.js';
import type { HeapParts } from './heap-parts.js';
import { HeapRcu } from './heap-rcu.js';
import { bareAddress } from './marked-address.js';
import type { MemoryGroup } from './memory-group.js';
import type { Mempool } from './mempool.js';
import { openMempool, type PoolMaker } from './mempool-creation.js';
import type { MempoolElements } from './mempool-element.js';
import { type NameIntent, withNameIntent } from './name-intent.js';
import type { NamedCache } from './named-cache.js';
import { openSlabCache, type SlabCacheOptions } from './named-cache-creation.js';
import { synchronize, synchronizeSync } from './rcu-waits.js';
import { requireMayName } from './registry.js';

export class HeapCore extends HeapMemory {
  /** Raw access to the heap's words; index = address + word offset in the object. */
  readonly words: Words;
  /** Send this to a worker (workerData, postMessage) and `Heap.attach(handle)` there. */
  readonly handle: HeapHandle;
  /** RCU: callbacks, read sections, cookies, events. */
  readonly rcu: HeapRcu;
  private readonly _onExit = (): void => this._detachAtExit();
  private readonly _groups: HeapGroups;
  private _attached = true;

  protected constructor(parts: HeapParts) {
    super(parts);
    this.words = parts.fittings.userWords(parts.words);
    this.handle = parts.handle;
    this.rcu = new HeapRcu(parts, this._callbackNames());
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
   * Callbacks that this thread has queued are called first, as far as their grace periods end within a second and this
   * thread may wait. The rest goes to a thread that has registered their names; where none has, the event 'stranded' and a line
   * on the console say so, and they wait until one does.
   *
   * Errors   Error inside turn(fn) or a read section. ContextError where this thread may not spin, and what it has
   *          waiting cannot be handed over at this moment: then it is still attached, and the call can be made again.
   */
  detach(): void {
    if (!this._attached) return;
    const { turn, driver, host } = this.parts;
    turn.leave();
    driver.tryFlush();
    // By a callback.
    if (!this._attached) return;
    const left = giveBackAll(this.parts);
    this.beforeLeaving();
    this._attached = false;
    host.exitTasks.delete(this._onExit);
    leaveSlot(this.parts, left);
  }

  /**
   * A cache of objects of one size, by name: the same in every thread.
   *
   * @param bytes                 size of an object, 1 to 8192; the same in every call for the name
   * @param options.typesafeByRcu what is read of an object that was freed is an object of this cache, free or in use
   *                              again, until the reader's turn ends: as SLAB_TYPESAFE_BY_RCU. Objects can be freed at
   *                              once, and readers have to look twice (docs/rcu.md). The same in every call.
   *
   * Errors   RangeError for `bytes`, for another size or option than the name was made with, or when `maxCaches` are
   *          made; TypeError for options that are none.
   */
  slabCache(name: string, bytes: number, options: SlabCacheOptions = {}): NamedCache {
    const findOrMake = (kind: number, called: string, make: () => number) =>
      this.findOrMake(kind, called, make);
    return openSlabCache(this, this.parts, findOrMake, name, bytes, options);
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
    requireDeepestStack();
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
   * stale, and what waits for a grace period moves on. Costs as much as two atomic operations, some 25 ns; and while
   * something of this thread waits, a look at each thread that holds the grace period up, with what it then frees.
   *
   * Errors   Error inside turn(fn) or a read section.
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

  /**
   * Waits for a grace period: resolves when every turn that was open at the call has ended, in all threads; what this
   * thread has waiting is then freed. Keeps the process alive while it waits.
   *
   * Errors   RcuTimeoutError after `timeoutMillis`, which names the threads that hold it up; the signal's reason; Error
   *          where this thread leaves the heap first. Then nothing is left behind.
   * Context  Any thread with an event loop. Addresses read before are stale after an await.
   */
  synchronizeRcu(options?: LockOptions): Promise<void> {
    return synchronize(this.parts, NORMAL, options);
  }

  /**
   * synchronizeRcu() that stops this thread until then. About as much as a dozen atomic operations where nobody else is
   * in a turn.
   *
   * Errors   RcuTimeoutError after `timeoutMillis`; ContextError where this thread may not wait; Error inside turn(fn).
   * Context  Threads that may wait, outside of turn(fn). Addresses read before are stale.
   */
  synchronizeRcuSync(options?: WaitLimit): void {
    synchronizeSync(this.parts, NORMAL, options, 'synchronizeRcuSync()');
  }

  /**
   * synchronizeRcu() in a hurry: the threads that hold it up are asked at once to report the end of their turns, and this
   * one looks more often. Each of them pays for it with a step of the grace period at the end of its turn.
   */
  synchronizeRcuExpedited(options?: LockOptions): Promise<void> {
    return synchronize(this.parts, EXPEDITED, options);
  }

  /** synchronizeRcuSync() in a hurry, as synchronizeRcuExpedited(); spins for a moment before it sleeps. */
  synchronizeRcuExpeditedSync(options?: WaitLimit): void {
    synchronizeSync(this.parts, EXPEDITED, options, 'synchronizeRcuExpeditedSync()');
  }

  /**
   * Resolves when everything is freed that any thread had given to kfreeRcu() before this call, and every callback is over
   * that was queued before: rcu.barrier() and more. Errors and options as there.
   */
  async kfreeRcuBarrier(options?: LockOptions): Promise<void> {
    const limitMillis = asyncLimitOf(options, KFREE_RCU_BARRIER.what, 'waited for');
    await this.parts.barrier.wait(KFREE_RCU_BARRIER, limitMillis, options?.signal);
  }

  /** kfreeRcuBarrier() that stops this thread until then; as rcu.barrierSync(). */
  kfreeRcuBarrierSync(options?: WaitLimit): void {
    this.parts.barrier.waitSync(KFREE_RCU_BARRIER, limitOf(options, KFREE_RCU_BARRIER.what, 'waited for'));
  }

  /** Gives back what this thread and the barns keep for reuse, and what this thread has charged to groups in advance. */
  shrink(): void {
    const { turn, driver, kfreeRcu, caches, pages, charges, rights } = this.parts;
    const maySpin = allowSpinning(rights.most());
    driver.flush();
    turn.run(() => {
      kfreeRcu.shrink(false);
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
    requireDeepestStack();
    const found = this.find(kind, name);
    if (found !== 0) return found;
    requireMayName(this.parts.context, name);
    return this._withIntent((intent) => {
      const target = this._makeName(kind, name, intent, make);
      if (kind === NAME_KIND.slabCache) this.parts.caches.confirm(target);
      return target;
    });
  }

  /**
   * findOrMake() for what takes memory of its own, or other locks: `make` runs before the lock of names is taken, and
   * takes one piece of memory, or tells the intent of each; `discard` takes back what it made where the name is not made
   * with it. `number` runs under the lock, as the name is made, and takes neither.
   */
  protected findOrPublish(
    kind: number,
    name: string,
    make: (intent: NameIntent) => number,
    discard: (target: number, intent: NameIntent) => void = (fresh, intent) => intent.giveBack(fresh),
    number: (target: number) => void = () => {},
  ): number {
    requireDeepestStack();
    const found = this.find(kind, name);
    if (found !== 0) return found;
    // First: where nobody may spin, what `make` asks for may not be had either.
    requireMayName(this.parts.context, name);
    return this._withIntent((intent) => {
      const fresh = make(intent);
      intent.made(fresh);
      let target = 0;
      try {
        target = this._makeName(kind, name, intent, () => {
          number(fresh);
          return fresh;
        });
        return target;
      } finally {
        if (target !== fresh) discard(fresh, intent);
      }
    });
  }

  /** Runs what makes something with a name, in an intent. */
  private _withIntent(fn: (intent: NameIntent) => number): number {
    const { words, membership, turn, kmalloc } = this.parts;
    return withNameIntent(words, membership.start, (p) => turn.run(() => kmalloc.freeNolock(p)), fn);
  }

  private _makeName(kind: number, name: string, intent: NameIntent, make: () => number): number {
    const { turn, registry } = this.parts;
    const alloc = (bytes: number) => {
      const record = this.kmalloc(bytes);
      intent.tellRecord(record);
      return record;
    };
    const free = (record: number) => intent.giveBackRecord(record);
    // run() and not pin(): a loop over the map that follows must be able to renew its turn.
    return turn.run(() => registry.findOrMake(kind, name, alloc, free, make));
  }

  /** The group that `p` is charged to, if any. */
  protected groupOf(p: number): MemoryGroup | undefined {
    const record = this.parts.turn.run(() => this.parts.kmalloc.groupOf(p));
    return record === 0 ? undefined : this._groups.ofRecord(record);
  }

  /** Calls what callbacks are queued, as far as a thread that leaves may take time for it. */
  protected callQueued(): void {
    callQueued(this.parts);
  }

  /** This thread has given back what it keeps: nothing keeps it from leaving any more. */
  protected beforeLeaving(): void {}

  protected isAttached(): boolean {
    return this._attached;
  }

  /** The thread ends: even inside turn(fn) no code of fn runs any more. What it is in the middle of is the reaper's. */
  private _detachAtExit(): void {
    const { words, membership } = this.parts;
    if (words.loadPlain(membership.start + SLOT.intentDepth) !== 0) return;
    this.parts.turn.endScopes();
    this.detach();
  }

  private _callbackNames(): CallbackNames {
    return {
      findOrPublish: (kind, name, make, number) => this.findOrPublish(kind, name, make, undefined, number),
      take: (bytes) => this.parts.turn.run(() => this.kmalloc(bytes)),
    };
  }

  private _poolMaker(): PoolMaker {
    return {
      findOrPublish: (...given) => this.findOrPublish(...given),
      allocHard: (bytes, gfp, alloc) => this.allocHard(bytes, gfp, alloc),
    };
  }
}
