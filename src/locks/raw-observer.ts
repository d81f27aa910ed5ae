/**
 * RawObserver: in a heap whose zone lock may be taken as a raw one, all of the allocator's locks are raw locks: they spin
 * on every platform, so that who is inside a raw lock may take them. This is what the observer is told then.
 */
import { type LockClass, type LockObserver, UNOBSERVED, WAIT } from './lock-class.js';
import { BARN_LOCK, SLAB_LIST_LOCK, THREAD_PAGES_LOCK, ZONE_LOCK } from './lull-classes.js';

const RAW: ReadonlyMap<LockClass, LockClass> = new Map([
  [SLAB_LIST_LOCK, rawOf(SLAB_LIST_LOCK)],
  [BARN_LOCK, rawOf(BARN_LOCK)],
  [THREAD_PAGES_LOCK, rawOf(THREAD_PAGES_LOCK)],
  [ZONE_LOCK, rawOf(ZONE_LOCK)],
]);

function rawOf(lock: LockClass): LockClass {
  return { ...lock, outer: WAIT.spin, inner: WAIT.spin };
}

/** Tells `observer` of the allocator's locks as raw ones, and of all others as they are. */
export function rawObserver(observer: LockObserver): LockObserver {
  return observer === UNOBSERVED ? observer : new RawObserver(observer);
}

class RawObserver implements LockObserver {
  private readonly _observer: LockObserver;

  constructor(observer: LockObserver) {
    this._observer = observer;
  }

  lockAcquire(lock: LockClass, instance: number, how: number, nestLock?: number): void {
    this._observer.lockAcquire(RAW.get(lock) ?? lock, instance, how, nestLock);
  }

  lockAwait(lock: LockClass, instance: number, how: number): void {
    this._observer.lockAwait(RAW.get(lock) ?? lock, instance, how);
  }

  lockGranted(lock: LockClass, instance: number, how: number, granted: object): void {
    this._observer.lockGranted(RAW.get(lock) ?? lock, instance, how, granted);
  }

  lockRelease(lock: LockClass, instance: number): void {
    this._observer.lockRelease(RAW.get(lock) ?? lock, instance);
  }
}
