/** ChargedMemory: what a map takes its memory from that belongs to a memory group: everything is charged to the group. */
import type { Geometry } from '../layout/heap-header.js';
import type { LockMaker } from '../locks/lock-maker.js';
import { GFP_KERNEL, GFP_NOLOCK, GFP_NOWAIT } from '../pages/gfp.js';
import type { KfreeRcu } from '../slab/kfree-rcu.js';
import type { Kmalloc } from '../slab/kmalloc.js';
import type { ThreadContext } from '../threads/context.js';
import type { Turn } from '../threads/turn.js';
import type { Words } from '../words/words.js';
import type { HeapParts } from './heap-parts.js';
import type { MapMemory } from './map-memory.js';
import type { HardAllocator } from './named-cache.js';

export class ChargedMemory implements MapMemory {
  readonly words: Words;
  readonly turn: Turn;
  readonly context: ThreadContext;
  readonly geometry: Geometry;
  readonly locks: LockMaker;
  private readonly _hard: HardAllocator;
  private readonly _parts: HeapParts;
  private readonly _kmalloc: Kmalloc;
  private readonly _kfreeRcu: KfreeRcu;
  private readonly _record: number;

  /** @param record of the group */
  constructor(hard: HardAllocator, parts: HeapParts, record: number) {
    this.words = parts.words;
    this.turn = parts.turn;
    this.context = parts.context;
    this.geometry = parts.geometry;
    this.locks = parts.locks;
    this._hard = hard;
    this._parts = parts;
    this._kmalloc = parts.kmalloc;
    this._kfreeRcu = parts.kfreeRcu;
    this._record = record;
  }

  /** Errors   GroupLimitError as well. */
  alloc(bytes: number): number {
    const p = this._kmalloc.allocCharged(bytes, GFP_KERNEL, this._record);
    return p !== 0 ? p : this._allocHard(bytes);
  }

  tryAlloc(bytes: number): number {
    const p = this._kmalloc.allocCharged(bytes, GFP_NOWAIT, this._record);
    if (p === 0) this._parts.charges.takeRefusal();
    return p;
  }

  allocNolock(bytes: number): number {
    return this._kmalloc.allocChargedNolock(bytes, GFP_NOLOCK, this._record);
  }

  free(p: number): void {
    this._kmalloc.free(p);
  }

  freeNolock(p: number): void {
    this._kmalloc.freeNolock(p);
  }

  freeRcu(p: number, headOffset: number): void {
    this._kfreeRcu.post(p, headOffset);
  }

  private _allocHard(bytes: number): number {
    return this._hard.allocHard(bytes, undefined, () =>
      this._kmalloc.allocCharged(bytes, GFP_KERNEL, this._record),
    );
  }
}
