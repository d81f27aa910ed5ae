/** What the test of a growing map and its workers say to each other. */
import type { Address, HeapHandle } from '../../src/index.js';

export interface GrowingMapBriefing {
  readonly handle: HeapHandle;
  /** A word for each worker: how many of its steps are done, written after what they did. */
  readonly progress: Address;
  readonly workers: number;
  /** Steps of each worker. */
  readonly steps: number;
}

export const GROWING_MAP = 'growing';

export function keyOf(worker: number, step: number): string {
  return `worker ${worker} step ${step}`;
}

export function valueAt(worker: number, step: number): number {
  return step * 16 + worker;
}

/** Step i sets key i; where this holds, step i + 1 deletes it again. */
export function isDeletedLater(step: number): boolean {
  return step % 3 === 1;
}

/** Whether key `step` must be there once `done` steps are done; undefined where that is just changing. */
export function isThere(step: number, done: number): boolean | undefined {
  if (step > done) return false;
  if (step === done) return undefined;
  if (!isDeletedLater(step)) return true;
  return step + 1 < done ? false : undefined;
}

/** Keys that `steps` steps leave. */
export function keysLeft(steps: number): number {
  let left = 0;
  for (let step = 0; step < steps; step++) if (isThere(step, steps) !== false) left++;
  return left;
}
