import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KilledOperation, killEverywhere } from '../../tests/support/killed-heap.js';
import { plainHeapsOnly } from '../../tests/support/stage.js';
import type { HeapOptions } from '../heap/heap-options.js';
import { TINY } from '../heap/heap-options.js';
import { LockTimeoutError } from '../locks/lock-errors.js';
import type { Heap } from '../shared-heap.js';
import type { SharedMap } from './shared-map.js';

plainHeapsOnly();

const SMALL: HeapOptions = { ...TINY, pages: 96, threads: 4, maxCaches: 140, spinRounds: 50 };
/** Sheaves that hold a few, so that an operation has its steps in the map and not in the allocator. */
const WARM: HeapOptions = { ...SMALL, sheafCapacity: 8, maxSlabObjects: 8 };

type NumberMap = SharedMap<number, number>;

interface Maps {
  readonly stays: NumberMap;
  readonly stops: NumberMap;
}

/** A map with the keys 1 to `count`. */
function prepare(count: number): (stays: Heap, stops: Heap) => Maps {
  return (stays, stops) => {
    const maps = { stays: stays.map<number, number>('m'), stops: stops.map<number, number>('m') };
    for (let key = 1; key <= count; key++) maps.stays.set(key, key);
    // Has a sheaf of what it will need.
    maps.stops.set(1, 1);
    return maps;
  };
}

/** The map holds what it did, or what it should if the operation had come to its end; and can be written. */
function checkContents(
  count: number,
  change: (contents: Map<number, number>) => void,
): KilledOperation<Maps>['check'] {
  return (_stays, { stays: map }, isDone) => {
    const before = new Map<number, number>();
    for (let key = 1; key <= count; key++) before.set(key, key);
    const after = new Map(before);
    change(after);
    const found = new Map(map.entries());
    const sorted = (contents: Map<number, number>) => [...contents].sort((a, b) => a[0] - b[0]);
    const allowed = isDone ? [after] : [before, after];
    const isOneOf = allowed.some(
      (contents) => JSON.stringify(sorted(contents)) === JSON.stringify(sorted(found)),
    );
    assert.ok(isOneOf, `the map holds ${JSON.stringify(sorted(found))}`);
    assert.equal(map.size, found.size);
    for (let key = 1; key <= count + 2; key++) map.set(key, -key);
    for (let key = 1; key <= count + 2; key++) assert.equal(map.get(key), -key);
    map.delete(1);
  };
}

const OPERATIONS: readonly (readonly [
  name: string,
  count: number,
  act: (map: NumberMap) => void,
  change: (contents: Map<number, number>) => void,
])[] = [
  ['set() of a new key', 3, (map) => map.set(9, 9), (contents) => contents.set(9, 9)],
  ['set() that replaces', 3, (map) => map.set(2, 9), (contents) => contents.set(2, 9)],
  ['delete()', 3, (map) => map.delete(2), (contents) => contents.delete(2)],
  ['delete() of no key', 3, (map) => map.delete(7), () => {}],
  ['trySet() of a new key', 3, (map) => map.trySet(9, 9), (contents) => contents.set(9, 9)],
  ['trySet() that replaces', 3, (map) => map.trySet(3, 9), (contents) => contents.set(3, 9)],
  ['tryDelete()', 3, (map) => map.tryDelete(1), (contents) => contents.delete(1)],
  ['update()', 3, (map) => map.update(2, () => 9), (contents) => contents.set(2, 9)],
  ['getOrInsert()', 3, (map) => map.getOrInsert(9, 9), (contents) => contents.set(9, 9)],
  ['clear() of few', 1, (map) => map.clear(), (contents) => contents.clear()],
];

for (const [sizes, options] of [
  ['TINY sheaves', SMALL],
  ['sheaves of eight', WARM],
] as const) {
  for (const [name, count, act, change] of OPERATIONS) {
    test(`MapRepair, makes whole what ${name} left, wherever it stopped, with ${sizes}`, (t) => {
      const accesses = killEverywhere<Maps>({
        options,
        prepare: prepare(count),
        act: (_heap, { stops }) => act(stops),
        check: checkContents(count, change),
      });
      t.diagnostic(`${accesses} accesses`);
    });
  }
}

/** clear() and what follows are many steps in one: any part of the keys may be gone. */
test('MapRepair, makes whole what clear() left: each key is there or was freed', (t) => {
  const accesses = killEverywhere<Maps>({
    options: WARM,
    prepare: prepare(12),
    act: (_heap, { stops }) => stops.clear(),
    check: (_heap, { stays: map }, isDone) => {
      for (const [key, value] of map) assert.equal(value, key);
      assert.equal(map.size, [...map.keys()].length);
      if (isDone) assert.equal(map.size, 0);
      map.set(1, 1);
      map.clear();
      assert.equal(map.size, 0);
    },
  });
  t.diagnostic(`${accesses} accesses`);
});

test('MapRepair, makes whole what a thread left that made a map grow, again and again', (t) => {
  const accesses = killEverywhere<Maps>({
    options: WARM,
    prepare: prepare(1),
    act: (_heap, { stops }) => {
      for (let key = 2; key <= 40; key++) stops.set(key, key);
    },
    check: (_heap, { stays: map }, isDone) => {
      const keys = [...map.keys()].sort((a, b) => a - b);
      assert.deepEqual(
        keys,
        keys.map((_, i) => i + 1),
        'keys are made one after the other',
      );
      for (const key of keys) assert.equal(map.get(key), key);
      assert.equal(map.size, keys.length);
      if (isDone) assert.equal(keys.length, 40);
      for (let key = 1; key <= 60; key++) map.set(key, key);
      assert.equal(map.size, 60);
    },
    steps: 41,
  });
  t.diagnostic(`${accesses} accesses`);
});

for (const [name, change] of [
  ['replaces', (map: NumberMap) => map.set(2, 20)],
  ['deletes', (map: NumberMap) => map.delete(2)],
  ['clears', (map: NumberMap) => map.clear()],
] as const) {
  for (const [what, act] of [
    ['inserts', (map: NumberMap) => map.set(9, 9)],
    ['replaces', (map: NumberMap) => map.set(2, 9)],
    ['deletes', (map: NumberMap) => map.delete(2)],
  ] as const) {
    test(`MapRepair, frees each entry once where one thread ${what} and dies, and another ${name} before the reaper comes`, () => {
      killEverywhere<Maps>({
        options: WARM,
        prepare: prepare(3),
        act: (_heap, { stops }) => void act(stops),
        beforeReap: (_heap, { stays }) => {
          try {
            change(stays);
            stays.delete(9);
          } catch (error) {
            assert.ok(error instanceof LockTimeoutError, String(error));
          }
        },
        check: (_heap, { stays: map }) => {
          assert.equal(map.size, [...map.keys()].length);
          for (let key = 1; key <= 9; key++) map.set(key, key);
          assert.equal(map.size, 9);
        },
      });
    });
  }
}

for (const [name, count, act] of OPERATIONS) {
  if (!['set() that replaces', 'delete()', 'clear() of few'].includes(name)) continue;
  test(`MapRepair, can be stopped anywhere itself, after ${name}`, (t) => {
    const accesses = killEverywhere<Maps>({
      options: WARM,
      prepare: prepare(count),
      act: (_heap, { stops }) => act(stops),
      check: (_heap, { stays: map }) => {
        assert.equal(map.size, [...map.keys()].length);
        for (const [key, value] of map) assert.ok(value === key || value === 9, `${key}: ${value}`);
        map.clear();
      },
      steps: 7,
      reapSteps: 151,
    });
    t.diagnostic(`${accesses} accesses`);
  });
}
