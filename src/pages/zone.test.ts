import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertBalanced, assertUnchanged, snapshotOf } from '../../tests/support/balanced.js';
import { type BareHeap, formatBareHeap, impatientLock, whileLocked } from '../../tests/support/bare-heap.js';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { freeListsOf } from '../../tests/support/free-lists.js';
import type { HeapOptions } from '../heap/heap-options.js';
import { descriptorStart, slotStart, zoneStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageState } from '../layout/page-descriptor.js';
import { ZONE } from '../layout/zone-record.js';
import { LockTimeoutError } from '../locks/lock-errors.js';
import { ALLOC_TRYLOCK, ALLOC_WMARK_MIN } from './alloc-flags.js';
import { Zone } from './zone.js';

interface Scene extends BareHeap {
  readonly zone: Zone;
  /** The same zone, as another thread has it. */
  readonly other: Zone;
  readonly lock: number;
  readonly pages: number;
  deferred(): number[];
}

const ALLOCATED = (order: number): number => pageState(PAGE_KIND.allocated, order, 0);

function makeZone(options: HeapOptions): Scene {
  const heap = formatBareHeap({ minFreePages: 0, ...options });
  const { words, geometry } = heap;
  const record = zoneStart(geometry, 0);
  const lock = record + ZONE.lock;
  const slot = slotStart(geometry, 0);
  const linked = (page: number): number[] =>
    page === 0 ? [] : [page, ...linked(words.load(descriptorStart(geometry, page) + DESCRIPTOR.next))];
  return {
    ...heap,
    zone: new Zone(words, geometry, 0, impatientLock(words, lock, 'zone 0'), slot),
    other: new Zone(words, geometry, 0, impatientLock(words, lock, 'zone 0'), slot),
    lock,
    pages: geometry.totalPages - geometry.firstPage,
    deferred: () => linked(words.load(record + ZONE.deferred)),
  };
}

