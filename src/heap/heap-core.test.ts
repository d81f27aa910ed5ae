import assert from 'node:assert/strict';
import { assertBalanced } from '../../tests/support/balanced.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { heapTest, partsOf, plainHeapsOnly } from '../../tests/support/stage.js';
import { HEADER } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { SLOT, SLOT_STATE, TURN_OPEN } from '../layout/thread-slot.js';
import { __GFP_DIRECT_RECLAIM, __GFP_ZERO, GFP_ATOMIC, GFP_NOLOCK, GFP_NOWAIT } from '../pages/gfp.js';
import { Heap } from '../shared-heap.js';
import { ContextError } from '../threads/context.js';
import { NoFreeSlotError } from '../threads/thread-registry.js';
import type { Address } from '../words/units.js';
import { PAGE_BYTES } from '../words/units.js';
import { OutOfMemoryError } from './heap-errors.js';

plainHeapsOnly();

const SMALL = { all: { minFreePages: 0 }, tiny: { pages: 64 } };

const stateOf = (heap: Heap, slot: number): number =>
  heap.words.load(slotStart(heap.geometry, slot) + SLOT.state);
const isInTurn = (heap: Heap): boolean =>
  (heap.words.load(partsOf(heap).membership.start + SLOT.turn) & TURN_OPEN) !== 0;

heapTest('attach() gives each thread a slot of its own, and all see the same words', (stage) => {
  const { heap } = stage;
  const others = [stage.attach().heap, stage.attach().heap];
  assert.deepEqual(
    [heap, ...others].map((each) => partsOf(each).membership.slot),
    [0, 1, 2],
  );
  const p = stage.hold(heap.kmalloc(64));
  heap.words.store(p, 99);
  for (const other of others) assert.equal(other.words.load(p), 99);
  assert.deepEqual(others[0]!.geometry, heap.geometry);
  assert.deepEqual(
    stage.stats().threads.map(({ name }) => name),
    ['main', 'other', 'other'],
  );
});

heapTest(
  'attach() to a heap whose slots are all taken throws NoFreeSlotError; detach() makes room',
  (stage) => {
    const actors = Array.from({ length: stage.heap.geometry.slots - 1 }, () => stage.attach());
    assert.throws(() => stage.attach(), NoFreeSlotError);
    assert.throws(
      () => stage.attach(),
      /thread slots are taken; detach\(\) a thread, or create the heap with a larger `threads`/,
    );
    actors[1]!.heap.detach();
    assert.equal(partsOf(stage.attach().heap).membership.slot, 2);
    assert.throws(() => stage.attach(), NoFreeSlotError);
  },
);

heapTest(
  'detach() gives back the slot and everything that the thread kept',
  (stage) => {
    const { heap, host } = stage.attach();
    const p = stage.hold(heap.kmalloc(100));
    for (let i = 0; i < 50; i++) heap.kfree(heap.kmalloc(8 * (i % 9) + 8));
    heap.freePages(heap.allocPages(2));
    heap.detach();
    assert.equal(stateOf(stage.heap, 1), SLOT_STATE.free);
    assert.equal(stage.words.load(slotStart(stage.heap.geometry, 1) + SLOT.listPages), 0);
    assert.deepEqual([host.entered.size, host.exitTasks.size, host.timers.length], [0, 0, 0]);
    stage.balance();
    stage.held.delete(p);
    stage.heap.kfree(p);
  },
  SMALL,
);

heapTest(
  'detach() a second time does nothing, though another thread has the slot by then',
  (stage) => {
    const first = stage.attach();
    first.heap.kfree(first.heap.kmalloc(8));
    first.heap.detach();
    const second = stage.attach();
    assert.equal(partsOf(second.heap).membership.slot, 1);
    const p = stage.hold(second.heap.kmalloc(8));
    first.heap.detach();
    first.host.runMicrotasks();
    assert.equal(stateOf(stage.heap, 1), SLOT_STATE.live);
    assert.equal(isInTurn(second.heap), true);
    assert.ok(p > 0);
  },
  SMALL,
);

