/**
 * Garbage collections during Lull's common operations: `kmalloc`, `kfree`, `kfreeRcu`, and reading whole numbers
 * from a map by string keys that already exist. One operation is one call; the value of a round is the count.
 */
import { Heap } from '../../src/index.js';
import { serveRounds } from '../subject.js';
import { mapKeys } from '../workloads.js';
import { countCollections, proveItCounts } from './gc-count.js';

const KEYS = 1000;
const CALLS_PER_KEY = 5;
const OBJECT_BYTES = 64;

const heap = Heap.create();
const map = heap.map<string, number>('bench');
const keys = mapKeys('plain', KEYS);
keys.forEach((key, value) => void map.set(key, value));

function walkKeys(): number {
  let sum = 0;
  for (let i = 0; i < KEYS; i++) {
    heap.kfree(heap.kmalloc(OBJECT_BYTES));
    heap.kfreeRcu(heap.kmalloc(OBJECT_BYTES));
    sum = (sum + map.get(keys[i]!)!) | 0;
  }
  return sum;
}

await proveItCounts();
await serveRounds(async (operations) => {
  const walks = Math.ceil(operations / (KEYS * CALLS_PER_KEY));
  return await countCollections(() => {
    for (let walk = 0; walk < walks; walk++) {
      walkKeys();
      heap.quiesce();
    }
  });
});
