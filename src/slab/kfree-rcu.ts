/**
 * kfreeRcu: free after a grace period. One push onto this thread's rcu sheaf of the object's cache; a full
 * sheaf is sealed with a cookie and waits; after its grace period the sheaf itself goes to the barn as a full
 * one, so no work is done per object. Blocks of pages have a sheaf of their own: the rcu sheaf of the cache of sheaves.
 *
 *     kfreeRcu(p) -> rcu sheaf --full, or drain timer-----> sealed, waiting --grace period over--> barn
 *           \             \----of blocks, the turn ends--> sealed, waiting --grace period over--> page by page
 *            \-- no memory for a sheaf --> list of heads, through p's own RcuHead
 *
 *     slot: per cache rcu sheaf | waitingHead -> sheaf -> sheaf -> 0 <- waitingTail | heads
 *
 * Who may call: the slot's thread, inside a turn. Never fails: the RcuHead is memory that is there. Where the thread
 * may not spin, nothing here does; post() never spins, but as its PointerPageSource says.
 *
 * Bound: a thread that may spin frees at the end of each turn all of which the grace period is over, and what is sealed,
 * or queued, has the cookie of that moment: the end of the grace period that runs, or of the next. So what waits after a
 * turn is at most what the thread posted during the last two grace periods, and what lay in its sheaves in hand when
 * the first of them began: one sheaf for each cache.
 *
 * Re-entry: a hook may run just after a lock is taken and just before it is let go. Inside post() that is while a sheaf
 * is got: the words of the rcu sheaves are under SLOT.rcuAcquired then, and a post() of the hook goes by its RcuHead.
 * The list of heads and the list of waiting sheaves take no lock, so nothing comes in the middle of changing them;
 * seal() and freeDone() keep none of their words over a call that takes one, so a post() in between only adds to
 * what waits.
 *
 * I1  (waiting-sheaves:I1) A cookie was taken after the last object that waits for it was unlinked.
 * I2  RcuHead.func below FIRST_CALLBACK_ID is the head's word offset in its object.
 * P1  Rounds of sealing are published by atomic stores; observed by barriers, for which what was in hand is sealed then.
 *
 * Follows mm/slub.c (__kfree_rcu_sheaf) and mm/slab_common.c (kvfree_call_rcu).
 */
import { noteActivity } from '../layout/activity.js';
import { SHEAF_CACHE } from '../layout/cache-record.js';
import { HEADER } from '../layout/heap-header.js';
import { SHEAF } from '../layout/sheaf-record.js';
import {
  ACTIVITY,
  CACHE_SLOT,
  CACHE_SLOT_WORDS,
  FIRST_CALLBACK_ID,
  RCU_HEAD,
  RCU_HEAD_WORDS,
  SLOT,
} from '../layout/thread-slot.js';
import type { LocalTrylock } from '../locks/local-trylock.js';
import { allowSpinning, type Gfp } from '../pages/gfp.js';
import type { Rights } from '../pages/rights.js';
import type { CallbackList } from '../rcu/callback-list.js';
import type { GracePeriod } from '../rcu/grace-period.js';
import type { Leaver, Left, Orphans } from '../rcu/orphans.js';
import type { DeferredFrees } from '../rcu/rcu-driver.js';
import { requireDeepStack } from '../words/stack-room.js';
import type { Words } from '../words/words.js';
import { DoneFrees } from './done-frees.js';
import type { KfreeRcuParts } from './kfree-rcu-parts.js';
import type { Kmalloc } from './kmalloc.js';
import { ObjectWords } from './object-words.js';
import type { PointerPageSource } from './pointer-page-source.js';
import type { SlabCaches } from './slab-caches.js';
import { WaitingSheaves } from './waiting-sheaves.js';

const SHEAF_CAPACITY = SHEAF.capacity;
const SHEAF_OBJECTS = SHEAF.objects;
/** Place of the rcu sheaf in a cache's part of a slot of 1 << 2 words. */
const RCU = CACHE_SLOT.rcu;

export class KfreeRcu implements DeferredFrees, Leaver {
  private readonly _words: Words;
  private readonly _slot: number;
  private readonly _rcuSheaves: number;
  private readonly _kmalloc: Kmalloc;
  private readonly _caches: SlabCaches;
  private readonly _gracePeriod: GracePeriod;
  private readonly _heads: CallbackList;
  private readonly _orphans: Orphans;
  private readonly _rights: Rights;
  private readonly _lock: LocalTrylock;
  private readonly _source: PointerPageSource;
  private readonly _onPosted: () => void;
  private readonly _sizes: ObjectWords;
  private readonly _waiting: WaitingSheaves;
  private readonly _doneFrees: DoneFrees;
  /** Sheaves that this thread has asked for since the last drive(). */
  private _begun = 0;

