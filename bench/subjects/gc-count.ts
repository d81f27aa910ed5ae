/**
 * Counts the garbage collections of this process, by V8's own report to `perf_hooks`.
 *
 * The report arrives through the event loop, so count() returns to it before it reads the number; and a counter
 * that cannot see a collection must not report none, so proveItCounts() makes one and looks for it.
 */

import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

const SETTLE_MILLIS = 50;

/** Runs `work` and returns how many collections, of any kind, started meanwhile. */
export async function countCollections(work: () => void): Promise<number> {
  let collections = 0;
  const observer = new PerformanceObserver((list) => {
    collections += list.getEntries().length;
  });
  observer.observe({ entryTypes: ['gc'] });
  work();
  await sleep(SETTLE_MILLIS);
  observer.disconnect();
  return collections;
}

/** Throws unless collections that are surely made are counted. */
export async function proveItCounts(): Promise<void> {
  let kept: object = {};
  const collections = await countCollections(() => {
    for (let i = 0; i < 1_000_000; i++) kept = { kept: i, before: { i } };
  });
  if (collections === 0) {
    throw new Error(
      `no collection was seen while a million objects were made (last: ${JSON.stringify(kept)})`,
    );
  }
}
