import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killEverywhere } from '../../tests/support/killed-heap.js';
import { partsOf, plainHeapsOnly } from '../../tests/support/stage.js';
import { MEMPOOL } from '../layout/mempool-record.js';
import { NAME_KIND } from '../layout/name-record.js';
import type { Heap } from '../shared-heap.js';
import { type HeapOptions, TINY } from './heap-options.js';

plainHeapsOnly();

const SMALL: HeapOptions = { ...TINY, pages: 128, threads: 4, maxCaches: 140, spinRounds: 50 };

const MAKERS: readonly (readonly [name: string, make: (heap: Heap) => void, steps: number])[] = [
  ['a map', (heap) => heap.map('x').set('k', 1), 15],
  ['a mutex', (heap) => heap.mutex('x').tryLock()?.release(), 11],
  ['a readers-writer lock', (heap) => heap.rwLock('x'), 11],
  ['a semaphore', (heap) => heap.semaphore('x', 2), 11],
  ['a seqlock', (heap) => heap.seqLock('x', 3), 11],
  ['a slab cache', (heap) => heap.slabCache('x', 40), 7],
  ['a type-stable slab cache', (heap) => heap.slabCache('x', 40, { typesafeByRcu: true }), 7],
  ['a mempool of objects', (heap) => heap.mempool('x', 3, { bytes: 100 }), 15],
  ['a mempool of pages', (heap) => heap.mempool('x', 3, { order: 1 }), 15],
  ['a mempool of a cache', (heap) => heap.mempool('x', 3, { cache: heap.slabCache('y', 40) }), 23],
  ['a callback', (heap) => void heap.rcu.register('x', () => {}), 7],
  ['a group', (heap) => heap.group('x', { maxBytes: 65_536 }), 23],
  ['a group in another', (heap) => heap.group('x', { parent: heap.group('y') }), 31],
  ['a map of a group', (heap) => heap.map('x', { group: heap.group('y') }).set('k', 1), 47],
];

for (const [name, make, steps] of MAKERS) {
  test(`finishName, gives back what a thread took for ${name} that it did not come to name`, (t) => {
    const accesses = killEverywhere({
      options: SMALL,
      prepare: () => {},
      act: (stops) => make(stops),
      check: (stays) => {
        make(stays);
      },
      steps,
    });
    t.diagnostic(`${accesses} accesses`);
  });
}

for (const [name, make] of MAKERS) {
  if (!['a mutex', 'a slab cache', 'a mempool of objects', 'a group'].includes(name)) continue;
  test(`finishName, can be stopped anywhere itself, where it is about ${name}`, (t) => {
    const accesses = killEverywhere({
      options: SMALL,
      prepare: () => {},
      act: (stops) => make(stops),
      check: (stays) => make(stays),
      steps: 71,
      reapSteps: 197,
    });
    t.diagnostic(`${accesses} accesses`);
  });
}

test('finishName, leaves both makers of one name with one thing, where the slower one dies', () => {
  killEverywhere({
    options: SMALL,
    prepare: () => {},
    act: (stops) => {
      stops.map('x');
      stops.mempool('p', 2, { bytes: 64 });
    },
    beforeReap: (stays) => {
      try {
        stays.map('x').set('k', 1);
        stays.mempool('p', 2, { bytes: 64 });
      } catch (error) {
        assert.equal((error as Error).name, 'LockTimeoutError');
      }
    },
    check: (stays) => {
      stays.map('x').set('k', 2);
      assert.equal(stays.mempool('p', 2, { bytes: 64 }).elements, 2);
    },
    steps: 11,
  });
});

test('repairRegistry, counts the parts of groups right that a thread was opening or closing', () => {
  killEverywhere({
    options: SMALL,
    prepare: (stays, stops) => {
      stays.group('whole');
      stays.group('part', { parent: stays.group('whole') });
      stops.group('whole');
      stops.group('part');
    },
    act: (stops) => {
      stops.group('part').close();
      stops.group('part', { parent: stops.group('whole') });
      stops.group('part').close();
    },
    check: (stays) => {
      if (stays.groups().includes('part')) stays.group('part').close();
      stays.group('whole').close();
      assert.deepEqual(stays.groups(), []);
    },
    steps: 13,
  });
});

for (const [name, act] of [
  ['alloc() and free()', (heap: Heap) => play(heap, false)],
  ['alloc() and freeNolock()', (heap: Heap) => play(heap, true)],
] as const) {
  test(`repairPool, makes whole what ${name} of a mempool left, but for what its user had`, () => {
    killEverywhere({
      options: SMALL,
      prepare: (stays, stops) => {
        const pool = stays.mempool('x', 3, { bytes: 64 });
        stops.mempool('x', 3, { bytes: 64 });
        defer(stays);
        return pool;
      },
      act: (stops) => act(stops),
      check: (_stays, pool) => {
        assert.ok(pool.elements >= 0 && pool.elements <= 3);
      },
      userObjects: 1,
    });
  });
}

/** Takes an element as from a heap without memory, and gives it back. */
function play(heap: Heap, nolock: boolean): void {
  const pool = heap.mempool('x', 3, { bytes: 64 });
  const { _pool: elements } = pool as unknown as {
    _pool: { take(maySpin: boolean): number; put(p: number, maySpin: boolean): void };
  };
  partsOf(heap).turn.run(() => {
    const p = elements.take(!nolock);
    if (p !== 0) elements.put(p, !nolock);
  });
}

/** Puts two elements of the pool on its deferred list. */
function defer(heap: Heap): void {
  const { words, registry, turn } = partsOf(heap);
  const record = turn.run(() => registry.find(NAME_KIND.mempool, 'x'));
  const { _pool: elements } = heap.mempool('x', 3, { bytes: 64 }) as unknown as {
    _pool: { take(maySpin: boolean): number; put(p: number, maySpin: boolean): void };
  };
  turn.run(() => {
    const taken = [elements.take(true), elements.take(true)];
    words.store(record + MEMPOOL.lock, 0x100);
    for (const p of taken) elements.put(p, false);
    words.store(record + MEMPOOL.lock, 0);
  });
}
