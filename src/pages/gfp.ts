/**
 * gfp: what an allocation may do to be served. Names, values and meanings are the kernel's
 * (include/linux/gfp_types.h).
 *
 *     bit                    meaning
 *     __GFP_HIGH             may use part of the reserves
 *     __GFP_ZERO             the memory comes zeroed
 *     __GFP_DIRECT_RECLAIM   may wait, and reclaim memory itself
 *     __GFP_KSWAPD_RECLAIM   may spin for a lock
 *     __GFP_NOWARN           a failure is not worth a report
 *     __GFP_NORETRY          one light round of reclaim, then failure
 *     __GFP_RETRY_MAYFAIL    reclaims as long as that helps, then failure
 *     __GFP_NOFAIL           goes on until it succeeds
 *     __GFP_NOMEMALLOC       nothing of the reserves, whatever the context
 *     __GFP_ACCOUNT          charged to the memory group that is active
 *
 *     may wait, and so reclaim       GFP_KERNEL      both reclaim bits
 *     may spin for a bounded time    GFP_NOWAIT      __GFP_KSWAPD_RECLAIM; GFP_ATOMIC with __GFP_HIGH
 *     may do neither                 GFP_NOLOCK      no bit of reclaim: a lock is tried once
 *
 * 0 is GFP_NOLOCK. That is a meaning, not a default. What else counts than these bits is in rights.ts.
 */

/** A set of __GFP bits. */
export type Gfp = number;

export const __GFP_HIGH = 0x20;
export const __GFP_ZERO = 0x100;
export const __GFP_DIRECT_RECLAIM = 0x400;
export const __GFP_KSWAPD_RECLAIM = 0x800;
export const __GFP_NOWARN = 0x2000;
export const __GFP_RETRY_MAYFAIL = 0x4000;
export const __GFP_NOFAIL = 0x8000;
export const __GFP_NORETRY = 0x10000;
export const __GFP_NOMEMALLOC = 0x80000;
export const __GFP_ACCOUNT = 0x400000;
export const __GFP_RECLAIM = __GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM;

/** May wait and reclaim; throws OutOfMemoryError rather than return nothing. */
export const GFP_KERNEL = __GFP_RECLAIM;
/** GFP_KERNEL, charged to the memory group that is active. */
export const GFP_KERNEL_ACCOUNT = GFP_KERNEL | __GFP_ACCOUNT;
/** May spin, may not wait; may use part of the reserves. */
export const GFP_ATOMIC = __GFP_HIGH | __GFP_KSWAPD_RECLAIM;
/** May spin, may not wait. */
export const GFP_NOWAIT = __GFP_KSWAPD_RECLAIM | __GFP_NOWARN;
/** May do neither: a lock is tried once. */
export const GFP_NOLOCK = 0;

/** Spins for a lock whatever the context: for a PointerPageSource. No caller can pass it. */
export const __GFP_RAW_LOCK = 0x2000000;

/** Bits that a call of the nolock kind understands: it has no rights to give. */
export const NOLOCK_GFP = __GFP_ZERO | __GFP_ACCOUNT;

const BITS: ReadonlyMap<string, number> = new Map([
  ['__GFP_HIGH', __GFP_HIGH],
  ['__GFP_ZERO', __GFP_ZERO],
  ['__GFP_DIRECT_RECLAIM', __GFP_DIRECT_RECLAIM],
  ['__GFP_KSWAPD_RECLAIM', __GFP_KSWAPD_RECLAIM],
  ['__GFP_NOWARN', __GFP_NOWARN],
  ['__GFP_RETRY_MAYFAIL', __GFP_RETRY_MAYFAIL],
  ['__GFP_NOFAIL', __GFP_NOFAIL],
  ['__GFP_NORETRY', __GFP_NORETRY],
  ['__GFP_NOMEMALLOC', __GFP_NOMEMALLOC],
  ['__GFP_ACCOUNT', __GFP_ACCOUNT],
]);

const KNOWN_BITS = [...BITS.values()].reduce((all, bit) => all | bit, 0);

/** Two bits that do not go together, or one that needs another. */
interface Contradiction {
  readonly has: string;
  /** With this bit it contradicts. */
  readonly with?: string;
  /** Without this bit it contradicts. */
  readonly without?: string;
  readonly why: string;
}

