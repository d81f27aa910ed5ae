/**
 * Names: threads that open the same map or cache, or register the same callback, at the same moment get the same one, and
 * only one is made.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Heap, type HeapOptions, TINY } from '../../src/index.js';
import { cacheName, callbackName, mapName, type NamesBriefing, type NamesResult } from './names.js';
import { requireBalance, settle } from './rest.js';
import { SEED_NOTE } from './seed.js';
import { startTeam } from './team.js';

const WORKERS = 4;
const ROUNDS = 50;
const CACHES = 12;
const SIZES: readonly (readonly [string, HeapOptions])[] = [
  ['default sizes', { bytes: 32 * 2 ** 20 }],
  ['TINY sizes', { ...TINY, pages: 4096 }],
];

for (const [sizes, options] of SIZES) {
  test(`Heap.map(), Heap.slabCache() and rcu.register() of one name by 4 threads at once make one (${sizes})`, async () => {
    const heap = Heap.create({ ...options, threads: WORKERS + 1 });
    const meeting = heap.kmalloc(8);
    heap.words.store(meeting, 0);
    const counts = { workers: WORKERS, rounds: ROUNDS, caches: CACHES };
    const briefing: NamesBriefing = { handle: heap.handle, meeting, ...counts };
    const team = startTeam<NamesResult>('names-worker', new Array(WORKERS).fill(briefing));
    const results = await team.results;
    const taken = results.flatMap(({ objects }) => objects);
    const ids = Array.from({ length: ROUNDS }, (_, round) =>
      heap.rcu.register(callbackName(round), () => {}),
    );
    assert.deepEqual(
      ids,
      [...Array(ROUNDS).keys()].map((round) => 4096 + round),
      SEED_NOTE,
    );
    for (const result of results) assert.deepEqual(result.ids, ids, SEED_NOTE);
    assert.deepEqual(
      heap.stats().callbacks.map(({ threads }) => threads),
      new Array(ROUNDS).fill(1),
      SEED_NOTE,
    );
    for (let round = 0; round < ROUNDS; round++) {
      const keys = [...heap.map<number, string>(mapName(round)).keys()].sort();
      assert.deepEqual(keys, [0, 1, 2, 3], `${mapName(round)} ${SEED_NOTE}`);
    }
    await settle(heap);
    const { objects } = requireBalance(heap, [meeting, ...taken]);
    // The caches come after those of the size classes, in the order of their making.
    const made = objects.byCache.slice(-CACHES).map(({ objectBytes, live }) => [objectBytes, live]);
    const expected = Array.from({ length: CACHES }, (_, round) => [8 * (round + 1), WORKERS]);
    assert.deepEqual(made, expected, SEED_NOTE);
    for (let round = 0; round < CACHES; round++) {
      const cache = heap.slabCache(cacheName(round), 8 * (round + 1));
      for (let worker = 0; worker < WORKERS; worker++) cache.free(taken[worker * CACHES + round]!);
    }
    heap.kfree(meeting);
    heap.detach();
  });
}
