/** ReclaimingMemory: what collections take their memory from: it reclaims before it gives up, and then throws. */
import type { Geometry } from '../layout/heap-header.js';
import type { LockMaker } from '../locks/lock-maker.js';
import { allowBlocking, GFP_KERNEL, GFP_NOLOCK, GFP_NOWAIT } from '../pages/gfp.js';
import type { KfreeRcu } from '../slab/kfree-rcu.js';
import type { Kmalloc } from '../slab/kmalloc.js';
import type { ThreadContext } from '../threads/context.js';
import type { Turn } from '../threads/turn.js';
import type { Words } from '../words/words.js';
import type { HeapParts } from './heap-parts.js';
import type { MapMemory } from './map-memory.js';
import { reclaimFor } from './reclaim.js';
import { outOfMemory } from './use-report.js';

export class ReclaimingMemory implements MapMemory {
  readonly words: Words;
  readonly turn: Turn;
  readonly context: ThreadContext;
  readonly geometry: Geometry;
  readonly locks: LockMaker;
  private readonly _parts: HeapParts;
  private readonly _kmalloc: Kmalloc;
  private readonly _kfreeRcu: KfreeRcu;

  constructor(parts: HeapParts) {
    this.words = parts.words;
    this.turn = parts.turn;
    this.context = parts.context;
    this.geometry = parts.geometry;
    this.locks = parts.locks;
    this._parts = parts;
    this._kmalloc = parts.kmalloc;
    this._kfreeRcu = parts.kfreeRcu;
  }

  alloc(bytes: number): number {
    const p = this._kmalloc.alloc(bytes, GFP_KERNEL);
    return p !== 0 ? p : this._allocHard(bytes);
  }

  tryAlloc(bytes: number): number {
    return this._kmalloc.alloc(bytes, GFP_NOWAIT);
  }

  allocNolock(bytes: number): number {
    return this._kmalloc.allocNolock(bytes, GFP_NOLOCK);
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
    // Where nothing may be spun for, nothing can be reclaimed either.
    const p = !allowBlocking(this._parts.rights.most())
      ? 0
      : reclaimFor(this._parts, GFP_KERNEL, () => this._kmalloc.alloc(bytes, GFP_KERNEL));
    if (p !== 0) return p;
    throw outOfMemory(this._parts, bytes, GFP_KERNEL);
  }
}
