/**
 * How long it takes to reap a thread that was terminated in the middle of its work, in milliseconds: with most of a heap of
 * 1 GiB in its objects and maps, and its lists, sheaves, deferred frees and callbacks as they came.
 *
 * One operation is one death, of which heap.terminate() reports. The worker is this file as well.
 */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, type Worker, workerData } from 'node:worker_threads';
import { type Address, Heap, type HeapHandle } from '../../src/index.js';
import { serveRounds } from '../subject.js';

const HEAP_BYTES = 2 ** 30;
const FILLED_BYTES = 0.7 * HEAP_BYTES;
const SIZES = [40, 64, 100, 250, 500, 1000, 2000, 16_384];
const KEYS = 50_000;
const CALLBACK = 'never mind';
/** Of the work in which it is terminated. */
const LONGEST_MILLIS = 20;

/** Fills most of the heap, and goes on with what it holds until it is terminated. */
async function work(heap: Heap): Promise<void> {
  heap.rcu.register(CALLBACK, () => {});
  const map = heap.map<number, string>('map');
  const objects: Address[] = [];
  for (let bytes = 0, i = 0; bytes < FILLED_BYTES; i++) {
    const size = SIZES[i % SIZES.length]!;
    objects.push(heap.kmalloc(size));
    bytes += size;
  }
  for (let key = 0; key < KEYS; key++) map.set(key, 'value'.repeat(key % 20));
  parentPort!.postMessage('filled');
  await once(parentPort!, 'message');
  const id = heap.rcu.register(CALLBACK, () => {});
  for (let n = 0; ; n++) {
    const at = (n * 7919) % objects.length;
    heap.kfreeRcu(objects[at]!);
    objects[at] = heap.kmalloc(SIZES[n % SIZES.length]!);
    map.set(n % KEYS, 'other'.repeat(n % 20));
    if (n % 16 === 0) heap.rcu.call(heap.kmalloc(64), id);
    if (n % 1000 === 0) heap.quiesce();
  }
}

async function reapOne(): Promise<number> {
  const heap = Heap.create({ bytes: HEAP_BYTES });
  heap.rcu.register(CALLBACK, () => {});
  const worker = heap.spawn<Worker>(new URL(import.meta.url));
  await once(worker, 'message');
  worker.postMessage('begin');
  await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * LONGEST_MILLIS));
  const [report] = await heap.terminate(worker);
  if (report === undefined) throw new Error('the worker was in no heap');
  heap.detach();
  return report.millis;
}

if (!isMainThread) await work(Heap.attach((workerData as { heap: HeapHandle }).heap, { name: 'filled' }));
else if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await serveRounds(async (operations) => {
    let longest = 0;
    for (let i = 0; i < operations; i++) longest = Math.max(longest, await reapOne());
    return longest;
  });
}
