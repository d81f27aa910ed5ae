import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertBalanced } from '../../tests/support/balanced.js';
import { impatientLock, whileLocked } from '../../tests/support/bare-heap.js';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { heapTest, partsOf, Stage } from '../../tests/support/stage.js';
import type { HeapOptions } from '../heap/heap-options.js';
import { descriptorStart, zoneStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageState } from '../layout/page-descriptor.js';
import { MAX_LIST_ORDER, SLOT } from '../layout/thread-slot.js';
import { ZONE } from '../layout/zone-record.js';
import { LockTimeoutError } from '../locks/lock-errors.js';
import { ALLOC_TRYLOCK, ALLOC_WMARK_MIN } from './alloc-flags.js';
import { ThreadPageLists } from './thread-page-lists.js';
import { Zone } from './zone.js';

interface Scene {
  readonly stage: Stage;
  readonly lists: ThreadPageLists;
  readonly zones: readonly Zone[];
  readonly zoneLock: number;
  zoneOf(page: number): Zone;
  stateOf(page: number): number;
  /** Pages on the lists of the slot. */
  kept(): number;
}

/** The lists of slot 0, and zones to go with them, whose locks give up soon. */
function makeLists(stage: Stage): Scene {
  const { words, geometry, membership } = partsOf(stage.heap);
  const zoneLock = zoneStart(geometry, 0) + ZONE.lock;
  const zone = new Zone(words, geometry, 0, impatientLock(words, zoneLock, 'zone 0'), membership.start);
  return {
    stage,
    lists: new ThreadPageLists(words, geometry, membership.slot, membership.start),
    zones: [zone],
    zoneLock,
    zoneOf: () => zone,
    stateOf: (page) => words.load(descriptorStart(geometry, page) + DESCRIPTOR.state),
    kept: () => words.load(membership.start + SLOT.listPages),
  };
}

function listTest(name: string, body: (scene: Scene) => void, options: HeapOptions = {}): void {
  heapTest(
    name,
    (stage) => {
      const scene = makeLists(stage);
      body(scene);
      scene.lists.drain(scene.zoneOf);
      assert.equal(scene.kept(), 0);
      assert.equal(stage.stats().pages.inUse, 0);
    },
    { all: { pageListBatch: 4, pageListHigh: 8, pageListFloor: 0, ...options }, tiny: { pages: 100 } },
  );
}

listTest(
  'take() of an empty list fills it with a batch of the zone',
  ({ lists, zones, zoneOf, stateOf, kept }) => {
    for (const [order, blocks] of [
      [0, 4],
      [1, 2],
      [2, 1],
      [3, 1],
    ] as const) {
      const page = lists.take(order, zones, ALLOC_WMARK_MIN);
      assert.equal(page % (1 << order), 0);
      assert.equal(stateOf(page), pageState(PAGE_KIND.threadList, order, 0));
      assert.equal(kept(), (blocks - 1) << order);
      zoneOf(page).put(page, order, true);
      lists.drain(zoneOf);
    }
  },
);

listTest('take() returns what put() kept, last in first out, and leaves the zone alone', (scene) => {
  const { lists, zones, zoneLock, stage } = scene;
  for (let order = 0; order <= MAX_LIST_ORDER; order++) {
    const pages = [1, 2, 3].map(() => zones[0]!.take(order, 1, ALLOC_WMARK_MIN));
    for (const page of pages) assert.equal(lists.put(page, order), true);
    whileLocked(stage.words, zoneLock, () => {
      for (const page of pages.reverse()) assert.equal(lists.take(order, zones, ALLOC_TRYLOCK), page);
    });
    for (const page of pages) lists.put(page, order);
  }
});

listTest(
  'take() of an empty list with the zone busy returns 0, or spins where it may',
  ({ lists, zones, zoneLock, stage, kept }) => {
    whileLocked(stage.words, zoneLock, () => {
      assert.equal(lists.take(0, zones, ALLOC_TRYLOCK), 0);
      assert.equal(kept(), 0);
      assert.throws(() => lists.take(0, zones, ALLOC_WMARK_MIN), LockTimeoutError);
    });
    const { words, membership } = partsOf(stage.heap);
    words.store(membership.start + SLOT.pagesAcquired, 0);
  },
);

