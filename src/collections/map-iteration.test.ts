import assert from 'node:assert/strict';
import { heapTest } from '../../tests/support/stage.js';
import type { MapKey } from './key-codec.js';
import type { MapValue } from './value-codec.js';

const ROOMY = { all: { bytes: 16 * 2 ** 20 }, tiny: { pages: 4096 } };

/** Takes all that an iterator yields, calling `between` before each step; no key may come twice. */
function takeAll(keys: Iterator<number>, between: (step: number) => void): Set<number> {
  const seen = new Set<number>();
  for (let step = 0; ; step++) {
    between(step);
    const next = keys.next();
    if (next.done === true) return seen;
    assert.ok(!seen.has(next.value), `${next.value} came twice`);
    seen.add(next.value);
  }
}

heapTest(
  'keys(), values(), entries() and forEach() see each entry once',
  ({ heap }) => {
    const map = heap.map<MapKey, MapValue>('test');
    const model = new Map<MapKey, MapValue>();
    for (let i = 0; i < 300; i++) {
      map.set(`key ${i}`, i);
      model.set(`key ${i}`, i);
    }
    assert.deepEqual([...map.keys()].sort(), [...model.keys()].sort());
    assert.deepEqual(new Set(map.values()), new Set(model.values()));
    assert.deepEqual(new Map(map.entries()), model);
    assert.deepEqual(new Map(map), model);
    const collected = new Map<MapKey, MapValue>();
    map.forEach(function (this: string, value, key, whole) {
      assert.equal(this, 'this');
      assert.equal(whole, map);
      collected.set(key, value);
    }, 'this');
    assert.deepEqual(collected, model);
  },
  ROOMY,
);

heapTest('an iterator of an empty map ends at once, and stays ended', ({ heap }) => {
  const map = heap.map<string, number>('test');
  const keys = map.keys();
  assert.equal(keys[Symbol.iterator](), keys);
  assert.deepEqual(keys.next(), { done: true, value: undefined });
  map.set('a', 1);
  assert.deepEqual(keys.next(), { done: true, value: undefined });
});

heapTest(
  'an iterator sees what stays exactly once while the map grows under it',
  ({ heap }) => {
    const map = heap.map<number, number>('test');
    for (let i = 0; i < 200; i++) map.set(i, i);
    let next = 200;
    const seen = takeAll(map.keys(), (step) => {
      if (step < 400) for (let i = 0; i < 10; i++) map.set(next++, 0);
    });
    for (let i = 0; i < 200; i++) assert.ok(seen.has(i), `${i} did not come`);
    assert.equal(map.size, next);
  },
  ROOMY,
);

heapTest(
  'an iterator sees what stays exactly once while all else goes and is replaced',
  ({ heap }) => {
    const map = heap.map<number, number>('test');
    for (let i = 0; i < 2000; i++) map.set(i, i);
    const seen = takeAll(map.keys(), (step) => {
      map.delete(1000 + step);
      map.set(step % 1000, -step);
    });
    for (let i = 0; i < 1000; i++) assert.ok(seen.has(i), `${i} did not come`);
  },
  ROOMY,
);

heapTest(
  'an iterator outlives its turn',
  async (stage) => {
    const map = stage.heap.map<number, number>('test');
    for (let i = 0; i < 500; i++) map.set(i, i);
    const seen = takeAll(map.keys(), (step) => {
      if (step % 50 !== 0) return;
      stage.endTurns();
      stage.heap.quiesce();
    });
    assert.equal(seen.size, 500);
  },
  ROOMY,
);

heapTest(
  'clear() in the middle of an iteration ends it early',
  ({ heap }) => {
    const map = heap.map<number, number>('test');
    for (let i = 0; i < 1000; i++) map.set(i, i);
    const seen = takeAll(map.keys(), (step) => {
      if (step === 10) map.clear();
    });
    assert.ok(seen.size >= 10 && seen.size < 200);
  },
  ROOMY,
);