  constructor(parts: KfreeRcuParts) {
    this._words = parts.words;
    this._slot = parts.slot;
    this._rcuSheaves = parts.slot + SLOT.caches + RCU;
    this._kmalloc = parts.kmalloc;
    this._caches = parts.caches;
    this._gracePeriod = parts.gracePeriod;
    this._heads = parts.heads;
    this._orphans = parts.orphans;
    this._rights = parts.rights;
    this._lock = parts.lock;
    this._source = parts.source;
    this._onPosted = parts.onPosted;
    this._sizes = new ObjectWords(parts.words, parts.geometry);
    this._waiting = new WaitingSheaves(parts, this._sizes);
    this._doneFrees = new DoneFrees(parts, this._waiting, this._sizes);
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

  /** Frees a block of pages that no user has ever known, by an RcuHead at word `head` of it. Takes no lock. */
  retireBlock(start: number, head: number): void {
    this._queueHead(start, head);
    this._onPosted();
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

  /**
   * post() of what has no RcuHead.
   *
   * @returns 0; or, where no sheaf is to be had, what the caller passes to postWith(), or after a grace period to
   *          freeWaited(): nothing is queued then
   */
  postHeadless(p: number): number {
    const id = this._kmalloc.cacheOf(p);
    const words = this._words;
    const sheaf = words.loadPlain(this._rcuSheaves + id * CACHE_SLOT_WORDS);
    const count = words.loadPlain(sheaf);
    if (count !== words.loadPlain(sheaf + SHEAF_CAPACITY)) {
      words.storePlain(sheaf + SHEAF_OBJECTS + count, p);
      words.storePlain(sheaf, count + 1);
      return 0;
    }
    const isPosted = this._beginSheaf(p, id);
    this._onPosted();
    return isPosted ? 0 : p;
  }

  /** An empty sheaf for what postHeadless() returned; 0 when none is to be had. Takes locks as `gfp` allows. */
  takeSheaf(p: number, gfp: Gfp): number {
    return this._caches.view(this._kmalloc.cacheOf(p)).takeEmptySheaf(gfp);
  }

  /** Posts what postHeadless() returned, into a sheaf that takeSheaf() gave for it. */
  postWith(p: number, sheaf: number): void {
    const id = this._kmalloc.cacheOf(p);
    this._sealSheaf(id);
    this._install(sheaf, p, id);
    this._onPosted();
  }

  /** Frees what postHeadless() returned, of which the caller has waited for the grace period. */
  freeWaited(p: number): void {
    this._count(SLOT.freedWaited, 1);
    this._kmalloc.free(p);
  }

  /** True when a sealed sheaf, a head or a block waits for a grace period. */
  isWaiting(): boolean {
    return this._waiting.first() !== 0 || this._heads.length() > 0 || this._inHand(SHEAF_CACHE) > 0;
  }

  /** True when there may be something that a thread has left, and nobody has taken over. */
  hasOrphans(): boolean {
    return this._orphans.hasNews();
  }

  /** Objects in hand and waiting. Looks at each cache. */
  waiting(): number {
    let objects = this._waiting.objects() + this._heads.length();
    for (let id = SHEAF_CACHE; id < this._caches.used(); id++) objects += this._inHand(id);
    return objects;
  }

  /** Seals every part-filled rcu sheaf, and takes over what threads that left had waiting. */
  seal(): void {
    requireDeepStack();
    // First: it takes a lock, and what a hook posts then is sealed as well.
    if (this._orphans.hasNews()) this._adopt();
    this._countForBarriers(SLOT.seals);
    for (let id = SHEAF_CACHE; id < this._caches.used(); id++) this._sealSheaf(id);
    this._countForBarriers(SLOT.seals);
  }

  /** Numbers what has no number; `cookie` is a snap() of now. A step of the driver begins. */
  accelerate(cookie: number): void {
    this._doneFrees.allow(this._begun);
    this._begun = 0;
    // Blocks are large: they do not wait until there are many of them.
    this._sealSheaf(SHEAF_CACHE);
    this._heads.accelerate(cookie);
  }

  /** True when freeDone() has something to do. */
  hasDone(): boolean {
    return this._heads.length() > 0 || this._waiting.firstDone() !== 0 || this._doneFrees.hasBacklog();
  }

  /** Frees that of which the grace period is over, as far as DoneFrees goes. */
  freeDone(): void {
    requireDeepStack();
    this._doneFrees.run();
  }

  /** True when topUp() has something to do. */
  isShort(): boolean {
    return this._source.isShort();
  }

  /** Sets sheaves aside for later, where the heap's PointerPageSource does so. */
  topUp(): void {
    this._source.topUp(allowSpinning(this._rights.most()));
  }

  /** Sheaves set aside for later. */
  spares(): number {
    return this._words.loadPlain(this._slot + SLOT.reservedCount);
  }

  /**
   * Gives them back, and takes none for a while where memory is short; else those that the heap was made to keep are set
   * aside again. Returns how many there were.
   */
  shrink(isShort: boolean): number {
    const spares = this.spares();
    this._source.giveBack(allowSpinning(this._rights.most()));
    if (isShort) this._source.backOff();
    else if (this._source.isShort()) this.topUp();
    return spares;
  }

  /**
   * Hands all that waits to whoever goes on: this thread leaves.
   * @returns false, and keeps it, where another thread is at it and this one may not spin
   */
  abandon(): boolean {
    const maySpin = allowSpinning(this._rights.most());
    this._source.giveBack(maySpin);
    const { objects } = this.left();
    // Where their lock is not to be had, what waits stays this thread's, which can try again.
    return this._orphans.put(this._waiting.first(), this._heads.first(), objects, maySpin, this);
  }

  /** What waits now. */
  left(): Left {
    const objects = this._waiting.objects() + this._heads.length();
    return { sheaves: this._waiting.first(), heads: this._heads.first(), objects };
  }

  /** What waits is the orphans' now. */
  leaves(): void {
    this._heads.takeAll();
    this._waiting.leaves();
    this._words.storePlain(this._slot + SLOT.waitingWords, 0);
  }

  /** A sheaf of another thread is about to be this one's. */
  claimSheaf(sheaf: number): void {
    this._waiting.claim(sheaf);
  }

  /** Takes a sealed sheaf of another thread; its wait starts again. */
  adoptSheaf(sheaf: number): void {
    this._waiting.append(sheaf);
    this._waiting.endClaim();
  }

  /** Takes a chain of `count` RcuHeads of another thread; their wait starts again. */
  adoptHeads(first: number, count: number): void {
    for (let i = 0, head = first; i < count; i++) {
      this._count(SLOT.waitingWords, this._sizes.of(head - this._words.loadPlain(head + RCU_HEAD.func)));
      head = this._words.loadPlain(head + RCU_HEAD.next);
    }
    this._heads.enqueueChain(first, count);
  }

  /** Takes over what others left. What has come in, callbacks as well, nobody has posted here: the driver is told. */
  private _adopt(): void {
    this._orphans.adopt(this, allowSpinning(this._rights.most()));
    this._onPosted();
  }

  private _postSlow(p: number, id: number, headOffset: number): void {
    if (!this._beginSheaf(p, id)) {
      // Type-stable objects bring room for it, where no reader looks.
      const linkOffset = this._caches.linkOffset(id);
      if (linkOffset === 0) this.requireHead(p, headOffset);
      this._queueHead(p, linkOffset || headOffset);
    }
    this._onPosted();
  }

  private _queueHead(p: number, headOffset: number): void {
    this._count(SLOT.waitingWords, this._sizes.of(p));
    this._heads.enqueue(p + headOffset, headOffset);
    // Now, and not when the turn ends: by then a grace period may have begun that it need not wait for.
    this._heads.advance(this._gracePeriod.sequence());
    this._heads.accelerate(this._gracePeriod.snap());
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
      this._install(empty, p, id);
      return true;
    } finally {
      this._lock.release();
    }
  }

  private _install(empty: number, p: number, id: number): void {
    this._waiting.mark(empty, true);
    this._words.storePlain(empty + SHEAF_OBJECTS, p);
    this._words.storePlain(empty, 1);
    this._words.storePlain(this._rcuSheaves + id * CACHE_SLOT_WORDS, empty);
  }

  private _sealSheaf(id: number): void {
    const words = this._words;
    const place = this._rcuSheaves + id * CACHE_SLOT_WORDS;
    const sheaf = words.loadPlain(place);
    if (words.loadPlain(sheaf) === 0) return;
    noteActivity(words, this._slot, ACTIVITY.sealed);
    this._waiting.append(sheaf);
    words.storePlain(place, HEADER.bootstrapSheaf);
  }

  /** Objects in the rcu sheaf of a cache. */
  private _inHand(id: number): number {
    return this._words.loadPlain(this._words.loadPlain(this._rcuSheaves + id * CACHE_SLOT_WORDS));
  }

  /** Adds 1 to a word that barriers of other threads look at. */
  private _countForBarriers(word: number): void {
    // P1: publishes what was done before; observed by barriers.
    this._words.store(this._slot + word, (this._words.loadPlain(this._slot + word) + 1) | 0);
  }

  private _count(word: number, by: number): void {
    this._words.storePlain(this._slot + word, this._words.loadPlain(this._slot + word) + by);
  }
}
