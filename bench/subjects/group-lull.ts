/**
 * `kmalloc` and `kfree` of 64 bytes: charged to a memory group, or to nobody.
 *
 *     group-lull.js charged|plain
 */
import { Heap } from '../../src/index.js';
import type { Address } from '../../src/words/units.js';
import { ALLOC_SIZE_COUNT } from '../workloads.js';
import { serveAllocations } from './alloc-loop.js';

const OBJECT_BYTES = 64;
const GROUP_BYTES = 16 * 2 ** 20;

const heap = Heap.create();
const sizes = new Int32Array(ALLOC_SIZE_COUNT).fill(OBJECT_BYTES);

if (process.argv[2] === 'charged') {
  const group = heap.group('bench', { maxBytes: GROUP_BYTES });
  const charged = {
    kmalloc: (bytes: number) => group.kmalloc(bytes),
    kfree: (address: number) => heap.kfree(address as Address),
  };
  await serveAllocations(charged, heap.words, sizes);
} else {
  const plain = {
    kmalloc: (bytes: number) => heap.kmalloc(bytes),
    kfree: (address: number) => heap.kfree(address as Address),
  };
  await serveAllocations(plain, heap.words, sizes);
}
