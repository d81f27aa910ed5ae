/**
 * A heap with something of every kind in it, for calls that must change none of it: objects and blocks that are held,
 * and every kind of address that is none of theirs.
 */

import type { SharedMap } from '../../src/collections/shared-map.js';
import type { MemoryGroup } from '../../src/heap/memory-group.js';
import type { Mempool } from '../../src/heap/mempool.js';
import type { NamedCache } from '../../src/heap/named-cache.js';
import { SHEAF_CACHE } from '../../src/layout/cache-record.js';
import { descriptorStart } from '../../src/layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageKind, pageOwner } from '../../src/layout/page-descriptor.js';
import { CACHE_SLOT, CACHE_SLOT_WORDS, SLOT } from '../../src/layout/thread-slot.js';
import { blockOf } from '../../src/pages/describe-address.js';
import type { Heap } from '../../src/shared-heap.js';
import { type Address, PAGE_SHIFT, PAGE_WORDS } from '../../src/words/units.js';
import { partsOf } from '../support/stage.js';
import type { Random } from '../threads/seed.js';

const OBJECT_BYTES = [8, 24, 64, 100, 1000, 8192];
const BLOCK_ORDERS = [0, 0, 1, 2, 3];

export class Belongings {
  readonly heap: Heap;
  /** Of kmalloc(), of several sizes. */
  readonly objects: readonly Address[];
  /** Of allocPages(). */
  readonly blocks: readonly Address[];
  readonly cache: NamedCache;
  readonly pool: Mempool;
  readonly group: MemoryGroup;
  /** Id of a callback that this thread has a function for. */
  readonly callback: number;
  readonly map: SharedMap<string, string | number>;
  /** Blocks that were given back, and arrays of addresses that are the heap's own. */
  private readonly _notHeld: readonly number[];

  constructor(heap: Heap) {
    this.heap = heap;
    this.cache = heap.slabCache('cache', 64);
    this.map = heap.map('map');
    this.pool = heap.mempool('pool', 2, { bytes: 64 });
    this.map.set('key', 'value');
    this.callback = heap.rcu.register('callback', () => {});
    heap.semaphore('semaphore', 2);
    heap.seqLock('seqLock', 2);
    this.group = heap.group('group', { maxBytes: 2 ** 20 });
    this.objects = [
      ...[...OBJECT_BYTES, ...OBJECT_BYTES].map((bytes) => heap.kmalloc(bytes)),
      ...[24, 1000].map((bytes) => this.group.kmalloc(bytes)),
    ];
    this.blocks = [...BLOCK_ORDERS.map((order) => heap.allocPages(order)), this.group.allocPages(0)];
    const given = BLOCK_ORDERS.map((order) => heap.allocPages(order));
    for (const block of given) heap.freePages(block);
    this._notHeld = [...given, ...this._sheaves()];
  }

  /** Everything that the test holds. */
  held(): Address[] {
    return [...this.objects, ...this.blocks];
  }

  /** A number that is the address of nothing that was handed out. */
  strayAddress(random: Random): number {
    const total = this.heap.geometry.totalPages * PAGE_WORDS;
    const held = this.held();
    for (;;) {
      const near = held[random.below(held.length)]!;
      const candidates = [
        random.below(total),
        random.below(total) & ~(PAGE_WORDS - 1),
        near + 1 + random.below(2 * PAGE_WORDS),
        near - 1 - random.below(PAGE_WORDS),
        total + random.below(total),
        this._notHeld[random.below(this._notHeld.length)]!,
        random.below(this.heap.geometry.firstPage * PAGE_WORDS),
      ];
      const address = candidates[random.below(candidates.length)]!;
      if (!this._isHandedOut(address)) return address;
    }
  }

  /** True for the start of a block, and where an object of a cache starts: a heap without debugging hooks takes both. */
  private _isHandedOut(address: number): boolean {
    const { words, geometry } = partsOf(this.heap);
    const page = address >>> PAGE_SHIFT;
    if (address < 0 || page < geometry.firstPage || page >= geometry.totalPages) return false;
    const first = blockOf(words, geometry, page);
    const state = words.loadPlain(descriptorStart(geometry, first) + DESCRIPTOR.state);
    const start = first << PAGE_SHIFT;
    if (pageKind(state) === PAGE_KIND.allocated) return address === start;
    const id = pageOwner(state);
    if (pageKind(state) !== PAGE_KIND.slab || id === SHEAF_CACHE) return false;
    return (address - start) % partsOf(this.heap).caches.view(id).objectWords === 0;
  }

  /** The arrays of addresses that this thread has in use. */
  private _sheaves(): number[] {
    const { words, membership, geometry } = partsOf(this.heap);
    const found = new Set<number>();
    for (let id = 1; id < geometry.maxCaches; id++) {
      const place = membership.start + SLOT.caches + id * CACHE_SLOT_WORDS;
      const main = words.loadPlain(place + CACHE_SLOT.main);
      if (main >>> PAGE_SHIFT >= geometry.firstPage) found.add(main);
    }
    return [...found];
  }
}
