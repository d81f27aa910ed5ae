/**
 * A map that grows from a few buckets to thousands under many threads: what a thread has set or deleted before
 * it said so, every other thread finds so, by get() and by iteration, however the table changes.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Heap, type HeapOptions, TINY } from '../../src/index.js';
import { GROWING_MAP, type GrowingMapBriefing, keyOf, keysLeft, valueAt } from './growing-map.js';
import { requireBalance, settle } from './rest.js';
import { SEED_NOTE } from './seed.js';
import { startTeam } from './team.js';

const WORKERS = 4;

async function grow(options: HeapOptions, steps: number): Promise<void> {
  const heap = Heap.create({ ...options, threads: WORKERS + 1 });
  const progress = heap.kmalloc(WORKERS * 4);
  heap.words.fillPlain(progress, progress + WORKERS, 0);
  const briefing: GrowingMapBriefing = { handle: heap.handle, progress, workers: WORKERS, steps };
  const looks = await startTeam<number>('growing-map-worker', new Array(WORKERS).fill(briefing)).results;
  for (const count of looks) assert.ok(count > steps / 10, `only ${count} looks ${SEED_NOTE}`);

  const map = heap.map<string, number>(GROWING_MAP);
  assert.equal(map.size, WORKERS * keysLeft(steps), SEED_NOTE);
  for (let worker = 0; worker < WORKERS; worker++) {
    assert.equal(map.get(keyOf(worker, 0)), valueAt(worker, 0));
    assert.equal(map.get(keyOf(worker, 1)), undefined);
  }
  await settle(heap);
  requireBalance(heap, [progress]);
  heap.kfree(progress);
  heap.detach();
}

test('SharedMap shows every thread what others have done, while it grows from 2 buckets (default sizes)', async () => {
  await grow({ bytes: 64 * 2 ** 20, mapBucketsLog2: 1 }, 6000);
});

test('SharedMap shows every thread what others have done, while it grows from 2 buckets (TINY sizes)', async () => {
  await grow({ ...TINY, pages: 16_384 }, 3000);
});
