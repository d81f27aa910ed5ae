import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LockTimeoutError, NotRecoverableError, titleOf, usedAfterDetach } from './lock-errors.js';
import { ownerTag } from './owner.js';

test('LockTimeoutError, names the lock, how long it was waited for, and who holds it', () => {
  const error = new LockTimeoutError('zone 3', ownerTag(4, 9), '20 looks', 'Try later.');
  assert.equal(
    error.message,
    'gave up waiting for lock zone 3 after 20 looks: thread slot 4 holds it. Try later.',
  );
  assert.deepEqual([error.name, error.lockName, error.ownerSlot], ['LockTimeoutError', 'zone 3', 4]);
});

test('LockTimeoutError, says so where there is no one owner, and what to do about a lock of the heap', () => {
  const error = new LockTimeoutError('zone 3', 0, '5 ms');
  assert.match(error.message, /: others hold it\. If that thread was terminated, .* create a new one\.$/);
  assert.equal(error.ownerSlot, -1);
});

test('LockTimeoutError, calls a named lock by its kind, and says where another task of the thread holds it', () => {
  const own = ownerTag(4, 9);
  const error = new LockTimeoutError("mutex 'a'", own, '5 ms', 'Try later.', own);
  assert.equal(
    error.message,
    "gave up waiting for mutex 'a' after 5 ms: another task of this thread holds it. Let it go there first, or wait for longer.",
  );
  assert.deepEqual([error.lockName, error.ownerSlot], ["mutex 'a'", 4]);
  const others = new LockTimeoutError("mutex 'a'", ownerTag(4, 8), '5 ms', 'Try later.', own);
  assert.match(others.message, /: thread slot 4 holds it\./);
});

test('titleOf, says lock but where the kind is named already', () => {
  assert.deepEqual(['zone 3', "rwlock 'a'"].map(titleOf), ['lock zone 3', "rwlock 'a'"]);
});

test('usedAfterDetach, names the operation and the lock, and says what to do', () => {
  assert.equal(
    usedAfterDetach('tryLock()', "mutex 'a'").message,
    "used a lock of a heap after detach(): called tryLock() of mutex 'a'; attach to the heap again, and take the lock " +
      'from the new Heap object',
  );
});

test('NotRecoverableError, names the lock and says what to do', () => {
  const error = new NotRecoverableError("mutex 'a'");
  assert.match(error.message, /^locked mutex 'a', .* without markConsistent\(\)\. Make what it guards anew/);
  assert.deepEqual([error.name, error.lockName], ['NotRecoverableError', "mutex 'a'"]);
});
