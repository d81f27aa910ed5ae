/**
 * A stack overflow is a death that the thread survives: wherever in an operation the stack ends, no lock stays held,
 * the books balance, and the thread goes on.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeHost } from '../../tests/support/fake-host.js';
import { Heap } from '../shared-heap.js';
import type { Address } from '../words/units.js';

const OBJECT_BYTES = [8, 100, 700, 3000];
/** Calls on the way back from the stack's end; the last ones have room enough. A debug heap takes its callers' stacks. */
const CALLS = { plain: 400, debug: 1500 };

/**
 * Goes to the end of the stack, and on the way back calls `operation` from each frame, so that the stack ends
 * everywhere in it. Returns in how many of the calls it ended, at `most` as many as there are.
 */
function callAtStackEnd(operation: () => void, most: number): number {
  let calls = 0;
  let overflows = 0;
  const descend = (): void => {
    try {
      descend();
    } catch (error) {
      if (!isOverflow(error)) throw error;
      if (calls++ >= most) return;
      try {
        operation();
      } catch (inner) {
        if (!isOverflow(inner)) throw inner;
        overflows++;
      }
      throw error;
    }
  };
  descend();
  return overflows;
}

function isOverflow(error: unknown): boolean {
  return error instanceof RangeError && /call stack/.test(error.message);
}

for (const debug of [false, true]) {
  test(`Heap, survives a stack overflow in any operation, ${debug ? 'debug' : 'plain'} heap`, () => {
    const heap = Heap.create(
      { bytes: 64 * 2 ** 20, spinRounds: 1000, debug, validate: false },
      { host: new FakeHost() },
    );
    const most = CALLS[debug ? 'debug' : 'plain'];
    const held: Address[] = [];
    let calls = 0;
    let overflows = 0;
    const free = heap.rcu.register('free', (head) => heap.kfree(head as Address));
    const operations = {
      kmalloc: () => held.push(heap.kmalloc(OBJECT_BYTES[calls++ % OBJECT_BYTES.length]!)),
      // An object is off the array only when it is free.
      kfree: () => {
        if (held.length === 0) return;
        heap.kfree(held[held.length - 1]!);
        held.length--;
      },
      pages: () => heap.freePages(heap.allocPages(calls++ % 6)),
      // An object is off the array only when its callback waits.
      rcuCall: () => {
        if (held.length === 0) return;
        heap.rcu.call(held[held.length - 1]!, free);
        held.length--;
      },
    };
    // A function's first call takes far more of the stack, for the engine to compile it.
    for (let i = 0; i < 9000; i++) operations.kmalloc();
    for (let i = 0; i < 4000; i++) operations.kfree();
    for (let i = 0; i < 300; i++) operations.pages();
    for (let i = 0; i < 500; i++) operations.rcuCall();
    heap.quiesce();
    for (const [name, operation] of Object.entries(operations)) {
      for (let round = 0; round < 3; round++) {
        const inThisRound = callAtStackEnd(operation, most);
        assert.ok(inThisRound < most, `${name}: each of ${most} calls overflowed`);
        overflows += inThisRound;
        heap.quiesce();
      }
      assert.deepEqual(heap.balance({ held }).problems, [], name);
    }
    assert.ok(overflows > 0, 'no call met the end of the stack');
    heap.rcu.barrierSync();
    assert.deepEqual([heap.stats().callbacksWaiting, heap.stats().callbackErrors], [0, 0]);
    heap.kfreeBulk(held);
    for (let order = 0; order <= 5; order++) heap.freePages(heap.allocPages(order));
    assert.deepEqual(heap.balance().problems, []);
  });
}
