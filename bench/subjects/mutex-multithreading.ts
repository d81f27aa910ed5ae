/** The mutex of `multithreading`, by the constructor that it uses itself where a mutex arrives in another thread. */
import { serveMutex } from './mutex-loop.js';

/** The part that is used here. */
interface Mutex {
  blockingLock(): { dispose(): void };
  lock(): Promise<{ dispose(): void }>;
}

// Its pool of workers, which is not used here, asks for this; Node has it from version 21 on.
(globalThis as { navigator?: unknown }).navigator ??= { hardwareConcurrency: 2 };

const { Mutex } = (await import('multithreading' as string)) as {
  Mutex: new (data: undefined, lock: SharedArrayBuffer) => Mutex;
};

await serveMutex<SharedArrayBuffer>(new URL(import.meta.url), {
  create: () => new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
  loop(shared) {
    const mutex = new Mutex(undefined, shared);
    return (operations, counter) => {
      for (let i = 0; i < operations; i++) {
        const guard = mutex.blockingLock();
        counter[0]!++;
        guard.dispose();
      }
    };
  },
  hold(shared) {
    new Mutex(undefined, shared).blockingLock();
  },
  lockWithin(shared, limitMillis) {
    const locked = new Mutex(undefined, shared).lock().then(() => true);
    const tooLate = new Promise<boolean>((resolve) => setTimeout(resolve, limitMillis, false));
    return Promise.race([locked, tooLate]);
  },
});
