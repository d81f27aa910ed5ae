import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LockClass, type LockObserver, UNOBSERVED, WAIT } from './lock-class.js';
import { LULL_CLASSES, SLAB_LIST_LOCK } from './lull-classes.js';
import { rawObserver } from './raw-observer.js';

/** Notes which class it was told of, by each call. */
class Noting implements LockObserver {
  readonly told: LockClass[] = [];
  lockAcquire(lock: LockClass): void {
    this.told.push(lock);
  }
  lockAwait(lock: LockClass): void {
    this.told.push(lock);
  }
  lockGranted(lock: LockClass): void {
    this.told.push(lock);
  }
  lockRelease(lock: LockClass): void {
    this.told.push(lock);
  }
}

test('rawObserver(), tells of the allocator’s locks as raw ones, by the same name and rank, and of others as they are', () => {
  for (const lock of LULL_CLASSES) {
    const noting = new Noting();
    const observer = rawObserver(noting);
    observer.lockAcquire(lock, 1, 0);
    observer.lockAwait(lock, 1, 0);
    observer.lockGranted(lock, 1, 0, {});
    observer.lockRelease(lock, 1);
    const isAllocators = lock.rank >= SLAB_LIST_LOCK.rank;
    const expected = isAllocators ? { ...lock, inner: WAIT.spin, outer: WAIT.spin } : lock;
    assert.deepEqual(noting.told, [expected, expected, expected, expected]);
    assert.equal(new Set(noting.told).size, 1, 'one class, whatever is told of it');
  }
});

test('rawObserver(), leaves who observes nothing as it is: locks ask for it by identity', () => {
  assert.equal(rawObserver(UNOBSERVED), UNOBSERVED);
});
