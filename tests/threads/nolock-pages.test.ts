/**
 * Threads that never spin, on one zone: an allocation that finds the lock busy gets nothing, a block whose free
 * finds it busy lies on the list of deferred frees until somebody has the lock. None is lost, none handed out
 * twice.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Heap, type HeapOptions, TINY } from '../../src/index.js';
import { zoneStart } from '../../src/layout/heap-layout.js';
import { ZONE } from '../../src/layout/zone-record.js';
import type { NolockPagesBriefing, NolockPagesResult } from './nolock-pages.js';
import { requireBalance, settle } from './rest.js';
import { SEED_NOTE } from './seed.js';
import { startTeam } from './team.js';

const WORKERS = 4;
const SIZES: readonly (readonly [string, HeapOptions])[] = [
  ['default sizes', { bytes: 32 * 2 ** 20 }],
  ['TINY sizes', { ...TINY, pages: 4096 }],
];

for (const [sizes, options] of SIZES) {
  test(`freePagesNolock() of 4 threads loses no block where the zone's lock is busy (${sizes})`, async () => {
    const heap = Heap.create({ ...options, threads: WORKERS + 1 });
    const briefing: NolockPagesBriefing = { handle: heap.handle, operations: 60_000 };
    const team = startTeam<NolockPagesResult>('nolock-pages-worker', new Array(WORKERS).fill(briefing));
    const results = await team.results;
    const { words, geometry } = heap;
    const deferred = words.load(zoneStart(geometry, 0) + ZONE.deferredFrees);
    assert.ok(deferred > 0, `the lock was never busy at a free ${SEED_NOTE}`);
    assert.ok(
      results.some(({ refused }) => refused > 0),
      `nor at an allocation ${SEED_NOTE}`,
    );
    await settle(heap);
    const { pages } = requireBalance(heap, []);
    assert.deepEqual([pages.allocated, pages.deferred, pages.slab], [0, 0, 0]);
    heap.detach();
  });
}
