/** Heap: what a user of the package creates or attaches to: HeapCore with named locks and the collections on top. */
import type { MapKey } from './collections/key-codec.js';
import { createMapRecord, takeZeroed } from './collections/map-creation.js';
import { MapRepair } from './collections/map-repair.js';
import { SharedMap } from './collections/shared-map.js';
import type { MapValue } from './collections/value-codec.js';
import { announceHeap } from './heap/announce-heap.js';
import { AnnouncedLock, type LockClassOptions } from './heap/announced-lock.js';
import { attachParts, createParts } from './heap/attach-parts.js';
import { ChargedMemory } from './heap/charged-memory.js';
import { HeapCore } from './heap/heap-core.js';
import type { HeapHandle } from './heap/heap-handle.js';
import type { AttachOptions, HeapOptions, Surroundings } from './heap/heap-options.js';
import type { HeapParts } from './heap/heap-parts.js';
import { lockThreadOf } from './heap/lock-thread-of.js';
import type { MapMemory } from './heap/map-memory.js';
import { MemoryGroup } from './heap/memory-group.js';
import { Reaper, type ReapReport } from './heap/reaper.js';
import { ReclaimingMemory } from './heap/reclaiming-memory.js';
import type { SpawnedWorker } from './heap/spawn.js';
import { ThreadEnds } from './heap/thread-ends.js';
import { type NameMaker, UserLocks } from './heap/user-locks.js';
import { resolveValidate } from './heap/validation.js';
import type { WorkerThread } from './heap/watch.js';
import { NAME_KIND } from './layout/name-record.js';
import type { CondVar } from './locks/cond-var.js';
import type { Mutex } from './locks/mutex.js';
import type { RwLock } from './locks/rw-lock.js';
import type { Semaphore } from './locks/semaphore.js';
import type { SeqLock } from './locks/seq-lock.js';
import { usedAfterDetach } from './words/after-detach.js';
import { engineHost, type SpawnOptions } from './words/host.js';
import { shown } from './words/shown.js';

/** What heap.map() takes. */
export interface MapOptions {
  /** The memory group that pays for the map. */
  group?: MemoryGroup;
}

export class Heap extends HeapCore {
  private readonly _memory: MapMemory;
  private readonly _maps = new Map<string, SharedMap<MapKey, MapValue>>();
  private readonly _locks: UserLocks;
  private readonly _ends: ThreadEnds;

  private constructor(parts: HeapParts) {
    super(parts);
    this._memory = new ReclaimingMemory(parts);
    this._locks = new UserLocks(lockThreadOf(parts), this._nameMaker());
    this._ends = new ThreadEnds(parts, this._makeReaper());
  }

  /**
   * Makes a heap and joins it. The buffer is reserved at once and touched as needed.
   *
   * Errors   RangeError for an option outside its range.
   */
  static create(options: HeapOptions = {}, surroundings: Surroundings = {}): Heap {
    const heap = Heap._join(createParts(options, surroundings));
    announceHeap(heap);
    return heap;
  }

  /**
   * Joins a heap that another thread made.
   *
   * @param handle  what heap.handle is there
   * @param options where a validating heap's reports go in this thread
   *
   * Errors   AttachError for what is not a heap of this version; NoFreeSlotError when all slots are taken.
   */
  static attach(handle: HeapHandle, options: AttachOptions = {}, surroundings: Surroundings = {}): Heap {
    const { name = 'worker', validate, isolated } = options;
    const wanted = resolveValidate(validate, surroundings.host ?? engineHost);
    return Heap._join(attachParts(handle, name, surroundings, wanted, isolated));
  }

  private static _join(parts: HeapParts): Heap {
    const heap = new Heap(parts);
    heap._ends.start();
    return heap;
  }

