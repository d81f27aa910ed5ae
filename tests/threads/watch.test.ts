/**
 * Watched workers: whichever way a worker ends, the slots that it has not given back are marked dead by the time
 * that the thread which started it hears of the end. Whoever joins the heap after that reaps them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { formatHeap, planFrom } from '../../src/heap/format-heap.js';
import { makeHandle } from '../../src/heap/heap-handle.js';
import { DeathWatch } from '../../src/heap/watch.js';
import { Heap, type HeapHandle } from '../../src/index.js';
import type { Geometry } from '../../src/layout/heap-header.js';
import { slotStart } from '../../src/layout/heap-layout.js';
import { SLOT, SLOT_STATE } from '../../src/layout/thread-slot.js';
import { isDead } from '../../src/locks/owner.js';
import { engineHost } from '../../src/words/host.js';
import { NativeWords, reserveBuffer } from '../../src/words/native-words.js';
import { PAGE_BYTES } from '../../src/words/units.js';
import type { Words } from '../../src/words/words.js';
import { requireBalance } from './rest.js';
import type { Ending, Held, Stay, WatchBriefing } from './watch.js';

/** A heap that this thread has not joined: nobody but its own watch looks after it. */
interface WatchedHeap {
  readonly handle: HeapHandle;
  readonly words: Words;
  readonly geometry: Geometry;
  readonly watch: DeathWatch;
  /** What the watch was told. */
  readonly deaths: number[];
}

function watchedHeap(): WatchedHeap {
  const geometry = planFrom({ bytes: 4 * 2 ** 20, threads: 4 }, engineHost);
  const buffer = reserveBuffer(geometry.totalPages * PAGE_BYTES);
  const words = new NativeWords(buffer);
  formatHeap(words, geometry);
  const deaths: number[] = [];
  const watch = new DeathWatch(engineHost, words, geometry, (slots) => deaths.push(...slots));
  return { handle: makeHandle(buffer, false), words, geometry, watch, deaths };
}

interface Running {
  readonly worker: Worker;
  /** What it had in each heap, once it has told. */
  readonly held: Promise<Held[]>;
  readonly end: Promise<void>;
}

function startWorker(heaps: readonly WatchedHeap[], stay: Stay, ending: Ending): Running {
  const workerData: WatchBriefing = { handles: heaps.map(({ handle }) => handle), stay, ending };
  const worker = new Worker(new URL('./watch-worker.js', import.meta.url), { workerData });
  let error: unknown;
  worker.on('error', (thrown) => {
    error = thrown;
  });
  const end = new Promise<void>((resolve) => worker.on('exit', () => resolve()));
  const held = new Promise<Held[]>((resolve, reject) => {
    worker.on('message', resolve);
    void end.then(() => reject(new Error('the worker ended before it had a slot', { cause: error })));
  });
  return { worker, held, end };
}

/** Waits until the worker has told what it had and has ended as it was meant to. */
async function endOf({ worker, held, end }: Running, ending: Ending): Promise<Held[]> {
  const had = await held;
  if (ending.startsWith('is terminated')) await worker.terminate();
  await end;
  return had;
}

function stateOf({ words, geometry }: WatchedHeap, slot: number): number {
  return words.load(slotStart(geometry, slot) + SLOT.state);
}

/** The slot waits for a reaper; the next who attaches is one, and what its thread had is given back. */
function requireReaped(watched: WatchedHeap, { slot, tag }: Held): void {
  assert.equal(stateOf(watched, slot), SLOT_STATE.zombie);
  const heap = Heap.attach(watched.handle, { name: 'reaper' });
  assert.equal(stateOf(watched, slot), SLOT_STATE.free);
  assert.equal(isDead(watched.words, watched.geometry, tag), true);
  requireBalance(heap, []);
  heap.detach();
}

const ENDINGS: readonly Ending[] = [
  'returns',
  'calls process.exit()',
  'throws',
  'is terminated',
  'is terminated in a loop',
];