listTest('take() fills from the first zone that has any', ({ lists, zones, stage, zoneOf }) => {
  const { words, geometry, membership } = partsOf(stage.heap);
  const asked: string[] = [];
  const empty = new Zone(
    words,
    geometry,
    0,
    impatientLock(words, zoneStart(geometry, 0) + ZONE.lock, 'none'),
    membership.start,
  );
  empty.takeBatch = () => {
    asked.push('first');
    return 0;
  };
  const page = lists.take(0, [empty, zones[0]!], ALLOC_WMARK_MIN);
  assert.notEqual(page, 0);
  assert.deepEqual(asked, ['first']);
  zoneOf(page).put(page, 0, true);
  lists.drain(zoneOf);
  assert.equal(lists.take(0, [empty], ALLOC_WMARK_MIN), 0);
});

listTest('excess() is a batch from one page above pageListHigh on, where the sizes are given', (scene) => {
  const { lists, zones, zoneOf, kept } = scene;
  for (let count = 1; count <= 12; count++) {
    lists.put(zones[0]!.take(0, 1, ALLOC_WMARK_MIN), 0);
    assert.equal(kept(), count);
    assert.equal(lists.excess(false), count > 8 ? 4 : 0);
  }
  lists.giveBack(4, zoneOf);
  assert.equal(kept(), 8);
  assert.equal(lists.excess(false), 0);
});

listTest('giveBack() gives back the largest blocks first', ({ lists, zones, zoneOf, kept }) => {
  const large = zones[0]!.take(2, 1, ALLOC_WMARK_MIN);
  const small = zones[0]!.take(0, 1, ALLOC_WMARK_MIN);
  lists.put(large, 2);
  lists.put(small, 0);
  lists.giveBack(4, zoneOf);
  assert.equal(kept(), 1);
  assert.equal(lists.take(0, [], ALLOC_WMARK_MIN), small);
  lists.put(small, 0);
});

listTest('drain() gives back every block of every order', ({ lists, zones, zoneOf, kept, stage }) => {
  const free = stage.stats().pages.free;
  for (let order = 0; order <= MAX_LIST_ORDER; order++) {
    for (let block = 0; block < 3; block++) lists.put(zones[0]!.take(order, 1, ALLOC_WMARK_MIN), order);
  }
  assert.equal(kept(), 3 * 15);
  lists.drain(zoneOf);
  assert.deepEqual([kept(), stage.stats().pages.free], [0, free]);
});

listTest('a thread that is inside already gets nothing and keeps nothing: it goes to the zone', (scene) => {
  const { lists, zones, zoneOf, kept, stage } = scene;
  const page = zones[0]!.take(0, 1, ALLOC_WMARK_MIN);
  lists.put(page, 0);
  const { words, membership } = partsOf(stage.heap);
  words.store(membership.start + SLOT.pagesAcquired, 1);
  assert.equal(lists.take(0, zones, ALLOC_WMARK_MIN), 0);
  const other = zones[0]!.take(0, 1, ALLOC_WMARK_MIN);
  assert.equal(lists.put(other, 0), false);
  lists.drain(zoneOf);
  lists.giveBack(4, zoneOf);
  assert.equal(kept(), 1);
  words.store(membership.start + SLOT.pagesAcquired, 0);
  zoneOf(other).put(other, 0, true);
  assert.equal(lists.take(0, zones, ALLOC_WMARK_MIN), page);
  lists.put(page, 0);
});

/** Puts `count` single pages on the list, and returns them. */
function keep({ lists, zones }: Scene, count: number): number[] {
  const pages = Array.from({ length: count }, () => zones[0]!.take(0, 1, ALLOC_WMARK_MIN));
  for (const page of pages) lists.put(page, 0);
  return pages;
}

listTest(
  'take() of who may not spin leaves the floor of a list, whatever the zone has, and refills above it',
  (scene) => {
    const { lists, zones, kept, stage, zoneLock } = scene;
    const [, , third] = keep(scene, 3);
    whileLocked(stage.words, zoneLock, () => {
      assert.equal(lists.take(0, zones, ALLOC_TRYLOCK), third);
      assert.equal(lists.take(0, zones, ALLOC_TRYLOCK), 0);
      assert.equal(kept(), 2);
    });
    const refilled = lists.take(0, zones, ALLOC_TRYLOCK);
    assert.equal(kept(), 2 + 4 - 1);
    lists.put(refilled, 0);
    lists.put(third!, 0);
  },
  { pageListFloor: 2 },
);

listTest(
  'take() of who may spin takes the floor too',
  (scene) => {
    const pages = keep(scene, 2);
    const { lists, zones, stage, zoneLock } = scene;
    whileLocked(stage.words, zoneLock, () => {
      for (const page of pages.toReversed()) assert.equal(lists.take(0, zones, ALLOC_WMARK_MIN), page);
    });
    for (const page of pages) lists.put(page, 0);
  },
  { pageListFloor: 2 },
);

