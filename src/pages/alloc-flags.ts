/**
 * Alloc flags: what an allocation may do inside a zone, worked out from its gfp once, before any lock is taken.
 *
 *     gfp                          flags                            goes down to
 *     GFP_KERNEL, GFP_NOWAIT       ALLOC_WMARK_MIN, NON_BLOCK       min
 *     GFP_ATOMIC                   ALLOC_HIGH | ALLOC_NON_BLOCK     3/8 of min
 *     GFP_KERNEL | __GFP_HIGH      ALLOC_HIGH                       1/2 of min
 *     GFP_NOLOCK                   ALLOC_TRYLOCK                    min
 *     inside of reclaim            ALLOC_NO_WATERMARKS              0, unless __GFP_NOMEMALLOC or GFP_NOLOCK
 *
 * Follows mm/internal.h and mm/page_alloc.c (gfp_to_alloc_flags, __zone_watermark_ok).
 */
import { __GFP_HIGH, __GFP_NOMEMALLOC, allowBlocking, allowSpinning, type Gfp } from './gfp.js';

/** A set of ALLOC bits. */
export type AllocFlags = number;

/** Down to the min mark, by the lock. */
export const ALLOC_WMARK_MIN = 0;
/** Ignores the marks. */
export const ALLOC_NO_WATERMARKS = 0x4;
/** May not wait: with ALLOC_HIGH a further quarter of what is left of min. */
export const ALLOC_NON_BLOCK = 0x10;
/** May go below min, to half of it. */
export const ALLOC_HIGH = 0x20;
/** May not spin: tries each lock once, and leaves the floor of a thread's list alone. */
export const ALLOC_TRYLOCK = 0x400;

/** @param inReclaim the thread is inside of reclaim: what it takes is to bring more back */
export function allocFlags(gfp: Gfp, inReclaim: boolean): AllocFlags {
  if (!allowSpinning(gfp)) return ALLOC_TRYLOCK;
  if ((gfp & __GFP_NOMEMALLOC) !== 0) return ALLOC_WMARK_MIN;
  if (inReclaim) return ALLOC_NO_WATERMARKS;
  const flags = (gfp & __GFP_HIGH) !== 0 ? ALLOC_HIGH : ALLOC_WMARK_MIN;
  return allowBlocking(gfp) ? flags : flags | ALLOC_NON_BLOCK;
}

/** True where the caller may spin for a lock. */
export function maySpinFor(flags: AllocFlags): boolean {
  return (flags & ALLOC_TRYLOCK) === 0;
}

/** How far below or down to `min` pages an allocation with these flags may bring a zone. */
export function markFor(min: number, flags: AllocFlags): number {
  if ((flags & ALLOC_NO_WATERMARKS) !== 0) return 0;
  if ((flags & ALLOC_HIGH) === 0) return min;
  const half = min - (min >> 1);
  return (flags & ALLOC_NON_BLOCK) === 0 ? half : half - (half >> 2);
}
