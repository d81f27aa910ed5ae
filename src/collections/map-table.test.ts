import assert from 'node:assert/strict';
import { whileLocked } from '../../tests/support/bare-heap.js';
import { heapTest, partsOf, type Stage } from '../../tests/support/stage.js';
import { ReclaimingMemory } from '../heap/reclaiming-memory.js';
import { balance } from '../inspect/balance.js';
import { BUCKET_LOCK, BUCKET_LOCK_WORDS, MAP } from '../layout/map-record.js';
import { NAME_KIND } from '../layout/name-record.js';
import { LockTimeoutError } from '../locks/lock-errors.js';
import type { Heap } from '../shared-heap.js';
import { MapTable } from './map-table.js';
import { SharedMap } from './shared-map.js';

const ROOMY = { all: { bytes: 16 * 2 ** 20 }, tiny: { pages: 4096 } };
/** Bits of the hash that are left: none, so all keys collide; or a few. */
const MASKS = [0, 0xc0000000 | 0, 0x80000001 | 0];

function rootOf(heap: Heap): number {
  heap.map('test');
  return (heap as unknown as { find(kind: number, name: string): number }).find(NAME_KIND.map, 'test');
}

/** The map 'test' with a hash that collides. */
function weakMap(heap: Heap, mask: number): SharedMap<number, number> {
  return new SharedMap(new ReclaimingMemory(partsOf(heap)), rootOf(heap), mask);
}

function levelOf(stage: Stage): number {
  return stage.words.loadPlain(rootOf(stage.heap) + MAP.level);
}

for (const mask of MASKS) {
  const bits = `hash & 0x${(mask >>> 0).toString(16)}`;

  heapTest(
    `keys of equal order are told apart (${bits})`,
    (stage) => {
      const map = weakMap(stage.heap, mask);
      for (let i = 0; i < 100; i++) map.set(i, i);
      for (let i = 0; i < 100; i += 2) assert.equal(map.delete(i), true);
      for (let i = 1; i < 100; i += 4) map.set(i, -i);
      for (let i = 0; i < 100; i++) {
        assert.equal(map.get(i), i % 2 === 0 ? undefined : i % 4 === 1 ? -i : i);
      }
      assert.equal(map.size, 50);
      stage.endTurns();
      stage.balance();
      map.clear();
      assert.equal(map.size, 0);
    },
    ROOMY,
  );

  heapTest(
    `an iterator does not stop between keys of equal order (${bits})`,
    ({ heap }) => {
      const map = weakMap(heap, mask);
      for (let i = 0; i < 300; i++) map.set(i, i);
      assert.deepEqual(
        [...map.keys()].sort((a, b) => a - b),
        Array.from({ length: 300 }, (_, i) => i),
      );
    },
    ROOMY,
  );
}

heapTest(
  'a map grows from its first buckets to thousands, and its books add up at each size',
  (stage) => {
    const map = stage.heap.map<number, number>('test');
    const first = levelOf(stage);
    let level = first;
    for (let i = 0; i < 5000; i++) {
      map.set(i, i);
      if (levelOf(stage) === level) continue;
      level = levelOf(stage);
      stage.endTurns();
      stage.balance();
    }
    assert.ok(2 ** level >= 4096 && level > first);
    for (let i = 0; i < 5000; i++) assert.equal(map.get(i), i);
  },
  ROOMY,
);

heapTest(
  'buckets that a growing thread left off the list are passed by and put there by writers',
  (stage) => {
    const map = stage.heap.map<number, number>('test');
    const { words } = stage;
    for (let i = 0; i < 200; i++) map.set(i, i);
    const root = rootOf(stage.heap);
    // What a thread leaves that stops after it has published a segment and a level, twice.
    for (let doubling = 0; doubling < 2; doubling++) {
      const level = words.loadPlain(root + MAP.level);
      const segment = stage.heap.kmalloc(4 << level);
      words.fillPlain(segment, segment + (1 << level), 0);
      words.storePlain(root + MAP.segments + level + 1, segment);
      words.storePlain(root + MAP.level, level + 1);
    }
    for (let i = 0; i < 200; i++) assert.equal(map.get(i), i);
    for (let i = 200; i < 400; i++) assert.equal(map.get(i), undefined);
    assert.equal([...map.keys()].length, 200);
    for (let i = 100; i < 250; i++) map.set(i, -i);
    for (let i = 0; i < 250; i++) assert.equal(map.get(i), i < 100 ? i : -i);
    assert.equal(map.delete(5), true);
    stage.endTurns();
    stage.balance();
    map.clear();
    assert.deepEqual([...map], []);
  },
  ROOMY,
);

