/** Heap: what a user of the package creates or attaches to: HeapCore with the collections on top. */
import type { MapKey } from './collections/key-codec.js';
import { createMapRecord, discardMapRecord } from './collections/map-creation.js';
import { SharedMap } from './collections/shared-map.js';
import type { MapValue } from './collections/value-codec.js';
import { HeapCore } from './heap/heap-core.js';
import type { HeapHandle } from './heap/heap-handle.js';
import type { HeapOptions, Surroundings } from './heap/heap-options.js';
import { attachParts, createParts, type HeapParts } from './heap/heap-parts.js';
import type { MapMemory } from './heap/map-memory.js';
import { ReclaimingMemory } from './heap/reclaiming-memory.js';
import { NAME_KIND } from './layout/name-record.js';

export class Heap extends HeapCore {
  private readonly _memory: MapMemory;
  private readonly _maps = new Map<string, SharedMap<MapKey, MapValue>>();

  private constructor(parts: HeapParts) {
    super(parts);
    this._memory = new ReclaimingMemory(parts);
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
   * @param handle what heap.handle is there
   *
   * Errors   AttachError for what is not a heap of this version; NoFreeSlotError when all slots are taken.
   */
  static attach(handle: HeapHandle, options: { name?: string } = {}, surroundings: Surroundings = {}): Heap {
    return new Heap(attachParts(handle, options.name ?? 'worker', surroundings));
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
