/** PoolElement: what the elements of a mempool are: objects of a size, blocks of pages, or objects of a named cache. */
import { MEMPOOL_KIND } from '../layout/mempool-record.js';
import { allowSpinning, type Gfp } from '../pages/gfp.js';
import type { ElementSource } from '../pages/mempool.js';
import { MAX_KMALLOC_BYTES } from '../slab/size-classes.js';
import { BYTES_PER_WORD, MAX_ORDER, PAGE_BYTES, PAGE_WORDS, wordsFor } from '../words/units.js';

import type { HeapParts } from './heap-parts.js';
import { bareAddress } from './marked-address.js';
import { NamedCache } from './named-cache.js';

/** What heap.mempool() keeps: one of the three. */
export type MempoolElements =
  | { readonly bytes: number }
  | { readonly order: number }
  | { readonly cache: NamedCache };

/** One kind and size of elements, in one thread's heap. */
export class PoolElement implements ElementSource {
  readonly kind: number;
  /** Bytes, order, or id of the cache. */
  readonly size: number;
  readonly bytes: number;
  private readonly _parts: HeapParts;

  constructor(parts: HeapParts, kind: number, size: number, bytes: number) {
    this._parts = parts;
    this.kind = kind;
    this.size = size;
    this.bytes = bytes;
  }

  /** Takes one of the heap, as gfp says; 0 where none is to be had. */
  alloc(gfp: Gfp): number {
    const { kmalloc, pages } = this._parts;
    if (this.kind === MEMPOOL_KIND.cache) return kmalloc.allocFrom(this.size, gfp);
    if (this.kind === MEMPOOL_KIND.order) {
      return allowSpinning(gfp) ? pages.allocPages(this.size, gfp) : pages.allocPagesNolock(this.size, gfp);
    }
    return allowSpinning(gfp) ? kmalloc.alloc(this.size, gfp) : kmalloc.allocNolock(this.size, gfp);
  }

  free(p: number, maySpin: boolean): void {
    const { turn } = this._parts;
    // Who waits for an element has left its turns, and finds some that the pool has no room for.
    if (turn.isOpen()) this._free(p, maySpin);
    else turn.run(() => this._free(p, maySpin));
  }

  private _free(p: number, maySpin: boolean): void {
    if (maySpin) this._parts.kmalloc.free(p);
    else this._parts.kmalloc.freeNolock(p);
  }

  /** The address alone. RangeError where `p` is not one of these elements. */
  require(p: number, pool: string): number {
    const { kmalloc } = this._parts;
    const bare = bareAddress(p);
    const id = kmalloc.cacheOf(p);
    const words = kmalloc.usableWords(p);
    if (this.kind === MEMPOOL_KIND.cache && id === this.size) return bare;
    if (this.kind === MEMPOOL_KIND.order && id === 0 && words === PAGE_WORDS << this.size) return bare;
    // An object of a larger class serves as well: calls of the nolock kind take those.
    if (this.kind === MEMPOOL_KIND.bytes && words >= wordsFor(this.size)) return bare;
    throw new RangeError(
      `freed address ${bare} of ${words * BYTES_PER_WORD} bytes to mempool '${pool}', whose elements have ${this.bytes}; ` +
        'pass what alloc() of this pool returned, or use kfree() or freePages()',
    );
  }
}

/**
 * Reads what a caller wants to keep.
 *
 * Errors   TypeError for what is none of the three, or more than one; RangeError for its size.
 */
export function poolElementOf(parts: HeapParts, pool: string, elements: MempoolElements): PoolElement {
  const { bytes, order, cache } = (elements ?? {}) as Partial<Record<'bytes' | 'order' | 'cache', unknown>>;
  const given = [bytes, order, cache].filter((one) => one !== undefined);
  if (given.length !== 1) {
    throw new TypeError(
      `opened mempool '${pool}' with ${given.length} of bytes, order and cache; give one of { bytes }, { order }, { cache }`,
    );
  }
  if (bytes !== undefined) {
    requireIn(pool, 'bytes', bytes, 1, MAX_KMALLOC_BYTES);
    return new PoolElement(parts, MEMPOOL_KIND.bytes, bytes as number, bytes as number);
  }
  if (order !== undefined) {
    requireIn(pool, 'order', order, 0, MAX_ORDER);
    return new PoolElement(parts, MEMPOOL_KIND.order, order as number, PAGE_BYTES << (order as number));
  }
  if (cache instanceof NamedCache && cache.isIn(parts.handle.buffer)) {
    requireNotTypesafe(pool, cache);
    return new PoolElement(parts, MEMPOOL_KIND.cache, cache.id, cache.objectBytes);
  }
  throw new TypeError(
    `opened mempool '${pool}' with cache: ${String(cache)}; it is what heap.slabCache() of the same heap returned`,
  );
}

/** An element that is given back while the pool is busy is linked through its first word, whoever reads that. */
function requireNotTypesafe(pool: string, { name, typesafeByRcu }: NamedCache): void {
  if (!typesafeByRcu) return;
  throw new TypeError(
    `opened mempool '${pool}' with slab cache ${name}, which is typesafeByRcu: what a pool keeps is not left as its ` +
      'readers know it; use a cache without it',
  );
}

/** Throws RangeError unless `value` is an integer in the range. */
export function requireIn(pool: string, what: string, value: unknown, least: number, most: number): void {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return;
  throw new RangeError(
    `opened mempool '${pool}' with ${what}: ${String(value)}; it is an integer in ${least}..${most}`,
  );
}
