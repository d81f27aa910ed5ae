/**
 * kfreeRcu: free after a grace period. One push onto this thread's rcu sheaf of the object's cache; a full
 * sheaf is sealed with a cookie and waits; after its grace period the sheaf itself goes to the barn as a full
 * one, so no work is done per object.
 *
 *     kfreeRcu(p) -> rcu sheaf --full, or drain timer--> sealed, waiting --grace period over--> barn
 *           \-- no memory for a sheaf, or p is a block of pages --> callback list through p's own RcuHead
 *
 *     slot: per cache rcu sheaf | waitingHead -> sheaf -> sheaf -> 0 <- waitingTail | callbacks
 *
 * Who may call: the slot's thread, inside a turn. Never fails: the RcuHead is memory that is there. Where the thread
 * may not spin, nothing here does; post() never spins, but as its PointerPageSource says.
 *
 * Re-entry: a hook may run just after a lock is taken and just before it is let go. Inside post() that is while a sheaf
 * is got: the words of the rcu sheaves are under SLOT.rcuAcquired then, and a post() of the hook goes by its RcuHead.
 * The callback list and the list of waiting sheaves take no lock, so nothing comes in the middle of changing them;
 * seal(), drive() and freeDone() keep none of their words over a call that takes one, so a post() in between only
 * adds to what waits.
 *
 * I1  A sealed sheaf's cookie was taken after its last object was unlinked.
 * I2  Sealed sheaves wait in the order of their cookies.
 * I3  RcuHead.func below FIRST_CALLBACK_ID is the head's word offset in its object.
 *
 * Follows mm/slub.c (__kfree_rcu_sheaf) and mm/slab_common.c (kvfree_call_rcu).
 */
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { MAX_SHEAF_CAPACITY, SHEAF } from '../layout/sheaf-record.js';
import {
  CACHE_SLOT,
  CACHE_SLOT_WORDS,
  FIRST_CALLBACK_ID,
  RCU_HEAD,
  RCU_HEAD_WORDS,
  SLOT,
} from '../layout/thread-slot.js';
import type { LocalTrylock } from '../locks/local-trylock.js';
import { allowSpinning } from '../pages/gfp.js';
import type { Rights } from '../pages/rights.js';
import type { CallbackList } from '../rcu/callback-list.js';
import type { GracePeriod } from '../rcu/grace-period.js';
import { requireDeepStack } from '../words/stack-room.js';
import type { Words } from '../words/words.js';
import type { Kmalloc } from './kmalloc.js';
import type { Orphans } from './orphans.js';
import type { PointerPageSource } from './pointer-page-source.js';
import type { SlabCaches } from './slab-caches.js';

const SHEAF_CAPACITY = SHEAF.capacity;
const SHEAF_OBJECTS = SHEAF.objects;
/** Place of the rcu sheaf in a cache's part of a slot of 1 << 2 words. */
const RCU = CACHE_SLOT.rcu;

/** Sheaves that a thread which may not spin frees at the end of a turn, beside as many as it has begun. */
const SHEAVES_A_TURN = 1;
const EVERYTHING = 2 ** 31 - 1;

/** What a KfreeRcu is made of. */
export interface KfreeRcuParts {
  readonly words: Words;
  readonly geometry: Geometry;
  /** Word index of this thread's slot. */
  readonly slot: number;
  readonly kmalloc: Kmalloc;
  readonly caches: SlabCaches;
  readonly gracePeriod: GracePeriod;
  readonly callbacks: CallbackList;
  readonly orphans: Orphans;
  readonly rights: Rights;
  /** At SLOT.rcuAcquired. */
  readonly lock: LocalTrylock;
  readonly source: PointerPageSource;
  /** Called when a sheaf is begun or a head queued: something waits that was not waiting before. */
  readonly onPosted: () => void;
}

export class KfreeRcu {
  private readonly _words: Words;
  private readonly _slot: number;
  private readonly _rcuSheaves: number;
  private readonly _kmalloc: Kmalloc;
  private readonly _caches: SlabCaches;
  private readonly _gracePeriod: GracePeriod;
  private readonly _callbacks: CallbackList;
  private readonly _orphans: Orphans;
  private readonly _rights: Rights;
  private readonly _lock: LocalTrylock;
  private readonly _source: PointerPageSource;
  private readonly _onPosted: () => void;
  /** Sheaves that this thread has asked for since the last drive(). */
  private _begun = 0;
  /** Sheaves that freeDone() frees where this thread may not spin. */
  private _share = SHEAVES_A_TURN;

