/**
 * gfp: what an allocation may do to be served. Names and meanings are the kernel's (include/linux/gfp_types.h).
 *
 *     bit                    meaning
 *     __GFP_HIGH             may use part of the reserves
 *     __GFP_ZERO             the memory comes zeroed
 *     __GFP_DIRECT_RECLAIM   may wait, and reclaim memory itself
 *     __GFP_KSWAPD_RECLAIM   may spin for a lock
 *
 * 0 is GFP_NOLOCK: neither reclaim bit, so not even a lock may be spun for. That is a meaning, not a default.
 */

/** A set of __GFP bits. */
export type Gfp = number;

export const __GFP_HIGH = 0x20;
export const __GFP_ZERO = 0x100;
export const __GFP_DIRECT_RECLAIM = 0x400;
export const __GFP_KSWAPD_RECLAIM = 0x800;
export const __GFP_RECLAIM = __GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM;

/** May wait and reclaim; throws OutOfMemoryError rather than return nothing. */
export const GFP_KERNEL = __GFP_RECLAIM;
/** May spin, may not wait; may use part of the reserves. */
export const GFP_ATOMIC = __GFP_HIGH | __GFP_KSWAPD_RECLAIM;
/** May spin, may not wait. */
export const GFP_NOWAIT = __GFP_KSWAPD_RECLAIM;
/** May do neither: a lock is tried once. */
export const GFP_NOLOCK = 0;

const KNOWN_BITS = __GFP_HIGH | __GFP_ZERO | __GFP_RECLAIM;

/** True when the caller may wait, and so may be told of failure by an error. */
export function allowBlocking(gfp: Gfp): boolean {
  return (gfp & __GFP_DIRECT_RECLAIM) !== 0;
}

/** True when the caller may spin for a lock. */
export function allowSpinning(gfp: Gfp): boolean {
  return (gfp & __GFP_RECLAIM) !== 0;
}

/** Refuses bits that no allocation understands, and pairs that contradict each other. */
export function requireGfp(gfp: Gfp): void {
  if ((gfp & ~KNOWN_BITS) !== 0 || !Number.isInteger(gfp)) {
    throw new TypeError(
      `allocated with gfp ${gfp}; known bits are 0x${KNOWN_BITS.toString(16)}: use GFP_KERNEL, GFP_ATOMIC, ` +
        'GFP_NOWAIT or GFP_NOLOCK, with __GFP_ZERO if wanted',
    );
  }
  if ((gfp & __GFP_RECLAIM) === __GFP_DIRECT_RECLAIM) {
    throw new TypeError(
      'allocated with __GFP_DIRECT_RECLAIM and without __GFP_KSWAPD_RECLAIM: who may wait may also spin; use GFP_KERNEL',
    );
  }
}
