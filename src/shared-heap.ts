/** Heap: what a user of the package creates or attaches to: HeapCore with named locks and the collections on top. */
import type { MapKey } from './collections/key-codec.js';
import { createMapRecord, discardMapRecord, takeZeroed } from './collections/map-creation.js';
import { SharedMap } from './collections/shared-map.js';
import type { MapValue } from './collections/value-codec.js';
import { AnnouncedLock, type LockClassOptions } from './heap/announced-lock.js';
import { HeapCore } from './heap/heap-core.js';
import type { HeapHandle } from './heap/heap-handle.js';
import type { AttachOptions, HeapOptions, Surroundings } from './heap/heap-options.js';
import { attachParts, createParts, type HeapParts } from './heap/heap-parts.js';
import { lockThreadOf } from './heap/lock-thread-of.js';
import type { MapMemory } from './heap/map-memory.js';
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
    this._watch = new DeathWatch(host, words, geometry, (slots) => this._locks.forgetDead(slots));
    this._watch.start();
  }

  /**
   * Makes a heap and joins it. The buffer is reserved at once and touched as needed.
   *
   * Errors   RangeError for an option outside its range.
   */
  static create(options: HeapOptions = {}, surroundings: Surroundings = {}): Heap {
    return new Heap(createParts(options, surroundings));
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
    const { name = 'worker', validate } = options;
    const wanted = resolveValidate(validate, surroundings.host ?? engineHost);
    return new Heap(attachParts(handle, name, surroundings, wanted));
  }

  /**
   * The map of this name, the same in all threads; made by the first who asks for it.
   *
   * Errors   OutOfMemoryError when it cannot be made; then nothing has changed.
   */
  map<K extends MapKey, V extends MapValue>(name: string): SharedMap<K, V> {
    const known = this._maps.get(name);
    // The types are the caller's promise: a name's record does not hold them.
    if (known !== undefined) return known as unknown as SharedMap<K, V>;
    const opened = new SharedMap<K, V>(this._memory, this._findOrMakeMap(name));
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
   * Announces a lock that is not Lull's to the validator, by its name. In a heap that does not validate, what is
   * returned does nothing.
   *
   * Errors   TypeError for a name that is no string, or empty.
   */
  lockClass(name: string, options: LockClassOptions = {}): AnnouncedLock {
    if (typeof name !== 'string' || name === '') {
      throw new TypeError(
        `announced a lock class named ${String(name)}; a name is a string that is not empty`,
      );
    }
    return new AnnouncedLock(this.parts.locks.observer, name, options);
  }

  override detach(): void {
    if (!this.isAttached()) return;
    this.leaveTurn();
    this._locks.abandon();
    this._watch.stop();
    super.detach();
  }

  private _nameMaker(): NameMaker {
    return {
      find: (kind, name) => this.find(kind, name),
      findOrMake: (kind, name, make) => this.findOrMake(kind, name, make),
      // spend() and not pin(), as for maps: a loop that follows in the same run must be able to renew its turn.
      take: (words) => {
        this._memory.turn.spend();
        return takeZeroed(this._memory, words);
      },
      giveBack: (record) => this._memory.free(record),
      list: () => this.turn(() => this.parts.registry.list()),
    };
  }

  private _findOrMakeMap(name: string): number {
    const found = this.find(NAME_KIND.map, name);
    if (found !== 0) return found;
    let fresh = 0;
    try {
      fresh = createMapRecord(this._memory);
      const map = this.findOrMake(NAME_KIND.map, name, () => fresh);
      if (map === fresh) fresh = 0;
      return map;
    } finally {
      if (fresh !== 0) discardMapRecord(this._memory, fresh);
    }
  }
}