  /**
   * The map of this name, the same in all threads; made by the first who asks for it.
   *
   * @param options.group the memory group that everything is charged to which the map takes, in every thread
   *
   * Errors   OutOfMemoryError or GroupLimitError when it cannot be made; then nothing has changed. Error where the map
   *          is charged to another group, or to none.
   */
  map<K extends MapKey, V extends MapValue>(name: string, options: MapOptions = {}): SharedMap<K, V> {
    const known = this._maps.get(name);
    if (known !== undefined && options.group === undefined) {
      // The types are the caller's promise: a name's record does not hold them.
      return known as unknown as SharedMap<K, V>;
    }
    const record = this._findOrMakeMap(name, this._memoryOf(options.group));
    const group = this.groupOf(record);
    requireGroup(name, group, options.group);
    if (known !== undefined) return known as unknown as SharedMap<K, V>;
    const opened = new SharedMap<K, V>(this._memoryOf(group), record);
    this._maps.set(name, opened as unknown as SharedMap<MapKey, MapValue>);
    return opened;
  }

  /**
   * The mutex of this name, the same in all threads; made by the first who asks for it.
   *
   * Errors   OutOfMemoryError when it cannot be made; then nothing has changed.
   */
  mutex(name: string): Mutex {
    return this._locks.mutex(name);
  }

  /** The readers-writer lock of this name; as mutex(). */
  rwLock(name: string): RwLock {
    return this._locks.rwLock(name);
  }

  /** The condition of this name; as mutex(). */
  condVar(name: string): CondVar {
    return this._locks.condVar(name);
  }

  /**
   * The semaphore of this name; as mutex().
   *
   * @param permits how many may have one at a time, 1 to 1024; the same in every call for the name
   *
   * Errors   RangeError for `permits`.
   */
  semaphore(name: string, permits: number): Semaphore {
    return this._locks.semaphore(name, permits);
  }

  /**
   * The small record of this name, read without a lock; as mutex().
   *
   * @param words how many 32-bit words, 1 to 64; the same in every call for the name
   *
   * Errors   RangeError for `words`.
   */
  seqLock(name: string, words: number): SeqLock {
    return this._locks.seqLock(name, words);
  }

  /**
   * Starts a worker that can join the heap, and watches it before it can end: whenever and however it ends, what it had
   * is given back, and what it was in the middle of is finished or undone.
   *
   * In Node `Heap.attach(workerData.heap)` joins there; in a browser, whose worker is a module, the first message is what
   * would be workerData: `onmessage = ({ data }) => Heap.attach(data.heap)`.
   *
   * @param url     as for new Worker(): new URL('./worker.js', import.meta.url)
   * @param options as for new Worker() of node:worker_threads; to its workerData the handle is added as `heap`
   * @returns the worker. Its type is what the caller says it is; unless told, what is common of node:worker_threads' Worker.
   *
   * Errors   TypeError for workerData that is no plain object; what new Worker() throws.
   */
  spawn<W extends object = SpawnedWorker>(url: string | URL, options: SpawnOptions = {}): W {
    this._requireAttached();
    return this._ends.spawn(url, options) as W;
  }

  /**
   * Has this thread notice when a worker ends without detaching, so that it is reaped. Workers that are started while this
   * thread has a heap are watched by themselves.
   *
   * @param worker a Worker of node:worker_threads that this thread has started
   *
   * Errors   TypeError for what is none; Error for one that has ended already.
   */
  watch(worker: WorkerThread): void {
    this._requireAttached();
    this._ends.watch(worker);
  }

  /**
   * Ends a worker that this thread has started, wherever it is, and resolves when nothing in the heap is its own any more.
   *
   * @returns what was found and done, for each slot that it had and this thread has reaped; none where it had left, or had never
   *          joined
   *
   * Errors   TypeError for what is no worker of this thread; Error for one that had ended unwatched, and where after ten
   *          seconds its slots are not free.
   * Context  Any thread with an event loop. Addresses read before are stale after the await.
   */
  async terminate(worker: WorkerThread | { terminate(): unknown }): Promise<ReapReport[]> {
    this._requireAttached();
    return this._ends.terminate(worker);
  }

