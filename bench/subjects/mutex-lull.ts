/** Lull's named mutex. */
import { Heap, type HeapHandle } from '../../src/index.js';
import { serveMutex } from './mutex-loop.js';

interface Shared {
  readonly handle: HeapHandle;
  readonly name: string;
}

/** A dead thread's slot stays taken, so a heap serves so many trials. */
const TRIALS_A_HEAP = 200;

/** By buffer. */
const heaps = new Map<SharedArrayBuffer, Heap>();
let own: Heap | undefined;
let made = 0;

function mutexOf({ handle, name }: Shared) {
  let heap = heaps.get(handle.buffer);
  if (heap === undefined) {
    heap = Heap.attach(handle);
    heaps.set(handle.buffer, heap);
  }
  return heap.mutex(name);
}

await serveMutex<Shared>(new URL(import.meta.url), {
  create() {
    if (own === undefined || made % TRIALS_A_HEAP === 0) {
      own = Heap.create({ bytes: 16 * 2 ** 20, threads: 255 });
    }
    heaps.set(own.handle.buffer, own);
    return { handle: own.handle, name: `bench ${made++}` };
  },
  loop(shared) {
    const mutex = mutexOf(shared);
    return (operations, counter) => {
      for (let i = 0; i < operations; i++) {
        const guard = mutex.lockSync();
        counter[0]!++;
        guard.release();
      }
    };
  },
  hold(shared) {
    mutexOf(shared).lockSync();
  },
  async lockWithin(shared, limitMillis) {
    const guard = await mutexOf(shared)
      .lock({ timeoutMillis: limitMillis })
      .catch(() => undefined);
    return guard?.ownerDied === true;
  },
});
