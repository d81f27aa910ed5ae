/**
 * A soak: one map under churn for as many operations as wanted, with samples of what it takes: resident memory, free pages, the
 * largest free block, slabs. All of them must stay level over the second half, or something leaks or crumbles.
 *
 *     two workers: set 45 %, delete 25 %, get 30 % of the keys that the seed chooses         main: a sample now and then
 */
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Heap, type HeapHandle } from '../../src/index.js';

export interface SoakOptions {
  readonly operations: number;
  readonly threads: number;
  readonly heapBytes: number;
  readonly seed: number;
}

export interface SoakSample {
  /** Of all threads. */
  readonly operations: number;
  readonly seconds: number;
  readonly residentBytes: number;
  readonly freePages: number;
  /** Largest order of which a block is free. */
  readonly largestOrder: number;
  readonly slabPages: number;
  readonly objectsWaiting: number;
}

export interface SoakResult {
  readonly seed: number;
  readonly operations: number;
  readonly seconds: number;
  readonly wrongValues: number;
  /** Of the balance at the end. */
  readonly problems: readonly string[];
  /** Mean of the last quarter against that of the third, as a ratio: 1 is level. */
  readonly residentGrowth: number;
  readonly slabGrowth: number;
  readonly freePagesGrowth: number;
  /** Of the largest free block: below 1 the heap crumbles. */
  readonly largestOrderGrowth: number;
  readonly samples: readonly SoakSample[];
  readonly result: 'SUCCESS' | 'FAILURE';
}

export interface SoakBriefing {
  readonly handle: HeapHandle;
  /** Two words a worker: operations in millions and the rest; a third of all: wrong values. */
  readonly counts: Int32Array;
  readonly worker: number;
  readonly operations: number;
  readonly seed: number;
}

export const MAP = 'soak';
export const COUNT_WORDS = 16;
export const MILLION = 1_000_000;
export const COUNT = { millions: 0, rest: 1, wrong: 2 } as const;
const SAMPLES = 400;
const LONGEST_PAUSE_MILLIS = 30_000;
const FIRST_PAUSE_MILLIS = 250;
/** More than this between two quarters is no noise. */
const MOST_GROWTH = 1.05;

/** Runs it. `onSample` is called with each sample. */
export async function soak(
  options: SoakOptions,
  onSample: (sample: SoakSample) => void = () => {},
): Promise<SoakResult> {
  const { operations, threads, heapBytes, seed } = options;
  const heap = Heap.create({ bytes: heapBytes, name: 'soak' });
  heap.map(MAP);
  const counts = new Int32Array(new SharedArrayBuffer(threads * COUNT_WORDS * Int32Array.BYTES_PER_ELEMENT));
  const begin = performance.now();
  let running = threads;
  const problems: string[] = [];
  for (let worker = 0; worker < threads; worker++) {
    const share = Math.floor(operations / threads);
    const briefing: SoakBriefing = { handle: heap.handle, counts, worker, operations: share, seed };
    const started = new Worker(new URL('./soak-worker.js', import.meta.url), { workerData: briefing });
    started.on('error', (error) => problems.push(`a worker failed: ${error}`));
    started.on('exit', () => running--);
  }
  const samples: SoakSample[] = [];
  let pause = FIRST_PAUSE_MILLIS;
  while (running > 0) {
    await setTimeout(pause);
    const sample = take(heap, counts, threads, performance.now() - begin);
    samples.push(sample);
    onSample(sample);
    // Whatever it takes, in the end there are between half of SAMPLES and all of them.
    if (samples.length < SAMPLES || pause >= LONGEST_PAUSE_MILLIS) continue;
    pause *= 2;
    for (let i = 0; i < samples.length; i++) samples.splice(i, 1);
  }
  const seconds = (performance.now() - begin) / 1000;
  await heap.kfreeRcuBarrier();
  heap.map(MAP).clear();
  await heap.kfreeRcuBarrier();
  heap.shrink();
  const report = heap.balance();
  problems.push(...report.problems);
  if (report.unreachableObjects > 0) problems.push(`${report.unreachableObjects} objects are lost`);
  if (report.unreachablePages > 0) problems.push(`${report.unreachablePages} pages are lost`);
  heap.detach();
  return judged(options, samples, seconds, sumOf(counts, threads, COUNT.wrong), problems);
}

function judged(
  { seed, operations: wanted, threads }: SoakOptions,
  samples: readonly SoakSample[],
  seconds: number,
  wrongValues: number,
  problems: string[],
): SoakResult {
  const growth = (of: (sample: SoakSample) => number) => growthOf(samples.map(of));
  const residentGrowth = growth(({ residentBytes }) => residentBytes);
  const slabGrowth = growth(({ slabPages }) => slabPages);
  const freePagesGrowth = growth(({ freePages }) => freePages);
  const largestOrderGrowth = growth(({ largestOrder }) => largestOrder);
  const operations = samples[samples.length - 1]?.operations ?? 0;
  if (operations < wanted - (wanted % threads))
    problems.push(`${operations} of ${wanted} operations were done`);
  if (wrongValues > 0) problems.push(`${wrongValues} values were wrong`);
  if (residentGrowth > MOST_GROWTH) problems.push(`resident memory grew by a factor of ${residentGrowth}`);
  if (slabGrowth > MOST_GROWTH) problems.push(`slabs grew by a factor of ${slabGrowth}`);
  if (freePagesGrowth < 1 / MOST_GROWTH) problems.push(`free pages shrank by a factor of ${freePagesGrowth}`);
  if (largestOrderGrowth < 1 / MOST_GROWTH) {
    problems.push(`the largest order of a free block shrank by a factor of ${largestOrderGrowth}`);
  }
  return {
    seed,
    operations,
    seconds,
    wrongValues,
    problems,
    residentGrowth,
    slabGrowth,
    freePagesGrowth,
    largestOrderGrowth,
    samples,
    result: problems.length === 0 ? 'SUCCESS' : 'FAILURE',
  };
}

/** Mean of the last quarter over that of the quarter before; 1 where there are too few. */
export function growthOf(values: readonly number[]): number {
  const quarter = Math.floor(values.length / 4);
  if (quarter < 2) return 1;
  const mean = (part: readonly number[]) => part.reduce((sum, value) => sum + value, 0) / part.length;
  const before = mean(values.slice(-2 * quarter, -quarter));
  return before === 0 ? 1 : Number((mean(values.slice(-quarter)) / before).toFixed(4));
}

function sumOf(counts: Int32Array, threads: number, word: number): number {
  let sum = 0;
  for (let worker = 0; worker < threads; worker++) sum += Atomics.load(counts, worker * COUNT_WORDS + word);
  return sum;
}

function take(heap: Heap, counts: Int32Array, threads: number, millis: number): SoakSample {
  const { buddyinfo, pages, vmstat, objectsWaiting } = heap.stats();
  return {
    operations: sumOf(counts, threads, COUNT.millions) * MILLION + sumOf(counts, threads, COUNT.rest),
    seconds: Number((millis / 1000).toFixed(2)),
    residentBytes: process.memoryUsage().rss,
    freePages: pages.free,
    largestOrder: Math.max(
      0,
      ...buddyinfo.map(({ nr_free: free }) => free.findLastIndex((blocks) => blocks > 0)),
    ),
    slabPages: vmstat.nr_slab_unreclaimable,
    objectsWaiting,
  };
}
