import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertBalanced } from '../../tests/support/balanced.js';
import { type BareHeap, formatBareHeap, impatientLock, whileLocked } from '../../tests/support/bare-heap.js';
import { countAccesses } from '../../tests/support/counting-words.js';
import { descriptorStart, slotStart, zoneStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageState } from '../layout/page-descriptor.js';
import { SLOT } from '../layout/thread-slot.js';
import { ZONE } from '../layout/zone-record.js';
import {
  ALLOC_HIGH,
  ALLOC_NO_WATERMARKS,
  ALLOC_NON_BLOCK,
  ALLOC_TRYLOCK,
  ALLOC_WMARK_MIN,
} from './alloc-flags.js';
import { NOLOCK_DRAIN, Zone } from './zone.js';

const ATOMIC = ALLOC_HIGH | ALLOC_NON_BLOCK;
const ALLOCATED = (order: number): number => pageState(PAGE_KIND.allocated, order, 0);

interface Scene extends BareHeap {
  readonly zone: Zone;
  readonly lock: number;
  /** A word of the zone's record. */
  word(offset: number): number;
  /** A counter of slot 0. */
  counter(offset: number): number;
}

/** One zone whose min mark is 40 pages; low and high follow: 50 and 60. */
function makeZone(minFreePages = 40): Scene {
  const heap = formatBareHeap({ pages: 1000, threads: 2, maxCaches: 66, minFreePages });
  const record = zoneStart(heap.geometry, 0);
  const lock = record + ZONE.lock;
  const slot = slotStart(heap.geometry, 0);
  return {
    ...heap,
    lock,
    zone: new Zone(heap.words, heap.geometry, 0, impatientLock(heap.words, lock, 'zone 0'), slot),
    word: (offset) => heap.words.load(record + offset),
    counter: (offset) => heap.words.load(slot + offset),
  };
}

/** Takes single pages until none is to be had. */
function takeAll(zone: Zone, flags: number): number[] {
  const taken: number[] = [];
  for (let p = zone.take(0, ALLOCATED(0), flags); p !== 0; p = zone.take(0, ALLOCATED(0), flags))
    taken.push(p);
  return taken;
}

const addressesOf = (pages: readonly number[]): number[] => pages.map((page) => page * 1024);

for (const [name, flags, left] of [
  ['ALLOC_WMARK_MIN', ALLOC_WMARK_MIN, 40],
  ['ALLOC_NON_BLOCK', ALLOC_NON_BLOCK, 40],
  ['ALLOC_TRYLOCK', ALLOC_TRYLOCK, 40],
  ['ALLOC_HIGH', ALLOC_HIGH, 20],
  ['ALLOC_HIGH | ALLOC_NON_BLOCK', ATOMIC, 15],
  ['ALLOC_NO_WATERMARKS', ALLOC_NO_WATERMARKS, 0],
] as const) {
  test(`take(), with ${name}, leaves ${left} of a min mark of 40 pages`, () => {
    const scene = makeZone();
    const taken = takeAll(scene.zone, flags);
    assert.equal(scene.zone.freePages(), left);
    assert.equal(scene.zone.takeBatch(0, 5, ALLOCATED(0), flags), 0);
    assertBalanced(scene, addressesOf(taken));
  });
}

test('take(), of a larger block counts all its pages but one as gone, as no other of its order can be had from them', () => {
  const { zone } = makeZone();
  zone.take(0, ALLOCATED(0), ALLOC_WMARK_MIN);
  while (zone.take(4, ALLOCATED(4), ALLOC_WMARK_MIN) !== 0);
  assert.equal(zone.freePages(), 55, '55 - 15 is not above 40');
  assert.notEqual(zone.take(0, ALLOCATED(0), ALLOC_WMARK_MIN), 0);
});

test('takeBatch(), stops before it would go below the mark', () => {
  const { zone, words, geometry } = makeZone();
  const first = zone.takeBatch(0, 5000, ALLOCATED(0), ALLOC_WMARK_MIN);
  let taken = 0;
  for (let page = first; page !== 0; taken++) {
    page = words.load(descriptorStart(geometry, page) + DESCRIPTOR.next);
  }
  assert.deepEqual([taken, zone.freePages()], [960, 40]);
});

test('isBelowHigh(), is true from the allocation that finds the zone at its high mark to the free that brings it above', () => {
  const { zone, word } = makeZone();
  assert.deepEqual([ZONE.wmarkMin, ZONE.wmarkLow, ZONE.wmarkHigh].map(word), [40, 50, 60]);
  const taken: number[] = [];
  while (zone.freePages() > 61) taken.push(zone.take(0, ALLOCATED(0), ALLOC_WMARK_MIN));
  assert.equal(zone.isBelowHigh(), false);
  taken.push(zone.take(0, ALLOCATED(0), ALLOC_WMARK_MIN), zone.take(0, ALLOCATED(0), ALLOC_WMARK_MIN));
  assert.equal(zone.isBelowHigh(), true);
  zone.put(taken.pop()!, 0, true);
  assert.deepEqual([zone.freePages(), zone.isBelowHigh()], [60, true]);
  zone.put(taken.pop()!, 0, false);
  assert.deepEqual([zone.freePages(), zone.isBelowHigh()], [61, false]);
});

