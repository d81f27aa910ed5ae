/**
 * The most accesses to shared words that one call of the nolock kind makes for objects: what "a bounded number of steps"
 * means in numbers. The pages' share is in pages/nolock-steps.ts.
 *
 *     kmallocNolock   a pop; or twice, for two classes: spare, barn, slabs by trylock, a fresh slab. The second time
 *                     an empty sheaf as well, filled with at most sheafCapacity objects of NOLOCK_SLABS slabs
 *     kfreeNolock     a push; or spare, barn, the object's slab by trylock, one push on the deferred list
 *     kfreeRcu        a push; or a sheaf by trylock; or one link to the callback list
 *
 * Linking a fresh slab is most of it: 512 objects of 8 bytes. Nearly every call is a push or a pop, and takes 3 to 6.
 *
 * Not counted: the rounds of the push on a deferred list that are lost to the push of another thread (llist).
 * Not bounded: kfreeRcu in a heap with pointerPageSource 'raw-lock', which spins.
 */
import type { Geometry } from '../layout/heap-header.js';
import { MAX_SLAB_ORDER } from '../layout/page-descriptor.js';
import { SHEAF_WORDS } from '../layout/sheaf-record.js';
import { nolockStepBound } from '../pages/nolock-steps.js';
import { PAGE_WORDS } from '../words/units.js';
import { NOLOCK_SLABS } from './slab-list.js';

/** Looking up the address's cache, for the first time in this thread. */
const LOOK_UP = 8;
/** Main, what is in hand, the spare, taking in hand and putting back, a view that is new, counters. */
const ENTRY = 34;
/** One put or take of the barn: a look, a trylock, the list, the count, letting go. */
const BARN = 15;
/** A trylock of the slabs, letting go, one object off a slab that leaves the list. */
const TAKE_ONE = 34;
/** A trylock of the slabs, letting go, one object onto a slab that is then taken off the list and released. */
const PUT_ONE = 90 + (1 << MAX_SLAB_ORDER);
/** Making a slab but for its objects, listing it, counting it; or releasing it again. */
const SLAB = 70 + 2 * (1 << MAX_SLAB_ORDER);
/** A fresh sheaf on a slab of them. */
const FRESH_SHEAF = 3;
/** Each slab and each object of a fill. */
const FILL_SLAB = 22;
const FILL_OBJECT = 5;
/** Sealing the full rcu sheaf, and writing a new one. */
const SEAL = 30;
/** Setting one sheaf aside. */
const SET_ASIDE = 7;
/** The smallest objects are of two words. */
const MOST_OBJECTS = PAGE_WORDS / 2;
const SLAB_SHEAVES = PAGE_WORDS / SHEAF_WORDS;

/** Bounds of one call, in accesses to words. */
export interface NolockObjectSteps {
  readonly alloc: number;
  readonly free: number;
  readonly freeRcu: number;
}

/** The most accesses of one call of kmallocNolock(), kfreeNolock() and kfreeRcu() in a heap of this shape. */
export function nolockObjectStepBound(geometry: Geometry): NolockObjectSteps {
  const pages = nolockStepBound(geometry);
  const objects = Math.min(MOST_OBJECTS, geometry.maxSlabObjects);
  const sheaves = Math.min(SLAB_SHEAVES, geometry.maxSlabObjects);
  const putOne = PUT_ONE + pages.free;
  // A slab that cannot be listed is given back.
  const grow = (count: number) => TAKE_ONE + SLAB + count + pages.alloc + pages.free;
  const emptySheaf = BARN + grow(sheaves * FRESH_SHEAF);
  const fill = TAKE_ONE + NOLOCK_SLABS * FILL_SLAB + geometry.sheafCapacity * FILL_OBJECT;
  const first = ENTRY + BARN + grow(objects);
  const second = first + emptySheaf + fill + BARN + putOne;
  return {
    alloc: first + second,
    free: LOOK_UP + ENTRY + 3 * BARN + 2 * putOne,
    freeRcu: LOOK_UP + SEAL + emptySheaf + sheaves * SET_ASIDE,
  };
}
