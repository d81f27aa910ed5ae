import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertBalanced } from '../../tests/support/balanced.js';
import { whileLocked } from '../../tests/support/bare-heap.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { partsOf, plainHeapsOnly } from '../../tests/support/stage.js';
import type { HeapOptions } from '../heap/heap-options.js';
import type { HeapParts } from '../heap/heap-parts.js';
import { descriptorStart, zoneStart } from '../layout/heap-layout.js';
import { DESCRIPTOR } from '../layout/page-descriptor.js';
import { SLOT } from '../layout/thread-slot.js';
import { ZONE } from '../layout/zone-record.js';
import { Heap } from '../shared-heap.js';
import type { WaitRight } from '../words/host.js';
import { type Address, PAGE_WORDS } from '../words/units.js';
import {
  __GFP_NOMEMALLOC,
  __GFP_ZERO,
  GFP_ATOMIC,
  GFP_KERNEL,
  GFP_NOLOCK,
  GFP_NOWAIT,
  type Gfp,
} from './gfp.js';

plainHeapsOnly();

const MIN = 40;
/** 1000 pages of which 40 are kept, no blocks on lists, and locks that give up soon. */
const KEEPING = {
  pages: 1000,
  minFreePages: MIN,
  pageListHigh: 0,
  pageListBatch: 1,
  spinRounds: 10,
} as const;

interface Scene extends HeapParts {
  readonly heap: Heap;
  readonly lock: number;
  counter(offset: number): number;
}

function makeHeap(options: HeapOptions = KEEPING, right: WaitRight = 'may-wait'): Scene {
  const heap = Heap.create(options, { host: new FakeHost(right) });
  const parts = partsOf(heap);
  const { words, geometry, membership } = parts;
  return {
    ...parts,
    heap,
    lock: zoneStart(geometry, 0) + ZONE.lock,
    counter: (offset) => words.load(membership.start + offset),
  };
}

function takeAll({ pages }: Scene, gfp: Gfp): Address[] {
  const taken: Address[] = [];
  for (let p = pages.allocPages(0, gfp); p !== 0; p = pages.allocPages(0, gfp)) taken.push(p);
  return taken;
}

for (const [name, gfp, left, leftInReclaim] of [
  ['GFP_KERNEL', GFP_KERNEL, MIN, 0],
  ['GFP_NOWAIT', GFP_NOWAIT, MIN, 0],
  ['GFP_ATOMIC', GFP_ATOMIC, 15, 0],
  ['GFP_NOLOCK', GFP_NOLOCK, MIN, MIN],
  ['GFP_KERNEL | __GFP_NOMEMALLOC', GFP_KERNEL | __GFP_NOMEMALLOC, MIN, MIN],
] as const) {
  test(`allocPages, with ${name}, leaves ${left} of the ${MIN} pages kept, and ${leftInReclaim} inside of reclaim`, () => {
    const scene = makeHeap();
    const taken = takeAll(scene, gfp);
    assert.equal(1000 - taken.length, left);
    scene.pages.enterReclaim();
    scene.pages.enterReclaim();
    scene.pages.exitReclaim();
    taken.push(...takeAll(scene, gfp));
    assert.equal(1000 - taken.length, leftInReclaim);
    scene.pages.exitReclaim();
    assert.equal(scene.pages.allocPages(0, gfp), 0);
    assertBalanced(scene.heap, taken);
  });
}

test('allocPages, in a thread that may neither wait nor spin, acts as with GFP_NOLOCK', () => {
  const scene = makeHeap(KEEPING, 'may-neither');
  whileLocked(scene.words, scene.lock, () => assert.equal(scene.pages.allocPages(4, GFP_ATOMIC), 0));
  assert.equal(1000 - takeAll(scene, GFP_ATOMIC).length, MIN);
});

test('freePages and drain, in a thread that may neither wait nor spin, put off what finds the zone busy', () => {
  const scene = makeHeap({ ...KEEPING, pageListHigh: 4 }, 'may-neither');
  const { pages, words, lock, counter } = scene;
  const blocks = [0, 0, 0, 5].map((order) => pages.allocPages(order, GFP_NOLOCK));
  let pauses = 0;
  words.pause = () => pauses++;
  whileLocked(words, lock, () => {
    for (const p of blocks) pages.freePages(p);
    pages.drain();
    assert.equal(pages.decay(), false);
  });
  assert.equal(pauses, 0);
  assert.ok(counter(SLOT.pagesDeferred) >= 2);
  assert.ok(assertBalanced(scene.heap).pages.deferred >= 33);
  pages.drain();
});

