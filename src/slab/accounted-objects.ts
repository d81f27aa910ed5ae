/**
 * AccountedObjects: kmalloc and kfree of objects that are charged to a memory group. They lie in caches of their
 * own, one for each size class, whose objects are 8 bytes longer.
 *
 *     object:  | what was asked for, as its class has it | (unused) | group |      the last word names who pays
 *
 *     kmalloc = a plain kmalloc + granules off the front of this thread's stock + the group's word
 *     kfree   = a plain kfree   + granules back onto it
 *
 * So that the common case costs a few plain accesses, the front of the stock (group-stock:I2) is used here without a
 * call; everything else is GroupCharges' business.
 *
 * Who may call: Kmalloc, for the thread that the object belongs to, inside a turn.
 *
 * I1  An accounted object that is handed out is charged: its cost is objectWords / 2 granules, and its last word the
 *     record of the group; 0 from the moment that it is uncharged, until it is free. Of a free one it is of no account.
 * I3  An object and its charge leave the stock, or come back, as if at once: what is between is told in the slot
 *     (stock-moves.ts).
 * I2  Accounted cache ids are HEADER.accountedCaches to HEADER.accountedCaches + CLASS_BYTES.length - 1, in the order
 *     of the classes; they are made with the first group and published before that group is.
 */
import type { GroupCharges } from '../groups/group-charges.js';
import { settleFront } from '../groups/stock-moves.js';
import { CACHE } from '../layout/cache-record.js';
import { GRANULE_WORDS, STOCK_GRANULES } from '../layout/group-record.js';
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { cacheStart, descriptorStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageKind, pageOwner } from '../layout/page-descriptor.js';
import { SHEAF } from '../layout/sheaf-record.js';
import { SLOT, STOCK, STOCK_GRANULES_MASK } from '../layout/thread-slot.js';
import { chargeWay } from '../pages/charge-way.js';
import { __GFP_ACCOUNT, __GFP_ZERO, GFP_NOLOCK, type Gfp } from '../pages/gfp.js';
import type { Rights } from '../pages/rights.js';
import { requireDeepStack } from '../words/stack-room.js';
import { PAGE_SHIFT } from '../words/units.js';
import type { Words } from '../words/words.js';
import { CLASS_BYTES, CLASS_OF_GRANULES } from './size-classes.js';
import type { SlabCaches } from './slab-caches.js';

// Local copies, as in kmalloc.ts.
const SHEAF_CAPACITY = SHEAF.capacity;
const SHEAF_OBJECTS = SHEAF.objects;
const ZERO = __GFP_ZERO;
const FULL_STOCK = STOCK_GRANULES;
/** Words of a slot for one cache are CACHE_SLOT_WORDS = 4 = 1 << 2, main first. */
const CACHE_SLOT_SHIFT = 2;
/** The front of the stock, as stock-moves.ts reads it. */
const FRONT_HELD = STOCK_GRANULES_MASK;
const FRONT_COUNT_SHIFT = 17;
const FRONT_CACHE_SHIFT = 23;
const FRONT_CACHE = -1 << FRONT_CACHE_SHIFT;
/** From a priced class to the front: 23 - 11. */
const PRICED_TO_CACHE = 12;
/** A cost has 11 bits: the largest object has 1025 granules. */
const PRICED_SHIFT = 11;
const COST_MASK = (1 << PRICED_SHIFT) - 1;
/** last word of an object = its start + (cost << LAST_WORD_SHIFT) - 1. */
const LAST_WORD_SHIFT = 1;

export class AccountedObjects {
  private readonly _words: Words;
  private readonly _geometry: Geometry;
  private readonly _caches: SlabCaches;
  private readonly _charges: GroupCharges;
  private readonly _rights: Rights;
  private readonly _slot: number;
  private readonly _slots: number;
  private readonly _frontGroup: number;
  private readonly _frontGranules: number;
  private readonly _unchargedWord: number;
  private readonly _unchargedFront: number;
  private readonly _inHand: number;
  /** Granules of an object, by cache id; 0 for a cache that is not accounted. */
  private readonly _costs: Uint16Array;
  /** By granules of the request: accounted cache id << PRICED_SHIFT | cost. Zeroes until the caches are met. */
  private readonly _priced = new Int32Array(CLASS_OF_GRANULES.length);
  /** Accounted cache of a class = its plain cache + this; 0 until the caches are met. */
  private _offset = 0;

  /** @param slot word index of this thread's slot */
  constructor(
    words: Words,
    geometry: Geometry,
    slot: number,
    caches: SlabCaches,
    charges: GroupCharges,
    rights: Rights,
  ) {
    this._words = words;
    this._geometry = geometry;
    this._caches = caches;
    this._charges = charges;
    this._rights = rights;
    this._slot = slot;
    this._slots = slot + SLOT.caches;
    this._frontGroup = slot + SLOT.stock + STOCK.group;
    this._frontGranules = slot + SLOT.stock + STOCK.granules;
    this._unchargedWord = slot + SLOT.unchargedWord;
    this._unchargedFront = slot + SLOT.unchargedFront;
    this._inHand = slot + SLOT.inHand;
    this._costs = new Uint16Array(geometry.maxCaches);
  }

