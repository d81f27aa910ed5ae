/**
 * Floods of kfreeRcu from threads that come and go, wherever its arrays of addresses come from: no object is written to
 * while its owner has it, none is lost, and when all have left the heap is as empty as it was.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Heap, type HeapOptions } from '../../src/index.js';
import { POINTER_PAGE_SOURCES } from '../../src/slab/pointer-page-source.js';
import type { FloodBriefing, FloodResult } from './any-context-flood.js';
import { requireBalance, settle } from './rest.js';
import { SEED_NOTE } from './seed.js';
import { startTeam } from './team.js';

const MILLIS = process.env.LULL_LONG === '1' ? 10_000 : 800;
const SIZES: readonly (readonly [name: string, options: HeapOptions])[] = [
  ['default sizes', { bytes: 24 * 2 ** 20 }],
  [
    'small sizes',
    { pages: 900, maxCaches: 80, sheafCapacity: 3, maxSlabObjects: 4, barnSheaves: 2, minPartialSlabs: 1 },
  ],
];

/** True where a validating heap reports what the source is for: it spins in threads that may not. */
function isReported(pointerPageSource: string): boolean {
  return pointerPageSource === 'raw-lock' && process.env.LULL_VALIDATE !== undefined;
}

for (const pointerPageSource of POINTER_PAGE_SOURCES) {
  for (const [name, options] of SIZES) {
    test(`kfreeRcu(), with arrays from ${pointerPageSource}, loses nothing in floods of threads that come and go (${name})`, async () => {
      const heap = Heap.create({ ...options, pointerPageSource, threads: 4 });
      const briefing = { handle: heap.handle, millis: MILLIS, objectsAStay: 3000 };
      const briefings: FloodBriefing[] = [
        { ...briefing, waitRight: 'may-wait' },
        { ...briefing, waitRight: 'may-spin' },
        { ...briefing, waitRight: isReported(pointerPageSource) ? 'may-spin' : 'may-neither' },
      ];
      const results = await startTeam<FloodResult>('any-context-flood-worker', briefings).results;
      assert.deepEqual(
        results.flatMap(({ problems }) => problems),
        [],
        SEED_NOTE,
      );
      for (const { posted, stays } of results) assert.ok(posted > 0 && stays > 0, SEED_NOTE);
      await settle(heap);
      const { pages, objects } = requireBalance(heap, []);
      // What this thread has set aside itself.
      const reserve = pointerPageSource === 'reserved' ? heap.geometry.reservedSheaves : 0;
      assert.deepEqual([pages.allocated, pages.deferred], [0, 0], SEED_NOTE);
      assert.deepEqual([objects.live, objects.waiting], [reserve, 0], SEED_NOTE);
      heap.detach();
    });
  }
}
