/**
 * Every way in which a worker's thread can end, at any moment of it: the threads that stay go on at once, nothing is lost,
 * and its slot is free again. LULL_LONG=1 makes it 60 workers of each kind.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SpawnedWorker } from '../../src/heap/spawn.js';
import { Heap, type HeapOptions, type ReapReport, TINY } from '../../src/index.js';
import { slotStart } from '../../src/layout/heap-layout.js';
import { SLOT } from '../../src/layout/thread-slot.js';
import { ownerTag } from '../../src/locks/owner.js';
import { wordsOf } from '../../tools/torture/aims.js';
import {
  type DeathEndingsBriefing,
  ENDINGS,
  type Ending,
  EXIT_CODE,
  MESSAGE,
  SHARED,
} from './death-endings.js';
import { until, within } from './locks-remote.js';
import { requireBalance } from './rest.js';
import { Random, SEED, SEED_NOTE } from './seed.js';

const ROUNDS = process.env.LULL_LONG === '1' ? 60 : 3;
const SIZES: readonly (readonly [string, HeapOptions])[] = [
  ['default sizes', { bytes: 8 * 2 ** 20, threads: 4 }],
  ['TINY sizes', { ...TINY, pages: 1500 }],
];
/** Everybody goes on by then. */
const SOON_MILLIS = 4000;
const BARRIER_MILLIS = 10_000;
const MEBIBYTES = 24;
/** No worker has set it. */
const NEW_KEY = 10_000;

/** A worker that has begun. */
interface Running {
  readonly worker: SpawnedWorker;
  /** With its exit code. */
  readonly ended: Promise<number>;
  /** What nobody has caught in it. */
  readonly errors: (Error & { code?: string })[];
}

async function startWorker(heap: Heap, ending: Ending, seed: number): Promise<Running> {
  const workerData: Omit<DeathEndingsBriefing, 'heap'> = { ending, seed };
  const worker = heap.spawn(new URL('./death-endings-worker.js', import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: MEBIBYTES, maxYoungGenerationSizeMb: 4 },
    stdout: true,
    stderr: true,
  });
  const ended = new Promise<number>((resolve) => void worker.once('exit', resolve));
  const errors: Error[] = [];
  worker.on('error', (error: Error) => errors.push(error));
  const begun = new Promise<void>((resolve) => void worker.once('message', () => resolve()));
  await within(begun, `a worker that ${ending} begins`);
  return { worker, ended, errors };
}

/** The worker has ended as it was told. */
function requireEnd(ending: Ending, code: number, errors: Running['errors']): void {
  const found = errors.map((error) => error.code ?? `${error.name}: ${error.message}`);
  const isOf = (text: string) => ending.startsWith(text);
  const expected: [number, RegExp | undefined] = isOf('calls process.exit()')
    ? [EXIT_CODE, undefined]
    : isOf('throws') || ending === 'rejects'
      ? [1, new RegExp(MESSAGE)]
      : ending === 'overflows its stack'
        ? [1, /^RangeError: Maximum call stack/]
        : ending === 'runs out of memory'
          ? [1, /ERR_WORKER_OUT_OF_MEMORY/]
          : [isOf('is terminated') ? 1 : 0, undefined];
  assert.equal(code, expected[0], `${found}`);
  assert.equal(found.length, expected[1] === undefined ? 0 : 1, `${found}`);
  if (expected[1] !== undefined) assert.match(found[0]!, expected[1]);
}

/** True where somebody has the mutex, who can only be the worker. */
function isHeld(heap: Heap): boolean {
  const guard = heap.mutex(SHARED).tryLock();
  guard?.release();
  return guard === undefined;
}

/** Lets the worker end. */
async function endOf(heap: Heap, running: Running, ending: Ending, random: Random): Promise<void> {
  const { worker, ended, errors } = running;
  if (ending.startsWith('is terminated')) {
    if (ending === 'is terminated holding a mutex')
      await until(() => isHeld(heap), 'it has the mutex', SOON_MILLIS);
    await new Promise((resolve) => setTimeout(resolve, 1 + random.below(12)));
    await within(heap.terminate(worker), `the end of a worker that ${ending}`);
  }
  requireEnd(ending, await within(ended, `the end of a worker that ${ending}`), errors);
  // Nothing more than the reports of its slots.
  await heap.terminate(worker);
}

