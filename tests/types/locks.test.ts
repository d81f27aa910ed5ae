/**
 * What the types of locks refuse, and what they allow: each `@ts-expect-error` is an error of its own where the line
 * below it compiles. The tests run what they can, so that the types are held against what is there.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LOCK_KIND } from '../../src/layout/lock-record.js';
import { LocalLock } from '../../src/locks/local-lock.js';
import { LocalTrylock } from '../../src/locks/local-trylock.js';
import { Mutex, type MutexGuard } from '../../src/locks/mutex.js';
import { type Permit, Semaphore } from '../../src/locks/semaphore.js';
import { SeqLock } from '../../src/locks/seq-lock.js';
import { LockStage } from '../support/lock-stage.js';

/** The operations that both local locks have: code over them takes either. */
interface AnyLocalLock {
  acquire(): void;
  release(): void;
}

function makeLocks() {
  const stage = new LockStage({
    kind: LOCK_KIND.mutex,
    more: [
      { kind: LOCK_KIND.semaphore, size: 1 },
      { kind: LOCK_KIND.seqLock, size: 2 },
    ],
  });
  const [mine] = stage.threads;
  const [mutex, semaphore, seqLock] = stage.records;
  return {
    stage,
    mutex: new Mutex(mine!, mutex!, 'orders'),
    semaphore: new Semaphore(mine!, semaphore!, 'jobs'),
    seqLock: new SeqLock(mine!, seqLock!, 'position'),
    localLock: new LocalLock('sheaves', 8),
    localTrylock: new LocalTrylock(stage.words, stage.spare),
  };
}

test('LocalLock, has no tryAcquire: it could not tell whether it is taken', () => {
  const { localLock } = makeLocks();
  // @ts-expect-error: tryAcquire is LocalTrylock's alone
  assert.equal(localLock.tryAcquire, undefined);
  // @ts-expect-error: nor is a LocalLock taken where a LocalTrylock is asked for
  const asTrylock: LocalTrylock = localLock;
  assert.ok(!('tryAcquire' in asTrylock));
});

test('LocalTrylock, has tryAcquire, and else the names of LocalLock', () => {
  const { localLock, localTrylock } = makeLocks();
  const inside: boolean = localTrylock.tryAcquire();
  assert.equal(inside, true);
  localTrylock.release();
  for (const lock of [localLock, localTrylock] satisfies AnyLocalLock[]) {
    lock.acquire();
    lock.release();
  }
});

test('MutexGuard and Permit, are Disposable: `using` releases them', () => {
  const { mutex, semaphore } = makeLocks();
  {
    using guard: Disposable & MutexGuard = mutex.lockSync();
    using permit: Disposable & Permit = semaphore.acquireSync();
    assert.deepEqual(
      [guard.ownerDied, mutex.tryLock(), semaphore.tryAcquire()],
      [false, undefined, undefined],
    );
    assert.ok(permit);
  }
  mutex.lockSync().release();
  semaphore.acquireSync().release();
});

test('MutexGuard and Permit, cannot be made by hand', () => {
  const made = { ownerDied: false, markConsistent() {}, release() {}, [Symbol.dispose]() {} };
  // @ts-expect-error: a guard comes from its mutex
  const guard: MutexGuard = made;
  // @ts-expect-error: a permit comes from its semaphore
  const permit: Permit = made;
  const { mutex } = makeLocks();
  assert.throws(() => mutex.requireHeldBy(guard, 'release()'), /released before/);
  assert.equal(permit, made);
});

test('tryLock() and tryAcquire() may give nothing, which the types make the caller look at', () => {
  const { mutex, semaphore } = makeLocks();
  // @ts-expect-error: the guard may be undefined
  const guard: MutexGuard = mutex.tryLock();
  // @ts-expect-error: the permit may be undefined
  const permit: Permit = semaphore.tryAcquire();
  assert.equal(mutex.tryLock(), undefined);
  assert.equal(semaphore.tryAcquire(), undefined);
  guard.release();
  permit.release();
});

test('SeqLock, writes numbers or what a synchronous function makes of them', () => {
  const { seqLock } = makeLocks();
  seqLock.write([1, 2]);
  seqLock.write(new Int32Array([3, 4]));
  seqLock.write((current: Int32Array) => void current.fill(5));
  // @ts-expect-error: words are numbers
  const asText = () => seqLock.write(['1', '2', '3']);
  assert.throws(asText, RangeError);
  assert.deepEqual([...seqLock.read()], [5, 5]);
});