heapTest(
  'a map whose grow lock is held stays as small as it is, and works',
  (stage) => {
    const map = stage.heap.map<number, number>('test');
    const level = levelOf(stage);
    const lock = rootOf(stage.heap) + MAP.growLock;
    stage.words.store(lock, 0x101);
    for (let i = 0; i < 1000; i++) map.set(i, i);
    assert.equal(levelOf(stage), level);
    stage.words.store(lock, 0);
    for (let i = 0; i < 1000; i++) assert.equal(map.get(i), i);
    map.set(1000, 1000);
    assert.ok(levelOf(stage) > level);
  },
  ROOMY,
);

heapTest(
  'an insert that doubles the table is made, though a lock of another bucket is held',
  (stage) => {
    const map = stage.heap.map<number, number>('test');
    const root = rootOf(stage.heap);
    const locks = stage.words.loadPlain(root + MAP.locks);
    const level = levelOf(stage);
    const made = new Map<number, number>();
    whileLocked(stage.words, locks, () => {
      for (let key = 0; levelOf(stage) === level; key++) {
        try {
          map.set(key, key);
          made.set(key, key);
        } catch (error) {
          assert.ok(error instanceof LockTimeoutError);
        }
      }
    });
    assert.deepEqual(new Map(map), made);
  },
  { all: { spinRounds: 10 }, tiny: { pages: 256 } },
);

heapTest(
  'MapTable.wordOf() gives each bucket one word, which stays its own at every level',
  (stage) => {
    const map = stage.heap.map<number, number>('test');
    for (let i = 0; i < 300; i++) map.set(i, i);
    const table = new MapTable(stage.words, rootOf(stage.heap));
    const level = levelOf(stage);
    const seen = new Set<number>();
    for (let bucket = 0; bucket < 1 << level; bucket++) {
      const word = table.wordOf(level, bucket);
      assert.ok(!seen.has(word));
      seen.add(word);
      if (bucket % 2 === 0 && level > 1) assert.equal(table.wordOf(level - 1, bucket / 2), word);
    }
  },
  ROOMY,
);

heapTest(
  'each lock counts its entries',
  (stage) => {
    const map = stage.heap.map<number, number>('test');
    for (let i = 0; i < 100; i++) map.set(i, i);
    for (let i = 0; i < 30; i++) map.delete(i);
    const root = rootOf(stage.heap);
    const locks = stage.words.loadPlain(root + MAP.locks);
    let entries = 0;
    for (let i = 0; i < 1 << stage.words.loadPlain(root + MAP.firstLevel); i++) {
      entries += stage.words.loadPlain(locks + i * BUCKET_LOCK_WORDS + BUCKET_LOCK.entries);
    }
    assert.equal(entries, 70);
    assert.equal(map.size, 70);
  },
  ROOMY,
);

/** Memory that calls nothing: what overflows the stack is then the map's own code. */
class PooledMemory extends ReclaimingMemory {
  readonly pool: number[] = [];

  override alloc(): number {
    return this.pool.pop() ?? assert.fail('the pool is empty');
  }

  override tryAlloc(): number {
    return 0;
  }

  override free(p: number): void {
    this.pool.push(p);
  }

  override freeRcu(p: number): void {
    this.pool.unshift(p);
  }
}

heapTest(
  'a stack overflow anywhere in a map operation leaves the map whole and no lock held',
  (stage) => {
    const memory = new PooledMemory(partsOf(stage.heap));
    const map = new SharedMap<string, number>(memory, rootOf(stage.heap));
    for (let i = 0; i < 1500; i++) memory.pool.push(stage.hold(stage.heap.kmalloc(64)));
    const overflowFrom = (depth: number): number => {
      if (depth % 2 === 0) map.set(`key ${depth % 500}`, depth);
      else map.delete(`key ${depth % 70}`);
      return overflowFrom(depth + 1) + 1;
    };
    for (let depth = 0; depth < 30; depth++) assert.throws(() => overflowFrom(depth), /call stack/);
    for (let i = 0; i < 500; i++) map.set(`key ${i}`, i);
    for (let i = 0; i < 500; i++) assert.equal(map.get(`key ${i}`), i);
    assert.equal(map.size, 500);
    stage.endTurns();
    assert.deepEqual(balance(stage.words).problems, []);
    map.clear();
  },
  { all: { bytes: 8 * 2 ** 20, spinRounds: 1000, turnOperations: 1_000_000 }, tiny: { pages: 4096 } },
);