  constructor(parts: KfreeRcuParts) {
    this._words = parts.words;
    this._slot = parts.slot;
    this._rcuSheaves = parts.slot + SLOT.caches + RCU;
    this._kmalloc = parts.kmalloc;
    this._caches = parts.caches;
    this._gracePeriod = parts.gracePeriod;
    this._callbacks = parts.callbacks;
    this._orphans = parts.orphans;
    this._rights = parts.rights;
    this._lock = parts.lock;
    this._source = parts.source;
    this._onPosted = parts.onPosted;
  }

  /**
   * Frees `p` after a grace period.
   *
   * @param headOffset word offset in `p` of two words that readers do not read: used when no memory is to be had
   *
   * Errors   RangeError: `p` is not an object; or the head is needed and does not lie inside it.
   */
  post(p: number, headOffset: number): void {
    const id = this._kmalloc.cacheOf(p);
    const words = this._words;
    const sheaf = words.loadPlain(this._rcuSheaves + (id << 2));
    const count = words.loadPlain(sheaf);
    if (count === words.loadPlain(sheaf + SHEAF_CAPACITY)) {
      this._postSlow(p, id, headOffset);
      return;
    }
    words.storePlain(sheaf + SHEAF_OBJECTS + count, p);
    words.storePlain(sheaf, count + 1);
  }

  /** Throws RangeError unless the RcuHead at word `headOffset` lies inside object `p`. */
  requireHead(p: number, headOffset: number): void {
    const room = Math.min(this._kmalloc.usableWords(p), FIRST_CALLBACK_ID) - RCU_HEAD_WORDS;
    if (Number.isInteger(headOffset) && headOffset >= 0 && headOffset <= room) return;
    throw new RangeError(
      `kfreeRcu of address ${p} with an RcuHead at word ${headOffset} of it; the head's two words must lie ` +
        `inside the object: an offset in 0..${room}`,
    );
  }

  /** True when a sealed sheaf or a callback waits for a grace period. */
  isWaiting(): boolean {
    return this._words.loadPlain(this._slot + SLOT.waitingHead) !== 0 || this._callbacks.length() > 0;
  }

  /** True when a thread that left has objects waiting that nobody has taken over. */
  hasOrphans(): boolean {
    return this._orphans.objects() !== 0;
  }

  /** Seals every part-filled rcu sheaf, and takes over what threads that left had waiting. */
  seal(): void {
    requireDeepStack();
    for (let id = 1; id < this._caches.used(); id++) this._sealSheaf(id);
    this._orphans.adopt(this);
  }

  /**
   * Drives the grace periods that what waits now needs, as far as they go without waiting.
   * @returns whether freeDone() has something to do
   */
  drive(): boolean {
    this._share = SHEAVES_A_TURN + this._begun;
    this._begun = 0;
    const cookie = this._gracePeriod.snap();
    const first = this._words.loadPlain(this._slot + SLOT.waitingHead);
    this._callbacks.accelerate(cookie);
    this._gracePeriod.drive(cookie);
    if (this._callbacks.length() > 0) return true;
    return first !== 0 && this._gracePeriod.done(this._words.loadPlain(first + SHEAF.cookie));
  }

  /**
   * Frees that of which the grace period is over: everything; or, where this thread may not spin, one sheaf more than
   * it has begun in its turn, so that none of its turns ends late because others have held up a grace period for long.
   */
  freeDone(): void {
    requireDeepStack();
    const words = this._words;
    const maySpin = allowSpinning(this._rights.most());
    const most = maySpin ? EVERYTHING : this._share;
    for (let sheaves = 0; sheaves < most; sheaves++) {
      const sheaf = words.loadPlain(this._slot + SLOT.waitingHead);
      if (sheaf === 0 || !this._gracePeriod.done(words.loadPlain(sheaf + SHEAF.cookie))) break;
      this._unlinkFirst(sheaf);
      this._count(SLOT.freedThroughSheaf, words.loadPlain(sheaf + SHEAF.count));
      this._count(SLOT.sheavesReused, 1);
      this._kmalloc.accounted.unchargeSheaf(sheaf);
      this._caches.view(words.loadPlain(sheaf + SHEAF.cache)).putFullSheaf(sheaf, maySpin);
    }
    this._callbacks.advance(this._gracePeriod.sequence());
    for (let heads = 0; heads < most * MAX_SHEAF_CAPACITY; heads++) {
      const head = this._callbacks.takeDone();
      if (head === 0) break;
      this._count(SLOT.freedThroughList, 1);
      this._kmalloc.free(head - words.loadPlain(head + RCU_HEAD.func));
    }
  }

