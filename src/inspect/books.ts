/**
 * Books: what one audit of a heap has found out so far. Filled in by the files that look at pages, slabs,
 * sheaves and names in turn; each believes only what an earlier one has proved.
 *
 *     per page     kinds | firsts                       what its block is, and where that starts
 *     per block    orders | owners | bases | listed     at the block's first page
 *     per object   places                               PLACE and REACHED, from the slab's base on
 *
 * A heap under audit may hold any rubbish: no address is followed before `objectAt` or `blockAt` has placed it,
 * and no page number before it was found among `kinds`. Whatever is broken is reported once, where it breaks.
 *
 * I1  Every walk marks what it has met and stops where it comes back, so none is endless.
 */
import { SHEAF_CACHE } from '../layout/cache-record.js';
import type { Geometry } from '../layout/heap-header.js';
import { PAGE_KIND } from '../layout/page-descriptor.js';
import { hasShells, SHELL_WORDS, shellHeadWords } from '../layout/shell-record.js';
import { PAGE_SHIFT, PAGE_WORDS } from '../words/units.js';
import type { Words } from '../words/words.js';

/** Where an object is. `live`: in none of the places that the heap knows, so somebody has it. */
export const PLACE = { live: 0, freelist: 1, sheaf: 2, waiting: 3, deferred: 4 } as const;
export type Place = (typeof PLACE)[keyof typeof PLACE];
export const PLACE_MASK = 7;
/** Added to a live object's place when something was found that leads to it. */
export const REACHED = 8;

/** Problems beyond this many are only counted: one broken list can make thousands. */
const MAX_PROBLEMS = 200;

/** A callback that waits to be called. */
export interface QueuedCallback {
  readonly head: number;
  readonly id: number;
  /** The list that it is on, as a sentence ends. */
  readonly list: string;
}

/** The constants of a cache, as its record states them. */
export interface CacheBook {
  readonly id: number;
  readonly objectWords: number;
  readonly slabOrder: number;
  readonly slabObjects: number;
  readonly sheafCapacity: number;
  /** The word of a free object that links it. Not 0: the cache is type-stable. */
  readonly linkOffset: number;
  /** False where the record contradicts itself: then nothing that rests on it is looked at. */
  sound: boolean;
}

export class Books {
  readonly words: Words;
  readonly geometry: Geometry;
  /** By id. */
  readonly caches: CacheBook[] = [];
  /** First page of every block, in ascending order. */
  readonly blocks: number[] = [];
  readonly kinds: Uint8Array;
  readonly firsts: Int32Array;
  /** Not 0 where a list holds the block; of an allocated block PLACE.waiting or REACHED. */
  readonly listed: Uint8Array;
  readonly orders: Uint8Array;
  readonly owners: Int32Array;
  /** A slab's index of its first object in `places`; -1 where the slab is not fit to be looked into. */
  readonly bases: Int32Array;
  places = new Uint8Array(0);
  /** Sheaves in use, each with the place that it stands in. */
  readonly sheaves = new Map<number, string>();
  /** RcuHeads of callbacks, each by its address. */
  readonly callbacks = new Map<number, QueuedCallback>();
  /** Callbacks that were registered, by id: each with its record. */
  readonly callbackRecords = new Map<number, number>();
  /** Lists that broke off: what should be on them may be or not. */
  readonly brokenLists = new Set<string>();
  private readonly _problems: string[] = [];
  private _omitted = 0;

  constructor(words: Words, geometry: Geometry) {
    this.words = words;
    this.geometry = geometry;
    this.kinds = new Uint8Array(geometry.totalPages);
    this.firsts = new Int32Array(geometry.totalPages);
    this.listed = new Uint8Array(geometry.totalPages);
    this.orders = new Uint8Array(geometry.totalPages);
    this.owners = new Int32Array(geometry.totalPages);
    this.bases = new Int32Array(geometry.totalPages);
  }

