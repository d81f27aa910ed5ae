import assert from 'node:assert/strict';
import { FakeHost } from '../../tests/support/fake-host.js';
import { heapTest, partsOf, plainHeapsOnly, type Stage } from '../../tests/support/stage.js';
import { GFP_KERNEL, GFP_NOWAIT } from '../pages/gfp.js';
import { Heap } from '../shared-heap.js';
import type { Address } from '../words/units.js';
import { OutOfMemoryError } from './heap-errors.js';
import { ReclaimingMemory } from './reclaiming-memory.js';

plainHeapsOnly();

const SMALL = { all: { pageListHigh: 8 }, tiny: { pages: 64 } };
/** Lists that keep all that is freed to them, and nothing else. */
const KEEPING = { all: { pageListHigh: 64, pageListBatch: 1 }, tiny: { pages: 64 } };
const BYTES = 4096;

/** Takes every page: blocks of 8 pages first, then single ones. */
function fill(heap: Heap): Address[] {
  const blocks: Address[] = [];
  for (const order of [3, 0]) {
    for (let p = heap.allocPages(order, GFP_NOWAIT); p !== 0; p = heap.allocPages(order, GFP_NOWAIT))
      blocks.push(p);
  }
  return blocks;
}

function freeAll(stage: Stage, blocks: readonly Address[]): void {
  for (const p of blocks) stage.heap.freePages(p);
}

heapTest(
  'kmalloc() has what lies in sheaves and barns of other sizes',
  (stage) => {
    const { heap } = stage;
    heap.kfreeBulk(Array.from({ length: 8 }, () => heap.kmalloc(2048)));
    const blocks = fill(heap);
    assert.equal(heap.allocPages(0, GFP_NOWAIT), 0);
    const p = heap.allocPages(0);
    assert.notEqual(p, 0);
    freeAll(stage, [...blocks, p]);
  },
  SMALL,
);

heapTest(
  'kmalloc() has what is done waiting for a grace period',
  (stage) => {
    const { heap, host } = stage;
    const blocks = fill(heap);
    // A turn ends after the free, and nobody has looked since.
    for (const p of blocks.splice(0, 4)) heap.kfreeRcu(p);
    host.runMicrotasks();
    const again = Array.from({ length: 4 }, () => heap.allocPages(0));
    assert.equal(stage.stats().objectsWaiting, 0);
    freeAll(stage, [...blocks, ...again]);
  },
  SMALL,
);

heapTest(
  'kmalloc() has what an idle thread keeps on its lists, without waiting',
  (stage) => {
    const { heap } = stage;
    const other = stage.attach();
    const kept = Array.from({ length: 4 }, () => other.heap.allocPages(0));
    const blocks = fill(heap);
    for (const p of kept) other.heap.freePages(p);
    assert.throws(() => heap.allocPages(0), OutOfMemoryError, 'the other is in its turn');
    other.host.runMicrotasks();
    stage.words.wait = () => assert.fail('it waits');
    const again = Array.from({ length: 4 }, () => heap.allocPages(0));
    assert.throws(() => heap.allocPages(0, GFP_KERNEL), OutOfMemoryError);
    freeAll(stage, [...blocks, ...again]);
    stage.endTurns();
    other.heap.freePages(other.heap.allocPages(0));
  },
  KEEPING,
);

heapTest(
  'kmalloc() has a block of several pages that idle threads keep in parts',
  (stage) => {
    const { heap } = stage;
    const others = [stage.attach('one'), stage.attach('two')];
    const whole = heap.allocPages(3);
    heap.freePages(whole);
    const parts = Array.from({ length: 8 }, (_, i) => others[i % 2]!.heap.allocPages(0));
    const blocks = fill(heap);
    for (const [i, p] of parts.entries()) others[i % 2]!.heap.freePages(p);
    for (const { host } of others) host.runMicrotasks();
    const p = heap.allocPages(2);
    assert.notEqual(p, 0);
    freeAll(stage, [...blocks, p]);
  },
  KEEPING,
);

heapTest(
  'kmalloc() does without what an isolated thread keeps',
  (stage) => {
    const { heap } = stage;
    const host = new FakeHost('may-neither');
    const worklet = Heap.attach(heap.handle, {}, { host });
    const kept = worklet.allocPages(0, GFP_NOWAIT);
    const blocks = fill(heap);
    worklet.freePages(kept);
    host.runMicrotasks();
    assert.throws(() => heap.allocPages(0), OutOfMemoryError);
    freeAll(stage, blocks);
    worklet.detach();
  },
  KEEPING,
);

heapTest(
  'kmalloc() cannot have what its own turn holds up, and the error says what to do',
  (stage) => {
    const { heap } = stage;
    const blocks = fill(heap);
    for (const p of blocks.splice(0, 3)) heap.kfreeRcu(p);
    assert.throws(() => heap.allocPages(0), {
      name: 'OutOfMemoryError',
      message:
        /; 3 objects wait for a grace period, which this turn holds up: call quiesce\(\), or return to the event loop\./,
    });
    heap.quiesce();
    const again = Array.from({ length: 3 }, () => heap.allocPages(0));
    freeAll(stage, [...blocks, ...again]);
  },
  SMALL,
);

heapTest(
  'kmalloc() has what a turn of another thread held up until now',
  (stage) => {
    const { heap, host } = stage;
    const other = stage.attach();
    const blocks = fill(heap);
    for (const p of blocks.splice(0, 3)) heap.kfreeRcu(p);
    partsOf(other.heap).turn.pin();
    host.runMicrotasks();
    assert.throws(() => heap.allocPages(0), OutOfMemoryError);
    other.host.runMicrotasks();
    const again = Array.from({ length: 3 }, () => heap.allocPages(0));
    freeAll(stage, [...blocks, ...again]);
  },
  SMALL,
);

