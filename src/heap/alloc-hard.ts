/**
 * The hard way of an allocation that failed at first: reclaim where that is allowed, in the group that refused first and
 * then in the heap.
 *
 * Who may call: the slot's thread, outside of every lock, right after the first try.
 */
import { __GFP_NOFAIL, allowBlocking, type Gfp } from '../pages/gfp.js';
import { type Address, NONE } from '../words/units.js';
import { pastLimits, reclaimInGroup, requireNotRefused } from './group-reclaim.js';
import type { HeapParts } from './heap-parts.js';
import { leastOrderFor, reclaimFor, requireEverPossible } from './reclaim.js';
import { outOfMemory } from './use-report.js';

/**
 * Tries `alloc` again as often as there is hope.
 *
 * @param gfp   as the caller gave it; undefined for the most that is allowed
 * @param order of the block that it takes, where it is not an object
 * @returns     NONE where the caller may not reclaim
 *
 * Errors   OutOfMemoryError; GroupLimitError, and Error for a closed group; RangeError for what must not fail and never
 *          could be had.
 */
export function allocHard(
  parts: HeapParts,
  bytes: number,
  gfp: Gfp | undefined,
  alloc: () => number,
  order?: number,
): Address {
  const most = gfp ?? parts.rights.most();
  if (parts.charges.refusedBy !== 0) {
    const p = reclaimInGroup(parts, bytes, most, alloc);
    if (p !== 0) return p as Address;
  }
  if (!allowBlocking(most)) return NONE;
  if ((most & __GFP_NOFAIL) !== 0)
    requireEverPossible(parts, bytes, order ?? leastOrderFor(parts, bytes), most);
  const p = reclaimFor(parts, most, pastLimits(parts, most, alloc));
  if (p !== 0) return p as Address;
  requireNotRefused(parts, bytes);
  throw outOfMemory(parts, bytes, most);
}
