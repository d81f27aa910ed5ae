import assert from 'node:assert/strict';
import { heapTest, partsOf } from '../../tests/support/stage.js';
import { RCU_HEAD } from '../layout/thread-slot.js';
import { MemoryCorruptionError } from '../pages/memory-corruption-error.js';

const BYTES = 64;
const WORDS = BYTES / 4;
const SIZES = { all: { debug: true }, tiny: { pages: 128 } };

function isDoubleCall(...parts: RegExp[]): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof MemoryCorruptionError, String(error));
    assert.equal(error.kind, 'double-call');
    for (const part of parts) assert.match(error.message, part);
    return true;
  };
}

heapTest(
  'rcu.call() of a head that waits is reported with the stack of the first call, and is not queued twice',
  (stage) => {
    const { heap } = stage;
    const called: number[] = [];
    const id = heap.rcu.register('note', (head) => void called.push(head));
    const p = stage.hold(heap.kmalloc(BYTES));
    function callFirst(): void {
      heap.rcu.call(p, id);
    }
    callFirst();
    const again = stage.hold(heap.kmalloc(BYTES));
    heap.rcu.call(again, id);
    assert.throws(
      () => heap.rcu.call(p, id),
      isDoubleCall(
        new RegExp(`RcuHead at address ${p}, which waits already for callback ${id}`),
        /called first by slot 0/,
        /callFirst/,
      ),
    );
    stage.endTurns();
    assert.deepEqual(called, [p, again]);
  },
  SIZES,
);

heapTest(
  'rcu.call() of a head that waits on the list of another thread is reported, though not where it was called',
  (stage) => {
    const { heap } = stage;
    const other = stage.attach();
    const id = heap.rcu.register('note', () => {});
    assert.equal(
      other.heap.rcu.register('note', () => {}),
      id,
    );
    const p = stage.hold(heap.kmalloc(BYTES));
    heap.rcu.call(p, id);
    assert.throws(() => other.heap.rcu.call(p, id), isDoubleCall(/called first by another thread/));
    stage.endTurns();
    stage.pass(5);
    other.heap.rcu.call(p, id);
    stage.endTurns();
    assert.equal(stage.stats().callbacksInvoked, 2);
  },
  SIZES,
);

heapTest(
  'rcu.call() takes a head again once its callback is called, and from inside of it',
  (stage) => {
    const { heap } = stage;
    let calls = 0;
    const id = heap.rcu.register('again', (head) => {
      if (++calls < 3) heap.rcu.call(head, id);
    });
    const p = stage.hold(heap.kmalloc(BYTES));
    heap.rcu.call(p, id);
    stage.endTurns();
    stage.pass(20);
    assert.equal(calls, 3);
    heap.rcu.call(p, id);
    stage.endTurns();
    assert.equal(calls, 4);
  },
  SIZES,
);

heapTest(
  'rcu.call() takes a head whose words hold anything at all, also the id of a callback',
  (stage) => {
    const { heap } = stage;
    const id = heap.rcu.register('note', () => {});
    const p = stage.hold(heap.kmalloc(BYTES));
    for (const func of [id, id + 1, -1, 0x7fffffff]) {
      heap.words.storePlain(p + RCU_HEAD.next, func);
      heap.words.storePlain(p + RCU_HEAD.func, func);
      heap.rcu.call(p, id);
      stage.endTurns();
      stage.pass(5);
    }
    assert.equal(stage.stats().callbacksInvoked, 4);
  },
  SIZES,
);

heapTest(
  'rcu.call() refuses a head in the red zone of an object, and in an object that is free or waits',
  (stage) => {
    const { heap } = stage;
    const id = heap.rcu.register('note', () => {});
    const p = stage.hold(heap.kmalloc(BYTES));
    heap.rcu.call(p + WORDS - 2, id);
    for (const head of [p - 1, p + WORDS - 1, p + WORDS]) {
      assert.throws(() => heap.rcu.call(head, id), { name: 'RangeError' }, `word ${head - p}`);
    }
    const freed = heap.kmalloc(BYTES);
    heap.kfree(freed);
    assert.throws(
      () => heap.rcu.call(freed, id),
      /in the object of 64 bytes at address \d+, but it is free already/,
    );
    const retired = heap.kmalloc(BYTES);
    heap.kfreeRcu(retired);
    assert.throws(() => heap.rcu.call(retired, id), /but it was freed already, and waits for a grace period/);
    stage.settle();
    assert.equal(partsOf(heap).callbacks.isWaiting(), false);
  },
  SIZES,
);

heapTest(
  'rcu.call() of a head that overlaps one that waits is reported, and is not queued',
  (stage) => {
    const { heap } = stage;
    const called: number[] = [];
    const id = heap.rcu.register('note', (head) => void called.push(head));
    const p = stage.hold(heap.kmalloc(BYTES));
    heap.rcu.call(p + 4, id);
    for (const head of [p + 3, p + 5]) {
      assert.throws(
        () => heap.rcu.call(head, id),
        isDoubleCall(new RegExp(`RcuHead at address ${p + 4}, which waits already`)),
      );
    }
    heap.rcu.call(p + 6, id);
    heap.rcu.call(p + 2, id);
    stage.endTurns();
    assert.deepEqual(called, [p + 4, p + 6, p + 2]);
  },
  SIZES,
);

heapTest(
  'an object or block in which an RcuHead waits is not freed, in any way, and is once its callback is called',
  (stage) => {
    const { heap } = stage;
    const called: number[] = [];
    const id = heap.rcu.register('note', (head) => void called.push(head));
    const small = heap.kmalloc(BYTES);
    const large = heap.kmalloc(3 * 4096);
    const pages = heap.allocPages(0);
    function callFirst(head: number): void {
      heap.rcu.call(head, id);
    }
    for (const p of [small, large, pages]) {
      callFirst(p + 2);
      const frees: (() => void)[] = [() => heap.kfree(p), () => heap.kfreeRcu(p), () => heap.kfreeNolock(p)];
      if (p !== pages) frees.push(() => heap.kfreeRcuMightsleep(p));
      for (const free of frees) {
        assert.throws(free, (error) => {
          assert.ok(error instanceof MemoryCorruptionError, String(error));
          assert.equal(error.kind, 'double-free');
          assert.match(error.message, /RcuHead at word 2 of it waits for its callback/);
          assert.match(error.message, /callFirst/);
          return true;
        });
      }
    }
    stage.endTurns();
    assert.deepEqual(called, [small + 2, large + 2, pages + 2]);
    heap.kfree(small);
    heap.kfreeRcu(large);
    heap.kfree(pages);
    stage.settle();
  },
  SIZES,
);
