/**
 * MemoryGroup: what heap.group() returns: a limit for what one tenant, cache or job takes of a heap, the same in all
 * threads.
 *
 *     group.kmalloc(64)                                 charged to the group
 *     group.run(() => heap.kmalloc(64, GFP_KERNEL_ACCOUNT))      the same
 *     heap.map('sessions', { group })                   everything that the map takes, in every thread
 *
 * What is charged is given back when the memory is freed, by whom ever; with kfreeRcu() after its grace period. An
 * object costs 8 bytes more than one that is not charged.
 */
import type { GroupCharges } from '../groups/group-charges.js';
import { GRANULE_BYTES, GROUP, NO_LIMIT } from '../layout/group-record.js';
import { GFP_KERNEL, GFP_NOLOCK, type Gfp, requireNolockGfp } from '../pages/gfp.js';
import type { Rights } from '../pages/rights.js';
import type { Shrinker } from '../pages/shrinker.js';
import type { Kmalloc } from '../slab/kmalloc.js';
import type { Turn } from '../threads/turn.js';
import { isThenable } from '../words/is-thenable.js';
import { type Address, PAGE_BYTES } from '../words/units.js';
import type { Words } from '../words/words.js';
import type { HeapParts } from './heap-parts.js';
import type { HardAllocator } from './named-cache.js';

// A local copy, as in heap-memory.ts.
const MOST = GFP_KERNEL;

/** What a group has counted, and its limit. */
export interface GroupStats {
  readonly name: string;
  /** Charged now, with what threads have charged in advance: at most 64 pages for each. */
  readonly usageBytes: number;
  /** The largest usage there was. */
  readonly peakBytes: number;
  /** Infinity without a limit. */
  readonly maxBytes: number;
  /** Allocations that failed because this group, or one that it is part of, had no room. */
  readonly failures: number;
  /** Charges that went past the limit, because they must not fail. */
  readonly forced: number;
}

/** What a group needs of its heap. */
export type GroupHeap = HardAllocator;

/** Who makes, limits and closes groups. */
export interface GroupOwner {
  /** Sets the limit, and reclaims what is above it. */
  limit(record: number, maxBytes: number): void;
  close(record: number): void;
}

export class MemoryGroup {
  readonly name: string;
  /** Address of its record, the same in all threads. */
  readonly record: number;
  private readonly _heap: GroupHeap;
  private readonly _owner: GroupOwner;
  private readonly _parts: HeapParts;
  private readonly _words: Words;
  private readonly _turn: Turn;
  private readonly _rights: Rights;
  private readonly _kmalloc: Kmalloc;
  private readonly _charges: GroupCharges;

  constructor(heap: GroupHeap, owner: GroupOwner, parts: HeapParts, record: number, name: string) {
    this.name = name;
    this.record = record;
    this._heap = heap;
    this._owner = owner;
    this._parts = parts;
    this._words = parts.words;
    this._turn = parts.turn;
    this._rights = parts.rights;
    this._kmalloc = parts.kmalloc;
    this._charges = parts.charges;
  }

  /**
   * Takes memory that is charged to the group. As Heap.kmalloc(), and freed like what that returns.
   *
   * Errors   GroupLimitError where reclaiming in the group made no room, Error for a closed group, and those of
   *          Heap.kmalloc(). Without the right to reclaim NONE instead.
   */
  kmalloc(bytes: number, gfp?: Gfp): Address {
    if (this._turn.pinned === false) this._turn.pin();
    if (gfp !== undefined) return this._kmallocAs(bytes, gfp);
    const p = this._kmalloc.allocCharged(bytes, MOST, this.record);
    return (p !== 0 ? p : this._kmallocHard(bytes, undefined) | 0) as Address;
  }

  /** Heap.kmallocNolock(), charged to the group: exactly so much, and NONE where that is refused. */
  kmallocNolock(bytes: number, gfp: Gfp = GFP_NOLOCK): Address {
    if (this._turn.pinned === false) this._turn.pin();
    if (gfp !== GFP_NOLOCK) requireNolockGfp(gfp, 'kmallocNolock() of a group');
    return this._kmalloc.allocChargedNolock(bytes, gfp, this.record) as Address;
  }

