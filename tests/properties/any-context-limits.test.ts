/**
 * How far down each caller may go, and what happens there: watermarks of small and of large heaps, the floor of a
 * thread's lists, threads that are left alone, requests that no heap of the size can serve, and heaps of odd sizes.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  __GFP_HIGH,
  __GFP_NOFAIL,
  __GFP_NOMEMALLOC,
  type Address,
  GFP_ATOMIC,
  GFP_KERNEL,
  GFP_NOLOCK,
  GFP_NOWAIT,
  Heap,
  type HeapOptions,
  NoFreeSlotError,
  OutOfMemoryError,
} from '../../src/index.js';
import { zoneStart } from '../../src/layout/heap-layout.js';
import { MEMPOOL } from '../../src/layout/mempool-record.js';
import { SLOT } from '../../src/layout/thread-slot.js';
import { ZONE } from '../../src/layout/zone-record.js';
import { assertBalanced } from '../support/balanced.js';
import { FakeHost } from '../support/fake-host.js';
import { partsOf } from '../support/stage.js';

const BASE: HeapOptions = { threads: 4, maxCaches: 80, hashSeed: [1, 2] };

function makeHeap(options: HeapOptions, host = new FakeHost()): Heap {
  return Heap.create({ ...BASE, ...options }, { host });
}

function attach(heap: Heap, isolated = false): Heap {
  return Heap.attach(heap.handle, { name: 'other', isolated }, { host: new FakeHost() });
}

/** Takes blocks of 2^order pages until none is to be had that way. */
function takeAll(
  heap: Heap,
  order: number,
  take = (): Address => heap.allocPages(order, GFP_NOWAIT),
): Address[] {
  const blocks: Address[] = [];
  for (let p = take(); p !== 0; p = take()) blocks.push(p);
  return blocks;
}

/** Min marks of the zones. */
function minMarks({ words, geometry }: Heap): number[] {
  return Array.from({ length: geometry.zones }, (_, zone) =>
    words.load(zoneStart(geometry, zone) + ZONE.wmarkMin),
  );
}

const HEAPS: readonly (readonly [name: string, options: HeapOptions])[] = [
  ['50 pages, 7 of them kept', { pages: 50, minFreePages: 7 }],
  ['8 MiB', { bytes: 8 * 2 ** 20 }],
  ['128 MiB', { bytes: 128 * 2 ** 20 }],
  ['64 MiB, an eighth of them kept', { bytes: 64 * 2 ** 20, minFreePages: 2048 }],
  ['30 pages, none of them kept', { pages: 30, minFreePages: 0 }],
];
const GFPS: readonly (readonly [name: string, gfp: number, left: (min: number) => number])[] = [
  ['GFP_NOWAIT', GFP_NOWAIT, (min) => min],
  ['GFP_NOWAIT|__GFP_NOMEMALLOC', GFP_NOWAIT | __GFP_NOMEMALLOC, (min) => min],
  ['GFP_ATOMIC', GFP_ATOMIC, (min) => Math.ceil(min / 2) - Math.floor(Math.ceil(min / 2) / 4)],
  ['GFP_NOLOCK', GFP_NOLOCK, (min) => min],
];

for (const [heapName, options] of HEAPS) {
  for (const [name, gfp, left] of GFPS) {
    test(`allocPages(), with ${name} in a heap of ${heapName}, leaves in each zone what it must`, () => {
      const heap = makeHeap({ ...options, pageListFloor: 0 });
      const blocks = takeAll(heap, 0, () => heap.allocPages(0, gfp));
      const { free, threadLists } = heap.stats().pages;
      const kept = minMarks(heap).reduce((sum, min) => sum + left(min), 0);
      assert.deepEqual([free, threadLists], [kept, 0]);
      // Who waits goes no further than who does not, and __GFP_HIGH half way.
      if (kept > 0 && gfp !== GFP_ATOMIC) {
        assert.throws(() => heap.allocPages(0), OutOfMemoryError);
        blocks.push(heap.allocPages(0, GFP_KERNEL | __GFP_HIGH));
      }
      for (const p of blocks) heap.freePages(p);
      assertBalanced(heap);
    });
  }
}

test('allocPagesNolock(), leaves the floor of a list to ordinary allocations, which use it up', () => {
  for (const pageListFloor of [0, 1, 4, 9]) {
    const heap = makeHeap({ pages: 200, pageListFloor, pageListHigh: 20, pageListBatch: 10 });
    const first = takeAll(heap, 0, () => heap.allocPagesNolock(0));
    assert.equal(heap.stats().pages.threadLists, pageListFloor);
    assert.equal(takeAll(heap, 0).length, pageListFloor);
    assert.ok(first.length > 100);
  }
});