test('freePages, in an atomic section of a thread that may wait, does not spin either', () => {
  const { pages, words, lock, context, counter, heap } = makeHeap();
  const p = pages.allocPages(5, GFP_KERNEL);
  context.enterAtomic('a hook');
  whileLocked(words, lock, () => pages.freePages(p));
  context.exitAtomic('a hook');
  assert.equal(counter(SLOT.pagesDeferred), 1);
  assertBalanced(heap);
});

test('allocPagesNolock, counts calls that were served and calls that were refused', () => {
  const { pages, words, lock, counter } = makeHeap();
  pages.allocPagesNolock(0);
  pages.allocPagesNolock(3);
  whileLocked(words, lock, () => pages.allocPagesNolock(2));
  assert.deepEqual([counter(SLOT.nolockPages), counter(SLOT.nolockPagesRefused)], [2, 1]);
});

test('allocPagesNolock, zeroes the whole block by one fill', () => {
  const { pages, words } = makeHeap();
  const dirty = pages.allocPages(2, GFP_KERNEL);
  words.fillPlain(dirty, dirty + 4 * PAGE_WORDS, -1);
  pages.freePages(dirty);
  const fills: number[] = [];
  const fillPlain = words.fillPlain.bind(words);
  words.fillPlain = (from, to, value) => {
    fills.push(to - from);
    fillPlain(from, to, value);
  };
  const p = pages.allocPagesNolock(2, __GFP_ZERO);
  assert.equal(p, dirty);
  for (let i = 0; i < 4 * PAGE_WORDS; i++) assert.equal(words.loadPlain(p + i), 0);
  assert.deepEqual(fills, [4 * PAGE_WORDS]);
});

test('allocPages and allocFromList, say that nobody is charged for the block', () => {
  const { pages, words, geometry } = makeHeap({ ...KEEPING, pageListHigh: 8, pageListFloor: 0 });
  for (const alloc of [() => pages.allocPages(0, GFP_KERNEL), () => pages.allocFromList(0)]) {
    const p = alloc();
    const group = descriptorStart(geometry, p / PAGE_WORDS) + DESCRIPTOR.group;
    assert.equal(words.load(group), 0);
    words.store(group, 4711);
    pages.freePages(p);
  }
});

test('allocFromList, hands out what this thread keeps above the floor, and takes no lock for it', () => {
  const scene = makeHeap({ ...KEEPING, pageListHigh: 8, pageListBatch: 4, pageListFloor: 1 });
  const { pages, words, lock, counter, heap } = scene;
  pages.freePages(pages.allocPages(0, GFP_KERNEL));
  const locks = counter(SLOT.zoneLocks);
  const compareExchange = words.compareExchange.bind(words);
  words.compareExchange = (index, expected, value) => {
    assert.notEqual(index, lock, 'it asks a zone');
    return compareExchange(index, expected, value);
  };
  const got = [1, 2, 3, 4].map(() => pages.allocFromList(0));
  assert.deepEqual(
    got.map((p) => p !== 0),
    [true, true, true, false],
  );
  assert.deepEqual([pages.allocFromList(2), pages.allocFromList(4)], [0, 0]);
  assert.throws(() => pages.allocFromList(11), { name: 'RangeError' });
  assert.equal(counter(SLOT.zoneLocks), locks);
  words.compareExchange = compareExchange;
  assert.equal(counter(SLOT.pagesAllocated) - counter(SLOT.pagesFreed), 3);
  assertBalanced(heap, got.slice(0, 3));
});

test('pageListFloor, a flood of the nolock kind leaves another caller of the thread its pages', () => {
  const scene = makeHeap({ ...KEEPING, pageListHigh: 40, pageListBatch: 8, pageListFloor: 4 });
  const { pages, words, lock } = scene;
  pages.freePages(pages.allocPages(0, GFP_KERNEL));
  whileLocked(words, lock, () => {
    while (pages.allocPagesNolock(0) !== 0);
    for (let i = 0; i < 4; i++) assert.notEqual(pages.allocPages(0, GFP_KERNEL), 0);
  });
});
