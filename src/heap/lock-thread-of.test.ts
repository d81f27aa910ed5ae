import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeHost } from '../../tests/support/fake-host.js';
import { partsOf } from '../../tests/support/stage.js';
import { Heap } from '../shared-heap.js';
import { ContextError } from '../threads/context.js';
import type { WaitRight } from '../words/host.js';
import { TINY } from './heap-options.js';
import { lockThreadOf } from './lock-thread-of.js';

function makeThread(waitRight: WaitRight = 'may-wait') {
  const host = new FakeHost(waitRight);
  const heap = Heap.create(TINY, { host });
  return { host, heap, thread: lockThreadOf(partsOf(heap)) };
}

test('lockThreadOf, is the thread of the heap: its slot, tag, words and observer', () => {
  const { heap, thread } = makeThread();
  const parts = partsOf(heap);
  assert.equal(thread.slot, parts.membership.slot);
  assert.equal(thread.tag, parts.ownerTag);
  assert.equal(thread.words, parts.words);
  assert.equal(thread.observer, parts.fittings.observer);
  assert.equal(thread.isAttached, true);
});

test('maySleep, is false in a turn of any heap of the thread, and where the thread may not wait', () => {
  const { host, heap, thread } = makeThread();
  assert.equal(thread.maySleep(), true);
  heap.kfree(heap.kmalloc(8));
  assert.equal(thread.maySleep(), false);
  host.runMicrotasks();
  assert.equal(thread.maySleep(), true);
  heap.turn(() => assert.equal(thread.maySleep(), false));
  const other = Heap.create(TINY, { host });
  other.kfree(other.kmalloc(8));
  assert.equal(thread.maySleep(), false);
  for (const right of ['may-spin', 'may-neither'] as const) {
    assert.equal(makeThread(right).thread.maySleep(), false);
  }
});

test('leaveTurns, ends the turns of all heaps of the thread, and throws inside turn(fn)', () => {
  const { host, heap, thread } = makeThread();
  const other = Heap.create(TINY, { host });
  heap.kfree(heap.kmalloc(8));
  other.kfree(other.kmalloc(8));
  thread.leaveTurns();
  assert.equal(partsOf(heap).turn.isOpen(), false);
  assert.equal(partsOf(other).turn.isOpen(), false);
  other.turn(() => assert.throws(() => thread.leaveTurns(), /inside turn\(fn\)/));
});

test('requireMayWait, names the operation where the thread may not wait', () => {
  makeThread().thread.requireMayWait('lockSync()');
  for (const right of ['may-spin', 'may-neither'] as const) {
    const { thread } = makeThread(right);
    assert.throws(
      () => thread.requireMayWait('lockSync()'),
      (error) => error instanceof ContextError && error.message.includes('lockSync()'),
    );
  }
});
