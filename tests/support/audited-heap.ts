/**
 * One small heap that has something in every place an audit looks at, all of it in order; and what changes one
 * of its words, audits, and changes it back.
 *
 *     slot 0 alpha   main, spare and rcu sheaf, two sheaves that wait, RcuHeads in three segments, two callbacks in one
 *                    object, page lists
 *     slot 1 beta    a main sheaf and page lists
 *     slot 2         gamma has left: an orphan sheaf, two orphan RcuHeads and an orphan callback still wait
 *     slot 3         has been nobody's
 *     zone 0         free blocks, and two blocks on its deferred list
 *     cache BUSY     slabs with and without free objects, two full and two empty sheaves in its barn
 *     names          map 'm' with 5 entries in 4 buckets, one of them not linked; slab cache 'c'; callback 'f'
 */
import type { HeapParts } from '../../src/heap/heap-parts.js';
import { type BalanceOptions, balance } from '../../src/inspect/balance.js';
import type { BalanceReport } from '../../src/inspect/balance-report.js';
import { CALLBACK, CALLBACK_WORDS } from '../../src/layout/callback-record.js';
import { type Geometry, HEADER } from '../../src/layout/heap-header.js';
import { cacheStart, descriptorStart, slotStart, zoneStart } from '../../src/layout/heap-layout.js';
import { NAME, NAME_KIND } from '../../src/layout/name-record.js';
import { SHEAF } from '../../src/layout/sheaf-record.js';
import {
  CACHE_SLOT,
  CACHE_SLOT_WORDS,
  FIRST_CALLBACK_ID,
  RCU_HEAD,
  RCU_HEAD_WORDS,
  SLOT,
} from '../../src/layout/thread-slot.js';
import { ZONE } from '../../src/layout/zone-record.js';
import { ownerTag } from '../../src/locks/owner.js';
import { RawSpinLock } from '../../src/locks/raw-spin-lock.js';
import { GFP_KERNEL } from '../../src/pages/gfp.js';
import { CallbackList } from '../../src/rcu/callback-list.js';
import { GracePeriod } from '../../src/rcu/grace-period.js';
import { BYTES_PER_WORD } from '../../src/words/units.js';
import type { Words } from '../../src/words/words.js';
import { type HandMadeMap, makeMapByHand } from './hand-made-map.js';
import { joinStillHeap, leaveStillHeap, makeStillHeap } from './still-heap.js';

/** The cache that sheaves are shown with: objects of 32 bytes. */
export const BUSY = 4;
export const BUSY_BYTES = 32;
export const SHEAF_CAPACITY = 3;
/** A cache of which there is one slab, with no object in use: objects of 64 bytes. */
export const EMPTY = 8;
const EMPTY_BYTES = 64;
/** What callbacks wait for. */
const CALLED_BYTES = 128;
/** The cache of `wide`, whose slabs are of order 2: objects of 1 KiB. */
export const WIDE = 48;
const WIDE_BYTES = 2048;
/** The cache that is named 'c': the first after those of the size classes. */
export const NAMED = 65;

const SIZES = {
  pages: 120,
  threads: 4,
  maxCaches: 80,
  sheafCapacity: SHEAF_CAPACITY,
  barnSheaves: 2,
  minPartialSlabs: 1,
  maxSlabObjects: 8,
  pageListHigh: 8,
  pageListBatch: 4,
  mapBucketsLog2: 1,
  firstSequence: -8,
  hashSeed: [1, 2],
  name: 'alpha',
} as const;

export class AuditedHeap {
  readonly words: Words;
  readonly geometry: Geometry;
  readonly alpha: HeapParts;
  readonly beta: HeapParts;
  /** Objects and blocks in use that nothing in the heap leads to. */
  readonly held: number[] = [];
  readonly map: HandMadeMap;
  /** Name records behind that of callback 'f', newest first: slab cache 'c', then map 'm'. */
  readonly names: readonly [cache: number, map: number];
  /** RcuHeads on alpha's list of what is to be freed: one in each segment that waits, of blocks of one page. */
  readonly heads: readonly [wait: number, nextReady: number, next: number];
  /** Record of callback 'f'; what waits for it: two RcuHeads of alpha in one object of 128 bytes, and an orphan. */
  readonly callback: number;
  readonly callbacks: readonly [first: number, second: number];
  readonly orphanCallback: number;
  /** Start of an allocated block of order 2. */
  readonly block: number;
  /** An object on a slab of more than one page. */
  readonly wide: number;

