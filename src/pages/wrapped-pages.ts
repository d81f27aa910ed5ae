/** WrappedPages: a PageAllocator that hands every call to another one; what is built round it overrides what it changes. */
import type { Address } from '../words/units.js';
import type { Gfp } from './gfp.js';
import { PageAllocator } from './page-allocator.js';

export class WrappedPages extends PageAllocator {
  protected readonly inner: PageAllocator;

  /** @param given what `inner` was made of */
  constructor(inner: PageAllocator, ...given: ConstructorParameters<typeof PageAllocator>) {
    super(...given);
    this.inner = inner;
  }

  override allocPages(order: number, gfp: Gfp): Address {
    return this.inner.allocPages(order, gfp);
  }

  override allocPagesNolock(order: number, gfp?: Gfp): Address {
    return this.inner.allocPagesNolock(order, gfp);
  }

  override freePages(start: number): void {
    this.inner.freePages(start);
  }

  override freePagesNolock(start: number): void {
    this.inner.freePagesNolock(start);
  }

  override allocCharged(order: number, gfp: Gfp, record: number): Address {
    return this.inner.allocCharged(order, gfp, record);
  }

  override allocChargedNolock(order: number, gfp: Gfp, record: number): Address {
    return this.inner.allocChargedNolock(order, gfp, record);
  }

  override groupOf(start: number): number {
    return this.inner.groupOf(start);
  }

  override allocFromList(order: number): Address {
    return this.inner.allocFromList(order);
  }

  override drain(): void {
    this.inner.drain();
  }

  override decay(): boolean {
    return this.inner.decay();
  }

  override mayDecay(): boolean {
    return this.inner.mayDecay();
  }

  override enterReclaim(): void {
    this.inner.enterReclaim();
  }

  override exitReclaim(): void {
    this.inner.exitReclaim();
  }
}