/** All operations go on, at once, and do what they say. */
async function requireWorking(heap: Heap, ending: Ending): Promise<void> {
  const map = heap.map<number, string | number>(SHARED);
  const begun = performance.now();
  // Where the worker has filled the heap there is no room for more.
  if (ending === 'calls process.exit() in a shrinker') map.clear();
  const before = map.size;
  assert.equal([...map].length, before, SEED_NOTE);
  for (let key = 0; key < 300; key++) {
    map.set(key, `main ${key}`);
    assert.equal(map.get(key), `main ${key}`, SEED_NOTE);
  }
  for (let key = 0; key < 300; key += 2) assert.ok(map.delete(key), SEED_NOTE);
  const guard = await heap.mutex(SHARED).lock({ timeoutMillis: SOON_MILLIS });
  assert.equal(guard.ownerDied, ending === 'is terminated holding a mutex', SEED_NOTE);
  if (guard.ownerDied) guard.markConsistent();
  guard.release();
  const p = heap.kmalloc(100);
  heap.kfreeRcu(p);
  await heap.kfreeRcuBarrier({ timeoutMillis: BARRIER_MILLIS });
  const millis = performance.now() - begun;
  assert.ok(millis < SOON_MILLIS, `after a worker that ${ending} it took ${millis} ms ${SEED_NOTE}`);
}

for (const [sizes, options] of SIZES) {
  for (const [number, ending] of ENDINGS.entries()) {
    test(`a worker that ${ending} leaves a heap in which all goes on and nothing is lost (${sizes})`, async () => {
      const random = new Random(SEED, number);
      const heap = Heap.create({ ...options, name: 'parent' });
      const reports: ReapReport[] = [];
      heap.on('reap', (report) => reports.push(report));
      // What was queued with it is the program's.
      heap.rcu.register('ends', (head) => heap.kfree(head as never));
      heap.map<number, string | number>(SHARED).set(1, 'first');
      for (let round = 0; round < ROUNDS; round++) {
        const running = await startWorker(heap, ending, random.below(1000));
        await endOf(heap, running, ending, random);
        await requireWorking(heap, ending);
        assert.equal(heap.stats().threads.length, 1, `its slot is not free ${SEED_NOTE}`);
        heap.map(SHARED).clear();
        await heap.kfreeRcuBarrier({ timeoutMillis: BARRIER_MILLIS });
        heap.shrink();
        requireBalance(heap, []);
      }
      if (ending.startsWith('is terminated')) assert.equal(reports.length, ROUNDS, SEED_NOTE);
      heap.detach();
    });
  }
}

test('who waits for a terminated worker without returning to the event loop gives up, and after an await goes on', async () => {
  // A turn of two seconds is a finding of the validator's.
  const heap = Heap.create({ bytes: 2 ** 23, name: 'parent', validate: false });
  const map = heap.map<number, string | number>(SHARED);
  map.set(1, 1);
  const ending = 'is terminated holding a mutex';
  const { worker } = await startWorker(heap, ending, 1);
  await until(() => isHeld(heap), 'it has the mutex', SOON_MILLIS);
  const { slot } = heap.stats().threads.find(({ name }) => name === ending)!;
  const { words, geometry } = heap;
  const tag = ownerTag(slot, words.load(slotStart(geometry, slot) + SLOT.generation));
  // As if it were in the middle of map.set().
  for (const lock of wordsOf(words, geometry, slot, 'map bucket')) words.store(lock, tag);
  const ended = worker.terminate();
  assert.throws(() => map.set(NEW_KEY, 2), {
    name: 'LockTimeoutError',
    message: /'is terminated holding a mutex', not known to have ended\) holds it\. .* await heap\.terminate/,
  });
  assert.equal(map.get(NEW_KEY), undefined);
  await ended;
  await within(heap.terminate(worker), 'its end');
  for (let key = 0; key < 300; key++) map.set(key, key);
  map.clear();
  await heap.kfreeRcuBarrier({ timeoutMillis: BARRIER_MILLIS });
  requireBalance(heap, []);
  heap.detach();
});
