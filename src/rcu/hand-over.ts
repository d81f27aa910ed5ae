/**
 * What a dead thread had waiting for a grace period goes on: to the orphans, and from there to whoever can take it.
 *
 *     dead slot: sheaves, heads, callbacks  --handOverEstate()-->  orphans  --adopt() of any thread-->  waits anew
 *
 * Who may call: who reaps the slot. Never spins.
 *
 * Follows kernel/rcu/tree.c (rcutree_migrate_callbacks).
 */
import type { Geometry } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import type { Words } from '../words/words.js';
import {
  type CallbackCount,
  type CallbackRecord,
  callbackRecords,
  forgetCallbacks,
} from './callback-records.js';
import { interruptedCallback } from './dead-slot.js';
import type { Orphans } from './orphans.js';

/** A callback that was being called when its thread died, or about to be: it is not called again. */
export interface InterruptedCallback {
  /** Empty where it was overwritten, by the callback itself perhaps. */
  readonly name: string;
  readonly id: number;
  /** Address of its RcuHead. */
  readonly head: number;
}

/** What of a dead thread is with the orphans now. */
export interface HandedOver {
  readonly left: readonly CallbackCount[];
  /** What it had functions for. */
  readonly ran: readonly CallbackRecord[];
  readonly interrupted: InterruptedCallback | undefined;
}

export interface HandOverParts {
  readonly words: Words;
  readonly geometry: Geometry;
  readonly orphans: Orphans;
}

/**
 * Makes orphans of what the dead thread of slot number `slot` has waiting; undefined, and has left everything as it was,
 * where another thread is at them. It can be called again: then it finds nothing.
 */
export function handOverEstate(
  { words, geometry, orphans }: HandOverParts,
  slot: number,
): HandedOver | undefined {
  const start = slotStart(geometry, slot);
  const found = interruptedCallback(words, start);
  const left = orphans.takeEstate(start);
  if (left === undefined) return undefined;
  // After it: who stops before this tells of nothing, and the next finds what the thread ran.
  const ran = forgetCallbacks(words, slot);
  if (found === undefined) return { left, ran, interrupted: undefined };
  const name = callbackRecords(words).find(({ id }) => id === found.id)?.name ?? '';
  return { left, ran, interrupted: { name, ...found } };
}
