/** Lull's `kmalloc` and `kfree`, called as a user calls them. */
import { Heap } from '../../src/index.js';
import { serveAllocations } from './alloc-loop.js';

const heap = Heap.create();
await serveAllocations(heap, heap.words);