  constructor() {
    this.alpha = makeStillHeap(SIZES);
    this.words = this.alpha.words;
    this.geometry = this.alpha.geometry;
    this.beta = joinStillHeap(this.alpha.handle, 'beta');
    this.map = makeMapByHand(this.words, (bytes) => this.alpha.kmalloc.alloc(bytes, GFP_KERNEL));
    const mapName = this.makeName(NAME_KIND.map, this.map.root, 'm');
    this.names = [this.makeName(NAME_KIND.slabCache, this.alpha.caches.create(10), 'c'), mapName];
    this.callback = this.registerCallback();
    this.block = this.alpha.pages.allocPages(2, GFP_KERNEL);
    this.wide = this.alpha.kmalloc.alloc(WIDE_BYTES, GFP_KERNEL);
    this.held.push(this.block, this.wide);
    this.heads = this.queueHeads();
    this.callbacks = this.queueCallbacks();
    this.leaveOrphans();
    this.orphanCallback = this.leaveOrphanCallback();
    this.fillSheaves();
    this.splitPages();
    this.deferBlocks();
  }

  /** The word of slot `slot` that SLOT calls `at`. */
  slot(slot: number, at: number): number {
    return slotStart(this.geometry, slot) + at;
  }

  /** The word where slot `slot` has its main, spare or rcu sheaf of a cache. */
  sheafPlace(slot: number, place: number, cache = BUSY): number {
    return this.slot(slot, SLOT.caches + cache * CACHE_SLOT_WORDS + place);
  }

  /** The word of cache `cache` that CACHE calls `at`. */
  cache(cache: number, at: number): number {
    return cacheStart(this.geometry, cache) + at;
  }

  /** The word of zone 0 that ZONE calls `at`. */
  zone(at: number): number {
    return zoneStart(this.geometry, 0) + at;
  }

  /** The word of a page's descriptor that DESCRIPTOR calls `at`. */
  descriptor(page: number, at: number): number {
    return descriptorStart(this.geometry, page) + at;
  }

  /** What word `word` holds. */
  at(word: number): number {
    return this.words.loadPlain(word);
  }

  audit(options: BalanceOptions = {}): BalanceReport {
    return balance(this.words, { held: this.held, ...options });
  }

  private allocBusy(heap: HeapParts): number {
    return heap.kmalloc.alloc(BUSY_BYTES, GFP_KERNEL);
  }

  private makeName(kind: number, target: number, name: string): number {
    const bytes = new TextEncoder().encode(name);
    const record = this.alpha.kmalloc.alloc(NAME.name * BYTES_PER_WORD + bytes.length, GFP_KERNEL);
    this.words.storePlain(record + NAME.next, this.at(HEADER.registryHead));
    this.words.storePlain(record + NAME.kind, kind);
    this.words.storePlain(record + NAME.target, target);
    this.words.storePlain(record + NAME.nameBytes, bytes.length);
    this.words.writeBytesPlain(record + NAME.name, bytes, bytes.length);
    this.words.storePlain(HEADER.registryHead, record);
    return record;
  }

  /** One head that waits for a grace period that has ended, one for the next, one without a number. */
  private queueHeads(): [number, number, number] {
    const tag = ownerTag(this.alpha.membership.slot, this.alpha.membership.generation);
    const lock = new RawSpinLock(this.words, HEADER.gracePeriodLock, tag, 1, 'grace period');
    const gracePeriod = new GracePeriod(this.words, this.geometry, lock);
    const list = new CallbackList(this.words, this.slot(0, SLOT.heads));
    const heads: number[] = [];
    for (let i = 0; i < 3; i++) {
      heads.push(this.alpha.pages.allocPages(0, GFP_KERNEL) + i);
      list.enqueue(heads[i]!, i);
      if (i === 2) break;
      list.accelerate(gracePeriod.snap());
      if (i === 0) gracePeriod.drive(gracePeriod.snap());
    }
    return [heads[0]!, heads[1]!, heads[2]!];
  }

  private registerCallback(): number {
    const record = this.alpha.kmalloc.alloc(CALLBACK_WORDS * BYTES_PER_WORD, GFP_KERNEL);
    this.words.fillPlain(record, record + CALLBACK_WORDS, 0);
    this.words.storePlain(record + CALLBACK.id, FIRST_CALLBACK_ID);
    this.words.storePlain(record + CALLBACK.slots, 1);
    this.makeName(NAME_KIND.rcuCallback, record, 'f');
    return record;
  }

  private queueCallbacks(): [number, number] {
    const list = new CallbackList(this.words, this.slot(0, SLOT.callbacks));
    const object = this.alpha.kmalloc.alloc(CALLED_BYTES, GFP_KERNEL);
    list.enqueue(object + 3, FIRST_CALLBACK_ID);
    list.enqueue(object + CALLED_BYTES / BYTES_PER_WORD - RCU_HEAD_WORDS, FIRST_CALLBACK_ID);
    return [object + 3, object + CALLED_BYTES / BYTES_PER_WORD - RCU_HEAD_WORDS];
  }