test('allocPages() of a thread that finds nothing, takes what idle threads keep, and of isolated ones nothing', () => {
  for (const isolated of [false, true]) {
    const heap = makeHeap({ pages: 100, minFreePages: 0, pageListHigh: 40, pageListBatch: 8 });
    const other = attach(heap, isolated);
    for (const p of takeAll(other, 0).slice(0, 30)) other.freePages(p);
    const kept = heap.stats().pages.threadLists;
    assert.ok(kept >= 20, `${kept} pages are kept`);
    (partsOf(other).host as FakeHost).runMicrotasks();
    const got: Address[] = [];
    assert.throws(() => {
      for (;;) got.push(heap.allocPages(0));
    }, OutOfMemoryError);
    assert.equal(heap.stats().pages.threadLists, isolated ? kept : 0);
    assert.equal(got.length, isolated ? 0 : kept);
  }
});

test('decay, brings the lists of an idle thread down to what they always may keep, and ends its timer then', () => {
  for (const bytes of [8, 32, 64, 256].map((mebibytes) => mebibytes * 2 ** 20)) {
    const host = new FakeHost();
    const heap = makeHeap({ bytes }, host);
    const blocks: Address[] = [];
    for (let i = 0; i < 700; i++) blocks.push(heap.allocPages(0));
    for (const p of blocks) heap.freePages(p);
    host.runMicrotasks();
    for (let seconds = 0; seconds < 200; seconds++) host.advance(1000);
    const { pageListHighMin } = heap.geometry;
    const { threadLists } = heap.stats().pages;
    assert.ok(threadLists <= pageListHighMin, `${threadLists} of ${pageListHighMin} in ${bytes} bytes`);
    assert.deepEqual(host.timers, []);
  }
});

test('a refill, that finds a zone empty, is no refill of it: the next zone is asked for as much as the first was', () => {
  const heap = makeHeap({ bytes: 256 * 2 ** 20, minFreePages: 0 });
  const { words, geometry } = heap;
  assert.ok(geometry.zones > 2, `${geometry.zones} zones`);
  // All zones but the last are empty; the home zone of the first thread is the first.
  const last = words.load(zoneStart(geometry, geometry.zones - 1) + ZONE.startPage);
  for (let order = 10; order >= 0; order--) {
    for (const p of takeAll(heap, order)) if (p >>> 10 >= last) heap.freePages(p);
    if (order > 0) continue;
    heap.shrink();
  }
  const allocFactor = partsOf(heap).membership.start + SLOT.allocFactor;
  words.store(allocFactor, 0);
  assert.notEqual(heap.allocPages(0), 0);
  assert.equal(words.load(allocFactor), 1);
});

const IMPOSSIBLE: readonly (readonly [what: string, options: HeapOptions, bytes: number])[] = [
  ['whose pages are all kept', { pages: 16, minFreePages: 16 }, 4096],
  ['that keeps more than it has', { pages: 4, minFreePages: 20 }, 8],
  ['that keeps too many for a block of the size', { pages: 16, minFreePages: 15 }, 10_000],
  ['of one page, of which no slab of the size can be made', { pages: 1, minFreePages: 0 }, 3000],
  ['too small for a block of the size', { pages: 3, minFreePages: 0 }, 9000],
];

for (const [what, options, bytes] of IMPOSSIBLE) {
  test(`kmalloc(), with __GFP_NOFAIL in a heap ${what}, is refused instead of going on for ever`, () => {
    const heap = makeHeap(options);
    const { words } = partsOf(heap);
    words.wait = () => assert.fail('it waits');
    const expected = { name: 'RangeError', message: new RegExp(`${bytes} bytes with __GFP_NOFAIL`) };
    assert.throws(() => heap.kmalloc(bytes, GFP_KERNEL | __GFP_NOFAIL), expected);
    assertBalanced(heap);
  });
}

test('Mempool.alloc(), with GFP_ATOMIC, uses the reserves of the heap once the pool is empty', () => {
  const heap = makeHeap({ pages: 100, minFreePages: 20, pageListHigh: 0, pageListBatch: 1 });
  const pool = heap.mempool('pool', 1, { order: 0 });
  takeAll(heap, 0);
  assert.notEqual(pool.alloc(GFP_ATOMIC), 0);
  assert.equal(pool.elements, 0);
  const { free } = heap.stats().pages;
  assert.notEqual(pool.alloc(GFP_ATOMIC), 0);
  assert.equal(heap.stats().pages.free, free - 1);
  assert.equal(pool.alloc(GFP_NOWAIT), 0);
});

