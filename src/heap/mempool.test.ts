import assert from 'node:assert/strict';
import { FakeHost } from '../../tests/support/fake-host.js';
import { heapTest, partsOf, plainHeapsOnly, type Stage } from '../../tests/support/stage.js';
import {
  __GFP_ACCOUNT,
  __GFP_ZERO,
  GFP_ATOMIC,
  GFP_KERNEL,
  GFP_NOLOCK,
  GFP_NOWAIT,
  GfpError,
} from '../pages/gfp.js';
import { Heap } from '../shared-heap.js';
import { ContextError } from '../threads/context.js';
import type { Address } from '../words/units.js';
import { OutOfMemoryError } from './heap-errors.js';
import type { MempoolElements } from './mempool-element.js';

plainHeapsOnly();

const SMALL = { all: { pageListHigh: 8, minFreePages: 0 }, tiny: { pages: 64 } };
const KINDS: readonly (readonly [string, (heap: Heap) => MempoolElements, number])[] = [
  ['bytes', () => ({ bytes: 700 }), 700],
  ['large bytes', () => ({ bytes: 9000 }), 9000],
  ['order', () => ({ order: 1 }), 8192],
  ['cache', (heap) => ({ cache: heap.slabCache('things', 200) }), 200],
];

/** Takes every page, and every object of so many bytes, also what reclaim can get. */
function fill(heap: Heap, bytes: number): Address[] {
  const taken: Address[] = [];
  for (const take of [() => heap.allocPages(0), () => heap.kmalloc(bytes)]) {
    try {
      for (;;) taken.push(take());
    } catch (error) {
      assert.ok(error instanceof OutOfMemoryError);
    }
  }
  return taken;
}

for (const [kind, elementsOf, bytes] of KINDS) {
  heapTest(
    `Mempool of ${kind}, has its elements where the heap has nothing, and takes them back first`,
    (stage) => {
      const { heap } = stage;
      const pool = heap.mempool('pool', 3, elementsOf(heap));
      assert.deepEqual([pool.name, pool.minimum, pool.elements], ['pool', 3, 3]);
      // While the heap has memory the pool keeps its own.
      const ordinary = pool.alloc();
      assert.equal(pool.elements, 3);
      const taken = fill(heap, bytes);
      const cacheRest: Address[] = [];
      for (let p = pool.alloc(GFP_NOWAIT); p !== 0; p = pool.alloc(GFP_NOWAIT)) cacheRest.push(p);
      assert.ok(cacheRest.length >= 3);
      assert.equal(pool.elements, 0);
      assert.equal(pool.alloc(GFP_ATOMIC), 0);
      assert.equal(pool.alloc(GFP_NOLOCK), 0);
      assert.equal(pool.alloc(GFP_KERNEL, { timeoutMillis: 0 }), 0);
      pool.free(ordinary);
      assert.equal(pool.elements, 1);
      const again = pool.alloc();
      assert.notEqual(again, 0);
      for (const p of cacheRest) pool.free(p);
      assert.equal(pool.elements, 3);
      pool.freeNolock(again);
      assert.equal(pool.elements, 3);
      for (const p of taken) heap.kfree(p);
    },
    SMALL,
  );
}

heapTest('mempool(), is the same in all threads, and refuses another shape', (stage) => {
  const { heap } = stage;
  const other = stage.attach().heap;
  const pool = heap.mempool('pool', 2, { bytes: 64 });
  const there = other.mempool('pool', 2, { bytes: 64 });
  const p = there.alloc();
  pool.free(p);
  assert.deepEqual([pool.elements, there.elements], [2, 2]);
  assert.throws(() => other.mempool('pool', 3, { bytes: 64 }), {
    name: 'RangeError',
    message: /for 3 elements; it was made for 2/,
  });
  assert.throws(() => other.mempool('pool', 2, { bytes: 72 }), {
    name: 'RangeError',
    message: /size 72; it was made/,
  });
  assert.throws(() => other.mempool('pool', 2, { order: 1 }), {
    name: 'RangeError',
    message: /kind 2 and size 1/,
  });
});

