/**
 * Threads that wait for one that dies go on; who has not heard of the death, because it has not returned to its event loop
 * since, gets an error from every wait that has a limit, and goes on once it has.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SpawnedWorker } from '../../src/heap/spawn.js';
import { type Address, Heap, LockTimeoutError, RcuTimeoutError } from '../../src/index.js';
import { readNameRecords } from '../../src/inspect/record-name.js';
import { LOCK, LOCK_KIND } from '../../src/layout/lock-record.js';
import { NAME } from '../../src/layout/name-record.js';
import { FREES, HELD, WAITS, type Wait, type WaiterBriefing } from './death-waiters.js';
import { until, within } from './locks-remote.js';
import { requireBalance } from './rest.js';
import { Random, SEED } from './seed.js';

const SOON_MILLIS = 8000;
const SHORT = { timeoutMillis: 100 };

function makeHeap(): Heap {
  const heap = Heap.create({ bytes: 4 * 2 ** 20, threads: 8, stallMillis: 0, name: 'parent' });
  heap.rcu.register(FREES, (head) => heap.kfree(head as Address));
  return heap;
}

interface Running {
  readonly worker: SpawnedWorker;
  readonly said: string[];
  readonly errors: unknown[];
}

async function start(heap: Heap, wait: Wait | undefined): Promise<Running> {
  const workerData: Omit<WaiterBriefing, 'heap'> = { wait };
  const worker = heap.spawn(new URL('./death-waiters-worker.js', import.meta.url), { workerData });
  const said: string[] = [];
  const errors: unknown[] = [];
  worker.on('message', (text: string) => void said.push(text));
  worker.on('error', (error: unknown) => void errors.push(error));
  await until(() => said.includes('begun'), 'a worker begins');
  return { worker, said, errors };
}

function isConditionAwaited({ words, geometry }: Heap): boolean {
  const slots = Array.from({ length: geometry.slots }, (_, slot) => slot);
  return readNameRecords(words, geometry, LOCK_KIND.condVar).some((record) => {
    const counts = words.load(record + NAME.target) + LOCK.waiters + geometry.slots;
    return slots.some((slot) => words.load(counts + slot) !== 0);
  });
}

async function requireRest(heap: Heap): Promise<void> {
  await heap.rcu.barrier({ timeoutMillis: SOON_MILLIS });
  await heap.kfreeRcuBarrier({ timeoutMillis: SOON_MILLIS });
  heap.shrink();
  assert.equal(heap.stats().threads.length, 1);
  assert.equal(heap.stats().callbacksWaiting, 0);
  requireBalance(heap, []);
}

for (const [number, wait] of WAITS.entries()) {
  test(`who waits in ${wait} for a thread that is terminated in its turn goes on`, async () => {
    const random = new Random(SEED, number);
    const heap = makeHeap();
    const holder = await start(heap, undefined);
    const waiter = await start(heap, wait);
    // Who waits for a condition after the death is not woken by it.
    if (wait.includes('condVar')) await until(() => isConditionAwaited(heap), 'it waits');
    await new Promise((resolve) => setTimeout(resolve, 5 + random.below(20)));
    assert.deepEqual(waiter.said, ['begun'], 'it need not wait');
    const reports = await within(heap.terminate(holder.worker), 'the end of the holder');
    // Who waits for a grace period may have reaped it first.
    assert.ok(reports.length <= 1, `${reports.length} reports`);
    await until(() => waiter.said.includes('went on'), `a thread in ${wait} goes on`, SOON_MILLIS);
    assert.deepEqual(waiter.errors, []);
    await within(heap.terminate(waiter.worker), 'the end of the waiter');
    await requireRest(heap);
    heap.detach();
  });
}

test('a thread that has terminated another and does not return to its event loop gets an error from each wait', async () => {
  const heap = makeHeap();
  const { worker } = await start(heap, undefined);
  const ended = heap.terminate(worker);
  const isHeldUp = (error: Error) =>
    error instanceof RcuTimeoutError && /'holder' \(slot 1\)/.test(error.message);
  const isHeld = (error: Error) =>
    error instanceof LockTimeoutError &&
    error.ownerSlot === 1 &&
    error.ownerState === 'alive' &&
    /thread slot 1 \('holder', not known to have ended\) holds it/.test(error.message);
  assert.throws(() => heap.synchronizeRcuSync(SHORT), RcuTimeoutError);
  assert.throws(() => heap.synchronizeRcuSync(SHORT), isHeldUp);
  assert.throws(() => heap.synchronizeRcuExpeditedSync(SHORT), isHeldUp);
  heap.kfreeRcu(heap.kmalloc(8));
  assert.throws(() => heap.kfreeRcuBarrierSync(SHORT), /'holder' \(slot 1\)/);
  assert.throws(() => heap.mutex(HELD).lockSync(SHORT), isHeld);
  assert.throws(() => heap.rwLock(HELD).readSync(SHORT), LockTimeoutError);
  assert.throws(() => heap.semaphore(HELD, 1).acquireSync(SHORT), LockTimeoutError);
  // Memory is to be had all the while, or it is an error: nobody is slowed down for ever.
  const map = heap.map<number, string>('map');
  for (let n = 0; n < 500; n++) map.set(n % 10, `${n}`.repeat(50));
  const reports = await within(ended, 'its end');
  assert.equal(reports.length, 1);
  heap.synchronizeRcuSync({ timeoutMillis: SOON_MILLIS });
  const guard = heap.mutex(HELD).lockSync({ timeoutMillis: SOON_MILLIS });
  assert.equal(guard.ownerDied, true);
  guard.markConsistent();
  guard.release();
  heap.semaphore(HELD, 1).acquireSync({ timeoutMillis: SOON_MILLIS }).release();
  map.clear();
  await requireRest(heap);
  heap.detach();
});
