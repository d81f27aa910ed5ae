/** Two threads, or one, reading one Lull map; the argument says how many. */
import { isMainThread } from 'node:worker_threads';
import { Heap, type HeapHandle } from '../../src/index.js';
import { mapKeys } from '../workloads.js';
import { readInThread, serveThreads } from './threads-loop.js';

if (isMainThread) {
  const heap = Heap.create();
  const map = heap.map<string, number>('bench');
  mapKeys('plain').forEach((key, value) => void map.set(key, value));
  await serveThreads(new URL(import.meta.url), heap.handle);
} else {
  readInThread((handle: HeapHandle) => Heap.attach(handle, { name: 'reader' }).map<string, number>('bench'));
}
