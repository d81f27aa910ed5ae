/** NamedCache: what heap.slabCache() returns: objects of one size under one name, in every thread. */
import type { Gfp } from '../pages/gfp.js';
import { GFP_KERNEL, requireGfp } from '../pages/gfp.js';
import type { Kmalloc } from '../slab/kmalloc.js';
import type { Turn } from '../threads/turn.js';
import { type Address, BYTES_PER_WORD } from '../words/units.js';
import type { HeapParts } from './heap-parts.js';
import { bareAddress } from './marked-address.js';

/** Takes an object in the hard way, or throws. */
export interface HardAllocator {
  allocHard(bytes: number, gfp: Gfp, alloc: () => number): Address;
}

export class NamedCache {
  readonly name: string;
  /** Bytes of one object. */
  readonly objectBytes: number;
  private readonly _hard: HardAllocator;
  private readonly _turn: Turn;
  private readonly _kmalloc: Kmalloc;
  private readonly _id: number;

  constructor(hard: HardAllocator, parts: HeapParts, id: number, name: string, objectWords: number) {
    this.name = name;
    this.objectBytes = objectWords * BYTES_PER_WORD;
    this._hard = hard;
    this._turn = parts.turn;
    this._kmalloc = parts.kmalloc;
    this._id = id;
  }

  /** Takes an object; errors and contexts as kmalloc. */
  alloc(gfp: Gfp = GFP_KERNEL): Address {
    this._turn.pin();
    requireGfp(gfp);
    const p = this._kmalloc.allocFrom(this._id, gfp);
    return p !== 0 ? (p as Address) : this._allocHard(gfp);
  }

  private _allocHard(gfp: Gfp): Address {
    return this._hard.allocHard(this.objectBytes, gfp, () => this._kmalloc.allocFrom(this._id, gfp));
  }

  /** Gives an object back at once; as kfree, which does the same. */
  free(p: Address): void {
    this._turn.pin();
    const id = this._kmalloc.cacheOf(p);
    if (id !== this._id) {
      throw new RangeError(
        `freed address ${bareAddress(p)} to slab cache ${this.name}, of which it is not an object; use kfree()`,
      );
    }
    this._kmalloc.free(p);
  }
}
