/** Slots that the dead leave: each is free again, told of once, and good for the next thread, whoever dies, and whoever reaps. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import {
  Heap,
  type HeapHandle,
  type HeapOptions,
  NoFreeSlotError,
  type ReapReport,
} from '../../src/index.js';
import { type Part, type Reaped, SHARED, type SlotsBriefing } from './death-slots.js';
import { until, within } from './locks-remote.js';
import { requireBalance } from './rest.js';
import { Random, SEED, SEED_NOTE } from './seed.js';

const SOON_MILLIS = 8000;
const WORKER = new URL('./death-slots-worker.js', import.meta.url);

function makeHeap(options: HeapOptions): { heap: Heap; reports: ReapReport[] } {
  const heap = Heap.create({ bytes: 8 * 2 ** 20, ...options, name: 'parent' });
  const reports: ReapReport[] = [];
  heap.on('reap', (report) => reports.push(report));
  return { heap, reports };
}

/** A worker, and what it says first. */
async function start(heap: Heap, part: Part): Promise<{ worker: Worker; said: unknown }> {
  const workerData: Omit<SlotsBriefing, 'heap'> = { part };
  const worker = heap.spawn<Worker>(WORKER, { workerData });
  const [said] = await within(once(worker, 'message'), `a worker that ${part} begins`);
  return { worker, said };
}

function slotOf(heap: Heap, name: string): number {
  const thread = heap.stats().threads.find((each) => each.name === name);
  assert.ok(thread !== undefined, `no thread is called ${name} ${SEED_NOTE}`);
  return thread.slot;
}

async function requireRest(heap: Heap): Promise<void> {
  assert.equal(heap.stats().threads.length, 1, SEED_NOTE);
  const map = heap.map<number, string>(SHARED);
  assert.equal([...map].length, map.size, SEED_NOTE);
  for (let n = 0; n < 100; n++) map.set(n, 'of parent');
  map.clear();
  await heap.kfreeRcuBarrier({ timeoutMillis: SOON_MILLIS });
  heap.shrink();
  requireBalance(heap, []);
}

for (const [threads, rounds] of [
  [3, 4],
  [255, 2],
] as const) {
  test(`a thread that had ${threads - 1} of ${threads} slots leaves all of them, again and again`, async () => {
    const { heap, reports } = makeHeap({ threads, bytes: 64 * 2 ** 20 });
    for (let round = 1; round <= rounds; round++) {
      const { worker, said } = await start(heap, 'takes all slots');
      assert.equal(said, threads - 1);
      assert.throws(() => Heap.attach(heap.handle), NoFreeSlotError);
      const ended = worker.terminate();
      // Nobody knows of its end yet.
      assert.throws(() => Heap.attach(heap.handle), NoFreeSlotError);
      await within(ended, 'its end');
      const found = await within(heap.terminate(worker), 'that its slots are free');
      assert.ok(found.length === 0 || found.length === threads - 1, `${found.length} reports`);
      assert.equal(reports.length, round * (threads - 1));
      assert.equal(
        new Set(reports.map(({ slot, generation }) => `${slot} ${generation}`)).size,
        reports.length,
      );
      Heap.attach(heap.handle).detach();
      for (let n = 0; n < 20 && threads > 20; n++) {
        const guard = await heap.mutex(`mutex ${n} of ${n % 3}`).lock({ timeoutMillis: SOON_MILLIS });
        if (guard.ownerDied) guard.markConsistent();
        guard.release();
      }
      await requireRest(heap);
    }
    heap.detach();
  });
}

test('a slot is taken and left a thousand times, by threads that leave and threads that die', async () => {
  const { heap, reports } = makeHeap({ threads: 2 });
  for (let round = 0; round < 1000; round++) {
    if (round % 250 === 100) {
      const { worker } = await start(heap, 'writes');
      await within(heap.terminate(worker), 'its end');
      continue;
    }
    const other = Heap.attach(heap.handle, { name: `round ${round}` });
    other.map<number, string>(SHARED).set(round % 10, 'x'.repeat(round % 50));
    if (round % 3 === 0) assert.ok(other.mutex(SHARED).lockSync({ timeoutMillis: SOON_MILLIS }));
    if (round % 3 === 1) other.kfreeRcu(other.kmalloc(32));
    other.detach();
    const guard = heap.mutex(SHARED).lockSync({ timeoutMillis: SOON_MILLIS });
    if (guard.ownerDied) guard.markConsistent();
    guard.release();
    // The turn ends.
    if (round % 50 === 0) await setTimeout(1);
  }
  assert.equal(reports.length, 4);
  await requireRest(heap);
  heap.detach();
});

