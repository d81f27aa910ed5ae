/**
 * The textbook's mutex on Atomics: 0 free, 1 taken, 2 taken and waited for. No owner, no order, no queue: what most
 * packages and articles have, at its fastest.
 *
 * Follows Drepper, Futexes are tricky (2011), mutex 2.
 */
import { serveMutex } from './mutex-loop.js';

const FREE = 0;
const TAKEN = 1;
const WAITED_FOR = 2;

class FutexMutex {
  private readonly _word: Int32Array;

  constructor(shared: SharedArrayBuffer) {
    this._word = new Int32Array(shared);
  }

  lock(): void {
    if (Atomics.compareExchange(this._word, 0, FREE, TAKEN) === FREE) return;
    while (Atomics.exchange(this._word, 0, WAITED_FOR) !== FREE) Atomics.wait(this._word, 0, WAITED_FOR);
  }

  unlock(): void {
    if (Atomics.exchange(this._word, 0, FREE) === WAITED_FOR) Atomics.notify(this._word, 0, 1);
  }

  /** True when it was locked within `limitMillis`. */
  tryLockFor(limitMillis: number): boolean {
    if (Atomics.exchange(this._word, 0, WAITED_FOR) === FREE) return true;
    Atomics.wait(this._word, 0, WAITED_FOR, limitMillis);
    return Atomics.exchange(this._word, 0, WAITED_FOR) === FREE;
  }
}

await serveMutex<SharedArrayBuffer>(new URL(import.meta.url), {
  create: () => new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
  loop(shared) {
    const mutex = new FutexMutex(shared);
    return (operations, counter) => {
      for (let i = 0; i < operations; i++) {
        mutex.lock();
        counter[0]!++;
        mutex.unlock();
      }
    };
  },
  hold(shared) {
    new FutexMutex(shared).lock();
  },
  lockWithin: (shared, limitMillis) => Promise.resolve(new FutexMutex(shared).tryLockFor(limitMillis)),
});
