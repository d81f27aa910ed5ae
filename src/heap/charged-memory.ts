/** ChargedMemory: what a map takes its memory from that belongs to a memory group: everything is charged to the group. */
import { GFP_KERNEL, GFP_NOLOCK, GFP_NOWAIT } from '../pages/gfp.js';
import type { HeapParts } from './heap-parts.js';
import { ReclaimingMemory } from './reclaiming-memory.js';

export class ChargedMemory extends ReclaimingMemory {
  private readonly _record: number;

  /** @param record of the group, which this thread has opened */
  constructor(parts: HeapParts, record: number) {
    super(parts);
    this._record = record;
  }

  /** Errors   GroupLimitError as well, and Error for a closed group. */
  override alloc(bytes: number): number {
    const p = this.kmalloc.allocCharged(bytes, GFP_KERNEL, this._record);
    return p !== 0 ? p : this.allocHard(bytes);
  }

  override tryAlloc(bytes: number): number {
    const p = this.kmalloc.allocCharged(bytes, GFP_NOWAIT, this._record);
    if (p === 0) this.parts.charges.takeRefusal();
    return p;
  }

  override allocNolock(bytes: number): number {
    return this.kmalloc.allocChargedNolock(bytes, GFP_NOLOCK, this._record);
  }

  protected override take(bytes: number): number {
    return this.kmalloc.allocCharged(bytes, GFP_KERNEL, this._record);
  }
}