  /** True when topUp() has something to do. */
  isShort(): boolean {
    return this._source.isShort();
  }

  /** Sets sheaves aside for later, where the heap's PointerPageSource does so. */
  topUp(): void {
    this._source.topUp(allowSpinning(this._rights.most()));
  }

  /**
   * Hands all that waits to whoever goes on: this thread leaves.
   * @returns false, and keeps it, where another thread is at it and this one may not spin
   */
  abandon(): boolean {
    const maySpin = allowSpinning(this._rights.most());
    this._source.giveBack(maySpin);
    const words = this._words;
    const sheaves = words.loadPlain(this._slot + SLOT.waitingHead);
    const objects = words.loadPlain(this._slot + SLOT.waitingObjects);
    const heads = this._callbacks.length();
    // First: where their lock is not to be had, what waits stays this thread's, which can try again.
    if (!this._orphans.put(sheaves, this._callbacks.first(), objects + heads, maySpin)) return false;
    this._callbacks.takeAll();
    words.storePlain(this._slot + SLOT.waitingHead, 0);
    words.storePlain(this._slot + SLOT.waitingTail, 0);
    words.storePlain(this._slot + SLOT.waitingObjects, 0);
    return true;
  }

  /** Takes a sealed sheaf of another thread; its wait starts again. */
  adoptSheaf(sheaf: number): void {
    this._append(sheaf);
  }

  /** Takes a chain of `count` RcuHeads of another thread; their wait starts again. */
  adoptHeads(first: number, count: number): void {
    this._callbacks.enqueueChain(first, count);
  }

  private _postSlow(p: number, id: number, headOffset: number): void {
    if (id === 0 || !this._beginSheaf(p, id)) {
      this.requireHead(p, headOffset);
      this._callbacks.enqueue(p + headOffset, headOffset);
    }
    this._onPosted();
  }

  /** Seals the sheaf that is full, and puts `p` into a new one; false when none is to be had, or a hook came back here. */
  private _beginSheaf(p: number, id: number): boolean {
    requireDeepStack();
    if (!this._lock.tryAcquire()) return false;
    try {
      this._begun++;
      this._sealSheaf(id);
      const empty = this._source.takeSheaf(this._caches.view(id));
      if (empty === 0) return false;
      this._words.storePlain(empty + SHEAF_OBJECTS, p);
      this._words.storePlain(empty, 1);
      this._words.storePlain(this._rcuSheaves + id * CACHE_SLOT_WORDS, empty);
      return true;
    } finally {
      this._lock.release();
    }
  }

  private _sealSheaf(id: number): void {
    const words = this._words;
    const place = this._rcuSheaves + id * CACHE_SLOT_WORDS;
    const sheaf = words.loadPlain(place);
    if (words.loadPlain(sheaf) === 0) return;
    this._append(sheaf);
    words.storePlain(place, HEADER.bootstrapSheaf);
  }

  private _append(sheaf: number): void {
    const words = this._words;
    words.storePlain(sheaf + SHEAF.cookie, this._gracePeriod.snap());
    words.storePlain(sheaf + SHEAF.next, 0);
    const tail = words.loadPlain(this._slot + SLOT.waitingTail);
    if (tail === 0) words.storePlain(this._slot + SLOT.waitingHead, sheaf);
    else words.storePlain(tail + SHEAF.next, sheaf);
    words.storePlain(this._slot + SLOT.waitingTail, sheaf);
    this._count(SLOT.waitingObjects, words.loadPlain(sheaf));
  }

  private _unlinkFirst(sheaf: number): void {
    const words = this._words;
    const next = words.loadPlain(sheaf + SHEAF.next);
    words.storePlain(this._slot + SLOT.waitingHead, next);
    if (next === 0) words.storePlain(this._slot + SLOT.waitingTail, 0);
    this._count(SLOT.waitingObjects, -words.loadPlain(sheaf));
  }

  private _count(word: number, by: number): void {
    this._words.storePlain(this._slot + word, this._words.loadPlain(this._slot + word) + by);
  }
}
