/**
 * The work of one worker after the load: look records up, replace a share of them, check every value read.
 *
 * Keys are drawn evenly over all records, not over this worker's own share, so that every value is written and
 * read by all threads. The keys come from the file and not from the map: a key that the map lost is then a bad
 * read, where keys taken from the map would hide it.
 *
 * One operation of 64 is timed; a clock read costs about as much as a look-up and would be most of the figure.
 * The time of a read is that of get() alone, without the check of the value.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { type LoopSurroundings, OPERATIONS_PER_SAMPLE, type RecordMap, SLICE_MILLIS } from './record-map.js';
import type { RecordTable } from './record-table.js';
import { sealValue, verifyValue } from './value.js';
import type { LatencyTick, WorkerFinal, WorkerTick } from './worker-messages.js';

/** What a loop works on and how. */
export interface LoopOptions {
  readonly map: RecordMap;
  readonly table: RecordTable;
  /** Share of the operations that replace, 0..1. */
  readonly writeShare: number;
  /** This worker's number, 0..threads-1; makes its draws and its versions its own. */
  readonly worker: number;
  readonly threads: number;
  isOutOfMemory(error: unknown): boolean;
}

/** Looks up and replaces in slices, and keeps the counts. */
export class LookupLoop {
  readonly #options: LoopOptions;
  readonly #keys: readonly string[];
  readonly #readTimes: RecordableHistogram = createHistogram();
  readonly #writeTimes: RecordableHistogram = createHistogram();
  readonly #writeBelow: number;
  #random: number;
  #version: number;
  #reads = 0;
  #writes = 0;
  #refusedWrites = 0;
  #badReads = 0;
  #firstBadRead: string | undefined;

  constructor(options: LoopOptions) {
    this.#options = options;
    this.#keys = Array.from({ length: options.table.length }, (_, record) => options.table.key(record));
    this.#writeBelow = options.writeShare * 2 ** 32;
    this.#random = Math.imul(options.worker + 1, 0x9e3779b1) | 1;
    this.#version = options.worker + 1;
  }

  /**
   * Works for about SLICE_MILLIS, or until a replacement finds no memory: then only a pause can help, for as
   * long as this slice goes on, this thread holds up the grace period that would free the old values.
   */
  runSlice(): void {
    const sliceEnd = performance.now() + SLICE_MILLIS;
    do {
      if (!this.#operate(true)) return;
      for (let i = 1; i < OPERATIONS_PER_SAMPLE; i++) if (!this.#operate(false)) return;
    } while (performance.now() < sliceEnd);
  }

  /** The counts so far. */
  tick(elapsedMillis: number): WorkerTick {
    return {
      elapsedMillis,
      reads: this.#reads,
      writes: this.#writes,
      refusedWrites: this.#refusedWrites,
      badReads: this.#badReads,
      readNanos: latencyOf(this.#readTimes),
    };
  }

  /** The counts and the latencies, once the loop is over. */
  final(elapsedMillis: number): WorkerFinal {
    return {
      ...this.tick(elapsedMillis),
      readHistogram: this.#readTimes,
      writeHistogram: this.#writeTimes,
      firstBadRead: this.#firstBadRead,
    };
  }

  /** One read or one replacement of a random key. False: no memory, end the slice. */
  #operate(timed: boolean): boolean {
    const record = this.#draw() % this.#keys.length;
    const key = this.#keys[record]!;
    const write = this.#draw() < this.#writeBelow;
    return write ? this.#replace(record, key, timed) : this.#lookUp(key, timed);
  }

  #lookUp(key: string, timed: boolean): true {
    const from = timed ? performance.now() : 0;
    const value = this.#options.map.get(key);
    if (timed) recordSince(this.#readTimes, from);
    this.#reads++;
    if (!verifyValue(key, value)) this.#countBadRead(key, value);
    return true;
  }

  #replace(record: number, key: string, timed: boolean): boolean {
    const value = sealValue(key, this.#version, this.#options.table.json(record));
    const from = timed ? performance.now() : 0;
    try {
      this.#options.map.set(key, value);
    } catch (error) {
      if (!this.#options.isOutOfMemory(error)) throw error;
      this.#refusedWrites++;
      return false;
    }
    if (timed) recordSince(this.#writeTimes, from);
    this.#writes++;
    this.#version += this.#options.threads;
    return true;
  }

  #countBadRead(key: string, value: unknown): void {
    this.#badReads++;
    const found = value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 120);
    this.#firstBadRead ??= `key ${JSON.stringify(key)} gave ${found}`;
  }

  /** xorshift32: the next number, 0..2^32-1. */
  #draw(): number {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x;
    return x >>> 0;
  }
}

/** Runs a loop slice by slice until it is told to stop. */
export async function runLoop(
  loop: LookupLoop,
  surroundings: Pick<LoopSurroundings, 'pause' | 'stopped'>,
  onSlice: () => void,
): Promise<void> {
  while (!surroundings.stopped()) {
    loop.runSlice();
    onSlice();
    await surroundings.pause();
  }
}

function recordSince(times: RecordableHistogram, fromMillis: number): void {
  times.record(Math.max(1, Math.round((performance.now() - fromMillis) * 1e6)));
}

function latencyOf(times: RecordableHistogram): LatencyTick {
  return times.count === 0 ? { p50: 0, p99: 0 } : { p50: times.percentile(50), p99: times.percentile(99) };
}
