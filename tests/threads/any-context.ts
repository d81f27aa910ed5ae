/** What the test of calls from any context and its worker say to each other. */
import type { HeapHandle } from '../../src/index.js';

export interface HammerBriefing {
  readonly handle: HeapHandle;
  /** Rounds of 1,000 allocations and as many frees. */
  readonly rounds: number;
}

export interface HammerResult {
  readonly allocated: number;
  readonly freed: number;
  /** What was wrong with memory that it had. */
  readonly problems: readonly string[];
}

/** The map that both write: each value tells its key. */
export const SHARED_MAP = 'hammered';
/** Keys of the map are below it. */
export const KEYS = 2000;
const VERSIONS = 8;

/** A value of `key`, one of several. */
export function valueFor(key: number, version: number): number {
  return key * VERSIONS + (version % VERSIONS);
}

/** True for what valueFor() returns for the key, and for no value at all. */
export function isValueFor(key: number, value: number | undefined): boolean {
  return value === undefined || Math.floor(value / VERSIONS) === key;
}