  /** Takes 2^order pages that are charged to the group; as Heap.allocPages(), errors as kmalloc(). */
  allocPages(order: number, gfp?: Gfp): Address {
    if (gfp !== undefined) this._rights.require(gfp, 'allocPages() of a group');
    this._turn.pin();
    const alloc = () => this._parts.pages.allocCharged(order, gfp ?? MOST, this.record);
    return (alloc() || this._heap.allocHard(PAGE_BYTES << order, gfp, alloc, order)) as Address;
  }

  /**
   * Runs `fn`; what this thread allocates with __GFP_ACCOUNT meanwhile is charged to the group. Nests: the innermost
   * group counts.
   *
   * @param fn synchronous
   *
   * Errors   TypeError where `fn` returns a promise: what runs after an await is charged to nobody.
   */
  run<T>(fn: () => T): T {
    const before = this._charges.active;
    this._charges.active = this.record;
    try {
      const result = fn();
      if (isThenable(result)) this._refuseAsync();
      return result;
    } finally {
      this._charges.active = before;
    }
  }

  /**
   * Changes the limit. Where more is charged already, reclaims in the group; what cannot be had stays charged, and
   * nothing more is granted until there is room.
   *
   * @param maxBytes 0 and up, rounded down to 8 bytes; Infinity for no limit
   *
   * Errors   RangeError for `maxBytes`.
   */
  setMaxBytes(maxBytes: number): void {
    this._owner.limit(this.record, maxBytes);
  }

  /** What the group has counted, as it was at some moment for each number. */
  stats(): GroupStats {
    const max = this._count(GROUP.max);
    return {
      name: this.name,
      usageBytes: Math.max(0, this._count(GROUP.usage)) * GRANULE_BYTES,
      peakBytes: this._count(GROUP.peak) * GRANULE_BYTES,
      maxBytes: max === NO_LIMIT ? Number.POSITIVE_INFINITY : max * GRANULE_BYTES,
      failures: this._count(GROUP.failures),
      forced: this._count(GROUP.forced),
    };
  }

  /**
   * Asks `shrinker` before an allocation of this thread fails for want of room in the group, or in one that it is part
   * of. Returns a function that takes it off again.
   *
   * Errors   TypeError for what has no name, count and scan.
   */
  registerShrinker(shrinker: Shrinker): () => void {
    return this._parts.groupShrinkers.register(this.record, shrinker);
  }

  /**
   * Ends the group, in all threads: nothing can be charged to it until heap.group() is asked for its name again.
   *
   * Errors   Error while something is charged to it, or a group is part of it; it says how much, or how many.
   */
  close(): void {
    this._owner.close(this.record);
  }

  /** Whether it is a group of the heap in this buffer: in another its record is any memory. */
  isIn(buffer: SharedArrayBuffer): boolean {
    return this._parts.handle.buffer === buffer;
  }

  private _count(word: number): number {
    // Counter only.
    return this._words.load(this.record + word);
  }

  /** kmalloc() with a gfp, apart from it as Heap.kmalloc() has it. */
  private _kmallocAs(bytes: number, gfp: Gfp): Address {
    this._rights.require(gfp, 'kmalloc() of a group');
    const p = this._kmalloc.allocCharged(bytes, gfp, this.record);
    return (p !== 0 ? p : this._kmallocHard(bytes, gfp) | 0) as Address;
  }

  // A closure in kmalloc itself would cost every call.
  private _kmallocHard(bytes: number, gfp: Gfp | undefined): Address {
    const alloc = () => this._kmalloc.allocCharged(bytes, gfp ?? MOST, this.record);
    return this._heap.allocHard(bytes, gfp, alloc);
  }

  private _refuseAsync(): never {
    throw new TypeError(
      `run() of group ${this.name} was given a function that returns a promise; what it allocates after an await ` +
        'would be charged to nobody. Pass a synchronous function, and call run() again after each await.',
    );
  }
}