  /**
   * For those who know that the thread of a slot runs no more, in a way that Lull cannot: takes its slot from it, and gives
   * back what it had.
   *
   * If that thread does run still, two threads are in one slot: both take the same objects for new, and the heap is corrupted.
   * That a thread has not answered for long is no proof.
   *
   * @param slot its number, as in heap.stats().threads
   * @returns what was found and done; undefined where a lock was not to be had: then it is done later, and 'reap' tells
   *
   * Errors   RangeError for what is no slot; Error for this thread's own, or a free one; LockTimeoutError where another thread
   *          has the right to reap the slot, and neither does so nor lets it go.
   */
  reap(slot: number): ReapReport | undefined {
    this._requireAttached();
    return this._ends.reap(slot);
  }

  /**
   * Calls `listener` with each thread that this one has reaped.
   *
   * @returns a function that ends it
   *
   * Errors   TypeError for another event, or what is no function.
   */
  on(event: 'reap', listener: (report: ReapReport) => void): () => void {
    if (event !== 'reap' || typeof listener !== 'function') {
      throw new TypeError(
        `listened to the heap's event ${String(event)} with ${shown(listener)}; it is reap, with a function`,
      );
    }
    this._requireAttached();
    return this._ends.on(listener);
  }

  /**
   * Announces a lock that is not Lull's, by its name: to the validator of a heap that validates, and where it spins
   * to this thread's allocations, which inside of it only try.
   *
   * Errors   TypeError for a name that is no string, or empty.
   */
  lockClass(name: string, options: LockClassOptions = {}): AnnouncedLock {
    if (typeof name !== 'string' || name === '') {
      throw new TypeError(
        `announced a lock class named ${String(name)}; a name is a string that is not empty`,
      );
    }
    const { locks, context, turn } = this.parts;
    return new AnnouncedLock(locks.observer, context, turn, name, options);
  }

  override detach(): void {
    if (!this.isAttached()) return;
    // Throws inside turn(fn).
    this.parts.turn.leave();
    // Callbacks may use locks.
    this.callQueued();
    if (!this.isAttached()) return;
    this._locks.abandon();
    try {
      super.detach();
    } finally {
      // It could not leave: what it had is released, and it can lock again.
      if (this.isAttached()) this._locks.resume();
    }
    this._ends.letGo();
  }

  protected override beforeLeaving(): void {
    this._ends.stop();
  }

  /** Deaths are told to who is in the heap. */
  private _requireAttached(): void {
    if (!this.isAttached()) throw usedAfterDetach();
  }

  private _makeReaper(): Reaper {
    const noteReaped = (report: ReapReport) => this._ends.noteReaped(report);
    const reaper = new Reaper(this.parts, new MapRepair(this.parts), this._locks, noteReaped);
    this.parts.deadThreads.connect(() => reaper.reapAll());
    return reaper;
  }

  private _nameMaker(): NameMaker {
    return {
      findOrPublish: (kind, name, make) => this.findOrPublish(kind, name, make),
      // spend() and not pin(), as for maps: a loop that follows in the same run must be able to renew its turn.
      take: (words) => {
        this._memory.turn.spend();
        return takeZeroed(this._memory, words);
      },
      list: () => this.turn(() => this.parts.registry.list()),
    };
  }

  private _memoryOf(group: MemoryGroup | undefined): MapMemory {
    if (group === undefined) return this._memory;
    // Anything else would be charged at some address of this heap.
    if (group instanceof MemoryGroup && group.isIn(this.parts.handle.buffer)) {
      // The group may have been opened through another Heap of this thread.
      this.parts.kmalloc.accounted.meet();
      return new ChargedMemory(this.parts, group.record);
    }
    throw new TypeError(
      `opened a map with group ${String(group)}; a group is what heap.group() of the same heap returned`,
    );
  }

  private _findOrMakeMap(name: string, memory: MapMemory): number {
    return this.findOrPublish(NAME_KIND.map, name, () => createMapRecord(memory));
  }
}

function requireGroup(name: string, made: MemoryGroup | undefined, wanted: MemoryGroup | undefined): void {
  if (wanted === undefined || made?.record === wanted.record) return;
  const where = made === undefined ? 'to no group' : `to group ${made.name}`;
  throw new Error(
    `opened map ${name} to be charged to group ${wanted.name}; it was made to be charged ${where}`,
  );
}
