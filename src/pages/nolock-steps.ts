/**
 * The most accesses to shared words that one call of the nolock kind makes for pages: what "a bounded number of
 * steps" means in numbers.
 *
 *     allocPagesNolock   a pop, or for each zone a batch by trylock, and then for each zone one block by trylock;
 *                        each trylock that is had takes at most NOLOCK_DRAIN deferred blocks along
 *     freePagesNolock    a push, or one put by trylock, or one push on the zone's deferred list
 *
 *     alloc <= 153 + 1012 zones + 103 batch         free <= 155
 *
 * In a heap of 256 MiB that says nothing else (4 zones, batches of 15) 5,746 accesses at the worst, where each block
 * splits the largest there is, and each trylock finds blocks to take along; nearly every call is a pop, and takes 20.
 *
 * Not counted: the rounds of the push on a deferred list that are lost to the push of another thread. Each thread
 * pushes one block in a call, so that of n threads that push at once one is done in each round.
 */
import type { Geometry } from '../layout/heap-header.js';
import { MAX_ORDER } from '../words/units.js';
import { NOLOCK_DRAIN } from './zone.js';

/** Buddy: linking a block before others, and unlinking one. */
const LINK = 8;
const UNLINK = 6;
/** Looking whether a neighbour is free and of the same order. */
const IS_FREE = 3;
/** Free areas looked through, the state, an unlink, a split for each order, the count of free pages. */
const BUDDY_TAKE = MAX_ORDER + 1 + 1 + UNLINK + MAX_ORDER * LINK + 2;
/** For each order a look, an unlink and a tail; the look that ends it, a link, the count. */
const BUDDY_PUT = MAX_ORDER * (IS_FREE + UNLINK + 1) + IS_FREE + LINK + 2;
/** Trying the lock twice at most (free, free and kept for another), counting it, marks and hints, letting go. */
const ZONE_HOLD = 14;
/** One block of the deferred list: looking twice, its next, the note, the exchange, its state, the end of the note. */
const DEFERRED_POP = 7;
/** Pushing on the deferred list without a rival, and counting. */
const DEFERRED_PUSH = 7;
/** The trylock of the lists, a look at the floor, and taking one off or putting one on. */
const LIST_STEP = 16;
/** One block of a refill: its link written, and walked. */
const REFILL_BLOCK = 2;
/** Joining a refill to the list. */
const REFILL_END = 8;
/** What the front adds: the state, the group, what is in hand or given back (Intents.settle), the counters, the fill. */
const FRONT = 12;

/** Bounds of one call, in accesses to words. */
export interface NolockSteps {
  readonly alloc: number;
  readonly free: number;
}

/** The most accesses of one call of allocPagesNolock() and of freePagesNolock() in a heap of this shape. */
export function nolockStepBound({ zones, pageListBatch }: Geometry): NolockSteps {
  const hold = ZONE_HOLD + NOLOCK_DRAIN * (DEFERRED_POP + BUDDY_PUT);
  // The room above the mark is looked at before each block. What a zone refuses it has looked for in every order.
  const take = 1 + BUDDY_TAKE;
  const refused = 1 + MAX_ORDER + 1;
  const batch = Math.max(1, pageListBatch) * (take + REFILL_BLOCK) + REFILL_END;
  return {
    alloc: FRONT + 2 * LIST_STEP + zones * 2 * (hold + refused) + batch + take,
    free: FRONT + LIST_STEP + ZONE_HOLD + Math.max(BUDDY_PUT, DEFERRED_PUSH),
  };
}
