/**
 * Everything that main and the workers of a run say to each other, in both directions.
 *
 * The records travel through shared buffers and the map is the heap's; messages carry only counts and orders.
 */
import type { Histogram } from 'node:perf_hooks';
import type { HeapHandle } from '../../src/index.js';
import type { RecordTableParts } from './record-table.js';

/** Name under which main and the workers open the map. */
export const RECORDS_MAP = 'records';

/** What a worker is told at its start. */
export interface WorkerBriefing {
  readonly handle: HeapHandle;
  readonly table: RecordTableParts;
  /** This worker's number, 0..threads-1. */
  readonly worker: number;
  readonly threads: number;
  readonly writeShare: number;
}

/** What a worker has done since the look-ups began. */
export interface WorkerTick {
  readonly elapsedMillis: number;
  readonly reads: number;
  readonly writes: number;
  /** Replacements that found no memory because too many old values still waited for a grace period. */
  readonly refusedWrites: number;
  readonly badReads: number;
  readonly readNanos: LatencyTick;
}

/** Latency of the sampled operations so far, nanoseconds; 0 when none was sampled. */
export interface LatencyTick {
  readonly p50: number;
  readonly p99: number;
}

/** A worker's last word. */
export interface WorkerFinal extends WorkerTick {
  readonly readHistogram: Histogram;
  readonly writeHistogram: Histogram;
  /** What was wrong with the first bad read. */
  readonly firstBadRead: string | undefined;
}

/** Orders from main: begin to look up; finish now, whatever the worker is at. */
export type ToWorker = { readonly kind: 'begin' } | { readonly kind: 'stop' };

/** Reports from a worker. */
export type FromWorker =
  | { readonly kind: 'loading'; readonly records: number }
  | { readonly kind: 'loaded'; readonly records: number }
  | { readonly kind: 'heap-full'; readonly records: number }
  | { readonly kind: 'tick'; readonly tick: WorkerTick }
  | { readonly kind: 'final'; readonly final: WorkerFinal };