const CONTRADICTIONS: readonly Contradiction[] = [
  {
    has: '__GFP_DIRECT_RECLAIM',
    without: '__GFP_KSWAPD_RECLAIM',
    why: 'who may wait may also spin, and GFP_NOLOCK is neither; use GFP_KERNEL',
  },
  {
    has: '__GFP_HIGH',
    without: '__GFP_KSWAPD_RECLAIM',
    why: 'GFP_NOLOCK has no right to the reserves; use GFP_ATOMIC',
  },
  {
    has: '__GFP_NORETRY',
    without: '__GFP_DIRECT_RECLAIM',
    why: 'it says how long to reclaim; add it to GFP_KERNEL',
  },
  {
    has: '__GFP_RETRY_MAYFAIL',
    without: '__GFP_DIRECT_RECLAIM',
    why: 'it says how long to reclaim; add it to GFP_KERNEL',
  },
  {
    has: '__GFP_NOFAIL',
    without: '__GFP_DIRECT_RECLAIM',
    why: 'who may not wait cannot be promised memory; use a mempool',
  },
  { has: '__GFP_NOFAIL', with: '__GFP_NORETRY', why: 'one says never fail, the other do not try for long' },
  { has: '__GFP_NOFAIL', with: '__GFP_RETRY_MAYFAIL', why: 'one says never fail, the other that it may' },
  { has: '__GFP_NORETRY', with: '__GFP_RETRY_MAYFAIL', why: 'one says one light try, the other many' },
  { has: '__GFP_HIGH', with: '__GFP_NOMEMALLOC', why: 'one asks for the reserves, the other forbids them' },
];

/** Bits that contradict each other, or that no allocation understands. */
export class GfpError extends TypeError {
  override readonly name = 'GfpError';
  readonly gfp: Gfp;

  constructor(gfp: Gfp, message: string) {
    super(message);
    this.gfp = gfp;
  }
}

/** True when the caller may wait, and so may be told of failure by an error. */
export function allowBlocking(gfp: Gfp): boolean {
  return (gfp & __GFP_DIRECT_RECLAIM) !== 0;
}

/** True when the caller may spin for a lock. */
export function allowSpinning(gfp: Gfp): boolean {
  return (gfp & __GFP_RECLAIM) !== 0;
}

/** Throws GfpError for bits that no allocation understands, and for pairs that contradict each other. */
export function requireGfp(gfp: Gfp): void {
  // The compounds are what nearly all callers pass.
  if (gfp === GFP_KERNEL || gfp === GFP_NOLOCK || gfp === GFP_NOWAIT || gfp === GFP_ATOMIC) return;
  if (!areBits(gfp) || (gfp & ~KNOWN_BITS) !== 0 || gfp < 0) {
    throw new GfpError(
      gfp,
      `allocated with gfp ${String(gfp)}; known bits are 0x${KNOWN_BITS.toString(16)}: use GFP_KERNEL, GFP_ATOMIC, ` +
        'GFP_NOWAIT or GFP_NOLOCK, with others of __GFP_ZERO, __GFP_ACCOUNT, ... if wanted',
    );
  }
  for (const contradiction of CONTRADICTIONS) requireConsistent(gfp, contradiction);
}

/** Throws GfpError for bits that a call of the nolock kind has no use for. `call` is named in the message. */
export function requireNolockGfp(gfp: Gfp, call: string): void {
  if (areBits(gfp) && (gfp & ~NOLOCK_GFP) === 0) return;
  throw new GfpError(
    gfp,
    `called ${call} with gfp ${describeGfp(gfp)}; it waits and spins for nothing, so it takes __GFP_ZERO and ` +
      '__GFP_ACCOUNT at most',
  );
}

/** False for what is no number of 32 bits: the operators on bits would take it for one. */
function areBits(gfp: Gfp): boolean {
  return Number.isInteger(gfp) && (gfp | 0) === gfp;
}

/** The names of the bits, as `GFP_KERNEL|__GFP_ZERO`. */
export function describeGfp(gfp: Gfp): string {
  if (!areBits(gfp)) return String(gfp);
  if (gfp === GFP_NOLOCK) return 'GFP_NOLOCK';
  const names: string[] = [];
  let rest = gfp;
  for (const [name, compound] of COMPOUNDS) {
    if ((rest & compound) !== compound) continue;
    names.push(name);
    rest &= ~compound;
    break;
  }
  for (const [name, bit] of BITS) if ((rest & bit) !== 0) names.push(name);
  const unknown = rest & ~KNOWN_BITS;
  if (unknown !== 0) names.push(`0x${(unknown >>> 0).toString(16)}`);
  return names.join('|');
}

const COMPOUNDS: readonly (readonly [name: string, gfp: Gfp])[] = [
  ['GFP_KERNEL', GFP_KERNEL],
  ['GFP_ATOMIC', GFP_ATOMIC],
  ['GFP_NOWAIT', GFP_NOWAIT],
];

function requireConsistent(gfp: Gfp, contradiction: Contradiction): void {
  const isSet = (name: string) => (gfp & BITS.get(name)!) !== 0;
  const { has, with: other, without, why } = contradiction;
  if (!isSet(has)) return;
  if (other !== undefined && isSet(other))
    throw new GfpError(gfp, `allocated with ${has} and ${other}: ${why}`);
  if (without !== undefined && !isSet(without))
    throw new GfpError(gfp, `allocated with ${has} and without ${without}: ${why}`);
}