test('a zone without marks, hands out all, and is never below', () => {
  const { zone } = makeZone(0);
  assert.equal(takeAll(zone, ALLOC_WMARK_MIN).length, 1000);
  assert.equal(zone.isBelowHigh(), false);
});

test('zoneLocks, counts each time the lock was had, and no time it was not', () => {
  const { zone, words, lock, counter } = makeZone();
  const page = zone.take(0, ALLOCATED(0), ALLOC_WMARK_MIN);
  zone.put(page, 0, false);
  zone.takeBatch(0, 3, ALLOCATED(0), ALLOC_TRYLOCK);
  zone.drain(true);
  assert.equal(counter(SLOT.zoneLocks), 4);
  whileLocked(words, lock, () => {
    zone.take(0, ALLOCATED(0), ALLOC_TRYLOCK);
    zone.put(page, 0, false);
    zone.drain(false);
  });
  assert.deepEqual([counter(SLOT.zoneLocks), counter(SLOT.pagesDeferred)], [4, 1]);
});

test('putChain(), gives back the first blocks of a chain under one hold, and leaves the rest', () => {
  const scene = makeZone(0);
  const { zone, words, geometry, counter } = scene;
  const next = (page: number): number => words.load(descriptorStart(geometry, page) + DESCRIPTOR.next);
  const first = zone.takeBatch(1, 5, ALLOCATED(1), ALLOC_WMARK_MIN);
  const third = next(next(first));
  const rest = [third, next(third), next(next(third))];
  const holds = counter(SLOT.zoneLocks);
  zone.putChain(first, 1, 2);
  assert.equal(counter(SLOT.zoneLocks), holds + 1);
  assert.equal(zone.freePages(), 1000 - 6);
  assertBalanced(scene, addressesOf(rest));
});

test('putChain(), where the lock is not to be had, returns false and changes nothing', () => {
  const { zone, words, lock } = makeZone(0);
  const first = zone.takeBatch(0, 3, ALLOCATED(0), ALLOC_WMARK_MIN);
  whileLocked(words, lock, () => assert.equal(zone.putChain(first, 0, 3), false));
  assert.equal(zone.freePages(), 997);
  zone.putChain(first, 0, 3);
  assert.equal(zone.freePages(), 1000);
});

/** Puts `count` single pages on the deferred list of a zone. */
function defer({ zone, words, lock }: Scene, count: number): void {
  const pages = Array.from({ length: count }, () => zone.take(0, ALLOCATED(0), ALLOC_WMARK_MIN));
  whileLocked(words, lock, () => {
    for (const page of pages) zone.put(page, 0, false);
  });
}

for (const [what, operation] of [
  ['take()', ({ zone }: Scene) => zone.take(0, ALLOCATED(0), ALLOC_TRYLOCK)],
  ['takeBatch()', ({ zone }: Scene) => zone.takeBatch(0, 1, ALLOCATED(0), ALLOC_TRYLOCK)],
  ['drain()', ({ zone }: Scene) => (zone.drain(false) ? 0 : -1)],
] as const) {
  test(`${what} of who may not spin, takes NOLOCK_DRAIN deferred blocks along, newest first, and no more`, () => {
    const scene = makeZone(0);
    const { zone } = scene;
    defer(scene, 10);
    assert.equal(zone.freePages(), 990);
    const page = operation(scene);
    assert.equal(zone.freePages(), 990 + NOLOCK_DRAIN - (page === 0 ? 0 : 1));
    assertBalanced(scene, page === 0 ? [] : [page * 1024]);
    zone.drain(true);
    assert.equal(zone.freePages(), 1000 - (page === 0 ? 0 : 1));
  });
}

test('put() of who may not spin, takes no deferred block along', () => {
  const scene = makeZone(0);
  const page = scene.zone.take(0, ALLOCATED(0), ALLOC_WMARK_MIN);
  defer(scene, 3);
  scene.zone.put(page, 0, false);
  assert.equal(scene.zone.freePages(), 997);
});

test('take() of who may not spin, takes the same steps whatever the length of the deferred list', () => {
  const steps = [10, 100, 500].map((count) => {
    const scene = makeZone(0);
    defer(scene, count);
    const counter = countAccesses(scene.words);
    scene.zone.take(0, ALLOCATED(0), ALLOC_TRYLOCK);
    assert.equal(counter.spins, 0);
    return counter.count;
  });
  assert.ok(Math.max(...steps) < 300, `${steps.join(', ')} accesses`);
});

test('take() of who may not spin, leaves a deferred block that it is overtaken at to the next', () => {
  const scene = makeZone(0);
  const { zone, words, lock } = scene;
  const deferred = zoneStart(scene.geometry, 0) + ZONE.deferred;
  defer(scene, 2);
  const compareExchange = words.compareExchange.bind(words);
  let overtaken = false;
  words.compareExchange = (index, expected, value) => {
    if (index === deferred && !overtaken && expected !== value) {
      overtaken = true;
      // What it finds where another thread has pushed meanwhile.
      return 0;
    }
    return compareExchange(index, expected, value);
  };
  const page = zone.take(0, ALLOCATED(0), ALLOC_TRYLOCK);
  assert.equal(overtaken, true);
  assert.equal(zone.freePages(), 997);
  assert.equal(words.load(lock), 0);
  assertBalanced(scene, [page * 1024]);
});
