/**
 * Threads that end in a function which Lull calls: by process.exit(), or by an error that nobody catches. All go on, nothing
 * is lost, and the slot is free again.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Address, Heap, type HeapOptions, TINY } from '../../src/index.js';
import {
  CALLBACK,
  ENDS,
  type End,
  EXIT_CODE,
  type InsideBriefing,
  LOCKED,
  MESSAGE,
  PLACES,
  type Place,
  SHARED,
} from './death-inside.js';
import { within } from './locks-remote.js';
import { requireLocks } from './rest.js';
import { SEED, SEED_NOTE } from './seed.js';

const SIZES: readonly (readonly [string, HeapOptions])[] = [
  ['default sizes', { bytes: 8 * 2 ** 20, threads: 4 }],
  ['TINY sizes', { ...TINY, pages: 1500, maxCaches: 192 }],
];
const SOON_MILLIS = 8000;

/** In which heaps the place of that number is tried: one that the seed draws, unless it may take long. */
function sizesOf(number: number): typeof SIZES {
  return process.env.LULL_LONG === '1' ? SIZES : [SIZES[(SEED + number) % SIZES.length]!];
}

/** Exit code and errors of a thread that has ended there. */
function endOf(place: Place, end: End): [number, string[]] {
  if (end === 'process.exit()') return [EXIT_CODE, []];
  // What a callback throws goes to the console, and its thread goes on to its end.
  return place === 'a callback of RCU' ? [0, []] : [1, [MESSAGE]];
}

for (const [number, place] of PLACES.entries()) {
  for (const end of ENDS) {
    for (const [sizes, options] of sizesOf(number)) {
      test(`a thread that ends by ${end} in ${place} leaves a heap in which all goes on (${sizes})`, async () => {
        const heap = Heap.create({ ...options, name: 'parent' });
        heap.rcu.register(CALLBACK, (head) => heap.kfree(head as Address));
        const workerData: Omit<InsideBriefing, 'heap'> = { place, end };
        const url = new URL('./death-inside-worker.js', import.meta.url);
        const worker = heap.spawn(url, { workerData, stdout: true, stderr: true });
        const errors: string[] = [];
        worker.on('error', ({ message }: Error) => errors.push(message));
        const exit = new Promise<number>((resolve) => void worker.once('exit', resolve));
        const code = await within(exit, `its end in ${place}`);
        assert.deepEqual([code, errors], endOf(place, end));
        await within(heap.terminate(worker), 'that it is gone');
        assert.equal(heap.stats().threads.length, 1);
        const map = heap.map(SHARED);
        map.clear();
        heap.map('limited').clear();
        for (let key = 0; key < 100; key++) map.set(key, `main ${key}`);
        for (let key = 0; key < 100; key++) assert.equal(map.get(key), `main ${key}`);
        map.clear();
        await within(
          requireLocks(heap, [LOCKED], { permits: 1, recordWords: 4, timeoutMillis: SOON_MILLIS }),
          'all locks',
        );
        await heap.rcu.barrier({ timeoutMillis: SOON_MILLIS });
        await heap.kfreeRcuBarrier({ timeoutMillis: SOON_MILLIS });
        heap.shrink();
        const { problems, unreachable } = heap.balance();
        assert.deepEqual(problems, []);
        // The object of a callback is its function's.
        const most = place === 'a callback of RCU' ? 1 : 0;
        assert.ok(unreachable.length <= most, `${unreachable} lost ${SEED_NOTE}`);
        heap.detach();
      });
    }
  }
}