heapTest(
  'detach() with objects that wait on leaves them to others, and no timer behind',
  (stage) => {
    const leaver = stage.attach();
    const blocker = stage.attach();
    partsOf(blocker.heap).turn.pin();
    leaver.heap.kfreeRcu(leaver.heap.kmalloc(64));
    leaver.host.runMicrotasks();
    leaver.heap.kfreeRcu(leaver.heap.kmalloc(64));
    leaver.heap.detach();
    assert.deepEqual(leaver.host.timers, []);
    leaver.host.advance(1000);
    assert.equal(stage.stats().objectsWaiting, 2);
    blocker.heap.detach();
    partsOf(stage.heap).turn.pin();
    stage.settle();
  },
  SMALL,
);

heapTest(
  'every operation after detach() throws an error that says so',
  (stage) => {
    const { heap, host } = stage.attach();
    const p = stage.hold(heap.kmalloc(64));
    const cache = heap.slabCache('things', 24);
    heap.detach();
    const calls: Record<string, () => unknown> = {
      kmalloc: () => heap.kmalloc(8),
      kfree: () => heap.kfree(p),
      kfreeBulk: () => heap.kfreeBulk([p]),
      kfreeRcu: () => heap.kfreeRcu(p),
      allocPages: () => heap.allocPages(0),
      freePages: () => heap.freePages(p),
      allocPagesNolock: () => heap.allocPagesNolock(0),
      freePagesNolock: () => heap.freePagesNolock(p),
      slabCache: () => heap.slabCache('others', 24),
      turn: () => heap.turn(() => {}),
      shrink: () => heap.shrink(),
      synchronizeRcuSync: () => heap.synchronizeRcuSync(),
      alloc: () => cache.alloc(),
      free: () => cache.free(p),
    };
    for (const [name, call] of Object.entries(calls)) {
      assert.throws(
        call,
        /used a heap after detach\(\): attach to it again, and use the new Heap object/,
        name,
      );
    }
    host.runMicrotasks();
    assert.equal(stateOf(stage.heap, 1), SLOT_STATE.free);
  },
  SMALL,
);

heapTest(
  'detach() inside turn(fn) throws, and the thread stays',
  (stage) => {
    const { heap } = stage.attach();
    heap.turn(() => assert.throws(() => heap.detach(), /inside turn\(fn\)/));
    stage.heap.kfree(heap.kmalloc(8));
    heap.detach();
  },
  SMALL,
);

heapTest(
  'a thread that ends in an orderly way detaches',
  (stage) => {
    const { heap, host } = stage.attach();
    const other = Heap.attach(stage.heap.handle, {}, { host });
    stage.heap.kfree(heap.kmalloc(64));
    heap.kfreeRcu(other.kmalloc(64));
    assert.equal(host.exitTasks.size, 2);
    host.exit();
    assert.deepEqual([stateOf(stage.heap, 1), stateOf(stage.heap, 2)], [SLOT_STATE.free, SLOT_STATE.free]);
    assert.equal(host.exitTasks.size, 0);
  },
  SMALL,
);

heapTest(
  'a thread that ends in an orderly way inside turn(fn) detaches too',
  (stage) => {
    const { heap, host } = stage.attach();
    heap.turn(() => {
      stage.heap.kfree(heap.kmalloc(64));
      host.exit();
      assert.equal(stateOf(stage.heap, 1), SLOT_STATE.free);
    });
  },
  SMALL,
);

heapTest(
  'a thread can be in several heaps at once, and twice in one',
  (stage) => {
    const { host } = stage;
    const other = Heap.create(stage.options, { host });
    const twice = Heap.attach(other.handle, {}, { host });
    const [a, b, c] = [stage.heap.kmalloc(64), other.kmalloc(64), twice.kmalloc(64)];
    assert.notEqual(b, c);
    assert.deepEqual([stage.heap, other, twice].map(isInTurn), [true, true, true]);
    host.runMicrotasks();
    assert.deepEqual([stage.heap, other, twice].map(isInTurn), [false, false, false]);
    stage.heap.kfree(a);
    other.kfreeBulk([b, c]);
    host.runMicrotasks();
    assertBalanced(other);
    other.detach();
    assert.equal(twice.kmalloc(8) > 0, true);
  },
  SMALL,
);

heapTest(
  'a turn lasts from the first operation to the end of the synchronous run',
  (stage) => {
    const { heap, host } = stage;
    assert.equal(isInTurn(heap), false);
    const p = heap.kmalloc(8);
    assert.equal(isInTurn(heap), true);
    heap.kfree(p);
    assert.equal(host.microtasks, 1);
    host.runMicrotasks();
    assert.equal(isInTurn(heap), false);
  },
  SMALL,
);

