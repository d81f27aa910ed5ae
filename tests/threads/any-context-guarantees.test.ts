/**
 * What must not fail, with real threads: elements of a mempool in a heap that is full, and allocations with
 * __GFP_NOFAIL while another thread frees.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { __GFP_NOFAIL, type Address, GFP_KERNEL, GFP_NOWAIT, Heap } from '../../src/index.js';
import type { GiverBriefing, GiverResult, PoolBriefing, PoolResult } from './any-context-flood.js';
import { requireBalance, settle } from './rest.js';
import { SEED_NOTE } from './seed.js';
import { startTeam } from './team.js';

const ROUNDS = process.env.LULL_LONG === '1' ? 20_000 : 1500;
const NAME = 'urgent';

/** Takes all pages that an ordinary allocation can have. */
function takeAll(heap: Heap): Address[] {
  const blocks: Address[] = [];
  for (let order = 10; order >= 0; order--) {
    for (let p = heap.allocPages(order, GFP_NOWAIT); p !== 0; p = heap.allocPages(order, GFP_NOWAIT))
      blocks.push(p);
  }
  return blocks;
}

for (const [bytes, what] of [
  [200, 'objects'],
  [16_384, 'blocks of pages'],
] as const) {
  test(`Mempool, with ${what} in a full heap, serves everybody who may wait, and loses nothing`, async () => {
    const heap = Heap.create({ pages: 400, threads: 6, maxCaches: 80, sheafCapacity: 2, minFreePages: 0 });
    heap.mempool(NAME, 2, { bytes });
    const blocks = takeAll(heap);
    await settle(heap);
    const briefing = { handle: heap.handle, pool: NAME, minimum: 2, bytes, rounds: ROUNDS };
    const briefings: PoolBriefing[] = [
      { ...briefing, waitRight: 'may-wait' },
      { ...briefing, waitRight: 'may-wait' },
      { ...briefing, waitRight: 'may-spin' },
      { ...briefing, waitRight: 'may-neither' },
    ];
    const results = await startTeam<PoolResult>('any-context-pool-worker', briefings).results;
    assert.deepEqual(
      results.flatMap(({ problems }) => problems),
      [],
      SEED_NOTE,
    );
    for (const { served } of results) assert.ok(served > 0, `nothing was served ${SEED_NOTE}`);
    const pool = heap.mempool(NAME, 2, { bytes });
    // What a free could only defer is with the pool at the next look.
    const [p, q] = [pool.alloc(GFP_NOWAIT), pool.alloc(GFP_NOWAIT)];
    assert.ok(p !== 0 && q !== 0, `the pool has lost an element ${SEED_NOTE}`);
    pool.free(p);
    pool.free(q);
    assert.equal(pool.elements, 2, SEED_NOTE);
    for (const block of blocks) heap.freePages(block);
    await settle(heap);
    requireBalance(heap, []);
    heap.detach();
  });
}

for (const isolated of [false, true]) {
  test(`allocPages(), with __GFP_NOFAIL in a full heap, goes on until another thread has freed enough (${isolated ? 'isolated' : 'idle'} giver)`, async () => {
    const heap = Heap.create({ pages: 200, threads: 2, maxCaches: 80, minFreePages: 8 });
    const blocks = takeAll(heap);
    // Blocks of one page: the order that is asked for comes about only when its neighbours are free too.
    const given = blocks.splice(0, Math.ceil(blocks.length / 2));
    const briefing: GiverBriefing = { handle: heap.handle, blocks: given, isolated, pauseMillis: 5 };
    const team = startTeam<GiverResult>('any-context-giver-worker', [briefing]);
    const p = heap.allocPages(3, GFP_KERNEL | __GFP_NOFAIL);
    assert.notEqual(p, 0);
    await team.results;
    requireBalance(heap, [...blocks, p]);
    for (const block of [...blocks, p]) heap.freePages(block);
    await settle(heap);
    assert.equal(requireBalance(heap, []).pages.allocated, 0);
    heap.detach();
  });
}
