/**
 * All operations at once by real threads: with the default sizes and with TINY ones, with threads that leave
 * and join again in between, with threads in two heaps, and with threads attached twice.
 */
import { test } from 'node:test';
import { type HeapOptions, TINY } from '../../src/index.js';
import { runMixture } from './mixture.js';

const DEFAULT_SIZES: HeapOptions = { bytes: 64 * 2 ** 20 };
/** Thread lists, sheaves and barns of all caches and threads together stay below it. */
const TINY_WITH_ROOM: HeapOptions = { ...TINY, pages: 8192 };

for (const [sizes, options, operations] of [
  ['default sizes', DEFAULT_SIZES, 130_000],
  ['TINY sizes', TINY_WITH_ROOM, 100_000],
] as const) {
  test(`3 threads mix all operations, and the books add up at the end (${sizes})`, async () => {
    await runMixture({ options: [options], threads: 3, operations });
  });

  test(`4 threads that leave and join again mix all operations, and the books add up (${sizes})`, async () => {
    await runMixture({ options: [options], threads: 4, operations: operations / 3, rejoinAfter: 777 });
  });
}

test('3 threads that work in two heaps at once leave the books of both in order', async () => {
  await runMixture({ options: [DEFAULT_SIZES, TINY_WITH_ROOM], threads: 3, operations: 40_000 });
});

test('2 threads that are attached to a heap three times each leave the books in order', async () => {
  await runMixture({ options: [TINY_WITH_ROOM], threads: 2, operations: 40_000, attachments: 3 });
});

test('2 threads mix 100,000 operations in a debug heap, which reports nothing', async () => {
  const options: HeapOptions = { ...DEFAULT_SIZES, debug: true };
  await runMixture({ options: [options], threads: 2, operations: 50_000 });
});
