/** What a torture run has come to. */
import type { TortureAudit } from './audit.js';

/** Explained in docs/torture.md, each. */
export interface TortureResult extends TortureAudit {
  readonly seed: number;
  readonly seconds: number;
  readonly threads: number;
  readonly scenarios: readonly string[];
  readonly heapBytes: number;
  readonly operations: number;
  readonly kills: number;
  readonly killsInCriticalSections: number;
  readonly killsInReaper: number;
  readonly exits: number;
  readonly killsByClass: Readonly<Record<string, number>>;
  readonly killsByOperation: Readonly<Record<string, number>>;
  readonly reaps: number;
  readonly longestReapMillis: number;
  readonly hangs: number;
  readonly wrongValues: number;
  readonly lockTimeouts: number;
  readonly deadOwners: number;
  readonly refusals: number;
  readonly nolockRefusals: number;
  readonly gracePeriods: number;
  readonly reads: number;
  readonly readerPipe: readonly number[];
  readonly joins: number;
  readonly stalls: number;
  readonly callbacksQueued: number;
  readonly callbacksLost: number;
  readonly callbacksInterrupted: number;
  readonly objectsReturned: number;
  readonly freedThroughList: number;
  readonly problems: readonly string[];
  readonly notEnough: readonly string[];
  readonly result: 'SUCCESS' | 'FAILURE';
}
