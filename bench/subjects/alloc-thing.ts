/** `@thi.ng/malloc`: a pool in plain JavaScript, its defaults kept. */
import { MemPool } from '@thi.ng/malloc';
import { serveAllocations } from './alloc-loop.js';

const pool = new MemPool({ size: 1 << 20 });
const pooled = new Uint32Array(pool.buf);
await serveAllocations(
  { kmalloc: (bytes) => pool.malloc(bytes), kfree: (address) => pool.free(address) },
  {
    storePlain: (address, value) => {
      pooled[address >>> 2] = value;
    },
  },
);
