/**
 * Trylock, and where that fails lock: what an allocator does that asks for the right to spin only after the first try.
 * The failed try costs every waiter an exclusive request for the line before it begins to wait for it.
 */
import type { RawSpinLock } from '../../src/locks/raw-spin-lock.js';

export class TryThenLock {
  private readonly _lock: RawSpinLock;

  constructor(lock: RawSpinLock) {
    this._lock = lock;
  }

  acquire(): void {
    if (!this._lock.tryAcquire()) this._lock.acquire();
  }

  release(): void {
    this._lock.release();
  }
}