for (const ending of ENDINGS) {
  test(`a worker that ${ending} is marked dead in both heaps that it had joined, by whom nobody asked`, async () => {
    const heaps = [watchedHeap(), watchedHeap()];
    for (const { watch } of heaps) watch.start();
    const held = await endOf(startWorker(heaps, 'joined', ending), ending);
    for (const [i, heap] of heaps.entries()) {
      const { slot, tag } = held[i]!;
      assert.deepEqual(heap.deaths, [slot]);
      assert.equal(isDead(heap.words, heap.geometry, tag), true);
      heap.watch.stop();
      requireReaped(heap, held[i]!);
    }
  });

  test(`a worker that ${ending} after it has left the heap is no death`, async () => {
    const heap = watchedHeap();
    heap.watch.start();
    const [held] = await endOf(startWorker([heap], 'left', ending), ending);
    assert.deepEqual(heap.deaths, []);
    assert.equal(stateOf(heap, held!.slot), SLOT_STATE.free);
    heap.watch.stop();
  });

  test(`a worker that ${ending} while attached is dead only where it could not detach`, async () => {
    const heap = watchedHeap();
    heap.watch.start();
    const [held] = await endOf(startWorker([heap], 'attached', ending), ending);
    const isMarked = ending.startsWith('is terminated');
    assert.deepEqual(heap.deaths, isMarked ? [held!.slot] : []);
    assert.equal(stateOf(heap, held!.slot), isMarked ? SLOT_STATE.zombie : SLOT_STATE.free);
    assert.equal(isDead(heap.words, heap.geometry, held!.tag), true);
    heap.watch.stop();
    if (isMarked) requireReaped(heap, held!);
  });
}

test('watch() of a worker that was started before the heap was watched marks it dead', async () => {
  const heap = watchedHeap();
  const running = startWorker([heap], 'joined', 'is terminated');
  const [held] = await running.held;
  heap.watch.start();
  heap.watch.watch(running.worker);
  assert.equal(isDead(heap.words, heap.geometry, held!.tag), false);
  await endOf(running, 'is terminated');
  assert.deepEqual(heap.deaths, [held!.slot]);
  heap.watch.stop();
});

test('watch() of a worker that has ended throws, as its thread has no number any more', async () => {
  const heap = watchedHeap();
  const running = startWorker([heap], 'joined', 'returns');
  await endOf(running, 'returns');
  assert.throws(() => heap.watch.watch(running.worker), /ended \(threadId -1\)/);
});

test('of two workers that run at once only the one that ends is marked dead', async () => {
  const heap = watchedHeap();
  heap.watch.start();
  const workers = [0, 1].map(() => startWorker([heap], 'joined', 'is terminated'));
  const [first, second] = await Promise.all(workers.map(async ({ held }) => (await held)[0]!));
  await endOf(workers[0]!, 'is terminated');
  assert.deepEqual(heap.deaths, [first!.slot]);
  assert.equal(stateOf(heap, second!.slot), SLOT_STATE.live);
  assert.equal(isDead(heap.words, heap.geometry, second!.tag), false);
  await endOf(workers[1]!, 'is terminated');
  assert.deepEqual(heap.deaths, [first!.slot, second!.slot]);
  heap.watch.stop();
});

test('start() of two heaps adds one listener to the process, and stop() of both takes it away', () => {
  const before = process.listenerCount('worker');
  const watches = [watchedHeap().watch, watchedHeap().watch];
  for (const watch of watches) watch.start();
  const during = process.listenerCount('worker');
  for (const watch of watches) watch.stop();
  assert.ok(during - before <= 1, `${during - before} listeners`);
  assert.equal(process.listenerCount('worker'), before);
});

test('a watched worker keeps the thread that watches it alive no longer than that thread wants', async () => {
  const heap = watchedHeap();
  const workerData: WatchBriefing = { handles: [heap.handle], stay: 'joined', ending: 'is terminated' };
  const outer = new Worker(new URL('./watch-nested-worker.js', import.meta.url), { workerData });
  const messages: unknown[] = [];
  outer.on('message', (message) => messages.push(message));
  const hung = setTimeout(() => void outer.terminate(), 20_000);
  const code = await new Promise<number>((resolve) => outer.on('exit', resolve));
  clearTimeout(hung);
  assert.deepEqual(messages, [true]);
  assert.equal(code, 0, 'the thread had to be terminated');
});
