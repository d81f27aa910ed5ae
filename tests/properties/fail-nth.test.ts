/**
 * Out of memory at every page allocation in turn: each operation is run again and again, the first time with
 * its first page allocation failing, then its second, until it makes no more. It throws OutOfMemoryError or does
 * its work; the map holds what it held or what it should, never anything else; and the books add up.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Address,
  Heap,
  type HeapOptions,
  OutOfMemoryError,
  type SharedMap,
  TINY,
} from '../../src/index.js';
import { type FailureMode, PageFailures } from './page-failures.js';

type Entries = Map<string, unknown>;
type TestMap = SharedMap<string, number | string | object>;

const ENTRIES = 12;
const MAX_NTH = 200;
const LONG = 'long '.repeat(3000);

/** Keeps nothing for reuse, so that almost every object takes a page. */
const NOTHING_KEPT: HeapOptions = {
  ...TINY,
  pages: 1200,
  maxSlabObjects: 1,
  sheafCapacity: 1,
  barnSheaves: 0,
  minPartialSlabs: 0,
  pageListHigh: 0,
  pageListBatch: 1,
};
const SIZES: readonly (readonly [string, HeapOptions])[] = [
  ['nothing kept', NOTHING_KEPT],
  ['TINY sizes', { ...TINY, pages: 1200 }],
  ['default sizes', { pages: 1200, maxCaches: 70, mapBucketsLog2: 1 }],
];
const MODES: readonly FailureMode[] = ['nth', 'nth and later'];

/** What is done to the map, and to the Map that says what it then holds. */
interface Operation {
  readonly name: string;
  act(map: TestMap, heap: Heap): void;
  model(entries: Entries): void;
}

const OPERATIONS: readonly Operation[] = [
  {
    name: 'set() of a new key',
    act: (map) => map.set('new', 1),
    model: (entries) => entries.set('new', 1),
  },
  {
    name: 'set() of a new key with a value of several pages',
    act: (map) => map.set('new', LONG),
    model: (entries) => entries.set('new', LONG),
  },
  {
    name: 'set() in place of a value',
    act: (map) => map.set('key 3', { instead: true }),
    model: (entries) => entries.set('key 3', { instead: true }),
  },
  {
    name: 'getOrInsert() of a new key',
    act: (map) => map.getOrInsert('new', 'value'),
    model: (entries) => entries.set('new', 'value'),
  },
  {
    name: 'getOrInsertComputed() of a new key',
    act: (map) => map.getOrInsertComputed('new', (key) => `${key} value`),
    model: (entries) => entries.set('new', 'new value'),
  },
  {
    name: 'update() of a value',
    act: (map) => map.update('key 5', (value) => `${JSON.stringify(value)} and more`),
    model: (entries) => entries.set('key 5', `${JSON.stringify(entries.get('key 5'))} and more`),
  },
  {
    name: 'update() of a new key',
    act: (map) => map.update('new', () => 7),
    model: (entries) => entries.set('new', 7),
  },
  {
    name: 'update() that takes a key out',
    act: (map) => map.update('key 5', () => undefined),
    model: (entries) => entries.delete('key 5'),
  },
  {
    name: 'delete()',
    act: (map) => map.delete('key 5'),
    model: (entries) => entries.delete('key 5'),
  },
  {
    name: 'clear()',
    act: (map) => map.clear(),
    model: (entries) => entries.clear(),
  },
  {
    name: 'iteration',
    act: (map) => assert.equal([...map].length, ENTRIES),
    model: () => {},
  },
];

/** A heap with a map in it, and what the map holds. */
function makeMap(options: HeapOptions): {
  heap: Heap;
  map: TestMap;
  failures: PageFailures;
  entries: Entries;
} {
  const failures = new PageFailures();
  const heap = Heap.create(options, { pageFault: failures });
  const map: TestMap = heap.map('map');
  const entries: Entries = new Map();
  for (let i = 0; i < ENTRIES; i++) {
    const value = i % 3 === 0 ? i : i % 3 === 1 ? `value ${i}` : { i };
    map.set(`key ${i}`, value);
    entries.set(`key ${i}`, value);
  }
  heap.synchronizeRcuSync();
  heap.shrink();
  return { heap, map, failures, entries };
}

/** Runs `act` with failures armed. Returns whether it was done; throws what is no OutOfMemoryError. */
function attempt(act: () => void, failures: PageFailures, mode: FailureMode, nth: number): boolean {
  failures.arm(mode, nth);
  try {
    act();
    return true;
  } catch (error) {
    if (!(error instanceof OutOfMemoryError)) throw error;
    return false;
  } finally {
    failures.disarm();
  }
}

function requireEntries(map: TestMap, entries: Entries): void {
  assert.deepEqual(new Map(map), entries);
  assert.equal(map.size, entries.size);
  for (const [key, value] of entries) assert.deepEqual(map.get(key), value);
}

function requireBalance(heap: Heap, held: readonly Address[] = []): void {
  heap.synchronizeRcuSync();
  heap.shrink();
  assert.equal(heap.stats().objectsWaiting, 0);
  const { problems, unreachable } = heap.balance({ held });
  assert.deepEqual(problems, []);
  assert.deepEqual(unreachable, []);
}