heapTest('mempool(), refuses what is no minimum, no element and no name, and changes nothing', (stage) => {
  const { heap } = stage;
  heap.shrink();
  const before = heap.stats().pages.inUse;
  for (const minimum of [0, -1, 1.5, Number.NaN, 65_537]) {
    assert.throws(() => heap.mempool('pool', minimum, { bytes: 8 }), {
      name: 'RangeError',
      message: /in 1\.\.65536/,
    });
  }
  for (const bytes of [0, -1, 2.5, 2 ** 22 + 1, Number.NaN]) {
    assert.throws(() => heap.mempool('pool', 1, { bytes }), {
      name: 'RangeError',
      message: /in 1\.\.4194304/,
    });
  }
  for (const order of [-1, 11, 0.5]) {
    assert.throws(() => heap.mempool('pool', 1, { order }), { name: 'RangeError', message: /in 0\.\.10/ });
  }
  const foreign = Heap.create({ pages: 64, threads: 2 }, { host: new FakeHost() }).slabCache('foreign', 64);
  for (const wrong of [undefined, null, {}, { bytes: 8, order: 0 }, { cache: 7 }, { cache: foreign }]) {
    assert.throws(() => heap.mempool('pool', 1, wrong as unknown as MempoolElements), TypeError);
  }
  assert.throws(() => heap.mempool('', 1, { bytes: 8 }), TypeError);
  heap.shrink();
  assert.equal(heap.stats().pages.inUse, before);
});

heapTest(
  'mempool(), that cannot be filled throws OutOfMemoryError and gives back what it had',
  (stage) => {
    const { heap } = stage;
    const pages = heap.geometry.totalPages - heap.geometry.firstPage;
    assert.throws(() => heap.mempool('pool', pages + 1, { order: 0 }), { name: 'OutOfMemoryError' });
    heap.shrink();
    assert.equal(heap.stats().pages.inUse, 0);
    assert.equal(heap.mempool('pool', 2, { order: 0 }).elements, 2);
  },
  SMALL,
);

heapTest(
  'Mempool.alloc(), refuses __GFP_ZERO and __GFP_ACCOUNT, and GFP_KERNEL where waiting is forbidden',
  (stage) => {
    const { heap } = stage;
    const pool = heap.mempool('pool', 1, { bytes: 64 });
    for (const [bit, name] of [
      [__GFP_ZERO, '__GFP_ZERO'],
      [__GFP_ACCOUNT, '__GFP_ACCOUNT'],
    ] as const) {
      assert.throws(
        () => pool.alloc(GFP_KERNEL | bit),
        (error: Error) => error instanceof GfpError && error.message.includes(`mempool 'pool' with ${name}`),
      );
    }
    const host = new FakeHost('may-spin');
    const page = Heap.attach(heap.handle, {}, { host });
    assert.throws(() => page.mempool('pool', 1, { bytes: 64 }).alloc(GFP_KERNEL), ContextError);
    page.detach();
  },
);

heapTest('Mempool.free(), refuses what is no element of the pool', (stage) => {
  const { heap } = stage;
  const pool = heap.mempool('pool', 1, { bytes: 64 });
  const small = heap.kmalloc(16);
  assert.throws(() => pool.free(small), {
    name: 'RangeError',
    message: /of 16 bytes to mempool 'pool', whose elements have 64/,
  });
  assert.throws(() => pool.freeNolock((small + 1) as Address), RangeError);
  assert.throws(() => pool.free(0 as Address), RangeError);
  heap.kfree(small);
  const things = heap.mempool('cached', 1, { cache: heap.slabCache('things', 64) });
  const p = heap.kmalloc(64);
  assert.throws(() => things.free(p), { name: 'RangeError', message: /mempool 'cached'/ });
  heap.kfree(p);
});

/** A pool without an element, in a heap without memory. */
function emptyPool(stage: Stage) {
  const { heap } = stage;
  const pool = heap.mempool('pool', 1, { order: 0 });
  const taken = fill(heap, 4096);
  const p = pool.alloc(GFP_NOWAIT);
  assert.notEqual(p, 0);
  assert.equal(pool.elements, 0);
  const giveBack = () => {
    for (const q of taken) heap.kfree(q);
  };
  return { pool, p, giveBack };
}

