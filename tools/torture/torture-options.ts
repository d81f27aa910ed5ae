/** What a torture run is asked to do, after all checks. */

import type { ReaperStep } from '../../src/heap/reaper-steps.js';
import type { Aim } from './aims.js';

export interface TortureOptions {
  /** Names of scenarios; all where there is none. */
  readonly scenarios: readonly string[];
  readonly threads: number;
  readonly seconds: number;
  readonly seed: number;
  readonly heapBytes: number;
  /** Kills a second. */
  readonly kill: number;
  /** Percent of the allocations that fail. */
  readonly oom: number;
  readonly stall: boolean;
  /** What kills are aimed at; at everything where there is none. */
  readonly aims: readonly Aim[];
  /** Steps that the reaper leaves out. */
  readonly skips: readonly ReaperStep[];
}

export const TORTURE_DEFAULTS: Omit<TortureOptions, 'seed'> = {
  scenarios: [],
  threads: 3,
  seconds: 10,
  heapBytes: 32 * 2 ** 20,
  kill: 8,
  oom: 0,
  stall: false,
  aims: [],
  skips: [],
};
