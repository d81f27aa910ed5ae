/**
 * Threads that are terminated at what they do, by two at a time, at random moments: what they held up goes on, who comes next
 * is told, nothing is lost, and their slots are free again. LULL_LONG=1 makes it 20
 * pairs of each kind in each configuration; else the seed draws a configuration for each kind.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SpawnedWorker } from '../../src/heap/spawn.js';
import { type Address, Heap, type HeapOptions, TINY } from '../../src/index.js';
import {
  FREES,
  GROWING_MAPS,
  KEPT,
  KEYS,
  PASTIMES,
  type Pastime,
  type PastimeBriefing,
  PERMITS,
  PLACES,
  RECORD_WORDS,
  SHARED,
  STAYS,
} from './death-pastimes.js';
import { within } from './locks-remote.js';
import { requireLocks } from './rest.js';
import { Random, SEED, SEED_NOTE } from './seed.js';

const IS_LONG = process.env.LULL_LONG === '1';
const ROUNDS = IS_LONG ? 20 : 2;
const WORKERS = 2;
const SIZES: readonly (readonly [string, HeapOptions])[] = [
  ['default sizes', { bytes: 8 * 2 ** 20, threads: 8 }],
  ['TINY sizes', { ...TINY, pages: 1500, threads: 8, maxCaches: 192 }],
  ['debug', { bytes: 8 * 2 ** 20, threads: 8, debug: true }],
];
/** Everybody goes on by then. */
const SOON_MILLIS = 8000;

/** What only the dead worker's JavaScript knew of. */
const MOST_IN_HAND: Partial<Record<Pastime, number>> = {
  'never ends a callback of RCU': 1,
  'queues callbacks, and waits for them': 1,
  'takes and returns elements of a mempool': 4,
  'takes and returns pages': 64,
  'tries all that is nolock': 4,
};

/** Locks that main has while workers wait for them. */
function keep(heap: Heap): () => void {
  const guards = [
    heap.mutex(KEPT).lockSync(),
    heap.semaphore(KEPT, PERMITS).acquireSync(),
    heap.semaphore(KEPT, PERMITS).acquireSync(),
    heap.rwLock(KEPT).readSync(),
  ];
  return () => {
    for (const guard of guards) guard.release();
  };
}

async function start(
  heap: Heap,
  briefing: Omit<PastimeBriefing, 'heap'>,
  errors: unknown[],
): Promise<SpawnedWorker> {
  const worker = heap.spawn(new URL('./death-pastimes-worker.js', import.meta.url), { workerData: briefing });
  worker.on('error', (error: unknown) => errors.push(error));
  await within(
    new Promise<void>((resolve) => void worker.once('message', () => resolve())),
    `a worker that ${briefing.pastime} begins`,
  );
  return worker;
}

function requireMap(heap: Heap): void {
  const map = heap.map<number, string | number>(SHARED);
  map.clear();
  assert.equal(map.size, 0, SEED_NOTE);
  assert.deepEqual([...map], [], SEED_NOTE);
  for (let key = 0; key < KEYS; key++) map.set(key, `main ${key}`);
  for (let key = 0; key < KEYS; key++) assert.equal(map.get(key), `main ${key}`, SEED_NOTE);
  assert.equal(map.size, KEYS, SEED_NOTE);
  map.clear();
}

/** Frees what the words of the dead lead to. */
function freePlaces(heap: Heap, places: Address): void {
  for (let n = 0; n < PLACES; n++) {
    const at = (places + n) as Address;
    if (heap.words.loadPlain(at) !== 0) heap.kfreeAt(at);
  }
}

function clearGrown(heap: Heap, seed: number): void {
  for (let n = 0; n < GROWING_MAPS; n++) {
    const map = heap.map(`growing ${n} of ${seed}`);
    assert.equal([...map].length, map.size, SEED_NOTE);
    map.clear();
  }
}

/** What the dead have left open; those that are part of others first. */
function closeGroups(heap: Heap): void {
  for (const kind of ['child', 'parent']) {
    for (const name of heap.groups()) {
      if (name.startsWith(kind)) heap.group(name).close();
    }
  }
  assert.deepEqual(heap.groups(), [], SEED_NOTE);
}

/** In which heaps the kind of that number is tried. */
function sizesOf(number: number): typeof SIZES {
  return IS_LONG ? SIZES : [SIZES[(SEED + number) % SIZES.length]!];
}

for (const [number, pastime] of PASTIMES.entries()) {
  for (const [sizes, options] of sizesOf(number)) {
    test(`who is terminated and ${pastime} leaves a heap in which all goes on (${sizes})`, async () => {
      const random = new Random(SEED, number);
      const heap = Heap.create({ ...options, name: 'parent' });
      const errors: unknown[] = [];
      let reaps = 0;
      heap.on('reap', () => reaps++);
      heap.rcu.register(FREES, (head) => heap.kfree(head as Address));
      heap.rcu.register(STAYS, (head) => heap.kfree(head as Address));
      heap.rcu.on('stall', () => {});
      heap.map(SHARED);
      const places = Array.from({ length: WORKERS }, () => {
        const p = heap.kmalloc(PLACES * 4);
        for (let n = 0; n < PLACES; n++) heap.words.storePlain(p + n, 0);
        return p;
      });
      let reports = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const release = keep(heap);
        const seeds = places.map(() => random.below(1000));
        const workers = await Promise.all(
          places.map((place, i) => start(heap, { pastime, seed: seeds[i]!, places: place }, errors)),
        );
        await new Promise((resolve) => setTimeout(resolve, random.below(random.oneIn(3) ? 80 : 15)));
        const found = workers.map((worker) => heap.terminate(worker));
        reports += (await within(Promise.all(found), `the end of workers that ${pastime}`)).flat().length;
        release();
        assert.deepEqual(errors, [], SEED_NOTE);
        assert.equal(heap.stats().threads.length, 1, `their slots are not free ${SEED_NOTE}`);
        for (const place of places) freePlaces(heap, place);
        if (pastime === 'opens and closes groups') closeGroups(heap);
        if (pastime === 'makes maps grow') for (const seed of seeds) clearGrown(heap, seed);
        requireMap(heap);
        await within(
          requireLocks(heap, [SHARED, KEPT], {
            permits: PERMITS,
            recordWords: RECORD_WORDS,
            timeoutMillis: SOON_MILLIS,
          }),
          'all locks',
        );
        await heap.rcu.barrier({ timeoutMillis: SOON_MILLIS });
        await heap.kfreeRcuBarrier({ timeoutMillis: SOON_MILLIS });
        heap.shrink();
        const { problems, unreachable, unreachableObjects, unreachablePages } = heap.balance({
          held: places,
        });
        assert.deepEqual(problems, [], SEED_NOTE);
        const most = (MOST_IN_HAND[pastime] ?? 0) * WORKERS * (round + 1);
        const lost = unreachableObjects + unreachablePages;
        assert.ok(
          lost <= most,
          `${lost} lost: ${unreachable}, at most ${most} in JavaScript's hands ${SEED_NOTE}`,
        );
        if (options.debug === true) assert.deepEqual(heap.checkObjects(), [], SEED_NOTE);
      }
      // One of the two may have reaped the other before it was terminated itself; and some have several slots.
      assert.ok(reports <= reaps, `${reports} reports, ${reaps} events ${SEED_NOTE}`);
      heap.kfreeBulk(places);
      heap.detach();
    });
  }
}
