/**
 * WrappedKmalloc: a Kmalloc that hands every call to another one; what is built round an allocator (shells, fault
 * injection) overrides what it changes.
 *
 * Not a Kmalloc with some methods overridden: those call each other, and a wrapped call would be wrapped twice.
 */
import type { Gfp } from '../pages/gfp.js';
import { Kmalloc } from './kmalloc.js';

export class WrappedKmalloc extends Kmalloc {
  protected readonly inner: Kmalloc;

  /** @param given what `inner` was made of */
  constructor(inner: Kmalloc, ...given: ConstructorParameters<typeof Kmalloc>) {
    super(...given);
    this.inner = inner;
  }

  override alloc(bytes: number, gfp: Gfp): number {
    return this.inner.alloc(bytes, gfp);
  }

  override allocFrom(id: number, gfp: Gfp): number {
    return this.inner.allocFrom(id, gfp);
  }

  override allocNolock(bytes: number, gfp: Gfp): number {
    return this.inner.allocNolock(bytes, gfp);
  }

  override allocCharged(bytes: number, gfp: Gfp, record: number): number {
    return this.inner.allocCharged(bytes, gfp, record);
  }

  override allocChargedNolock(bytes: number, gfp: Gfp, record: number): number {
    return this.inner.allocChargedNolock(bytes, gfp, record);
  }

  override groupOf(p: number): number {
    return this.inner.groupOf(p);
  }

  override free(p: number): void {
    this.inner.free(p);
  }

  override freeNolock(p: number): void {
    this.inner.freeNolock(p);
  }

  override cacheOf(p: number): number {
    return this.inner.cacheOf(p);
  }

  override usableWords(p: number): number {
    return this.inner.usableWords(p);
  }
}