heapTest(
  'Mempool.alloc(), waits until another thread gives an element back',
  (stage) => {
    const other = stage.attach();
    const { pool, p, giveBack } = emptyPool(stage);
    const there = other.heap.mempool('pool', 1, { order: 0 });
    stage.endTurns();
    let waits = 0;
    stage.words.wait = (_index, _expected, millis) => {
      assert.equal(millis, 5000);
      assert.equal(partsOf(stage.heap).turn.isOpen(), false, 'it waits inside its turn');
      if (++waits === 3) there.free(p);
      return 'ok';
    };
    const q = pool.alloc();
    assert.deepEqual([q, waits], [p, 3]);
    assert.equal(partsOf(stage.heap).turn.pinned, true);
    pool.free(q);
    giveBack();
  },
  SMALL,
);

heapTest(
  'Mempool.alloc(), returns NONE after timeoutMillis, and throws where it would wait inside turn(fn)',
  (stage) => {
    const { heap, host } = stage;
    const { pool, p, giveBack } = emptyPool(stage);
    stage.words.wait = (_index, _expected, millis) => {
      host.advance(millis);
      return 'timed-out';
    };
    const began = host.nowMillis();
    assert.equal(pool.alloc(GFP_KERNEL, { timeoutMillis: 7000 }), 0);
    assert.ok(host.nowMillis() - began >= 7000 && host.nowMillis() - began < 7500);
    assert.throws(() => heap.turn(() => pool.alloc()), /inside turn\(fn\)/);
    assert.throws(() => pool.alloc(GFP_KERNEL, { timeoutMillis: -1 }), RangeError);
    pool.free(p);
    giveBack();
  },
  SMALL,
);

heapTest(
  'Mempool.allocAsync(), resolves once an element is back, to NONE after its time, and rejects when aborted',
  async (stage) => {
    const { host } = stage;
    const { pool, p, giveBack } = emptyPool(stage);
    const late = pool.allocAsync({ timeoutMillis: 10 });
    await Promise.resolve();
    host.advance(20);
    assert.equal(await late, 0);
    const controller = new AbortController();
    const aborted = pool.allocAsync({ signal: controller.signal });
    await Promise.resolve();
    controller.abort(new Error('enough'));
    await assert.rejects(aborted, /enough/);
    await assert.rejects(pool.allocAsync({ signal: controller.signal }), /enough/);
    const waiting = pool.allocAsync();
    await Promise.resolve();
    pool.free(p);
    const q = await waiting;
    assert.equal(q, p);
    pool.free(q);
    giveBack();
  },
  SMALL,
);

heapTest(
  'Mempool.alloc(), inside a shrinker does not wait',
  (stage) => {
    const { heap } = stage;
    const { pool, p, giveBack } = emptyPool(stage);
    const found: number[] = [];
    heap.registerShrinker({ name: 'pool user', count: () => 1, scan: () => 0 * found.push(pool.alloc()) });
    assert.throws(() => heap.allocPages(0), { name: 'OutOfMemoryError' });
    assert.ok(found.length > 0 && found.every((q) => q === 0));
    pool.free(p);
    giveBack();
  },
  SMALL,
);

heapTest(
  'Mempool, serves a worklet while it has elements, and a new name is refused there',
  (stage) => {
    const { heap } = stage;
    heap.mempool('pool', 2, { bytes: 512 });
    const worklet = Heap.attach(heap.handle, {}, { host: new FakeHost('may-neither') });
    const pool = worklet.mempool('pool', 2, { bytes: 512 });
    const taken = fill(heap, 512);
    const rest: Address[] = [];
    for (let p = worklet.kmallocNolock(512); p !== 0; p = worklet.kmallocNolock(512)) rest.push(p);
    const [a, b] = [pool.alloc(), pool.alloc()];
    assert.ok(a !== 0 && b !== 0);
    assert.equal(pool.alloc(), 0);
    pool.free(a);
    pool.freeNolock(b);
    assert.equal(pool.elements, 2);
    assert.throws(() => worklet.mempool('other', 1, { bytes: 8 }), ContextError);
    for (const p of rest) worklet.kfreeNolock(p);
    for (const p of taken) heap.kfree(p);
    worklet.detach();
  },
  SMALL,
);
