/**
 * InjectedPages: a page allocator of which chosen calls find no memory (failPageAlloc), as the kernel's
 * fail_page_alloc. Needs no lock: calls of the nolock kind fail as others do, unless told to leave them alone.
 */
import { SLOT } from '../layout/thread-slot.js';
import { type Address, MAX_ORDER, NONE } from '../words/units.js';
import type { Words } from '../words/words.js';
import type { FaultAttr } from './fault-attr.js';
import { allowSpinning, GFP_NOLOCK, type Gfp } from './gfp.js';
import type { PageAllocator } from './page-allocator.js';
import { WrappedPages } from './wrapped-pages.js';

export class InjectedPages extends WrappedPages {
  private readonly _attr: FaultAttr;
  private readonly _heapWords: Words;
  private readonly _counter: number;

  constructor(fault: FaultAttr, inner: PageAllocator, ...given: ConstructorParameters<typeof PageAllocator>) {
    super(inner, ...given);
    this._attr = fault;
    this._heapWords = given[0];
    this._counter = given[2] + SLOT.pageFaults;
  }

  override allocPages(order: number, gfp: Gfp): Address {
    return this._fails(order, !allowSpinning(gfp)) ? NONE : this.inner.allocPages(order, gfp);
  }

  override allocPagesNolock(order: number, gfp: Gfp = GFP_NOLOCK): Address {
    return this._fails(order, true) ? NONE : this.inner.allocPagesNolock(order, gfp);
  }

  override allocCharged(order: number, gfp: Gfp, record: number): Address {
    return this._fails(order, !allowSpinning(gfp)) ? NONE : this.inner.allocCharged(order, gfp, record);
  }

  override allocChargedNolock(order: number, gfp: Gfp, record: number): Address {
    return this._fails(order, true) ? NONE : this.inner.allocChargedNolock(order, gfp, record);
  }

  override allocFromList(order: number): Address {
    return this._fails(order, true) ? NONE : this.inner.allocFromList(order);
  }

  /** What is no order is left for the allocator to refuse. */
  private _fails(order: number, isNolock: boolean): boolean {
    if (!Number.isInteger(order) || order < 0 || order > MAX_ORDER) return false;
    if (!this._attr.shouldFail(order, isNolock, 1 << order)) return false;
    this._heapWords.storePlain(this._counter, this._heapWords.loadPlain(this._counter) + 1);
    return true;
  }
}
