/**
 * InjectedKmalloc: a kmalloc of which chosen calls find no memory (failslab), as the kernel's. Requests that are no
 * object of a slab are left to failPageAlloc. Needs no lock: calls of the nolock kind fail as others do, unless told
 * to leave them alone.
 */
import { CACHE } from '../layout/cache-record.js';
import type { Geometry } from '../layout/heap-header.js';
import { cacheStart } from '../layout/heap-layout.js';
import { SLOT } from '../layout/thread-slot.js';
import type { FaultAttr } from '../pages/fault-attr.js';
import { allowSpinning, type Gfp } from '../pages/gfp.js';
import { BYTES_PER_WORD } from '../words/units.js';
import type { Words } from '../words/words.js';
import type { Kmalloc } from './kmalloc.js';
import { CLASS_OF_GRANULES, MAX_CLASS_BYTES } from './size-classes.js';
import { WrappedKmalloc } from './wrapped-kmalloc.js';

export class InjectedKmalloc extends WrappedKmalloc {
  private readonly _attr: FaultAttr;
  private readonly _heapWords: Words;
  private readonly _records: Geometry;
  private readonly _counter: number;

  constructor(fault: FaultAttr, inner: Kmalloc, ...given: ConstructorParameters<typeof Kmalloc>) {
    super(inner, ...given);
    this._attr = fault;
    this._heapWords = given[0];
    this._records = given[1];
    this._counter = given[2] + SLOT.slabFaults;
  }

  override alloc(bytes: number, gfp: Gfp): number {
    return this._fails(bytes, !allowSpinning(gfp)) ? 0 : this.inner.alloc(bytes, gfp);
  }

  override allocNolock(bytes: number, gfp: Gfp): number {
    return this._fails(bytes, true) ? 0 : this.inner.allocNolock(bytes, gfp);
  }

  override allocCharged(bytes: number, gfp: Gfp, record: number): number {
    return this._fails(bytes, !allowSpinning(gfp)) ? 0 : this.inner.allocCharged(bytes, gfp, record);
  }

  override allocChargedNolock(bytes: number, gfp: Gfp, record: number): number {
    return this._fails(bytes, true) ? 0 : this.inner.allocChargedNolock(bytes, gfp, record);
  }

  override allocFrom(id: number, gfp: Gfp): number {
    const bytes =
      this._heapWords.loadPlain(cacheStart(this._records, id) + CACHE.objectWords) * BYTES_PER_WORD;
    return this._failsFrom(id, bytes, !allowSpinning(gfp)) ? 0 : this.inner.allocFrom(id, gfp);
  }

  /** What is no size is left for the allocator to refuse. */
  private _fails(bytes: number, isNolock: boolean): boolean {
    if (!(bytes > 0 && bytes <= MAX_CLASS_BYTES)) return false;
    return this._failsFrom(CLASS_OF_GRANULES[Math.ceil(bytes / 8)]!, bytes, isNolock);
  }

  private _failsFrom(id: number, bytes: number, isNolock: boolean): boolean {
    if (!this._attr.shouldFail(bytes, isNolock, bytes, id)) return false;
    this._heapWords.storePlain(this._counter, this._heapWords.loadPlain(this._counter) + 1);
    return true;
  }
}