for (const { label, options } of CONFIGURATIONS) {
  const inZone = (name: string, body: (scene: Scene) => number[] | undefined): void => {
    test(`${name} (${label})`, () => {
      const scene = makeZone(options);
      const held = body(scene) ?? [];
      assert.equal(scene.words.load(scene.lock), 0);
      assertBalanced(
        scene,
        held.map((page) => page * 1024),
      );
    });
  };

  inZone('take() and put() with the lock free reach the buddy, whatever the right to spin', (scene) => {
    const initial = freeListsOf(scene);
    for (const maySpin of [true, false]) {
      const page = scene.zone.take(2, ALLOCATED(2), maySpin ? ALLOC_WMARK_MIN : ALLOC_TRYLOCK);
      assert.notEqual(page, 0);
      assert.equal(scene.words.load(scene.lock), 0);
      scene.zone.put(page, 2, maySpin);
      assert.deepEqual(freeListsOf(scene), initial);
    }
    return undefined;
  });

  inZone(
    'take() with the lock busy returns 0 at once where the caller may not spin',
    ({ zone, words, lock }) => {
      whileLocked(words, lock, () => {
        const before = snapshotOf(words);
        assert.equal(zone.take(0, ALLOCATED(0), ALLOC_TRYLOCK), 0);
        assert.equal(zone.takeBatch(0, 4, ALLOCATED(0), ALLOC_TRYLOCK), 0);
        assertUnchanged(words, before);
      });
      return undefined;
    },
  );

  inZone('take() with the lock busy spins where the caller may', ({ zone, words, lock }) => {
    whileLocked(words, lock, () => {
      assert.throws(() => zone.take(0, ALLOCATED(0), ALLOC_WMARK_MIN), LockTimeoutError);
      assert.throws(() => zone.takeBatch(0, 4, ALLOCATED(0), ALLOC_WMARK_MIN), LockTimeoutError);
      assert.equal(zone.drain(true), false);
    });
    return undefined;
  });

  inZone(
    'takeBatch() takes so many blocks under one hold, linked from the last',
    ({ zone, words, geometry }) => {
      let holds = 0;
      const compareExchange = words.compareExchange.bind(words);
      words.compareExchange = (index, expected, value) => {
        holds++;
        return compareExchange(index, expected, value);
      };
      const first = zone.takeBatch(1, 5, ALLOCATED(1), ALLOC_WMARK_MIN);
      assert.equal(holds, 1);
      const pages: number[] = [];
      for (let page = first; page !== 0; ) {
        pages.push(page);
        page = words.load(descriptorStart(geometry, page) + DESCRIPTOR.next);
      }
      assert.equal(new Set(pages).size, 5);
      for (const page of pages) {
        assert.equal(page % 2, 0);
        assert.equal(words.load(descriptorStart(geometry, page) + DESCRIPTOR.state), ALLOCATED(1));
      }
      return pages;
    },
  );

  inZone(
    'takeBatch() takes what there is where the zone has fewer, and then 0',
    ({ zone, words, geometry, pages }) => {
      const first = zone.takeBatch(0, pages + 10, ALLOCATED(0), ALLOC_WMARK_MIN);
      const taken: number[] = [];
      for (
        let page = first;
        page !== 0;
        page = words.load(descriptorStart(geometry, page) + DESCRIPTOR.next)
      ) {
        taken.push(page);
      }
      assert.equal(taken.length, pages);
      assert.equal(zone.takeBatch(0, 1, ALLOCATED(0), ALLOC_WMARK_MIN), 0);
      assert.equal(zone.take(0, ALLOCATED(0), ALLOC_WMARK_MIN), 0);
      for (const page of taken) zone.put(page, 0, true);
      return undefined;
    },
  );

  inZone('put() with the lock busy spins where the caller may', ({ zone, words, lock, deferred }) => {
    const page = zone.take(0, ALLOCATED(0), ALLOC_WMARK_MIN);
    let pauses = 0;
    words.pause = () => {
      if (++pauses === 3) words.store(lock, 0);
    };
    whileLocked(words, lock, () => zone.put(page, 0, true));
    assert.deepEqual([pauses, deferred()], [3, []]);
    return undefined;
  });

  inZone(
    'put() with a lock that is not to be had at all defers the block',
    ({ zone, words, lock, deferred }) => {
      const page = zone.take(0, ALLOCATED(0), ALLOC_WMARK_MIN);
      whileLocked(words, lock, () => zone.put(page, 0, true));
      assert.deepEqual(deferred(), [page]);
      return undefined;
    },
  );

  inZone('put() with the lock busy defers the block where the caller may not spin, newest first', (scene) => {
    const { zone, other, words, lock, geometry } = scene;
    const orders = [0, 2, 1, 3];
    const pages = orders.map((order) => zone.take(order, ALLOCATED(order), ALLOC_WMARK_MIN));
    whileLocked(words, lock, () => {
      for (const [i, page] of pages.entries()) (i % 2 === 0 ? zone : other).put(page, orders[i]!, false);
    });
    assert.deepEqual(scene.deferred(), [...pages].reverse());
    for (const [i, page] of pages.entries()) {
      const state = words.load(descriptorStart(geometry, page) + DESCRIPTOR.state);
      assert.equal(state, pageState(PAGE_KIND.deferred, orders[i]!, 0));
    }
    assert.equal(words.load(zoneStart(geometry, 0) + ZONE.deferredFrees), 4);
    return undefined;
  });

  for (const [what, operation] of [
    ['take()', ({ zone }: Scene) => zone.put(zone.take(0, ALLOCATED(0), ALLOC_WMARK_MIN), 0, true)],
    [
      'take() without the right to spin',
      ({ zone }: Scene) => zone.put(zone.take(0, ALLOCATED(0), ALLOC_TRYLOCK), 0, true),
    ],
    [
      'takeBatch()',
      ({ zone }: Scene) => zone.put(zone.takeBatch(0, 1, ALLOCATED(0), ALLOC_WMARK_MIN), 0, true),
    ],
    ['put() with the right to spin', ({ zone, kept }: Scene & { kept: number }) => zone.put(kept, 0, true)],
    ['drain()', ({ zone }: Scene) => zone.drain(true)],
  ] as const) {
    inZone(`${what} puts what was deferred back, and it merges`, (scene) => {
      const initial = freeListsOf(scene);
      const { zone, words, lock } = scene;
      const kept = zone.take(0, ALLOCATED(0), ALLOC_WMARK_MIN);
      const pages = [1, 0, 2].map((order) => zone.take(order, ALLOCATED(order), ALLOC_WMARK_MIN));
      whileLocked(words, lock, () => {
        for (const [i, order] of [1, 0, 2].entries()) zone.put(pages[i]!, order, false);
      });
      assert.equal(scene.deferred().length, 3);
      operation({ ...scene, kept });
      assert.deepEqual(scene.deferred(), []);
      if (!what.startsWith('put()')) zone.put(kept, 0, true);
      assert.deepEqual(freeListsOf(scene), initial);
      return undefined;
    });
  }

  inZone(
    'take() finds a block that was only on the deferred list',
    ({ zone, words, lock, pages, deferred }) => {
      const all = Array.from({ length: pages }, () => zone.take(0, ALLOCATED(0), ALLOC_WMARK_MIN));
      const [last] = all;
      whileLocked(words, lock, () => zone.put(last!, 0, false));
      assert.deepEqual(deferred(), [last]);
      assert.equal(zone.take(0, ALLOCATED(0), ALLOC_TRYLOCK), last);
      for (const page of all) zone.put(page, 0, true);
      return undefined;
    },
  );

  inZone('put() that is overtaken on the deferred list puts its block before the other', (scene) => {
    const { zone, words, lock } = scene;
    const [one, two] = [
      zone.take(0, ALLOCATED(0), ALLOC_WMARK_MIN),
      zone.take(0, ALLOCATED(0), ALLOC_WMARK_MIN),
    ];
    const compareExchange = words.compareExchange.bind(words);
    let overtaken = false;
    words.compareExchange = (index, expected, value) => {
      if (value === one && !overtaken) {
        overtaken = true;
        scene.other.put(two, 0, false);
      }
      return compareExchange(index, expected, value);
    };
    whileLocked(words, lock, () => zone.put(one, 0, false));
    assert.deepEqual(scene.deferred(), [one, two]);
    return undefined;
  });
}

test('a zone of a heap with two zones hands out and takes back its own pages alone', () => {
  const { words, geometry } = formatBareHeap({ bytes: 72 * 2 ** 20 });
  assert.equal(geometry.zones, 2);
  const zones = [0, 1].map(
    (zone) =>
      new Zone(
        words,
        geometry,
        zone,
        impatientLock(words, zoneStart(geometry, zone) + ZONE.lock, `zone ${zone}`),
        slotStart(geometry, 0),
      ),
  );
  const initial = [0, 1].map((zone) => freeListsOf({ words, geometry }, zone));
  for (const [number, zone] of zones.entries()) {
    const pages = Array.from({ length: 9 }, () => zone.take(10, ALLOCATED(10), ALLOC_WMARK_MIN)).filter(
      (page) => page !== 0,
    );
    assert.ok(pages.length > 5);
    for (const page of pages) assert.equal(Math.floor(page / geometry.zonePages), number);
    for (const page of pages) zone.put(page, 10, true);
  }
  assert.deepEqual(
    [0, 1].map((zone) => freeListsOf({ words, geometry }, zone)),
    initial,
  );
  assertBalanced({ words });
});
