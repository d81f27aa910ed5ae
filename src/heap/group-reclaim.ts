/**
 * Reclaim inside a memory group: what a thread does that may reclaim, before an allocation fails for a group's limit.
 *
 *     give back what this thread has charged in advance, free what is through with its grace period
 *       -> shrinkers that this thread has registered for the group, and for those that are part of it
 *       -> once: give back what idle threads have charged in advance
 *       -> once: wait for a grace period, and the last two again
 *       -> GroupLimitError; with __GFP_NOFAIL the charge goes past the limit
 *
 * The order and the bounds are direct-reclaim.ts's. Memory of other groups is left alone.
 *
 * Who may call: the slot's thread, outside of every lock. Inside of what reclaim calls nothing is reclaimed.
 */
import { GROUP } from '../layout/group-record.js';
import { directReclaim, type ReclaimSteps } from '../pages/direct-reclaim.js';
import { __GFP_HIGH, __GFP_NOFAIL, allowBlocking, GFP_KERNEL, type Gfp } from '../pages/gfp.js';
import { refusalError } from './group-limit-error.js';
import type { HeapParts } from './heap-parts.js';
import { apart, awaitGracePeriod, freeDone, GRACE_PERIOD_MILLIS, isInsideReclaim } from './reclaim-steps.js';

/**
 * A group has refused an allocation (GroupCharges.refusedBy): makes room in it, where `gfp` allows that, and tries
 * again.
 *
 * @param gfp   what the caller may do here
 * @param bytes what is asked for, for the error
 * @returns     memory; 0 where the caller may not reclaim, or where now it is the heap that has none
 *
 * Errors   GroupLimitError, and Error for a closed group.
 */
export function reclaimInGroup(parts: HeapParts, bytes: number, gfp: Gfp, alloc: () => number): number {
  const { charges, words } = parts;
  const record = charges.refused;
  const first = charges.refusedBy;
  let p = 0;
  if (allowBlocking(gfp) && !isScanning(parts)) {
    p = directReclaim(gfp & ~__GFP_NOFAIL, new GroupReclaim(parts, first, alloc));
    if (p === 0 && (gfp & (__GFP_NOFAIL | __GFP_HIGH)) !== 0) p = allocPastLimit(parts, alloc);
  }
  // Of the last try: 0 where that brought memory, or failed for want of it.
  const refuser = p !== 0 ? 0 : charges.takeRefusal();
  if (refuser === 0 || !allowBlocking(gfp)) return p;
  throw refusalError(words, record, refuser, bytes);
}

/** The limit of a group was changed: reclaims while more is charged than that, as far as it brings anything. */
export function limitInGroup(parts: HeapParts, record: number): void {
  const { words, context } = parts;
  // Counter only.
  const isWithin = () => (words.load(record + GROUP.usage) <= words.load(record + GROUP.max) ? 1 : 0);
  if (isWithin() === 1 || context.waitRight() === 'may-neither' || isScanning(parts)) return;
  directReclaim(GFP_KERNEL, new GroupReclaim(parts, record, isWithin));
}

/** `alloc` as an allocation makes it that must not fail: its charge goes past the limit. */
export function pastLimits(parts: HeapParts, gfp: Gfp, alloc: () => number): () => number {
  return (gfp & __GFP_NOFAIL) === 0 ? alloc : () => allocPastLimit(parts, alloc);
}

/** Throws where it was a group that refused the last try, not the heap that had no memory. Errors as reclaimInGroup(). */
export function requireNotRefused({ charges, words }: HeapParts, bytes: number): void {
  const refuser = charges.takeRefusal();
  if (refuser === 0) return;
  throw refusalError(words, charges.refused, refuser, bytes);
}

/** True inside a shrinker, and what else reclaim calls: what it allocates fails instead of reclaiming. */
function isScanning(parts: HeapParts): boolean {
  return parts.shrinkers.isScanning() || parts.groupShrinkers.isScanning() || isInsideReclaim(parts);
}

function allocPastLimit({ charges }: HeapParts, alloc: () => number): number {
  charges.mustSucceed = true;
  try {
    return alloc();
  } finally {
    charges.mustSucceed = false;
  }
}

class GroupReclaim implements ReclaimSteps {
  readonly alloc: () => number;
  private readonly _parts: HeapParts;
  private readonly _group: number;

  /** @param group record of the group that lacks room */
  constructor(parts: HeapParts, group: number, alloc: () => number) {
    this.alloc = alloc;
    this._parts = parts;
    this._group = group;
  }

  freeDone(): void {
    apart(this._parts, () => freeDone(this._parts));
    this.drainOwnLists();
  }

  firstPriority(): number {
    let most = 0;
    for (const list of this._parts.groupShrinkers.below(this._group)) {
      most = Math.max(
        most,
        this._inTurn(() => list.firstPriority()),
      );
    }
    return most;
  }

  shrink(priority: number): number {
    let given = 0;
    for (const list of this._parts.groupShrinkers.below(this._group)) {
      given += this._inTurn(() => list.shrink(priority));
    }
    if (given === 0) return 0;
    // What a shrinker frees is in this thread's stock, or waits for a grace period.
    this.freeDone();
    return given;
  }

  drainOwnLists(): void {
    const { turn, charges } = this._parts;
    turn.run(() => charges.drain());
  }

  drainIdleLists(): number {
    const { turn, charges } = this._parts;
    return turn.run(() => charges.drainAll());
  }

  awaitGracePeriod(): boolean {
    // A wait for nothing would hold up the caller for as long as other threads' turns last.
    if (!this._parts.kfreeRcu.isWaiting()) return false;
    const passed = apart(this._parts, () => awaitGracePeriod(this._parts, GRACE_PERIOD_MILLIS));
    this.drainOwnLists();
    return passed;
  }

  /** What other threads have in hand is charged already, and stays so. */
  isContended(): boolean {
    return false;
  }

  rest(): void {}

  /** Runs what is the program's own. */
  private _inTurn(act: () => number): number {
    return apart(this._parts, () => this._parts.turn.run(act));
  }
}
