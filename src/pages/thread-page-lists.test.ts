import assert from 'node:assert/strict';
import { impatientLock, whileLocked } from '../../tests/support/bare-heap.js';
import { heapTest, partsOf, type Stage } from '../../tests/support/stage.js';
import { descriptorStart, zoneStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageState } from '../layout/page-descriptor.js';
import { MAX_LIST_ORDER, SLOT } from '../layout/thread-slot.js';
import { ZONE } from '../layout/zone-record.js';
import { LockTimeoutError } from '../locks/lock-errors.js';
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
  const zone = new Zone(words, geometry, 0, impatientLock(words, zoneLock, 'zone 0'));
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

function listTest(name: string, body: (scene: Scene) => void): void {
  heapTest(
    name,
    (stage) => {
      const scene = makeLists(stage);
      body(scene);
      scene.lists.drain(scene.zoneOf);
      assert.equal(scene.kept(), 0);
      assert.equal(stage.stats().pages.inUse, 0);
    },
    { all: { pageListBatch: 4, pageListHigh: 8 }, tiny: { pages: 100 } },
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
      const page = lists.take(order, zones, true);
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
    const pages = [1, 2, 3].map(() => zones[0]!.take(order, 1, true));
    for (const page of pages) assert.equal(lists.put(page, order), true);
    whileLocked(stage.words, zoneLock, () => {
      for (const page of pages.reverse()) assert.equal(lists.take(order, zones, false), page);
    });
    for (const page of pages) lists.put(page, order);
  }
});

listTest(
  'take() of an empty list with the zone busy returns 0, or spins where it may',
  ({ lists, zones, zoneLock, stage, kept }) => {
    whileLocked(stage.words, zoneLock, () => {
      assert.equal(lists.take(0, zones, false), 0);
      assert.equal(kept(), 0);
      assert.throws(() => lists.take(0, zones, true), LockTimeoutError);
    });
    const { words, membership } = partsOf(stage.heap);
    words.store(membership.start + SLOT.pagesAcquired, 0);
  },
);

listTest('take() fills from the first zone that has any', ({ lists, zones, stage, zoneOf }) => {
  const { words, geometry } = partsOf(stage.heap);
  const asked: string[] = [];
  const empty = new Zone(
    words,
    geometry,
    0,
    impatientLock(words, zoneStart(geometry, 0) + ZONE.lock, 'none'),
  );
  empty.takeBatch = () => {
    asked.push('first');
    return 0;
  };
  const page = lists.take(0, [empty, zones[0]!], true);
  assert.notEqual(page, 0);
  assert.deepEqual(asked, ['first']);
  zoneOf(page).put(page, 0, true);
  lists.drain(zoneOf);
  assert.equal(lists.take(0, [empty], true), 0);
});

listTest('isOverHigh() is true from one page above pageListHigh on; trim() gives back a batch', (scene) => {
  const { lists, zones, zoneOf, kept } = scene;
  for (let count = 1; count <= 12; count++) {
    lists.put(zones[0]!.take(0, 1, true), 0);
    assert.equal(kept(), count);
    assert.equal(lists.isOverHigh(), count > 8);
  }
  lists.trim(zoneOf);
  assert.equal(kept(), 8);
  assert.equal(lists.isOverHigh(), false);
});

listTest('trim() gives back the largest blocks first', ({ lists, zones, zoneOf, kept }) => {
  const large = zones[0]!.take(2, 1, true);
  const small = zones[0]!.take(0, 1, true);
  lists.put(large, 2);
  lists.put(small, 0);
  lists.trim(zoneOf);
  assert.equal(kept(), 1);
  assert.equal(lists.take(0, [], true), small);
  lists.put(small, 0);
});

listTest('drain() gives back every block of every order', ({ lists, zones, zoneOf, kept, stage }) => {
  const free = stage.stats().pages.free;
  for (let order = 0; order <= MAX_LIST_ORDER; order++) {
    for (let block = 0; block < 3; block++) lists.put(zones[0]!.take(order, 1, true), order);
  }
  assert.equal(kept(), 3 * 15);
  lists.drain(zoneOf);
  assert.deepEqual([kept(), stage.stats().pages.free], [0, free]);
});

listTest('takeAll() empties the lists, and returns the chains of all orders', (scene) => {
  const { lists, zones, zoneOf, kept, stage } = scene;
  const { words, geometry, membership } = partsOf(stage.heap);
  const put: number[][] = [];
  for (let order = 0; order <= MAX_LIST_ORDER; order++) {
    put.push(Array.from({ length: order }, () => zones[0]!.take(order, 1, true)));
    for (const page of put[order]!) lists.put(page, order);
  }
  const heads = lists.takeAll();
  const chains = heads.map((head) => {
    const chain: number[] = [];
    for (let page = head; page !== 0; page = words.load(descriptorStart(geometry, page) + DESCRIPTOR.next)) {
      chain.push(page);
    }
    return chain;
  });
  assert.deepEqual(
    chains,
    put.map((pages) => pages.toReversed()),
  );
  assert.equal(kept(), 0);
  assert.equal(words.load(membership.start + SLOT.pagesAcquired), 0);
  assert.deepEqual(lists.takeAll(), [0, 0, 0, 0]);
  for (const [order, chain] of chains.entries())
    for (const page of chain) zoneOf(page).put(page, order, true);
});

listTest('takeAll() where somebody is inside takes nothing', ({ lists, zones, kept, stage }) => {
  lists.put(zones[0]!.take(0, 1, true), 0);
  const { words, membership } = partsOf(stage.heap);
  words.store(membership.start + SLOT.pagesAcquired, 1);
  assert.deepEqual(lists.takeAll(), []);
  assert.equal(kept(), 1);
  words.store(membership.start + SLOT.pagesAcquired, 0);
});

listTest('a thread that is inside already gets nothing and keeps nothing: it goes to the zone', (scene) => {
  const { lists, zones, zoneOf, kept, stage } = scene;
  const page = zones[0]!.take(0, 1, true);
  lists.put(page, 0);
  const { words, membership } = partsOf(stage.heap);
  words.store(membership.start + SLOT.pagesAcquired, 1);
  assert.equal(lists.take(0, zones, true), 0);
  const other = zones[0]!.take(0, 1, true);
  assert.equal(lists.put(other, 0), false);
  lists.drain(zoneOf);
  lists.trim(zoneOf);
  assert.equal(kept(), 1);
  words.store(membership.start + SLOT.pagesAcquired, 0);
  zoneOf(other).put(other, 0, true);
  assert.equal(lists.take(0, zones, true), page);
  lists.put(page, 0);
});
