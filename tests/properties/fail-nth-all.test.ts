/**
 * Out of memory at every page allocation of the operations that make something: names, maps, groups, pools, callbacks,
 * threads. With the n-th allocation failing, or all from the n-th on: the operation does its work, or throws its documented
 * error and all is as before; and it throws only where an allocation has failed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Address,
  GFP_KERNEL_ACCOUNT,
  Heap,
  type HeapOptions,
  OutOfMemoryError,
} from '../../src/index.js';
import { type FailureMode, PageFailures } from './page-failures.js';

/** Keeps nothing for reuse, so that almost every object takes a page. */
const OPTIONS: HeapOptions = {
  ...{ pages: 3000, threads: 4, maxCaches: 300, maxSlabObjects: 1, sheafCapacity: 1, barnSheaves: 0 },
  ...{ minPartialSlabs: 0, pageListHigh: 0, pageListBatch: 1, mapBucketsLog2: 1, maxWaitingBytes: 0 },
};
const MODES: readonly FailureMode[] = ['nth', 'nth and later'];
const MAX_NTH = 300;

interface Scene {
  readonly heap: Heap;
  readonly failures: PageFailures;
  /** What the operation has taken: the program's. */
  readonly held: Address[];
}

const OPERATIONS: Readonly<Record<string, (scene: Scene) => void>> = {
  'map() of a new name': ({ heap }) => void heap.map('new'),
  'map() of a new name, with a group': ({ heap }) => void heap.map('new', { group: heap.group('g') }),
  'mutex() of a new name': ({ heap }) => void heap.mutex('new'),
  'rwLock() of a new name': ({ heap }) => void heap.rwLock('new'),
  'condVar() of a new name': ({ heap }) => void heap.condVar('new'),
  'semaphore() of a new name': ({ heap }) => void heap.semaphore('new', 3),
  'seqLock() of a new name': ({ heap }) => void heap.seqLock('new', 8),
  'slabCache() of a new name': ({ heap }) => void heap.slabCache('new', 40),
  'mempool() of a new name': ({ heap }) => void heap.mempool('new', 3, { bytes: 100 }),
  'mempool() of blocks': ({ heap }) => void heap.mempool('new', 2, { order: 1 }),
  'group() of a new name': ({ heap }) => void heap.group('new', { parent: heap.group('g') }),
  'rcu.register() of a new name': ({ heap }) => void heap.rcu.register('new', () => {}),
  'kmalloc() that is charged to a group': ({ heap, held }) => {
    for (const bytes of [40, 500, 9000]) held.push(heap.group('g').kmalloc(bytes, GFP_KERNEL_ACCOUNT));
  },
  'map set() that grows it': ({ heap }) => {
    const map = heap.map<number, number>('old');
    for (let key = 100; key < 130; key++) map.set(key, key);
  },
  'map getOrInsert() and update()': ({ heap }) => {
    const map = heap.map<number, string>('old');
    map.getOrInsert(50, 'new');
    map.getOrInsertComputed(51, () => 'new');
    map.update(52, () => 'new');
  },
  'map clear()': ({ heap }) => heap.map('old').clear(),
  'kfreeRcu(), kfreeRcuBulk() and kfreeRcuMightsleep()': ({ heap, held }) => {
    const objects = Array.from({ length: 6 }, () => {
      const p = heap.kmalloc(64);
      held.push(p);
      return p;
    });
    held.length -= 1;
    heap.kfreeRcu(objects[5]!);
    held.length -= 3;
    heap.kfreeRcuBulk(objects.slice(2, 5));
    held.length -= 1;
    heap.kfreeRcuMightsleep(objects[1]!);
  },
  'kmallocAt() and kfreeAt()': ({ heap, held }) => {
    const place = heap.kmalloc(8);
    held.push(place);
    heap.words.store(place, 0);
    heap.kmallocAt(place, 200);
    heap.kfreeAt(place);
  },
  'rcu.call() and rcu.barrierSync()': ({ heap, held }) => {
    const id = heap.rcu.register('free', (head) => heap.kfree(head as Address));
    held.push(heap.kmalloc(16));
    heap.rcu.call(held.at(-1)!, id);
    held.length -= 1;
    heap.rcu.barrierSync();
  },
  'attach(), work and detach()': ({ heap, failures }) => {
    const other = Heap.attach(heap.handle, {}, { pageFault: failures });
    try {
      other.map('old').set(60, 'of another');
      other.kfreeRcu(other.kmalloc(64));
    } finally {
      other.detach();
    }
  },
};

function makeScene(): Scene {
  const failures = new PageFailures();
  const heap = Heap.create(OPTIONS, { pageFault: failures });
  heap.group('g');
  const map = heap.map<number, number>('old');
  for (let key = 0; key < 10; key++) map.set(key, key);
  heap.rcu.register('free', (head) => heap.kfree(head as Address));
  heap.synchronizeRcuSync();
  heap.shrink();
  return { heap, failures, held: [] };
}

function requireWhole({ heap, held }: Scene, when: string): void {
  heap.synchronizeRcuSync();
  const report = heap.balance({ held });
  assert.deepEqual(report.problems, [], when);
  assert.deepEqual(report.unreachable, [], `${when}: memory is lost`);
}

/** Returns whether an allocation was made to fail. */
function runOnce(operation: (scene: Scene) => void, mode: FailureMode, nth: number): boolean {
  const scene = makeScene();
  const { heap, failures, held } = scene;
  failures.arm(mode, nth);
  try {
    operation(scene);
  } catch (error) {
    assert.ok(error instanceof OutOfMemoryError, `threw ${String(error)}`);
    assert.ok(failures.failed > 0, `${error.message}, though no allocation failed`);
  }
  failures.disarm();
  const { failed } = failures;
  requireWhole(scene, `allocation ${nth} of mode ${mode}`);
  // It can be done now, whatever came of it before.
  operation(scene);
  requireWhole(scene, `again, after allocation ${nth} of mode ${mode}`);
  heap.kfreeBulk(held);
  held.length = 0;
  requireWhole(scene, 'at the end');
  heap.detach();
  return failed > 0;
}

for (const [name, operation] of Object.entries(OPERATIONS)) {
  for (const mode of MODES) {
    test(`${name}, does its work or leaves all as before, with the ${mode} allocation failing`, () => {
      let nth = 1;
      while (nth < MAX_NTH && runOnce(operation, mode, nth)) nth++;
      assert.ok(nth < MAX_NTH);
      assert.ok(nth > 1, 'it allocates nothing');
    });
  }
}