  private leaveOrphanCallback(): number {
    const object = this.alpha.kmalloc.alloc(CALLED_BYTES, GFP_KERNEL);
    this.words.storePlain(object + RCU_HEAD.next, 0);
    this.words.storePlain(object + RCU_HEAD.func, FIRST_CALLBACK_ID);
    this.words.storePlain(HEADER.orphanCallbacks, object);
    this.words.storePlain(HEADER.orphanCallbackCount, 1);
    this.words.storePlain(this.callback + CALLBACK.orphans, 1);
    return object;
  }

  /** Gamma leaves an orphan sheaf of one object, two orphan RcuHeads, and an empty slab of cache EMPTY. */
  private leaveOrphans(): void {
    const gamma = joinStillHeap(this.alpha.handle, 'gamma');
    gamma.kfreeRcu.post(this.allocBusy(gamma), 0);
    const list = new CallbackList(this.words, gamma.membership.start + SLOT.heads);
    for (let i = 0; i < 2; i++) list.enqueue(gamma.pages.allocPages(0, GFP_KERNEL) + i, i);
    gamma.kmalloc.free(gamma.kmalloc.alloc(EMPTY_BYTES, GFP_KERNEL));
    leaveStillHeap(gamma);
  }

  private fillSheaves(): void {
    const { kmalloc, kfreeRcu, caches } = this.alpha;
    const objects: number[] = [];
    for (let i = 0; i < 34; i++) objects.push(this.allocBusy(this.alpha));
    this.held.push(this.allocBusy(this.beta));
    for (let i = 0; i < 2 * SHEAF_CAPACITY + 1; i++) kfreeRcu.post(objects.pop()!, 0);
    for (let i = 0; i < SHEAF_CAPACITY + 1; i++) kmalloc.free(objects.pop()!);
    const view = caches.view(BUSY);
    // Takes them all first: those that come back full or empty are not to be taken again.
    const sheaves: number[] = [];
    for (let i = 0; i < 5; i++) sheaves.push(view.takeEmptySheaf(GFP_KERNEL));
    const barn = [objects.splice(0, 3), objects.splice(0, 3), [objects[0]!, objects[6]!, objects[12]!]];
    for (let i = 0; i < barn.length; i++) {
      this.words.storePlain(sheaves[i]! + SHEAF.count, SHEAF_CAPACITY);
      for (let j = 0; j < SHEAF_CAPACITY; j++) {
        this.words.storePlain(sheaves[i]! + SHEAF.objects + j, barn[i]![j]!);
      }
    }
    for (const sheaf of sheaves.slice(3)) view.putEmptySheaf(sheaf);
    for (const sheaf of sheaves.slice(0, 2)) view.putFullSheaf(sheaf);
    // The barn has no room for the third, nor has alpha where it has no sheaves: its objects go back to three slabs.
    const places = [CACHE_SLOT.main, CACHE_SLOT.spare].map((place) => this.sheafPlace(0, place));
    const own = places.map((place) => this.at(place));
    this.words.storePlain(places[0]!, HEADER.bootstrapSheaf);
    this.words.storePlain(places[1]!, 0);
    view.putFullSheaf(sheaves[2]!);
    for (const [i, place] of places.entries()) this.words.storePlain(place, own[i]!);
    for (const object of objects) if (!barn[2]!.includes(object)) this.held.push(object);
  }

  /** Leaves two free blocks of order 4 that are no buddies. */
  private splitPages(): void {
    const blocks: number[] = [];
    for (let i = 0; i < 4; i++) blocks.push(this.alpha.pages.allocPages(4, GFP_KERNEL));
    this.held.push(blocks[1]!, blocks[3]!);
    this.alpha.pages.freePages(blocks[0]!);
    this.alpha.pages.freePages(blocks[2]!);
  }

  /** Frees a block of order 1 and one of order 4 while the zone's lock and alpha's page lists are taken. */
  private deferBlocks(): void {
    const { pages } = this.alpha;
    const blocks = [pages.allocPages(1, GFP_KERNEL), pages.allocPages(4, GFP_KERNEL)];
    this.words.storePlain(this.zone(ZONE.lock), 1);
    this.words.storePlain(this.slot(0, SLOT.pagesAcquired), 1);
    for (const block of blocks) pages.freePagesNolock(block);
    this.words.storePlain(this.slot(0, SLOT.pagesAcquired), 0);
    this.words.storePlain(this.zone(ZONE.lock), 0);
  }
}