test('the thread that has made the heap dies, and the heap goes on', async () => {
  // A thread with a heap watches what it starts.
  const { heap: own } = makeHeap({ bytes: 2 ** 22 });
  const workerData: Omit<SlotsBriefing, 'heap'> = { part: 'makes the heap' };
  const worker = new Worker(WORKER, { workerData });
  const [handle] = (await once(worker, 'message')) as [HeapHandle];
  const heap = Heap.attach(handle, { name: 'heir' });
  await setTimeout(5);
  const reports = await within(heap.terminate(worker), 'its end');
  assert.deepEqual(
    reports.map(({ slot, name }) => [slot, name]),
    [[0, 'makes the heap']],
  );
  const guard = await heap.mutex(SHARED).lock({ timeoutMillis: SOON_MILLIS });
  if (guard.ownerDied) guard.markConsistent();
  guard.release();
  await requireRest(heap);
  heap.detach();
  own.detach();
});

for (const part of ['starts another', 'starts another from outside'] as const) {
  test(`a thread that ${part} dies: the inner one is gone as well, and who knows that reaps it`, async () => {
    const random = new Random(SEED, 1);
    const { heap } = makeHeap({ threads: 4 });
    for (let round = 0; round < 3; round++) {
      const { worker } = await start(heap, part);
      await setTimeout(random.below(10));
      await within(worker.terminate(), 'the end of the outer one');
      // Nobody was told of the inner one's: until it is reaped it may have a lock that the reaper of the outer one needs.
      const report = heap.reap(slotOf(heap, 'writes'));
      assert.equal(report?.name, 'writes', SEED_NOTE);
      await within(heap.terminate(worker), 'that its slot is free');
      await requireRest(heap);
    }
    heap.detach();
  });
}

test('a thread that is terminated while it terminates another: both are gone, or the inner one waits to be reaped', async () => {
  const random = new Random(SEED, 2);
  const { heap } = makeHeap({ threads: 4 });
  for (let round = 0; round < 5; round++) {
    const { worker } = await start(heap, 'terminates another');
    await setTimeout(random.below(8));
    await within(worker.terminate(), 'the end of the outer one');
    const left = heap.stats().threads.filter(({ name }) => name === 'writes');
    for (const { slot } of left) assert.equal(heap.reap(slot)?.name, 'writes', SEED_NOTE);
    await within(heap.terminate(worker), 'that its slot is free');
    await requireRest(heap);
  }
  heap.detach();
});

test('each death is told of once, by one of the threads that may reap, and reap() by two at once reaps once', async () => {
  const random = new Random(SEED, 3);
  const { heap, reports } = makeHeap({ threads: 8 });
  const { worker: helper } = await start(heap, 'reaps');
  const told: string[] = [];
  let answer = '';
  helper.on('message', (message: Reaped) => {
    if ('answer' in message) answer = message.answer;
    else told.push(`${message.slot} ${message.generation}`);
  });
  for (let round = 0; round < 6; round++) {
    const { worker } = await start(heap, 'starts another from outside');
    const slot = slotOf(heap, 'writes');
    await setTimeout(random.below(5));
    await within(worker.terminate(), 'the end of the outer one');
    answer = '';
    helper.postMessage(slot);
    const spinUntil = performance.now() + random.below(3) / 2;
    while (performance.now() < spinUntil);
    try {
      heap.reap(slot);
    } catch (error) {
      assert.match(String(error), /which is free/);
    }
    await until(() => answer !== '', 'the helper has tried');
    await until(() => heap.stats().threads.length === 2, 'the slot is free');
    await until(() => told.length + reports.length === round + 1, 'one of them tells');
  }
  await within(heap.terminate(helper), 'the end of the helper');
  assert.equal(reports.filter(({ name }) => name === 'writes').length + told.length, 6, SEED_NOTE);
  await requireRest(heap);
  heap.detach();
});