test('Mempool.alloc(), where it has slept, frees nothing of what the pool has no room for: it is had by who asks next, and in a turn by free() at last', () => {
  const heap = makeHeap({ pages: 200, minFreePages: 0 });
  const other = attach(heap);
  const [pool, theirs] = [heap.mempool('pool', 1, { order: 0 }), other.mempool('pool', 1, { order: 0 })];
  // The lists of this thread are empty, and those of the other take what is left.
  heap.shrink();
  const blocks = [...takeAll(other, 0), theirs.alloc(GFP_NOWAIT)];
  const { words, turn, pages } = partsOf(heap);
  const freePages = pages.freePages.bind(pages);
  const turns: boolean[] = [];
  pages.freePages = (start) => {
    turns.push(turn.isOpen());
    freePages(start);
  };
  const lock = (pool as unknown as { _pool: { _record: number } })._pool._record + MEMPOOL.lock;
  words.wait = () => {
    // Three elements come back while the pool's lock is busy: two more than there is room for.
    words.store(lock, 250);
    for (const p of blocks.splice(0, 3)) theirs.freeNolock(p);
    words.store(lock, 0);
    return 'ok';
  };
  const back = blocks.slice(0, 3);
  const taken = [pool.alloc(undefined, { timeoutMillis: 1000 })];
  assert.deepEqual(turns, []);
  // The two that nobody has are the pool's: one has a place in it.
  assert.equal(pool.elements, 0);
  assertBalanced(heap, [...blocks, ...taken]);
  words.wait = () => assert.fail('it waits, though elements have come back');
  for (let n = 1; n < 3; n++) taken.push(pool.alloc());
  assert.deepEqual(taken.toSorted(), back.toSorted());
  assertBalanced(heap, [...blocks, ...taken]);
  assert.equal(pool.alloc(GFP_NOWAIT), 0);
  for (const p of taken) pool.free(p);
  assert.equal(pool.elements, 1);
  assert.deepEqual(turns, [true, true]);
  assertBalanced(heap, blocks);
});

test('kfreeRcu(), with arrays from raw-lock, spins for the lock of a zone also where that is forbidden', () => {
  for (const [pointerPageSource, spins] of [
    ['opportunistic', false],
    ['raw-lock', true],
  ] as const) {
    const heap = makeHeap({
      pages: 200,
      pointerPageSource,
      spinRounds: 200,
      pageListHigh: 0,
      pageListBatch: 1,
    });
    const worklet = Heap.attach(heap.handle, { name: 'worklet' }, { host: new FakeHost('may-neither') });
    const p = heap.kmalloc(64);
    heap.shrink();
    const { words, geometry } = heap;
    const lock = zoneStart(geometry, 0) + ZONE.lock;
    words.store(lock, 250);
    if (spins) assert.throws(() => worklet.kfreeRcu(p), { name: 'LockTimeoutError', message: /zone 0/ });
    else worklet.kfreeRcu(p);
    words.store(lock, 0);
    if (spins) worklet.kfreeRcu(p);
  }
});

test('OutOfMemoryError, names the groups that hold memory, the largest first, and says how many more there are', () => {
  const heap = makeHeap({ bytes: 4 * 2 ** 20, maxCaches: 192 });
  heap.group('large').allocPages(7);
  for (let i = 0; i < 10; i++) heap.group(`group ${i}`, { maxBytes: 2 ** 20 }).kmalloc(100);
  heap.group('of nothing');
  let message = '';
  try {
    for (;;) heap.allocPages(0);
  } catch (error) {
    ({ message } = error as Error);
  }
  const lines = message.split('\n').filter((line) => line.includes('group'));
  assert.match(lines[0]!, /^group 'large': \d+ bytes, peak \d+, max max, refused 0$/);
  assert.match(lines[1]!, /^group 'group \d': \d+ bytes, peak \d+, max 1048576, refused 0$/);
  assert.deepEqual([lines.length, lines.at(-1)], [11, 'and 1 more group']);
});

test('a heap of 255 threads, gives each its share, and takes all of it back', () => {
  const heap = makeHeap({ bytes: 32 * 2 ** 20, threads: 255 });
  const others = Array.from({ length: 254 }, () => attach(heap));
  assert.throws(() => attach(heap), NoFreeSlotError);
  for (const other of others) {
    const p = other.kmallocNolock(64);
    const block = other.allocPagesNolock(0);
    assert.ok(p !== 0 && block !== 0);
    other.kfreeRcu(p);
    other.freePages(block);
  }
  for (const other of others) (partsOf(other).host as FakeHost).runMicrotasks();
  const blocks = takeAll(heap, 0, () => {
    try {
      return heap.allocPages(0);
    } catch {
      return 0 as Address;
    }
  });
  assert.equal(heap.stats().pages.threadLists, 0, 'idle threads still keep pages');
  for (const p of blocks) heap.freePages(p);
  for (const other of others) other.detach();
  (partsOf(heap).host as FakeHost).advance(1000);
  heap.shrink();
  const { pages, objects } = assertBalanced(heap);
  assert.deepEqual([pages.allocated, objects.live, objects.waiting], [0, 0, 0]);
});
