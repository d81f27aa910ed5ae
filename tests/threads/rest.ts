/** A heap at rest: when all workers have left, everything that waited can be freed, and the books must add up. */
import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import type { Address, BalanceReport, Heap } from '../../src/index.js';
import { SEED_NOTE } from './seed.js';

const ATTEMPTS = 3000;

/**
 * Waits until nothing waits for a grace period any more; fails where that does not come about. Drives the grace
 * periods itself, since to wait for one that a thread without an end holds up would be to hang.
 */
export async function settle(heap: Heap): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    await setTimeout(1);
    heap.shrink();
    if (heap.stats().objectsWaiting === 0) return;
  }
  assert.fail(`${heap.stats().objectsWaiting} objects still wait for a grace period ${SEED_NOTE}`);
}

/** Requires that the books add up, and that nothing is in use but what names and `held` lead to. */
export function requireBalance(heap: Heap, held: readonly Address[]): BalanceReport {
  const report = heap.balance({ held });
  assert.deepEqual(report.problems, [], `the books do not add up ${SEED_NOTE}`);
  assert.deepEqual(report.unreachable, [], `memory is lost ${SEED_NOTE}`);
  assert.equal(report.unreachableObjects, 0, SEED_NOTE);
  assert.equal(report.unreachablePages, 0, SEED_NOTE);
  return report;
}

export interface RestingLocks {
  readonly permits: number;
  readonly recordWords: number;
  readonly timeoutMillis: number;
}

/** Requires that all kinds of locks of these names can be had, as often as there are permits; the first has a record. */
export async function requireLocks(
  heap: Heap,
  names: readonly string[],
  { permits, recordWords, timeoutMillis }: RestingLocks,
): Promise<void> {
  const options = { timeoutMillis };
  for (const name of names) {
    const guards = [await heap.mutex(name).lock(options), await heap.rwLock(name).write(options)];
    for (const guard of guards) {
      if (guard.ownerDied) guard.markConsistent();
      guard.release();
    }
    const taken = [];
    for (let n = 0; n < permits; n++) taken.push(await heap.semaphore(name, permits).acquire(options));
    for (const permit of taken) permit.release();
  }
  const record = heap.seqLock(names[0]!, recordWords);
  const written = Array.from({ length: recordWords }, (_, i) => i);
  record.write(written);
  assert.deepEqual([...record.read()], written, SEED_NOTE);
}
