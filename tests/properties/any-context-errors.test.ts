/**
 * What is left behind where a call ends half way: a lock that is not to be had at all, a shrinker that throws, lies,
 * allocates or takes itself off. Whatever happens, the next call finds everything in order, and the books add up.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Address,
  GFP_NOWAIT,
  Heap,
  type HeapOptions,
  LockTimeoutError,
  OutOfMemoryError,
} from '../../src/index.js';
import { HEADER } from '../../src/layout/heap-header.js';
import { zoneStart } from '../../src/layout/heap-layout.js';
import { INTENT, INTENT_KIND, SLOT } from '../../src/layout/thread-slot.js';
import { ZONE } from '../../src/layout/zone-record.js';
import { Intents } from '../../src/threads/intents.js';
import { assertBalanced } from '../support/balanced.js';
import { countAccesses } from '../support/counting-words.js';
import { FakeHost } from '../support/fake-host.js';
import { reclaimersOf } from '../support/reclaiming.js';
import { partsOf } from '../support/stage.js';

/** An owner tag of a slot that nobody has. */
const FOREIGN_TAG = 250;
const SMALL: HeapOptions = { pages: 120, threads: 4, maxCaches: 80, minFreePages: 0, spinRounds: 100 };

function makeHeap(options: HeapOptions = {}): Heap {
  return Heap.create({ ...SMALL, ...options }, { host: new FakeHost() });
}

/** Runs `act` while every zone's lock is somebody else's, who does not let go of it. */
function whileZonesAreLocked({ words, geometry }: Heap, act: () => void): void {
  const locks = Array.from({ length: geometry.zones }, (_, zone) => zoneStart(geometry, zone) + ZONE.lock);
  for (const lock of locks) words.store(lock, FOREIGN_TAG);
  act();
  for (const lock of locks) words.store(lock, 0);
}

/** What the counters of this thread say that it has: pages handed out, less those taken back. */
function pagesOut(heap: Heap): number {
  const { words, membership } = partsOf(heap);
  return words.load(membership.start + SLOT.pagesAllocated) - words.load(membership.start + SLOT.pagesFreed);
}

test('allocPages(), whose refill cannot have the lock, leaves the lists of its thread in use', () => {
  const heap = makeHeap();
  whileZonesAreLocked(heap, () => assert.throws(() => heap.allocPages(0, GFP_NOWAIT), LockTimeoutError));
  assertBalanced(heap);
  heap.freePages(heap.allocPages(0));
  assert.ok(heap.stats().pages.threadLists > 0, 'no page is kept');
});

test('freePages(), which cannot give back what is too much, frees its pages and keeps them; the thread can leave without a loss', () => {
  const heap = makeHeap({ pageListHigh: 4, pageListBatch: 2 });
  const other = Heap.attach(heap.handle, { name: 'other' }, { host: new FakeHost() });
  const blocks: Address[] = [];
  for (let i = 0; i < 20; i++) blocks.push(heap.allocPages(0));
  whileZonesAreLocked(heap, () => {
    for (const p of blocks) heap.freePages(p);
  });
  assert.equal(pagesOut(heap), 0);
  assert.equal(assertBalanced(heap).pages.threadLists, blocks.length);
  heap.detach();
  assert.equal(assertBalanced(other).pages.threadLists, 0);
  other.detach();
});

test('freePages() of a block that goes to its zone, where that is locked, leaves it on the deferred list', () => {
  const heap = makeHeap();
  const p = heap.allocPages(4);
  const { words, membership } = partsOf(heap);
  const intents = new Intents(words, membership.start);
  const frame = intents.open(INTENT_KIND.free, 0, p);
  whileZonesAreLocked(heap, () => heap.freePages(p));
  assert.equal(
    words.load(frame + INTENT.a),
    0,
    'the block is freed already, and the intent would free it again',
  );
  intents.close(frame);
  assert.equal(pagesOut(heap), 0);
  assert.equal(assertBalanced(heap).pages.deferred, 16);
  heap.shrink();
  assert.equal(assertBalanced(heap).pages.deferred, 0);
});