  /**
   * Takes an object of a size class and charges it to a group; 0 when nothing is to be had, or the group refuses
   * (GroupCharges.refusedBy).
   *
   * @param granules of the request, 1 to MAX_CLASS_BYTES / 8
   * @param record   of a group that this thread has opened
   */
  alloc(granules: number, gfp: Gfp, record: number): number {
    const priced = this._priced[granules]!;
    const cost = priced & COST_MASK;
    const words = this._words;
    const main = words.loadPlain((this._slots + ((priced >> PRICED_SHIFT) << CACHE_SLOT_SHIFT)) | 0);
    const count = (words.loadPlain(main) - 1) | 0;
    const left = ((words.loadPlain(this._frontGranules) & FRONT_HELD) - cost) | 0;
    // One comparison for both: an empty sheaf, and a stock that does not hold as much.
    if ((count | left) < 0 || words.loadPlain(this._frontGroup) !== record || (gfp & ZERO) !== 0)
      return this._allocSlow(priced >> PRICED_SHIFT, gfp, record) | 0;
    const object = words.loadPlain((main + SHEAF_OBJECTS + count) | 0);
    words.storePlain((object + (cost << LAST_WORD_SHIFT) - 1) | 0, record);
    // intents:I2: before it is out of its sheaf.
    words.storePlain(this._inHand, object);
    // I3: as of what count.
    words.storePlain(
      this._frontGranules,
      ((priced << PRICED_TO_CACHE) & FRONT_CACHE) | ((count + 1) << FRONT_COUNT_SHIFT) | left,
    );
    words.storePlain(main, count);
    return object;
  }

  /** alloc() of an object of plain cache `plain`, in the accounted cache of the same class. */
  allocFrom(plain: number, gfp: Gfp, record: number): number {
    return this._allocSlow(plain + this._offset, gfp, record);
  }

  /** alloc() that tries each lock once; where memory is short, also in the next larger class. */
  allocNolock(granules: number, gfp: Gfp, record: number): number {
    const id = this._priced[granules]! >> PRICED_SHIFT;
    const object = this._allocSlow(id, (gfp & ZERO) | GFP_NOLOCK, record);
    const isLast = id - this._offset === CLASS_BYTES.length;
    // What refused is the group, and it is asked no more.
    if (object !== 0 || this._charges.takeRefusal() !== 0 || isLast) return object;
    const larger = this._allocSlow(id + 1, (gfp & ZERO) | GFP_NOLOCK, record);
    if (larger === 0) this._charges.takeRefusal();
    return larger;
  }

  /**
   * Gives back an object of cache `id` and its charge; false where it is not that easy, and nothing has changed.
   *
   * @param cost granules of an object of the cache
   */
  free(object: number, id: number, cost: number): boolean {
    const words = this._words;
    const main = words.loadPlain((this._slots + (id << CACHE_SLOT_SHIFT)) | 0);
    const count = words.loadPlain(main);
    const sum = ((words.loadPlain(this._frontGranules) & FRONT_HELD) + cost) | 0;
    const record = words.loadPlain((object + (cost << LAST_WORD_SHIFT) - 1) | 0);
    // One comparison for three: a full sheaf, a full stock, and an object that is uncharged already.
    if (
      ((words.loadPlain((main + SHEAF_CAPACITY) | 0) - 1 - count) | (FULL_STOCK - sum) | (record - 1)) < 0 ||
      words.loadPlain(this._frontGroup) !== record
    )
      return false;
    words.storePlain((main + SHEAF_OBJECTS + count) | 0, object);
    // I3: as of what count.
    words.storePlain(
      this._frontGranules,
      (id << FRONT_CACHE_SHIFT) | ((count + 2) << FRONT_COUNT_SHIFT) | sum,
    );
    words.storePlain(main, (count + 1) | 0);
    return true;
  }

  /** Gives back the charge of an object of cache `id` that is about to be free. Cannot fail. */
  uncharge(object: number, id: number): void {
    const words = this._words;
    const cost = this._costs[id]!;
    const last = (object + (cost << LAST_WORD_SHIFT) - 1) | 0;
    const group = words.loadPlain(last);
    // stock-moves:I2: what comes next changes the sheaf.
    settleFront(words, this._slot);
    // Uncharged already, by one that was stopped then.
    if (group === 0) return;
    const sum = ((words.loadPlain(this._frontGranules) & FRONT_HELD) + cost) | 0;
    if (sum > FULL_STOCK || words.loadPlain(this._frontGroup) !== group) {
      this._unchargeSlow(group, last, cost);
      return;
    }
    words.storePlain(this._unchargedFront, sum);
    words.storePlain(this._unchargedWord, last);
    // I3: from here on the front is to have it.
    words.storePlain(last, 0);
    words.storePlain(this._frontGranules, sum);
    words.storePlain(this._unchargedWord, 0);
  }

