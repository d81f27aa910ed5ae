import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { reclaimersOf } from '../../tests/support/reclaiming.js';
import { heapTest, partsOf, plainHeapsOnly, type Stage } from '../../tests/support/stage.js';
import { SLOT } from '../layout/thread-slot.js';
import {
  __GFP_NOFAIL,
  __GFP_NORETRY,
  __GFP_RETRY_MAYFAIL,
  GFP_ATOMIC,
  GFP_KERNEL,
  GFP_NOWAIT,
} from '../pages/gfp.js';
import { Heap } from '../shared-heap.js';
import type { Address } from '../words/units.js';
import { OutOfMemoryError } from './heap-errors.js';
import { ReclaimingMemory } from './reclaiming-memory.js';

plainHeapsOnly();

const SMALL = { all: { pageListHigh: 8, minFreePages: 0 }, tiny: { pages: 64 } };
/** Lists that keep all that is freed to them, and nothing else. */
const KEEPING = { all: { pageListHigh: 64, pageListBatch: 1, minFreePages: 0 }, tiny: { pages: 64 } };
const BYTES = 4096;

/** A counter of a thread's slot. */
function counterOf(heap: Heap, counter: number): number {
  return heap.words.loadPlain(partsOf(heap).membership.start + counter);
}

/** A shrinker that frees what it is given, one by one; and how it was asked. */
function shrinkerOf(heap: Heap, blocks: Address[]) {
  const asked: number[] = [];
  const shrinker = {
    name: 'blocks',
    count: () => blocks.length,
    scan: (n: number) => {
      asked.push(n);
      const given = blocks.splice(0, n);
      for (const p of given) heap.freePages(p);
      return given.length;
    },
  };
  return { shrinker, asked };
}

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
    const host = new FakeHost('may-spin');
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
  'a thread that may neither wait nor spin reclaims nothing, and is told by NONE',
  (stage) => {
    const host = new FakeHost('may-neither');
    const heap = Heap.attach(stage.heap.handle, {}, { host });
    const blocks: Address[] = [];
    for (let p = heap.allocPages(0); p !== 0; p = heap.allocPages(0)) blocks.push(p);
    heap.kfreeRcu(blocks.pop()!);
    host.runMicrotasks();
    assert.equal(heap.kmalloc(4096), 0);
    assert.equal(counterOf(heap, SLOT.allocStalls), 0);
    for (const block of blocks) heap.freePages(block);
    host.advance(100);
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

heapTest(
  'registerShrinker(), the shrinker is asked for more and more, until there is enough',
  (stage) => {
    const { heap } = stage;
    const cached = Array.from({ length: 5 }, () => heap.allocPages(0));
    const blocks = fill(heap);
    const { shrinker, asked } = shrinkerOf(heap, cached);
    const unregister = heap.registerShrinker(shrinker);
    const p = heap.allocPages(0);
    assert.notEqual(p, 0);
    // 5 >> 2 = 1: the first pass gave a page or more.
    assert.deepEqual([asked, cached.length], [[1], 4]);
    unregister();
    const rest = fill(heap);
    assert.throws(() => heap.allocPages(0), OutOfMemoryError);
    assert.equal(asked.length, 1, 'it was taken off');
    freeAll(stage, [...blocks, ...cached, ...rest, p]);
  },
  SMALL,
);

heapTest(
  'reclaim counts stalls, what was asked for and given, drains, and failures',
  (stage) => {
    const { heap } = stage;
    const blocks = fill(heap);
    const { shrinker } = shrinkerOf(heap, blocks.splice(0, 2));
    heap.registerShrinker(shrinker);
    const before = [counterOf(heap, SLOT.allocStalls), counterOf(heap, SLOT.outOfMemory)];
    assert.deepEqual(before, [0, 0]);
    blocks.push(heap.allocPages(0));
    assert.equal(counterOf(heap, SLOT.allocStalls), 1);
    assert.ok(counterOf(heap, SLOT.reclaimed) >= 1);
    assert.ok(counterOf(heap, SLOT.scanned) >= 1);
    assert.equal(counterOf(heap, SLOT.drains), 0);
    assert.throws(() => {
      for (;;) blocks.push(heap.allocPages(0));
    }, OutOfMemoryError);
    assert.ok(counterOf(heap, SLOT.drains) > 0);
    assert.equal(counterOf(heap, SLOT.outOfMemory), 1);
    freeAll(stage, blocks);
  },
  SMALL,
);

heapTest(
  'an allocation inside a shrinker does not reclaim: it fails, and the shrinker goes on',
  (stage) => {
    const { heap } = stage;
    const blocks = fill(heap);
    const cached = blocks.splice(0, 2);
    let depth = 0;
    let refused = 0;
    heap.registerShrinker({
      name: 'greedy',
      count: () => cached.length,
      scan: (n) => {
        assert.equal(++depth, 1, 'reclaim recurses');
        assert.throws(() => heap.allocPages(0), { name: 'OutOfMemoryError', message: /in a shrinker/ });
        assert.equal(heap.allocPages(0, GFP_ATOMIC), 0);
        refused++;
        for (const p of cached.splice(0, n)) heap.freePages(p);
        depth--;
        return n;
      },
    });
    const p = heap.allocPages(0);
    assert.ok(p !== 0 && refused > 0);
    freeAll(stage, [...blocks, ...cached, p]);
  },
  SMALL,
);

heapTest(
  'what a shrinker throws the allocation throws, and the next one finds everything in order',
  (stage) => {
    const { heap } = stage;
    const blocks = fill(heap);
    let isBroken = true;
    heap.registerShrinker({
      name: 'broken',
      count: () => (isBroken ? 4 : blocks.length),
      scan: (n) => {
        if (isBroken) throw new TypeError('a bug of its own');
        for (const p of blocks.splice(0, n)) heap.freePages(p);
        return n;
      },
    });
    assert.throws(() => heap.allocPages(0), { name: 'TypeError', message: 'a bug of its own' });
    assert.deepEqual(reclaimersOf(heap.words, heap.geometry), []);
    isBroken = false;
    const p = heap.allocPages(0);
    assert.notEqual(p, 0);
    freeAll(stage, [...blocks, p]);
  },
  SMALL,
);

heapTest(
  'with __GFP_NORETRY idle threads keep their lists, and nobody waits; with __GFP_RETRY_MAYFAIL all is tried',
  (stage) => {
    const { heap } = stage;
    const other = stage.attach();
    const kept = other.heap.allocPages(0);
    const blocks = fill(heap);
    other.heap.freePages(kept);
    other.host.runMicrotasks();
    assert.throws(() => heap.allocPages(0, GFP_KERNEL | __GFP_NORETRY), OutOfMemoryError);
    const p = heap.allocPages(0, GFP_KERNEL | __GFP_RETRY_MAYFAIL);
    assert.notEqual(p, 0);
    assert.throws(() => heap.allocPages(0, GFP_KERNEL | __GFP_RETRY_MAYFAIL), OutOfMemoryError);
    freeAll(stage, [...blocks, p]);
  },
  KEEPING,
);

heapTest(
  'with __GFP_NOFAIL an allocation goes on until another thread frees something',
  (stage) => {
    const { heap } = stage;
    const other = stage.attach();
    const kept = stage.isTiny ? other.heap.allocPages(0) : other.heap.allocPages(4);
    const blocks = fill(heap);
    let rests = 0;
    stage.words.wait = () => {
      if (++rests === 20) {
        other.heap.freePages(kept);
        other.host.runMicrotasks();
      }
      return 'timed-out';
    };
    const p = heap.allocPages(0, GFP_KERNEL | __GFP_NOFAIL);
    assert.notEqual(p, 0);
    assert.equal(rests, 20);
    freeAll(stage, [...blocks, p]);
  },
  SMALL,
);

heapTest(
  'with __GFP_NOFAIL what no heap of this size can hold is refused at once',
  (stage) => {
    const { heap } = stage;
    const order = stage.isTiny ? 6 : 10;
    const pages = heap.geometry.totalPages - heap.geometry.firstPage;
    assert.ok(stage.isTiny ? pages === 64 : pages > 1024);
    if (stage.isTiny) {
      assert.throws(() => heap.allocPages(order, GFP_KERNEL | __GFP_NOFAIL), {
        name: 'RangeError',
        message: /262144 bytes with __GFP_NOFAIL in a heap whose largest block is 131072 bytes/,
      });
    }
    heap.freePages(heap.allocPages(order - 1, GFP_KERNEL | __GFP_NOFAIL));
  },
  SMALL,
);

for (const { label, options } of CONFIGURATIONS) {
  test(`a shrinker that allocates is reported by no validator (${label})`, () => {
    const reports: unknown[] = [];
    const validate = { onReport: (report: unknown) => reports.push(report) };
    const heap = Heap.create({ ...options, pages: 64, minFreePages: 0, validate }, { host: new FakeHost() });
    const blocks = fill(heap);
    const refused: unknown[] = [];
    heap.registerShrinker({
      name: 'allocating',
      count: () => blocks.length,
      scan: () => {
        try {
          heap.kmalloc(64);
        } catch (error) {
          refused.push(error);
        }
        heap.freePages(blocks.pop()!);
        return 1;
      },
    });
    const p = heap.allocPages(0);
    assert.ok(p !== 0 && refused[0] instanceof OutOfMemoryError);
    assert.deepEqual(reports, []);
    heap.detach();
  });
}