test('detach(), which cannot leave what waits to others, keeps it, and can be called again', () => {
  const heap = makeHeap();
  const leaver = Heap.attach(heap.handle, { name: 'leaver' }, { host: new FakeHost() });
  // This turn holds grace periods up, so what the other frees waits.
  heap.kmalloc(8);
  leaver.kfreeRcu(leaver.kmalloc(64));
  leaver.kfreeRcu(leaver.allocPages(0));
  heap.words.store(HEADER.orphanLock, FOREIGN_TAG);
  assert.throws(() => leaver.detach(), LockTimeoutError);
  heap.words.store(HEADER.orphanLock, 0);
  leaver.detach();
  const host = partsOf(heap).host as FakeHost;
  for (let i = 0; i < 10; i++) host.advance(100);
  heap.shrink();
  const { pages, objects } = heap.balance();
  assert.deepEqual([pages.allocated, objects.waiting], [0, 0]);
  assert.equal(objects.live, 1, 'what the other left was not freed');
});

test('detach() of a thread that may not spin, where it would have to, says so, and can be called again', () => {
  const heap = makeHeap();
  const worklet = Heap.attach(heap.handle, { name: 'worklet' }, { host: new FakeHost('may-neither') });
  // This turn holds grace periods up, so what the other frees waits.
  heap.kmalloc(8);
  worklet.kfreeRcu(worklet.kmallocNolock(64));
  const counter = countAccesses(partsOf(worklet).words);
  heap.words.store(HEADER.orphanLock, FOREIGN_TAG);
  const expected = { name: 'ContextError', message: /called detach\(\) in an audio worklet/ };
  assert.throws(() => worklet.detach(), expected);
  assert.throws(() => worklet.detach(), expected);
  heap.words.store(HEADER.orphanLock, 0);
  worklet.detach();
  assert.equal(counter.spins, 0);
  const host = partsOf(heap).host as FakeHost;
  for (let i = 0; i < 10; i++) host.advance(100);
  heap.shrink();
  const { objects } = heap.balance();
  assert.deepEqual([objects.live, objects.waiting], [1, 0]);
});

test('synchronizeRcuSync(), in a hook, is refused as everything is that waits, and nothing has changed', () => {
  const heap = makeHeap();
  const p = heap.kmalloc(64);
  const { context, turn } = partsOf(heap);
  context.enterAtomic('a hook');
  assert.throws(() => heap.synchronizeRcuSync(), { name: 'ContextError', message: /in a hook/ });
  assert.ok(turn.isOpen(), 'what was read is stale');
  context.exitAtomic('a hook');
  heap.kfree(p);
  heap.synchronizeRcuSync();
  assertBalanced(heap);
});

/** A heap in which nothing is left, and one thing that can be given back. */
class FullHeap {
  readonly heap = makeHeap({ pages: 40 });
  readonly blocks: Address[] = [];

  constructor() {
    const { heap, blocks } = this;
    for (let p = heap.allocPages(0, GFP_NOWAIT); p !== 0; p = heap.allocPages(0, GFP_NOWAIT)) blocks.push(p);
  }

  /** Asserts that no thread is said to reclaim, and that nothing is lost. */
  assertInOrder(): void {
    assert.deepEqual(reclaimersOf(this.heap.words, this.heap.geometry), []);
    assertBalanced(this.heap, this.blocks);
  }
}

const LIES: readonly (readonly [what: string, count: unknown, scanned: unknown])[] = [
  ['a negative count', -1, 0],
  ['NaN', Number.NaN, 0],
  ['a count without an end', Number.POSITIVE_INFINITY, 0],
  ['a scan that says NaN', 4096, Number.NaN],
  ['a scan that says less than nothing', 4096, -4],
  ['a scan that says nothing at all', 4096, undefined],
];

for (const [what, count, scanned] of LIES) {
  test(`registerShrinker(), with a shrinker of ${what}, has the allocation throw a TypeError that names it`, () => {
    const full = new FullHeap();
    const takeOff = full.heap.registerShrinker({
      name: 'liar',
      count: () => count as number,
      scan: () => scanned as number,
    });
    assert.throws(() => full.heap.allocPages(0), { name: 'TypeError', message: /shrinker liar returned/ });
    full.assertInOrder();
    takeOff();
    assert.throws(() => full.heap.allocPages(0), OutOfMemoryError);
    full.assertInOrder();
  });
}