heapTest(
  'turn() runs its function in a turn that ends with it, and nests',
  (stage) => {
    const { heap, host } = stage;
    const p = heap.turn(() => heap.turn(() => heap.kmalloc(8)));
    assert.equal(isInTurn(heap), false);
    assert.equal(host.microtasks, 0);
    heap.turn(() => heap.kfree(p));
    assert.throws(() => heap.turn(async () => {}), TypeError);
    assert.throws(() => heap.turn(() => heap.quiesce()), /quiesce\(\) inside turn\(fn\)/);
    assert.throws(() => heap.turn(() => heap.idle(() => {})), /waiting inside turn\(fn\)/);
  },
  SMALL,
);

heapTest(
  'idle() runs its function outside of any turn, and returns what it returned',
  (stage) => {
    const { heap } = stage;
    const other = stage.attach().heap;
    stage.hold(heap.kmalloc(8));
    const done = heap.idle(() => {
      assert.equal(isInTurn(heap), false);
      other.synchronizeRcuSync();
      return 'done';
    });
    assert.equal(done, 'done');
    stage.hold(heap.kmalloc(8));
    assert.equal(isInTurn(heap), true);
  },
  SMALL,
);

heapTest(
  'kmalloc() that finds nothing throws OutOfMemoryError, which says who holds what',
  (stage) => {
    const { heap } = stage;
    const { totalPages, firstPage } = heap.geometry;
    const blocks: Address[] = [];
    assert.throws(
      () => {
        for (;;) blocks.push(heap.allocPages(0));
      },
      (error: OutOfMemoryError) => {
        assert.ok(error instanceof OutOfMemoryError);
        assert.equal(error.name, 'OutOfMemoryError');
        assert.equal(error.requestedBytes, PAGE_BYTES);
        const pages = totalPages - firstPage;
        assert.equal(
          error.message.split('\n')[0],
          `no 4096 bytes are to be had: of ${pages} pages 0 are free and 0 kept by 1 thread. ` +
            'Free something, or create a larger heap.',
        );
        return true;
      },
    );
    assert.equal(blocks.length, totalPages - firstPage);
    assert.throws(() => heap.kmalloc(100), { name: 'OutOfMemoryError', requestedBytes: 100 });
    assert.throws(() => heap.slabCache('things', 100).alloc(), { name: 'OutOfMemoryError' });
    for (const p of blocks) heap.freePages(p);
  },
  SMALL,
);

heapTest(
  'without the right to wait an allocation that finds nothing returns 0',
  (stage) => {
    const { heap } = stage;
    const blocks: Address[] = [];
    for (let p = heap.allocPages(0, GFP_NOWAIT); p !== 0; p = heap.allocPages(0, GFP_NOWAIT)) blocks.push(p);
    for (const gfp of [GFP_NOWAIT, GFP_ATOMIC, GFP_NOLOCK, GFP_ATOMIC | __GFP_ZERO]) {
      assert.equal(heap.kmalloc(100, gfp), 0);
      assert.equal(heap.allocPages(1, gfp), 0);
    }
    assert.equal(heap.allocPagesNolock(0), 0);
    for (const p of blocks) heap.freePages(p);
  },
  SMALL,
);

heapTest(
  'every allocation refuses contradictory and unknown gfp with a TypeError, whatever is to be had',
  (stage) => {
    const { heap } = stage;
    const cache = heap.slabCache('things', 64);
    heap.kfree(heap.kmalloc(64));
    cache.free(cache.alloc());
    for (const gfp of [__GFP_DIRECT_RECLAIM, 1, 0x1000]) {
      assert.throws(() => heap.allocPages(0, gfp), TypeError);
      assert.throws(() => heap.kmalloc(64, gfp), TypeError);
      assert.throws(() => heap.kmalloc(10_000, gfp), TypeError);
      assert.throws(() => cache.alloc(gfp), TypeError);
    }
  },
  SMALL,
);

heapTest(
  'allocPages() of what is no order throws the RangeError of the page allocator',
  (stage) => {
    assert.throws(
      () => stage.heap.allocPages(11),
      /allocated pages of order 11; an order is an integer in 0\.\.10/,
    );
    assert.throws(() => stage.heap.allocPagesNolock(-1), /allocated pages of order -1/);
  },
  SMALL,
);

