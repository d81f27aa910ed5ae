import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBareHeap } from '../../tests/support/bare-heap.js';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { markDead } from '../threads/liveness.js';
import { joinHeap } from '../threads/thread-registry.js';
import { NativeWords } from '../words/native-words.js';
import { LockTimeoutError, NotRecoverableError, titleOf, usedAfterDetach } from './lock-errors.js';
import { holderOf, type LockHolder } from './lock-holder.js';
import { ownerTag } from './owner.js';

const OWN = ownerTag(4, 9);
const ALIVE: LockHolder = { tag: OWN, slot: 4, name: 'worker 2', state: 'alive' };
const NOBODY: LockHolder = { tag: 0, slot: -1, name: '', state: 'unknown' };

test('LockTimeoutError, names the lock, how long it was waited for, and who holds it', () => {
  const error = new LockTimeoutError('zone 3', ALIVE, '20 looks', 'Try later.');
  assert.equal(
    error.message,
    "gave up waiting for lock zone 3 after 20 looks: thread slot 4 ('worker 2', not known to have ended) holds it. Try later.",
  );
  assert.deepEqual([error.name, error.lockName, error.ownerSlot], ['LockTimeoutError', 'zone 3', 4]);
  assert.deepEqual([error.ownerName, error.ownerState], ['worker 2', 'alive']);
});

test('LockTimeoutError, says what to await, by what is known of the holder', () => {
  const advised = (state: LockHolder['state']) =>
    new LockTimeoutError('zone 3', { ...ALIVE, state }, '5 ms').message.replace(/^.* holds it\. /, '');
  assert.match(
    advised('alive'),
    /If its worker was terminated, .* await heap\.terminate\(worker\), .* try again\.$/,
  );
  assert.match(advised('dead'), /being taken over: return to the event loop, and try again\.$/);
  assert.equal(advised('left'), 'Try again; it is held for a moment at a time.');
});

test('LockTimeoutError, says so where there is no one owner', () => {
  const error = new LockTimeoutError('zone 3', NOBODY, '5 ms');
  assert.match(error.message, /: others hold it\. Try again; /);
  assert.equal(error.ownerSlot, -1);
});

test('LockTimeoutError, calls a named lock by its kind, and says where another task of the thread holds it', () => {
  const error = new LockTimeoutError("mutex 'a'", ALIVE, '5 ms', 'Try later.', OWN);
  assert.equal(
    error.message,
    "gave up waiting for mutex 'a' after 5 ms: another task of this thread holds it. Let it go there first, or wait for longer.",
  );
  assert.deepEqual([error.lockName, error.ownerSlot], ["mutex 'a'", 4]);
  const others = new LockTimeoutError("mutex 'a'", ALIVE, '5 ms', 'Try later.', ownerTag(5, 1));
  assert.match(others.message, /: thread slot 4 \('worker 2', /);
});

test('holderOf, tells a thread that lives from one that is dead, has left, or is none', () => {
  const { words, geometry } = formatBareHeap(CONFIGURATIONS[0]!.options);
  const member = joinHeap(words, geometry, 'the holder', false, 7);
  const tag = ownerTag(member.slot, member.generation);
  const { slot } = member;
  assert.deepEqual(holderOf(words, tag), { tag, slot, name: 'the holder', state: 'alive' });
  const later = ownerTag(slot, member.generation + 1);
  assert.deepEqual(holderOf(words, later), { tag: later, slot, name: '', state: 'left' });
  markDead(words, geometry, 7);
  assert.deepEqual(holderOf(words, tag), { tag, slot, name: 'the holder', state: 'dead' });
  assert.equal(holderOf(words, 0).state, 'unknown');
  assert.equal(holderOf(words, ownerTag(geometry.slots, 1)).state, 'unknown');
});

test('holderOf, knows of nobody outside of a heap', () => {
  const words = new NativeWords(new SharedArrayBuffer(4096));
  assert.deepEqual(holderOf(words, OWN), { tag: OWN, slot: 4, name: '', state: 'unknown' });
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
