/**
 * The promise of a turn, kept among threads: what a reader has met stays allocated until its turn ends, while
 * writers replace and retire it all the time. Two things show that the test can fail: addresses do come back,
 * and with kfree in kfreeRcu's place the readers see it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Address, Heap, type HeapOptions, TINY } from '../../src/index.js';
import { HEAD_OFFSET } from './pattern.js';
import {
  ENDING,
  ENDING_WORDS,
  FREE_CALLBACK,
  type PublishedBriefing,
  type PublishedResult,
  type Retirement,
} from './published-objects.js';
import { requireBalance, settle } from './rest.js';
import { SEED_NOTE } from './seed.js';
import { startTeam } from './team.js';

const PLACES = 32;
const READERS = 2;
const WRITERS = 2;

interface Scene {
  readonly options: HeapOptions;
  readonly retirement: Retirement;
  readonly publications: number;
  readonly turns: number;
  readonly rejoinAfter: number;
}

interface Sums {
  readonly turns: number;
  readonly violations: number;
  readonly firstViolation: string;
  /** Met by readers, and by writers. */
  readonly seenAgain: number;
  readonly takenAgain: number;
}

/** Lets readers and writers run, and checks the heap that they leave. */
async function play({ options, ...scene }: Scene): Promise<Sums> {
  const heap = Heap.create({ ...options, threads: READERS + WRITERS + 1 });
  heap.rcu.register(FREE_CALLBACK, (head) => heap.kfree((head - HEAD_OFFSET) as Address));
  const places = zeroedWords(heap, PLACES);
  const ending = zeroedWords(heap, ENDING_WORDS);
  const briefing = { handle: heap.handle, places, placeCount: PLACES, ending, writers: WRITERS, ...scene };
  const roles = [...new Array(READERS).fill('reader'), ...new Array(WRITERS).fill('writer')];
  const briefings: PublishedBriefing[] = roles.map((role) => ({ ...briefing, role }));
  const team = startTeam<PublishedResult>('published-objects-worker', briefings);
  const results = await team.results;
  requireLeft(heap, places, ending);
  for (let i = 0; i < PLACES; i++) heap.kfree(heap.words.load(places + i) as Address);
  await heap.rcu.barrier();
  await settle(heap);
  const { callbacksWaiting, callbackErrors } = heap.stats();
  assert.deepEqual(
    { callbacksWaiting, callbackErrors },
    { callbacksWaiting: 0, callbackErrors: 0 },
    SEED_NOTE,
  );
  requireBalance(heap, [places, ending]);
  heap.detach();
  const readers = results.slice(0, READERS);
  return {
    turns: sumOf(readers, 'turns'),
    violations: sumOf(readers, 'violations'),
    firstViolation: readers.find(({ firstViolation }) => firstViolation !== '')?.firstViolation ?? '',
    seenAgain: sumOf(readers, 'reuses'),
    takenAgain: sumOf(results.slice(READERS), 'reuses'),
  };
}

function zeroedWords(heap: Heap, count: number): Address {
  const p = heap.kmalloc(count * 4);
  heap.words.fillPlain(p, p + count, 0);
  return p;
}

function requireLeft(heap: Heap, places: Address, ending: Address): void {
  assert.equal(heap.words.load(ending + ENDING.writersDone), WRITERS);
  for (let i = 0; i < PLACES; i++) assert.notEqual(heap.words.load(places + i), 0, SEED_NOTE);
}

function sumOf(results: readonly PublishedResult[], count: 'turns' | 'violations' | 'reuses'): number {
  return results.reduce((sum, result) => sum + result[count], 0);
}

const DEFAULT_SIZES: HeapOptions = { bytes: 64 * 2 ** 20 };
const TINY_WITH_ROOM: HeapOptions = { ...TINY, pages: 16_384 };
const REPLACED: Omit<Scene, 'options'> = {
  retirement: 'kfreeRcu',
  publications: 40_000,
  turns: 1000,
  rejoinAfter: 0,
};

async function requirePromiseKept(scene: Scene): Promise<void> {
  const sums = await play(scene);
  assert.equal(sums.violations, 0, `an object changed under a reader: ${sums.firstViolation} ${SEED_NOTE}`);
  assert.ok(sums.turns >= scene.turns, SEED_NOTE);
  // Without reuse nobody could have seen anything.
  assert.ok(sums.takenAgain > 1000, `addresses were taken again ${sums.takenAgain} times ${SEED_NOTE}`);
  assert.ok(sums.seenAgain > 100, `addresses were seen again ${sums.seenAgain} times ${SEED_NOTE}`);
}

for (const [sizes, options] of [
  ['default sizes', DEFAULT_SIZES],
  ['TINY sizes', TINY_WITH_ROOM],
  ['strict words', { ...DEFAULT_SIZES, strict: true }],
] as const) {
  test(`kfreeRcu() keeps what readers of other threads met until their turns end (${sizes})`, async () => {
    await requirePromiseKept({ ...REPLACED, options });
  });
}

for (const [sizes, options, rejoinAfter] of [
  ['default sizes', DEFAULT_SIZES, 0],
  ['TINY sizes', TINY_WITH_ROOM, 0],
  ['threads that leave and come back', DEFAULT_SIZES, 100],
] as const) {
  test(`rcu.call() frees what readers of other threads met when their turns have ended (${sizes})`, async () => {
    const publications = rejoinAfter > 0 ? 10_000 : 15_000;
    await requirePromiseKept({ ...REPLACED, options, retirement: 'rcu.call', publications, rejoinAfter });
  });
}

test('detach() hands what waits to threads that keep the promise', async () => {
  await requirePromiseKept({ ...REPLACED, options: DEFAULT_SIZES, publications: 20_000, rejoinAfter: 100 });
});

for (const [sizes, options] of [
  ['default sizes', DEFAULT_SIZES],
  ['TINY sizes', TINY_WITH_ROOM],
] as const) {
  test(`kfree() in place of kfreeRcu() is seen by the readers of this test (${sizes})`, async () => {
    const sums = await play({ ...REPLACED, options, retirement: 'kfree', publications: 5000, turns: 300 });
    assert.ok(sums.violations > 0, `no reader has seen a reuse in ${sums.turns} turns ${SEED_NOTE}`);
  });
}