listTest(
  'takeKept() takes what is kept above the floor, asks no zone, and is 0 where this thread is inside',
  (scene) => {
    const { lists, stage, zoneLock } = scene;
    const pages = keep(scene, 3);
    const { words, membership } = partsOf(stage.heap);
    whileLocked(words, zoneLock, () => {
      words.store(membership.start + SLOT.pagesAcquired, 1);
      assert.equal(lists.takeKept(0), 0);
      words.store(membership.start + SLOT.pagesAcquired, 0);
      assert.equal(lists.takeKept(0), pages[2]);
      assert.equal(lists.takeKept(0), 0);
      assert.equal(lists.takeKept(1), 0);
    });
    lists.put(pages[2]!, 0);
  },
  { pageListFloor: 2 },
);

listTest('giveBack() gives pages back under one hold of the lock for a run of blocks', (scene) => {
  const { lists, zoneOf, kept, stage } = scene;
  keep(scene, 12);
  const { words, membership } = partsOf(stage.heap);
  const before = words.load(membership.start + SLOT.zoneLocks);
  lists.giveBack(10, zoneOf);
  assert.deepEqual([kept(), words.load(membership.start + SLOT.zoneLocks) - before], [2, 1]);
});

listTest('giveBack() where the lock is not to be had leaves the blocks on the list', (scene) => {
  const { lists, zoneOf, kept, stage, zoneLock } = scene;
  keep(scene, 5);
  const { words, membership } = partsOf(stage.heap);
  whileLocked(words, zoneLock, () => lists.giveBack(5, zoneOf));
  assert.equal(words.load(membership.start + SLOT.pagesAcquired), 0);
  assert.equal(kept(), 5);
  assertBalanced(stage.heap);
});

listTest('drainNolock() empties the lists, by the deferred list where the zone is busy', (scene) => {
  const { lists, zoneOf, kept, stage, zoneLock } = scene;
  keep(scene, 5);
  whileLocked(stage.words, zoneLock, () => lists.drainNolock(zoneOf));
  assert.equal(kept(), 0);
  assert.equal(assertBalanced(stage.heap).pages.deferred, 5);
  scene.zones[0]!.drain(true);
});

/** Lists that follow the use: high from 16 to 256 pages. */
const TUNED: HeapOptions = { bytes: 64 * 2 ** 20, threads: 4, pageListBatch: 4 };

test('take(), put() and excess() have bursts meet the zone ever less often, and what is kept follows', () => {
  const stage = new Stage(CONFIGURATIONS[0]!, { all: TUNED });
  const scene = makeLists(stage);
  const { lists, zones, zoneOf, kept } = scene;
  const { words, geometry, membership } = partsOf(stage.heap);
  const { pageListHighMin, pageListHighMax } = geometry;
  assert.ok(pageListHighMax >= 8 * pageListHighMin, `${pageListHighMin} to ${pageListHighMax}`);
  const locksOf = (run: () => void): number => {
    const before = words.load(membership.start + SLOT.zoneLocks);
    run();
    return words.load(membership.start + SLOT.zoneLocks) - before;
  };
  const burst = 600;
  const taken: number[] = [];
  const taking = locksOf(() => {
    for (let i = 0; i < burst; i++) taken.push(lists.take(0, zones, ALLOC_WMARK_MIN));
  });
  const giving = locksOf(() => {
    for (const page of taken) {
      lists.put(page, 0);
      const pages = lists.excess(false);
      if (pages > 0) lists.giveBack(pages, zoneOf);
      assert.ok(kept() <= pageListHighMax + 1);
    }
  });
  assert.ok(taking < burst / 32 && giving < burst / 32, `${taking} and ${giving} holds for ${burst} pages`);
  assert.ok(words.load(membership.start + SLOT.listHigh) > pageListHighMin, 'high has not grown');
  keep(scene, pageListHighMax);
  assert.equal(lists.mayDecay(), true);
  while (lists.decay(zoneOf)) assert.ok(kept() > pageListHighMin);
  assert.ok(kept() <= pageListHighMin);
  const page = lists.take(0, zones, ALLOC_WMARK_MIN);
  lists.put(page, 0);
  keep(scene, 2 * pageListHighMin);
  // A zone that is low: high comes down by and by, and what is above it goes.
  for (let i = 0; i < 40; i++) lists.giveBack(lists.excess(true), zoneOf);
  assert.ok(kept() <= pageListHighMin, `${kept()} pages are kept`);
  lists.drain(zoneOf);
  stage.balance();
});
