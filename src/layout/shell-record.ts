/**
 * The shell that a debug heap puts round each object of a slab: what its user never sees, and what tells a wrong
 * write from a right one.
 *
 *     outer                                            inner = outer + SHELL_HEAD_WORDS
 *     | link | state | bytes | alloc stack | free stack | slots | check | red | object, `bytes` bytes | red ... |
 *     0      1       2       3             4            5       6       7     8                                 end
 *
 * Users hold inner addresses, sheaves and slabs outer ones. Word 0 is the allocator's while the object is free.
 * A heap without object hooks has no shells: there both addresses are the same.
 *
 * Guards: `state` by compareExchange, so that of two who free an object at once one is told. The other words belong
 * to whoever has the object.
 */
import type { Geometry } from './heap-header.js';
import { KIND_MASK, PAGE_KIND } from './page-descriptor.js';

/** What geometry.debugHooks is made of. */
export const DEBUG_HOOK = { poison: 1, redZones: 2, useAfterFree: 4, owner: 8, fillFree: 16 } as const;
export type DebugHook = keyof typeof DEBUG_HOOK;

/** Hooks that need a shell. */
const OBJECT_HOOKS = DEBUG_HOOK.poison | DEBUG_HOOK.redZones | DEBUG_HOOK.useAfterFree | DEBUG_HOOK.owner;

export const SHELL = {
  link: 0,
  state: 1,
  bytes: 2,
  allocStack: 3,
  freeStack: 4,
  /** Slot that allocated, and above bit 16 the slot that freed. */
  slots: 5,
  /** Of bytes, stacks and slots: a write that jumps over a neighbour's red zone shows here. */
  check: 6,
  leftRedZone: 7,
} as const;
export const SHELL_HEAD_WORDS = 8;
/** Words of red zone behind the object at least. */
export const SHELL_TAIL_WORDS = 2;
export const SHELL_WORDS = SHELL_HEAD_WORDS + SHELL_TAIL_WORDS;

/** What word 0 holds while the object is its user's. */
export const LIVE_LINK = 0x4c696e6b;

/** What a shell's state word says; anything else is memory that was no object yet. */
export const SHELL_STATE = {
  live: 0x4c697665,
  freed: 0x46726565,
  /** Its red zones and its poison are being written; stays so where the thread dies in there. */
  changing: 0x4368616e,
  /** Waits for a grace period: readers may still look at it. */
  waiting: 0x57616974,
  /** Found damaged, and never to be used again. */
  quarantined: 0x51756172,
} as const;

/** Whether objects of this heap have shells. */
export function hasShells(geometry: Pick<Geometry, 'debugHooks'>): boolean {
  return (geometry.debugHooks & OBJECT_HOOKS) !== 0;
}

/** Words in front of an object that a page of this state holds: sheaves and blocks of pages have no shell. */
export function shellHeadWords(geometry: Pick<Geometry, 'debugHooks'>, state: number, cache: number): number {
  return hasShells(geometry) && (state & KIND_MASK) === PAGE_KIND.slab && cache !== 0 ? SHELL_HEAD_WORDS : 0;
}
