/** NamedCache: what heap.slabCache() returns: objects of one size under one name, in every thread. */
import { __GFP_ACCOUNT, GFP_KERNEL, type Gfp, GfpError } from '../pages/gfp.js';
import type { Rights } from '../pages/rights.js';
import type { Kmalloc } from '../slab/kmalloc.js';
import type { Turn } from '../threads/turn.js';
import { type Address, BYTES_PER_WORD } from '../words/units.js';
import type { HeapParts } from './heap-parts.js';
import { bareAddress } from './marked-address.js';

/** Takes an object in the hard way, or throws. */
export interface HardAllocator {
  allocHard(bytes: number, gfp: Gfp | undefined, alloc: () => number, order?: number): Address;
}

export class NamedCache {
  readonly name: string;
  /** Number of the cache in the heap. */
  readonly id: number;
  /** Bytes of one object. */
  readonly objectBytes: number;
  /** Readers may look at its objects after they were freed. */
  readonly typesafeByRcu: boolean;
  private readonly _hard: HardAllocator;
  private readonly _turn: Turn;
  private readonly _rights: Rights;
  private readonly _kmalloc: Kmalloc;
  private readonly _buffer: SharedArrayBuffer;

  constructor(hard: HardAllocator, parts: HeapParts, id: number, name: string, objectWords: number) {
    this.name = name;
    this.objectBytes = objectWords * BYTES_PER_WORD;
    this._hard = hard;
    this._turn = parts.turn;
    this._rights = parts.rights;
    this._kmalloc = parts.kmalloc;
    this._buffer = parts.handle.buffer;
    this.id = id;
    this.typesafeByRcu = parts.caches.linkOffset(id) !== 0;
  }

  /** Whether it is a cache of the heap in this buffer: in another its number is that of any cache. */
  isIn(buffer: SharedArrayBuffer): boolean {
    return this._buffer === buffer;
  }

  /** Takes an object; errors and contexts as kmalloc. Is charged to nobody: GfpError for __GFP_ACCOUNT. */
  alloc(gfp?: Gfp): Address {
    this._turn.pin();
    if (gfp !== undefined) this._require(gfp);
    const p = this._kmalloc.allocFrom(this.id, gfp ?? GFP_KERNEL);
    return p !== 0 ? (p as Address) : this._allocHard(gfp);
  }

  private _require(gfp: Gfp): void {
    this._rights.require(gfp, 'alloc() of a slab cache');
    if ((gfp & __GFP_ACCOUNT) === 0) return;
    throw new GfpError(
      gfp,
      `allocated from slab cache ${this.name} with __GFP_ACCOUNT, whose objects have no room for the group that pays; ` +
        'use kmalloc() of the group',
    );
  }

  private _allocHard(gfp: Gfp | undefined): Address {
    return this._hard.allocHard(this.objectBytes, gfp, () =>
      this._kmalloc.allocFrom(this.id, gfp ?? GFP_KERNEL),
    );
  }

  /** Gives an object back at once; as kfree, which does the same. */
  free(p: Address): void {
    this._turn.pin();
    const id = this._kmalloc.cacheOf(p);
    if (id !== this.id) {
      throw new RangeError(
        `freed address ${bareAddress(p)} to slab cache ${this.name}, of which it is not an object; use kfree()`,
      );
    }
    this._kmalloc.free(p);
  }
}