heapTest(
  'an operation that keeps no address has what this very turn freed, without waiting',
  (stage) => {
    const heap = Heap.attach(stage.heap.handle, {}, { host: new FakeHost('may-spin') });
    const memory = new ReclaimingMemory(partsOf(heap));
    memory.turn.spend();
    const blocks: number[] = [];
    for (let p = memory.tryAlloc(BYTES); p !== 0; p = memory.tryAlloc(BYTES)) blocks.push(p);
    for (const p of blocks.splice(0, 2)) memory.freeRcu(p, 0);
    const p = memory.alloc(BYTES);
    assert.throws(() => {
      for (;;) blocks.push(memory.alloc(BYTES));
    }, OutOfMemoryError);
    for (const block of [...blocks, p]) memory.free(block);
    heap.detach();
  },
  SMALL,
);

heapTest(
  'an operation that keeps no address ends its turn for memory, and waits for other threads',
  (stage) => {
    const { heap } = stage;
    const other = stage.attach();
    const memory = new ReclaimingMemory(partsOf(heap));
    stage.hold(other.heap.kmalloc(8));
    const blocks = fill(heap);
    for (const p of blocks.splice(0, 4)) heap.kfreeRcu(p);
    stage.host.runMicrotasks();
    let waits = 0;
    stage.words.wait = () => {
      if (++waits === 3) other.host.runMicrotasks();
      return 'timed-out';
    };
    memory.turn.spend();
    const p = memory.alloc(BYTES) as Address;
    assert.equal(waits, 3);
    assert.equal(memory.turn.isOpen(), true);
    heap.kfree(p);
    freeAll(stage, blocks);
    stage.settle();
  },
  SMALL,
);

heapTest(
  'an operation that keeps no address gives up after a bounded wait where a turn does not end',
  (stage) => {
    const { heap, host } = stage;
    const other = stage.attach();
    const memory = new ReclaimingMemory(partsOf(heap));
    stage.hold(other.heap.kmalloc(8));
    const blocks = fill(heap);
    for (const p of blocks.splice(0, 4)) heap.kfreeRcu(p);
    stage.host.runMicrotasks();
    stage.words.wait = (_index, _expected, millis) => {
      host.advance(millis);
      return 'timed-out';
    };
    memory.turn.spend();
    assert.throws(() => memory.alloc(BYTES), OutOfMemoryError);
    assert.ok(host.nowMillis() >= 100 && host.nowMillis() < 200);
    other.host.runMicrotasks();
    freeAll(stage, blocks);
    stage.settle();
  },
  SMALL,
);

heapTest(
  'reclaim ends no turn of another heap in which this thread may hold addresses',
  (stage) => {
    const { heap, host } = stage;
    const elsewhere = Heap.create(stage.options, { host });
    const memory = new ReclaimingMemory(partsOf(heap));
    const blocks = fill(heap);
    for (const p of blocks.splice(0, 2)) heap.kfreeRcu(p);
    host.runMicrotasks();
    const q = elsewhere.kmalloc(8);
    const { turn } = partsOf(elsewhere);
    const { epoch } = turn;
    // What waits is freed all the same: the other heap's turn does not hold it up.
    const p = memory.alloc(BYTES) as Address;
    assert.throws(() => {
      for (;;) blocks.push(memory.alloc(BYTES) as Address);
    }, OutOfMemoryError);
    assert.deepEqual([turn.isOpen(), turn.epoch], [true, epoch]);
    elsewhere.turn(() => assert.throws(() => memory.alloc(BYTES), OutOfMemoryError));
    elsewhere.kfree(q);
    heap.kfree(p);
    for (const block of blocks) heap.kfree(block);
  },
  SMALL,
);

heapTest(
  'a thread that may not wait reclaims without waiting',
  (stage) => {
    const host = new FakeHost('may-neither');
    const heap = Heap.attach(stage.heap.handle, {}, { host });
    heap.kfreeBulk(Array.from({ length: 8 }, () => heap.kmalloc(2048)));
    const blocks = fill(heap);
    const p = heap.allocPages(0);
    stage.words.wait = () => assert.fail('waited');
    assert.throws(() => {
      for (;;) blocks.push(heap.allocPages(0));
    }, OutOfMemoryError);
    for (const block of [...blocks, p]) heap.freePages(block);
    heap.detach();
  },
  SMALL,
);

heapTest(
  'ReclaimingMemory takes, frees and frees later as the heap does; tryAlloc() returns 0',
  (stage) => {
    const memory = new ReclaimingMemory(partsOf(stage.heap));
    memory.turn.spend();
    const [a, b] = [memory.alloc(64), memory.tryAlloc(64)];
    memory.free(a);
    memory.freeRcu(b, 2);
    const blocks: number[] = [];
    for (let p = memory.tryAlloc(BYTES); p !== 0; p = memory.tryAlloc(BYTES)) blocks.push(p);
    assert.ok(blocks.length > 4);
    assert.throws(() => memory.alloc(70_000), { name: 'OutOfMemoryError', requestedBytes: 70_000 });
    for (const p of blocks) memory.free(p);
    stage.host.runMicrotasks();
    stage.settle();
    assert.deepEqual([memory.geometry, memory.words], [stage.heap.geometry, stage.words]);
  },
  SMALL,
);