  /** Notes a problem, a sentence without its full stop. */
  report(sentence: string): void {
    if (this._problems.length < MAX_PROBLEMS) this._problems.push(sentence);
    else this._omitted++;
  }

  /** All problems so far; those beyond the limit as a number. */
  problems(): string[] {
    if (this._omitted === 0) return this._problems;
    return [...this._problems, `${this._omitted} more problems are left out`];
  }

  /** True when the address is a word of the pages that are handed out. */
  isInside(address: number): boolean {
    const { firstPage, totalPages } = this.geometry;
    return (
      Number.isInteger(address) && address >= firstPage * PAGE_WORDS && address < totalPages * PAGE_WORDS
    );
  }

  /** The object that starts at `address`, as an index into `places`; -1 where none does. */
  objectAt(address: number): number {
    if (!this.isInside(address)) return -1;
    const page = address >>> PAGE_SHIFT;
    if (this.kinds[page] !== PAGE_KIND.slab) return -1;
    const first = this.firsts[page]!;
    const base = this.bases[first]!;
    if (base < 0) return -1;
    const { objectWords, slabObjects } = this.caches[this.owners[first]!]!;
    const offset = address - first * PAGE_WORDS;
    const number = Math.floor(offset / objectWords);
    return number * objectWords === offset && number < slabObjects ? base + number : -1;
  }

  /** The allocator's address of the object or block that holds the word at `address`; 0 where none does. */
  holderOf(address: number): number {
    if (!this.isInside(address)) return 0;
    const page = address >>> PAGE_SHIFT;
    const first = this.firsts[page]!;
    if (this.kinds[page] === PAGE_KIND.allocated) return first * PAGE_WORDS;
    if (this.kinds[page] !== PAGE_KIND.slab || this.bases[first]! < 0) return 0;
    const { objectWords, slabObjects } = this.caches[this.owners[first]!]!;
    const number = Math.floor((address - first * PAGE_WORDS) / objectWords);
    return number < slabObjects ? first * PAGE_WORDS + number * objectWords : 0;
  }

  /** The allocator's address of what its user knows as `address`: another one for an object with a shell. */
  outerOf(address: number): number {
    const page = address >>> PAGE_SHIFT;
    if (!this.isInside(address) || this.kinds[page] !== PAGE_KIND.slab) return address;
    return address - shellHeadWords(this.geometry, PAGE_KIND.slab, this.owners[this.firsts[page]!]!);
  }

  /** What outerOf() gives `address` for. */
  innerOf(address: number): number {
    return address + (address - this.outerOf(address));
  }

  /** Words of the object at `address`, as the allocator knows it, that its user may use. */
  objectRoom(address: number): number {
    return this.roomIn(this.cacheOf(address));
  }

  /** objectRoom() of each object of a cache. */
  roomIn({ id, objectWords }: CacheBook): number {
    return hasShells(this.geometry) && id !== SHEAF_CACHE ? objectWords - SHELL_WORDS : objectWords;
  }

  /** The cache of an object that objectAt() has placed. */
  cacheOf(object: number): CacheBook {
    return this.caches[this.owners[this.firsts[object >>> PAGE_SHIFT]!]!]!;
  }

  /** First page of the allocated block that starts at `address`; 0 where none does. */
  blockAt(address: number): number {
    if (!this.isInside(address) || address % PAGE_WORDS !== 0) return 0;
    const page = address >>> PAGE_SHIFT;
    return this.kinds[page] === PAGE_KIND.allocated && this.firsts[page] === page ? page : 0;
  }

  /** True where the address lies on a slab that is not fit to be looked into: then nothing can be said of it. */
  isObscure(address: number): boolean {
    if (!this.isInside(address)) return false;
    const page = address >>> PAGE_SHIFT;
    return this.kinds[page] === PAGE_KIND.slab && this.bases[this.firsts[page]!]! < 0;
  }
}
