/**
 * Reclaim: what a thread that may reclaim does before it gives up on memory, wired for one heap. In what order, and how
 * often, is direct-reclaim.ts's.
 *
 * Where the caller holds raw addresses (the turn is pinned) the turn cannot be ended, so what waits for a grace
 * period that began in it cannot be had.
 *
 * Who may call: the slot's thread, outside of every lock. Inside a shrinker it does nothing, nor for a callback that it calls
 * itself in the middle of an operation: reclaim does not recurse.
 *
 * I1  SLOT.reclaiming says so while this thread is in here, also where a shrinker throws. Of a slot whose thread runs no
 *     more it is of no account.
 */
import { HEADER } from '../layout/heap-header.js';
import { slotStart, zoneStart } from '../layout/heap-layout.js';
import { ACTIVITY, SLOT, SLOT_STATE } from '../layout/thread-slot.js';
import { ZONE } from '../layout/zone-record.js';
import { type AllocFlags, allocFlags, markFor } from '../pages/alloc-flags.js';
import { directReclaim, type ReclaimSteps } from '../pages/direct-reclaim.js';
import type { Gfp } from '../pages/gfp.js';
import { MAX_CLASS_BYTES, objectWordsFor, slabOrderFor } from '../slab/size-classes.js';
import { counted } from '../words/counted.js';
import { alignUp, MAX_ORDER, orderFor, PAGE_BYTES } from '../words/units.js';
import type { Words } from '../words/words.js';
import type { HeapParts } from './heap-parts.js';
import { apart, awaitGracePeriod, freeDone, GRACE_PERIOD_MILLIS, isInsideReclaim } from './reclaim-steps.js';

/** Tries `alloc` again after each way of getting memory back; 0 when none has brought any. */
export function reclaimFor(parts: HeapParts, gfp: Gfp, alloc: () => number): number {
  const { words, shrinkers } = parts;
  if (shrinkers.isScanning() || isInsideReclaim(parts)) return 0;
  countReclaim(parts, SLOT.allocStalls);
  parts.turn.note(ACTIVITY.reclaim);
  // Publishes nothing: a hint for others that find nothing, as what they want may be in this thread's hands.
  const before = words.exchange(parts.membership.start + SLOT.reclaiming, 1);
  try {
    return directReclaim(gfp, new HeapReclaim(parts, alloc));
  } finally {
    // Publishes nothing, as above.
    words.store(parts.membership.start + SLOT.reclaiming, before);
  }
}

/**
 * Refuses a request that must not fail and that no heap of this size could ever serve.
 *
 * @param order of the block that it needs
 *
 * Errors   RangeError.
 */
export function requireEverPossible(parts: HeapParts, bytes: number, order: number, gfp: Gfp): void {
  const largest = largestOrder(parts, allocFlags(gfp, false));
  if (order <= largest) return;
  const most =
    largest < 0
      ? 'which keeps all its pages in reserve'
      : `whose largest block is ${PAGE_BYTES << largest} bytes`;
  throw new RangeError(
    `allocated ${counted(bytes, 'byte')} with __GFP_NOFAIL in a heap ${most}, and they take one of ${PAGE_BYTES << order}: it would ` +
      'never return. Ask for less, or create a larger heap, or one with fewer `minFreePages`',
  );
}

/** Order of the least block that an allocation of `bytes` bytes can be served from: its own, or a slab. */
export function leastOrderFor({ geometry, fittings }: HeapParts, bytes: number): number {
  if (bytes > MAX_CLASS_BYTES) return orderFor(Math.ceil(bytes / PAGE_BYTES));
  return slabOrderFor(objectWordsFor(bytes) + fittings.shellWords, geometry.maxSlabObjects);
}

/** Order of the largest block that a zone of the heap can ever have for such an allocation; -1 for none. */
function largestOrder({ words, geometry }: HeapParts, flags: AllocFlags): number {
  const { firstPage, totalPages, zonePages, zones } = geometry;
  let largest = -1;
  for (let zone = 0; zone < zones; zone++) {
    const start = Math.max(firstPage, zone * zonePages);
    const end = Math.min(totalPages, (zone + 1) * zonePages);
    const mark = markFor(words.loadPlain(zoneStart(geometry, zone) + ZONE.wmarkMin), flags);
    for (let order = largest + 1; order <= MAX_ORDER; order++) {
      const isWithin = alignUp(start, 1 << order) + (1 << order) <= end;
      // As the zone reckons it: of a block all pages but one count as gone.
      if (isWithin && end - start - ((1 << order) - 1) > mark) largest = order;
    }
  }
  return largest;
}

/** One more of what a counter of this thread's slot counts. */
export function countReclaim({ words, membership }: HeapParts, counter: number): void {
  const word = membership.start + counter;
  words.storePlain(word, words.loadPlain(word) + 1);
}

/** True while the thread of a slot reclaims. */
function reclaims(words: Words, slot: number): boolean {
  // Publishes nothing: a hint.
  return words.load(slot + SLOT.reclaiming) !== 0 && words.load(slot + SLOT.state) === SLOT_STATE.live;
}

class HeapReclaim implements ReclaimSteps {
  readonly alloc: () => number;
  private readonly _parts: HeapParts;

  constructor(parts: HeapParts, alloc: () => number) {
    this.alloc = alloc;
    this._parts = parts;
  }

  freeDone(): void {
    apart(this._parts, () => freeDone(this._parts));
  }

  firstPriority(): number {
    return this._inTurn(() => this._parts.shrinkers.firstPriority());
  }

  shrink(priority: number): number {
    return this._inTurn(() => this._parts.shrinkers.shrink(priority));
  }

  drainOwnLists(): void {
    countReclaim(this._parts, SLOT.drains);
    this._inTurn(() => {
      this._parts.pages.drain();
      return 0;
    });
  }

  drainIdleLists(): number {
    return this._inTurn(() => this._parts.idlePages.drain());
  }

  awaitGracePeriod(): boolean {
    return apart(this._parts, () => awaitGracePeriod(this._parts, GRACE_PERIOD_MILLIS));
  }

  isContended(): boolean {
    const { words, geometry, membership } = this._parts;
    words.pause();
    // Publishes nothing: a thread that joins now reclaims nothing yet.
    const claimed = words.load(HEADER.slotsClaimed);
    for (let slot = 0; slot < claimed; slot++) {
      const start = slotStart(geometry, slot);
      if (start !== membership.start && reclaims(words, start)) return true;
    }
    return false;
  }

  rest(): void {
    const { words, context, geometry } = this._parts;
    if (apart(this._parts, () => awaitGracePeriod(this._parts, geometry.pollMillis))) return;
    if (context.waitRight() !== 'may-wait') {
      words.pause();
      return;
    }
    // Publishes nothing: the number to sleep on. It changes with every grace period, which is when memory comes.
    const sequence = words.load(HEADER.gracePeriodSequence);
    words.wait(HEADER.gracePeriodSequence, sequence, geometry.pollMillis);
  }

  /** Runs what gives memory back: in a turn, and as reclaim, so that what it allocates ignores the watermarks. */
  private _inTurn(act: () => number): number {
    const { turn, fittings, pages } = this._parts;
    fittings.enterReclaim();
    pages.enterReclaim();
    try {
      return apart(this._parts, () => turn.run(act));
    } finally {
      pages.exitReclaim();
      fittings.exitReclaim();
    }
  }
}
