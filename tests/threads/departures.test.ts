/**
 * Threads that leave: by detach(), over and over, while others do the same; and by ending without it, where the
 * slot, what the thread kept for reuse, and what it had waiting must come back all the same.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { type Address, Heap, type HeapOptions, NoFreeSlotError, TINY } from '../../src/index.js';
import { type Departure, type DeparturesBriefing, GUEST_MAP, OBJECTS } from './departures.js';
import { Patterns } from './pattern.js';
import { requireBalance, settle } from './rest.js';
import { SEED, SEED_NOTE } from './seed.js';
import { startTeam } from './team.js';

const WORKERS = 4;
const SIZES = [
  ['default sizes', { bytes: 16 * 2 ** 20 }],
  // Room for all that the others free while one thread, in a turn, has no processor: a slab is a page with two objects.
  ['TINY sizes', { ...TINY, pages: 16_384 }],
] as const;

function briefingFor(heap: Heap, departure: Departure, times: number): DeparturesBriefing {
  const ledger = heap.kmalloc(OBJECTS * 4);
  heap.words.fillPlain(ledger, ledger + OBJECTS, 0);
  return { handle: heap.handle, departure, times, ledger };
}

/** Every slot but this thread's own can be had, and not one more. */
function requireSlots(heap: Heap, slots: number): void {
  assert.equal(heap.stats().threads.length, 1, SEED_NOTE);
  const guests = Array.from({ length: slots - 1 }, () => Heap.attach(heap.handle));
  assert.throws(() => Heap.attach(heap.handle), NoFreeSlotError);
  for (const guest of guests) guest.detach();
}

async function rejoinAll(options: HeapOptions, slots: number, times: number): Promise<void> {
  const heap = Heap.create({ ...options, threads: slots });
  const briefing = briefingFor(heap, 'detaches', times);
  const team = startTeam<number>('departures-worker', new Array(WORKERS).fill(briefing));
  const refusals = await team.results;
  if (slots > WORKERS) assert.deepEqual(refusals, new Array(WORKERS).fill(0), SEED_NOTE);
  await settle(heap);
  requireBalance(heap, [briefing.ledger]);
  assert.equal(heap.map<string, number>(GUEST_MAP).get('stays'), WORKERS * times, SEED_NOTE);
  requireSlots(heap, slots);
  heap.detach();
}

for (const [sizes, options] of SIZES) {
  test(`Heap.attach() and detach() by 4 threads over and over, a slot for each (${sizes})`, async () => {
    await rejoinAll(options, WORKERS + 1, 100);
  });

  test(`Heap.attach() refuses 4 threads that share 2 slots until one is free (${sizes})`, async () => {
    await rejoinAll(options, 3, 40);
  });
}

const WITHOUT_DETACH: readonly Departure[] = [
  'returns',
  'calls process.exit()',
  'throws',
  'calls process.exit() inside turn()',
  'calls process.exit() inside update()',
];

/** Starts a worker that may end as it likes, and waits for its end. */
async function endOf(briefing: DeparturesBriefing): Promise<void> {
  const workerData = { ...briefing, worker: 0, seed: SEED };
  const worker = new Worker(new URL('./departures-worker.js', import.meta.url), { workerData });
  worker.on('error', () => {});
  await new Promise((resolve) => worker.on('exit', resolve));
}

function ledgerOf(heap: Heap, { ledger }: DeparturesBriefing): Address[] {
  return Array.from({ length: OBJECTS }, (_, i) => heap.words.load(ledger + i) as Address);
}

for (const departure of WITHOUT_DETACH) {
  for (const [sizes, options] of SIZES) {
    test(`a thread that ${departure} without detach() gives back all but what it holds (${sizes})`, async () => {
      const heap = Heap.create({ ...options, threads: 2 });
      const patterns = new Patterns(heap.words);
      for (let time = 0; time < 2; time++) {
        const briefing = briefingFor(heap, departure, 0);
        await endOf(briefing);
        const left = ledgerOf(heap, briefing);
        await settle(heap);
        requireBalance(heap, [briefing.ledger, ...left]);
        assert.deepEqual(
          left.map((p) => patterns.problemAt(p)),
          new Array(OBJECTS).fill(''),
          SEED_NOTE,
        );
        requireSlots(heap, 2);
        heap.kfreeBulk([briefing.ledger, ...left]);
      }
      assert.equal(heap.map(GUEST_MAP).size, OBJECTS, SEED_NOTE);
      heap.detach();
    });
  }
}