heapTest(
  'synchronizeRcu() resolves after every turn that was open at the call, and frees what waited',
  async (stage) => {
    const { heap, host } = stage;
    const other = stage.attach();
    const kept = stage.hold(other.heap.kmalloc(8));
    heap.kfreeRcu(heap.kmalloc(64));
    let resolved = false;
    const done = heap.synchronizeRcu().then(() => {
      resolved = true;
    });
    for (let i = 0; i < 5; i++) {
      host.advance(heap.geometry.pollMillis);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual([resolved, stage.stats().objectsWaiting], [false, 1]);
    other.host.runMicrotasks();
    host.advance(heap.geometry.pollMillis);
    await done;
    assert.equal(stage.stats().objectsWaiting, 0);
    assert.ok(kept > 0);
  },
  SMALL,
);

heapTest(
  'synchronizeRcuSync() leaves the turn, waits, and frees what this thread has waiting',
  (stage) => {
    const { heap } = stage;
    const other = stage.attach();
    stage.hold(other.heap.kmalloc(8));
    const p = heap.kmalloc(64);
    heap.kfreeRcu(p);
    heap.kfreeRcu(heap.kmalloc(10_000));
    stage.words.wait = () => {
      other.host.runMicrotasks();
      return 'ok';
    };
    heap.synchronizeRcuSync();
    assert.equal(isInTurn(heap), false);
    const { objectsWaiting, freedThroughList, freedThroughSheaf } = stage.stats();
    assert.deepEqual([objectsWaiting, freedThroughList, freedThroughSheaf], [0, 0, 2]);
  },
  SMALL,
);

heapTest(
  'synchronizeRcuSync() frees what was freed before the call, whatever turns begin meanwhile',
  (stage) => {
    const { heap } = stage;
    const other = stage.attach();
    partsOf(other.heap).turn.pin();
    heap.kfreeRcu(heap.kmalloc(64));
    stage.words.wait = () => {
      other.heap.quiesce();
      return 'ok';
    };
    heap.synchronizeRcuSync();
    assert.equal(stage.stats().objectsWaiting, 0);
  },
  SMALL,
);

heapTest(
  'synchronizeRcu() needs no timer where everybody is between turns, and frees what waited',
  async (stage) => {
    const { heap, host } = stage;
    heap.kfreeRcu(heap.kmalloc(64));
    host.runMicrotasks();
    assert.equal(stage.stats().objectsWaiting, 1);
    await heap.synchronizeRcu();
    assert.deepEqual([stage.stats().objectsWaiting, host.nowMillis()], [0, 0]);
  },
  SMALL,
);

heapTest(
  'synchronizeRcu() of a heap that is detached meanwhile resolves all the same',
  async (stage) => {
    const { heap } = stage.attach();
    const done = heap.synchronizeRcu();
    heap.detach();
    await done;
  },
  SMALL,
);

heapTest(
  'synchronizeRcuSync() on a thread that may not wait throws ContextError; synchronizeRcu() works',
  async (stage) => {
    for (const right of ['may-spin', 'may-neither'] as const) {
      const heap = Heap.attach(stage.heap.handle, {}, { host: new FakeHost(right) });
      assert.throws(() => heap.synchronizeRcuSync(), ContextError);
      assert.throws(
        () => heap.synchronizeRcuSync(),
        /synchronizeRcuSync\(\) (on|in) an? .*, which may not wait/,
      );
      await heap.synchronizeRcu();
      heap.detach();
    }
  },
  SMALL,
);

heapTest(
  'shrink() gives every page back that holds no object in use',
  (stage) => {
    const { heap } = stage;
    const kept = stage.hold(heap.kmalloc(64));
    heap.kfreeBulk(Array.from({ length: 40 }, (_, i) => heap.kmalloc(8 * (i % 12) + 8)));
    heap.freePages(heap.allocPages(1));
    heap.shrink();
    const { pages } = stage.stats();
    assert.deepEqual([pages.inUse, pages.threadLists], [1, 0]);
    assert.ok(kept > 0);
  },
  SMALL,
);

heapTest(
  'stats() and balance() of a heap are those of its words',
  (stage) => {
    const { heap } = stage;
    const p = stage.hold(heap.kmalloc(64));
    assert.deepEqual(heap.stats(), stage.stats());
    assert.deepEqual(heap.balance({ held: [p] }), stage.balance());
    assert.deepEqual(heap.balance().unreachable, [p]);
    assert.equal(heap.words.load(HEADER.slotsClaimed), 1);
  },
  SMALL,
);
