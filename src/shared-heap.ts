/** Heap: what a user of the package creates or attaches to: HeapCore with named locks and the collections on top. */
import type { MapKey } from './collections/key-codec.js';
import { createMapRecord, discardMapRecord, takeZeroed } from './collections/map-creation.js';
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
import { ReclaimingMemory } from './heap/reclaiming-memory.js';
import { type NameMaker, UserLocks } from './heap/user-locks.js';
import { resolveValidate } from './heap/validation.js';
import { DeathWatch, type WorkerThread } from './heap/watch.js';
import { NAME_KIND } from './layout/name-record.js';
import type { CondVar } from './locks/cond-var.js';
import type { Mutex } from './locks/mutex.js';
import type { RwLock } from './locks/rw-lock.js';
import type { Semaphore } from './locks/semaphore.js';
import type { SeqLock } from './locks/seq-lock.js';
import { engineHost } from './words/host.js';

/** What heap.map() takes. */
export interface MapOptions {
  /** The memory group that pays for the map. */
  group?: MemoryGroup;
}

export class Heap extends HeapCore {
  private readonly _memory: MapMemory;
  private readonly _maps = new Map<string, SharedMap<MapKey, MapValue>>();
  private readonly _locks: UserLocks;
  private readonly _watch: DeathWatch;

  private constructor(parts: HeapParts) {
    super(parts);
    this._memory = new ReclaimingMemory(parts);
    this._locks = new UserLocks(lockThreadOf(parts), this._nameMaker());
    const { host, words, geometry } = parts;
    this._watch = new DeathWatch(host, words, geometry, (slots) => this._noteDead(slots));
    this._watch.start();
  }

  /**
   * Makes a heap and joins it. The buffer is reserved at once and touched as needed.
   *
   * Errors   RangeError for an option outside its range.
   */
  static create(options: HeapOptions = {}, surroundings: Surroundings = {}): Heap {
    const heap = new Heap(createParts(options, surroundings));
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
    return new Heap(attachParts(handle, name, surroundings, wanted, isolated));
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
   * Has this thread notice when a worker ends without detaching: what it had locked goes to who comes next
   * (guard.ownerDied). Workers that are started while this thread has a heap are watched by themselves.
   *
   * @param worker a Worker of node:worker_threads that this thread has started
   *
   * Errors   TypeError for what is none; Error for one that has ended already.
   */
  watch(worker: WorkerThread): void {
    this._watch.watch(worker);
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
    this.leaveTurn();
    // Callbacks may use locks.
    this.callQueued();
    if (!this.isAttached()) return;
    this._locks.abandon();
    this._watch.stop();
    super.detach();
  }

  /** Threads are dead: what they had locked, and what they had waiting, goes on here. */
  private _noteDead(slots: readonly number[]): void {
    const { gracePeriod, deadThreads, driver } = this.parts;
    this._locks.forgetDead(slots);
    deadThreads.takeOver();
    // What waited for their turns need not wait any more.
    gracePeriod.wake();
    // A listener that was told of callbacks without a thread may have left the heap.
    if (this.isAttached()) driver.flush();
  }

  private _nameMaker(): NameMaker {
    return {
      findOrPublish: (kind, name, make, discard) => this.findOrPublish(kind, name, make, discard),
      // spend() and not pin(), as for maps: a loop that follows in the same run must be able to renew its turn.
      take: (words) => {
        this._memory.turn.spend();
        return takeZeroed(this._memory, words);
      },
      giveBack: (record) => this._memory.free(record),
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
    return this.findOrPublish(
      NAME_KIND.map,
      name,
      () => createMapRecord(memory),
      (map) => discardMapRecord(memory, map),
    );
  }
}

function requireGroup(name: string, made: MemoryGroup | undefined, wanted: MemoryGroup | undefined): void {
  if (wanted === undefined || made?.record === wanted.record) return;
  const where = made === undefined ? 'to no group' : `to group ${made.name}`;
  throw new Error(
    `opened map ${name} to be charged to group ${wanted.name}; it was made to be charged ${where}`,
  );
}