  /** Gives back the charges of all objects of a sheaf whose grace period is over. */
  unchargeSheaf(sheaf: number): void {
    const words = this._words;
    const id = words.loadPlain(sheaf + SHEAF.cache);
    if (!this.isAccounted(id)) return;
    // stock-moves:I2: so may what comes next.
    settleFront(words, this._slot);
    const count = words.loadPlain(sheaf + SHEAF.count);
    for (let i = 0; i < count; i++) this.uncharge(words.loadPlain(sheaf + SHEAF_OBJECTS + i), id);
  }

  /** True for a cache of objects that are charged to groups; then this thread has met it. */
  isAccounted(id: number): boolean {
    if (id <= CLASS_BYTES.length) return false;
    if (this._costs[id]! !== 0) return true;
    // slab-caches:P1: who has an object of such a cache, or has found a group, sees the word.
    const first = this._words.load(HEADER.accountedCaches);
    if (first === 0 || id < first || id >= first + CLASS_BYTES.length) return false;
    this.meet();
    return true;
  }

  /** Learns the accounted caches, which a group exists for; before the first alloc(). */
  meet(): void {
    if (this._offset !== 0) return;
    // slab-caches:P1: published with the caches' records.
    const first = this._words.load(HEADER.accountedCaches);
    for (let i = 0; i < CLASS_BYTES.length; i++) {
      const objectWords = this._words.loadPlain(cacheStart(this._geometry, first + i) + CACHE.objectWords);
      this._costs[first + i] = objectWords / GRANULE_WORDS;
    }
    this._offset = first - 1;
    for (let granules = 1; granules < this._priced.length; granules++) {
      const id = CLASS_OF_GRANULES[granules]! + this._offset;
      this._priced[granules] = (id << PRICED_SHIFT) | this._costs[id]!;
    }
  }

  /** Granules of an object of cache `id`; 0 for a cache that is not accounted. */
  costOf(id: number): number {
    return this.isAccounted(id) ? this._costs[id]! : 0;
  }

  /** Words at the end of an object of cache `id` that are not its user's. */
  ownWords(id: number): number {
    return this.isAccounted(id) ? GRANULE_WORDS : 0;
  }

  /** Record of the group that an allocation with these bits is charged to; 0 for none. */
  payer(gfp: Gfp): number {
    return (gfp & __GFP_ACCOUNT) === 0 ? 0 : this._charges.active;
  }

  /** Record of the group that an object of cache `id` is charged to. */
  groupOf(object: number, id: number): number {
    return this._words.loadPlain(object + (this._costs[id]! << LAST_WORD_SHIFT) - 1);
  }

  /** Says of memory in use, an object or a block of pages, that nobody pays for it. */
  forgetPayer(p: number): void {
    const descriptor = descriptorStart(this._geometry, p >>> PAGE_SHIFT);
    const state = this._words.loadPlain(descriptor + DESCRIPTOR.state);
    const cost = pageKind(state) === PAGE_KIND.slab ? this.costOf(pageOwner(state)) : 0;
    if (cost !== 0) this._words.storePlain(p + (cost << LAST_WORD_SHIFT) - 1, 0);
    else if (pageKind(state) === PAGE_KIND.allocated)
      this._words.storePlain(descriptor + DESCRIPTOR.group, 0);
  }

  private _allocSlow(id: number, gfp: Gfp, record: number): number {
    requireDeepStack();
    const rights = this._rights.narrow(gfp & ~(ZERO | __GFP_ACCOUNT));
    const cost = this._costs[id]!;
    const charges = this._charges;
    const frame = charges.open(record);
    let inHand = 0;
    try {
      if (!charges.charge(frame, record, cost, chargeWay(rights))) return 0;
      inHand = cost;
      // stock-moves:I2
      settleFront(this._words, this._slot);
      const object = this._take(id, rights);
      if (object === 0) return 0;
      const last = object + (cost << LAST_WORD_SHIFT) - 1;
      if ((gfp & ZERO) !== 0) this._words.fillPlain(object, last, 0);
      charges.name(frame, record, last, object);
      inHand = 0;
      return object;
    } finally {
      if (inHand !== 0) charges.uncharge(frame, record, inHand);
      charges.close(frame);
    }
  }

  private _unchargeSlow(record: number, last: number, cost: number): void {
    this._charges.unchargeNamed(record, last, cost);
  }

  private _take(id: number, gfp: Gfp): number {
    const words = this._words;
    const main = words.loadPlain(this._slots + (id << CACHE_SLOT_SHIFT));
    const count = words.loadPlain(main);
    if (count === 0) return this._caches.view(id).allocSlow(gfp);
    const object = words.loadPlain(main + SHEAF_OBJECTS - 1 + count);
    // intents:I2: before it is out of its sheaf.
    words.storePlain(this._inHand, object);
    words.storePlain(main, count - 1);
    return object;
  }
}
