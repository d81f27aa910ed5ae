/** ReclaimingMemory: what collections take their memory from: it reclaims before it gives up, and then throws. */
import type { Geometry } from '../layout/heap-header.js';
import type { LockMaker } from '../locks/lock-maker.js';
import { allowBlocking, GFP_KERNEL, GFP_NOLOCK, GFP_NOWAIT } from '../pages/gfp.js';
import type { KfreeRcu } from '../slab/kfree-rcu.js';
import type { Kmalloc } from '../slab/kmalloc.js';
import type { ThreadContext } from '../threads/context.js';
import { Intents } from '../threads/intents.js';
import type { Turn } from '../threads/turn.js';
import type { Words } from '../words/words.js';
import { allocHard } from './alloc-hard.js';
import { requireNotRefused } from './group-reclaim.js';
import type { HeapParts } from './heap-parts.js';
import type { MapMemory } from './map-memory.js';
import { outOfMemory } from './use-report.js';

export class ReclaimingMemory implements MapMemory {
  readonly words: Words;
  readonly turn: Turn;
  readonly context: ThreadContext;
  readonly geometry: Geometry;
  readonly locks: LockMaker;
  readonly intents: Intents;
  readonly ownerTag: number;
  protected readonly parts: HeapParts;
  protected readonly kmalloc: Kmalloc;
  private readonly _kfreeRcu: KfreeRcu;

  constructor(parts: HeapParts) {
    this.words = parts.words;
    this.turn = parts.turn;
    this.context = parts.context;
    this.geometry = parts.geometry;
    this.locks = parts.locks;
    this.intents = new Intents(parts.words, parts.membership.start);
    this.ownerTag = parts.ownerTag;
    this.parts = parts;
    this.kmalloc = parts.kmalloc;
    this._kfreeRcu = parts.kfreeRcu;
  }

  alloc(bytes: number): number {
    // Not take(): in a thread with maps of both kinds that is two functions at one place.
    const p = this.kmalloc.alloc(bytes, GFP_KERNEL);
    return p !== 0 ? p : this.allocHard(bytes);
  }

  tryAlloc(bytes: number): number {
    return this.kmalloc.alloc(bytes, GFP_NOWAIT);
  }

  allocNolock(bytes: number): number {
    return this.kmalloc.allocNolock(bytes, GFP_NOLOCK);
  }

  free(p: number): void {
    this.kmalloc.free(p);
  }

  freeNolock(p: number): void {
    this.kmalloc.freeNolock(p);
  }

  freeRcu(p: number, headOffset: number): void {
    this._kfreeRcu.post(p, headOffset);
  }

  /** One more try of alloc(): 0 where nothing is to be had. */
  protected take(bytes: number): number {
    return this.kmalloc.alloc(bytes, GFP_KERNEL);
  }

  /** The first try of alloc() has brought nothing. */
  protected allocHard(bytes: number): number {
    const { parts } = this;
    if (allowBlocking(parts.rights.most())) return allocHard(parts, bytes, undefined, () => this.take(bytes));
    // Where nothing may be spun for, nothing can be reclaimed either; and a map knows no NONE.
    requireNotRefused(parts, bytes);
    throw outOfMemory(parts, bytes, GFP_KERNEL);
  }
}
