/** The books of a heap under test: that they add up, and what they say. */
import assert from 'node:assert/strict';
import { balance } from '../../src/inspect/balance.js';
import type { BalanceReport } from '../../src/inspect/balance-report.js';
import type { Words } from '../../src/words/words.js';

/**
 * Asserts that the books of a heap at rest add up, and that nothing is lost: every object and every page in use
 * is one of `held`, or something that a name leads to.
 */
export function assertBalanced(heap: { readonly words: Words }, held: Iterable<number> = []): BalanceReport {
  const report = balance(heap.words, { held });
  assert.deepEqual(report.problems, [], 'the books of the heap do not add up');
  assert.deepEqual(report.unreachable, [], 'addresses are in use, and nobody holds them');
  return report;
}

/** Every word of the heap as it is now. */
export function snapshotOf(words: Words): Int32Array {
  const snapshot = new Int32Array(words.lengthWords);
  for (let i = 0; i < snapshot.length; i++) snapshot[i] = words.loadPlain(i);
  return snapshot;
}

/** Asserts that no word has changed since the snapshot. */
export function assertUnchanged(words: Words, snapshot: Int32Array): void {
  const changed: string[] = [];
  for (let i = 0; i < snapshot.length && changed.length < 10; i++) {
    if (words.loadPlain(i) !== snapshot[i])
      changed.push(`word ${i}: ${snapshot[i]} -> ${words.loadPlain(i)}`);
  }
  assert.deepEqual(changed, []);
}