/** Calls `once` with nth = 1, 2, ... until it says that nothing failed any more. Returns how often it did. */
function forEachNth(once: (nth: number) => boolean): number {
  for (let nth = 1; nth <= MAX_NTH; nth++) if (!once(nth)) return nth - 1;
  throw new Error(`still fails at page allocation ${MAX_NTH}`);
}

for (const [sizes, options] of SIZES) {
  for (const mode of MODES) {
    for (const { name, act, model } of OPERATIONS) {
      test(`${name} without memory at the ${mode} page allocation does all or nothing (${sizes})`, () => {
        forEachNth((nth) => {
          const { heap, map, failures, entries } = makeMap(options);
          if (attempt(() => act(map, heap), failures, mode, nth)) model(entries);
          requireEntries(map, entries);
          requireBalance(heap);
          map.set('afterwards', 1);
          assert.equal(map.get('afterwards'), 1);
          heap.detach();
          return failures.failed > 0;
        });
      });
    }

    test(`set() that doubles the table without memory at the ${mode} page allocation (${sizes})`, () => {
      forEachNth((nth) => {
        const { heap, map, failures, entries } = makeMap(options);
        let done = 0;
        // Enough for several doublings; a table that cannot grow must only be slower.
        attempt(
          () => {
            for (; done < 60; done++) map.set(`more ${done}`, done);
          },
          failures,
          mode,
          nth,
        );
        const { failed } = failures;
        for (let i = 0; i < done; i++) entries.set(`more ${i}`, i);
        requireEntries(map, entries);
        requireBalance(heap);
        for (; done < 400; done++)
          entries.set(`more ${done}`, map.set(`more ${done}`, done).get(`more ${done}`));
        requireEntries(map, entries);
        heap.detach();
        return failed > 0;
      });
    });

    test(`Heap.map() without memory at the ${mode} page allocation makes the map or nothing (${sizes})`, () => {
      const failing = forEachNth((nth) => {
        const failures = new PageFailures();
        const heap = Heap.create(options, { pageFault: failures });
        const done = attempt(() => heap.map('map'), failures, mode, nth);
        requireBalance(heap);
        const map: TestMap = heap.map('map');
        map.set('key', 1);
        requireBalance(heap);
        if (!done) assert.ok(failures.failed > 0);
        heap.detach();
        return failures.failed > 0;
      });
      assert.ok(failing > 0, 'making a map takes pages');
    });

    test(`Heap.mempool() without memory at the ${mode} page allocation makes and fills it or nothing (${sizes})`, () => {
      const failing = forEachNth((nth) => {
        const failures = new PageFailures();
        const heap = Heap.create(options, { pageFault: failures });
        const done = attempt(() => heap.mempool('pool', 3, { bytes: 3000 }), failures, mode, nth);
        const { failed } = failures;
        requireBalance(heap);
        const pool = heap.mempool('pool', 3, { bytes: 3000 });
        assert.equal(pool.elements, 3);
        // Whatever fails, the pool serves as many as it keeps.
        failures.arm('nth and later', 1);
        const held = [1, 2, 3].map(() => pool.alloc());
        assert.ok(held.every((p) => p !== 0));
        failures.disarm();
        for (const p of held) pool.free(p);
        requireBalance(heap);
        assert.ok(done || failed > 0);
        heap.detach();
        return failed > 0;
      });
      assert.ok(failing > 0, 'filling a pool takes pages');
    });

    test(`Heap.slabCache() without memory at the ${mode} page allocation makes it or nothing (${sizes})`, () => {
      forEachNth((nth) => {
        const failures = new PageFailures();
        const heap = Heap.create(options, { pageFault: failures });
        attempt(() => heap.slabCache('cache', 24), failures, mode, nth);
        requireBalance(heap);
        const p = heap.slabCache('cache', 24).alloc();
        requireBalance(heap, [p]);
        heap.detach();
        return failures.failed > 0;
      });
    });
  }
}

for (const [sizes, options] of SIZES) {
  test(`kfreeRcu() never fails, though no page is to be had at all (${sizes})`, () => {
    const failures = new PageFailures();
    const heap = Heap.create(options, { pageFault: failures });
    // Of so many sizes that the sheaves on their slab are not enough for all.
    const objects = Array.from({ length: 120 }, (_, i) => heap.kmalloc(8 + 24 * (i % 40)));
    objects.push(heap.kmalloc(20_000));
    const { objectsWaiting } = heap.stats();
    failures.arm('nth and later', 1);
    for (const p of objects) heap.kfreeRcu(p);
    assert.equal(heap.stats().objectsWaiting, objectsWaiting + objects.length);
    requireBalance(heap);
    assert.ok(heap.stats().freedThroughList > 0, 'some must have waited on the callback list');
    heap.detach();
  });

  test(`detach() without a page to be had gives everything back (${sizes})`, () => {
    const { heap, map, failures, entries } = makeMap(options);
    for (let i = 0; i < 50; i++) heap.kfreeRcu(heap.kmalloc(40));
    for (let i = 0; i < 50; i++) heap.kfree(heap.kmalloc(16 * (i + 1)));
    requireEntries(map, entries);
    failures.arm('nth and later', 1);
    heap.detach();
    const next = Heap.attach(heap.handle);
    requireEntries(next.map('map'), entries);
    requireBalance(next);
    next.detach();
  });
}