test('registerShrinker(), with a shrinker that says it gives and never does, has the allocation fail after a bounded number of scans', () => {
  const full = new FullHeap();
  let scans = 0;
  full.heap.registerShrinker({
    name: 'boaster',
    count: () => 1 << 20,
    scan: (n) => {
      scans++;
      return n;
    },
  });
  assert.throws(() => full.heap.allocPages(0), OutOfMemoryError);
  assert.ok(scans > 0 && scans < 5000, `${scans} scans`);
  full.assertInOrder();
});

test('registerShrinker(), with a shrinker that counts in fractions, asks it for whole numbers', () => {
  const full = new FullHeap();
  const asked: number[] = [];
  full.heap.registerShrinker({
    name: 'fractions',
    count: () => 3.7,
    scan: (n) => {
      asked.push(n);
      return 0;
    },
  });
  assert.throws(() => full.heap.allocPages(0), OutOfMemoryError);
  assert.ok(asked.length > 0 && asked.every((n) => Number.isInteger(n) && n >= 1), asked.join());
  full.assertInOrder();
});

test('registerShrinker(), with a shrinker that throws, has the allocation throw that, and the next one reclaims again', () => {
  const full = new FullHeap();
  const { heap, blocks } = full;
  let isBroken = true;
  heap.registerShrinker({
    name: 'moody',
    count: () => blocks.length,
    scan: () => {
      if (isBroken) throw new SyntaxError('not today');
      heap.freePages(blocks.pop()!);
      return 1;
    },
  });
  assert.throws(() => heap.allocPages(0), { name: 'SyntaxError', message: 'not today' });
  full.assertInOrder();
  isBroken = false;
  blocks.push(heap.allocPages(0));
  full.assertInOrder();
});

test('registerShrinker(), with a shrinker that allocates, refuses that there and then; one that catches it can go on', () => {
  const full = new FullHeap();
  const { heap, blocks } = full;
  const seen: string[] = [];
  heap.registerShrinker({
    name: 'hungry',
    count: () => 1,
    scan: () => {
      try {
        heap.kmalloc(5000);
      } catch (error) {
        seen.push((error as Error).name);
      }
      seen.push(String(heap.kmalloc(5000, GFP_NOWAIT)));
      heap.freePages(blocks.pop()!);
      return 1;
    },
  });
  blocks.push(heap.allocPages(0));
  assert.deepEqual(seen, ['OutOfMemoryError', '0']);
  full.assertInOrder();
});

test('registerShrinker(), with shrinkers that take themselves and each other off, asks each at most once more', () => {
  const full = new FullHeap();
  const { heap } = full;
  const asked: string[] = [];
  const takeOffs: (() => void)[] = [];
  const add = (name: string): void => {
    takeOffs.push(
      heap.registerShrinker({
        name,
        count: () => 1,
        scan: () => {
          asked.push(name);
          for (const takeOff of takeOffs) takeOff();
          return 1;
        },
      }),
    );
  };
  add('first');
  add('second');
  assert.throws(() => heap.allocPages(0), OutOfMemoryError);
  assert.deepEqual(asked, ['first', 'second']);
  assert.throws(() => heap.allocPages(0), OutOfMemoryError);
  assert.deepEqual(asked, ['first', 'second']);
  full.assertInOrder();
});

test('registerShrinker(), with a shrinker that waits, ends its turn or leaves the heap, is refused what would pull memory from under the allocation', () => {
  for (const call of ['quiesce', 'synchronizeRcuSync', 'detach'] as const) {
    const full = new FullHeap();
    const { heap } = full;
    heap.registerShrinker({
      name: 'leaver',
      count: () => 1,
      scan: () => {
        heap[call]();
        return 0;
      },
    });
    assert.throws(() => heap.allocPages(0), /inside turn\(fn\)/, call);
    full.assertInOrder();
  }
});
