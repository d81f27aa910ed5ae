/**
 * Every operation of a heap with its n-th object, or its n-th block of pages, failing (heap.failslab and
 * heap.failPageAlloc), n = 1, 2, ... until the operation meets no such call any more; once with that call alone, once
 * with all from it on.
 *
 *     a fault, and an error    everything is as before, and the operation works when no fault is set
 *     a fault, and no error    the operation did its work without that memory
 *     an error without fault   is a failure of this test
 *
 * Not here: attach(), which takes no memory of the heap before its thread can set a fault.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Address,
  GFP_NOWAIT,
  Heap,
  type HeapOptions,
  NONE,
  OutOfMemoryError,
  type SharedMap,
  TINY,
} from '../../src/index.js';

const MOST_POINTS = 400;
const LONG = 'long '.repeat(600);
const ENTRIES = 12;

const COMMON: HeapOptions = { faultInjection: true, hashSeed: [1, 2] };
const SIZES: readonly (readonly [string, HeapOptions])[] = [
  [
    'nothing kept',
    {
      ...TINY,
      ...COMMON,
      pages: 1200,
      maxCaches: 200,
      maxSlabObjects: 1,
      sheafCapacity: 1,
      barnSheaves: 0,
      minPartialSlabs: 0,
      pageListHigh: 0,
      pageListBatch: 1,
    },
  ],
  ['default sizes', { ...COMMON, pages: 1200, maxCaches: 200, mapBucketsLog2: 1 }],
];
const POINTS = ['failslab', 'failPageAlloc'] as const;
type Point = (typeof POINTS)[number];
const MODES = { once: 1, 'from then on': -1 } as const;
type Mode = keyof typeof MODES;

/** What one run of an operation works on. */
interface Scene {
  readonly heap: Heap;
  readonly map: SharedMap<string, string | number>;
  /** What the operation took: freed after it, whether it failed or not. */
  readonly taken: Address[];
}

interface Operation {
  readonly name: string;
  /** False or NONE where it was refused without an error. */
  act(scene: Scene): unknown;
  /** Makes of the entries before those after it. */
  model?(entries: Map<string, string | number>): void;
}

function take({ taken }: Scene, p: Address): Address {
  if (p !== NONE) taken.push(p);
  return p;
}

const OPERATIONS: readonly Operation[] = [
  { name: 'kmalloc() of an object', act: (s) => take(s, s.heap.kmalloc(72)) },
  { name: 'kmalloc() of whole pages', act: (s) => take(s, s.heap.kmalloc(20_000)) },
  { name: 'kmalloc() without waiting', act: (s) => take(s, s.heap.kmalloc(72, GFP_NOWAIT)) },
  { name: 'kmallocNolock()', act: (s) => take(s, s.heap.kmallocNolock(72)) },
  { name: 'allocPages()', act: (s) => take(s, s.heap.allocPages(1)) },
  { name: 'allocPagesNolock()', act: (s) => take(s, s.heap.allocPagesNolock(1)) },
  { name: 'slabCache() and an object of it', act: (s) => take(s, s.heap.slabCache('points', 40).alloc()) },
  { name: 'mempool() of objects', act: (s) => s.heap.mempool('pool', 3, { bytes: 100 }) },
  { name: 'map() that is new', act: (s) => s.heap.map('another') },
  { name: 'mutex() that is new', act: (s) => s.heap.mutex('mutex') },
  { name: 'rwLock() that is new', act: (s) => s.heap.rwLock('rwLock') },
  { name: 'condVar() that is new', act: (s) => s.heap.condVar('condVar') },
  { name: 'semaphore() that is new', act: (s) => s.heap.semaphore('semaphore', 3) },
  { name: 'group() that is new', act: (s) => s.heap.group('tenant') },
  { name: 'group() and an object of it', act: (s) => take(s, s.heap.group('tenant').kmalloc(72)) },
  { name: 'seqLock() that is new', act: (s) => s.heap.seqLock('seqLock', 8) },
  {
    name: 'set() of a new key',
    act: ({ map }) => map.set('new', 1),
    model: (entries) => entries.set('new', 1),
  },
  {
    name: 'set() of a new key with a long value',
    act: ({ map }) => map.set('new', LONG),
    model: (entries) => entries.set('new', LONG),
  },
  {
    name: 'set() in place of a value',
    act: ({ map }) => map.set('key 3', LONG),
    model: (entries) => entries.set('key 3', LONG),
  },
  {
    name: 'trySet() of a new key',
    act: ({ map }) => map.trySet('new', 1),
    model: (entries) => entries.set('new', 1),
  },
  {
    name: 'getOrInsert() of a new key',
    act: ({ map }) => map.getOrInsert('new', 'value'),
    model: (entries) => entries.set('new', 'value'),
  },
  {
    name: 'update() of a value',
    act: ({ map }) => map.update('key 4', (value) => `${value} and more`),
    model: (entries) => entries.set('key 4', `${entries.get('key 4')} and more`),
  },
];

/** Frees and the like: what must work however little memory there is. */
const NEVER_FAIL: readonly Operation[] = [
  {
    name: 'kfree()',
    act: ({ heap, taken }) => heap.kfree(taken.pop()!),
  },
  {
    name: 'kfreeRcu()',
    act: ({ heap, taken }) => heap.kfreeRcu(taken.pop()!),
  },
  {
    name: 'delete()',
    act: ({ map }) => map.delete('key 3'),
    model: (entries) => entries.delete('key 3'),
  },
  {
    name: 'clear()',
    act: ({ map }) => map.clear(),
    model: (entries) => entries.clear(),
  },
  { name: 'shrink()', act: ({ heap }) => heap.shrink() },
  { name: 'synchronizeRcuSync()', act: ({ heap }) => heap.synchronizeRcuSync() },
];

function makeScene(options: HeapOptions): { scene: Scene; entries: Map<string, string | number> } {
  const heap = Heap.create(options);
  const map = heap.map<string, string | number>('map');
  const entries = new Map<string, string | number>();
  for (let i = 0; i < ENTRIES; i++) {
    const value = i % 2 === 0 ? i : `value ${i}`;
    map.set(`key ${i}`, value);
    entries.set(`key ${i}`, value);
  }
  const taken = [heap.kmalloc(8), heap.kmalloc(100), heap.kmalloc(3000)];
  heap.synchronizeRcuSync();
  heap.shrink();
  return { scene: { heap, map, taken }, entries };
}

/** Whether the operation was done; throws what is no OutOfMemoryError. */
function attempt({ act }: Operation, scene: Scene): boolean {
  try {
    const result = act(scene);
    return result !== false && result !== NONE;
  } catch (error) {
    if (error instanceof OutOfMemoryError) return false;
    throw error;
  }
}

function requireState({ heap, map, taken }: Scene, entries: ReadonlyMap<string, unknown>): void {
  assert.deepEqual(new Map(map), entries);
  assert.equal(map.size, entries.size);
  const { problems, unreachable } = heap.balance({ held: taken });
  assert.deepEqual(problems, []);
  assert.deepEqual(unreachable, []);
}

interface Run {
  readonly operation: Operation;
  readonly options: HeapOptions;
  readonly point: Point;
  readonly mode: Mode;
}

/** One run with the n-th call failing. Returns whether there was such a call, and whether the operation was done. */
function runOnce({ operation, options, point, mode }: Run, nth: number): { faults: number; done: boolean } {
  const { scene, entries } = makeScene(options);
  const { heap } = scene;
  heap[point].set({ nth, times: MODES[mode] });
  const done = attempt(operation, scene);
  const faults = heap[point].injected;
  heap[point].set({});
  if (!done) assert.ok(faults > 0, `${operation.name} failed, though no allocation was made to`);
  if (done) operation.model?.(entries);
  requireState(scene, entries);
  if (!done) {
    assert.ok(attempt(operation, scene), `${operation.name} fails for good after one failure`);
    operation.model?.(entries);
    requireState(scene, entries);
  }
  heap.kfreeBulk(scene.taken.splice(0));
  heap.synchronizeRcuSync();
  requireState(scene, entries);
  heap.detach();
  return { faults, done };
}

interface Tally {
  points: number;
  refused: number;
}

/** Runs the operation with each of its calls failing in turn. */
function runAll(run: Run): Tally {
  const tally = { points: 0, refused: 0 };
  for (let nth = 1; nth <= MOST_POINTS; nth++) {
    const { faults, done } = runOnce(run, nth);
    if (faults === 0) return tally;
    tally.points++;
    if (!done) tally.refused++;
  }
  throw new Error(`${run.operation.name} still meets call ${MOST_POINTS}`);
}

const total: Record<Point, Tally> = {
  failslab: { points: 0, refused: 0 },
  failPageAlloc: { points: 0, refused: 0 },
};

function note(point: Point, { points, refused }: Tally): void {
  total[point].points += points;
  total[point].refused += refused;
}

for (const [sizes, options] of SIZES) {
  for (const point of POINTS) {
    for (const operation of OPERATIONS) {
      test(`${operation.name}, with its n-th call of ${point} failing does all or nothing (${sizes})`, () => {
        const needsPages = sizes === 'nothing kept' || point === 'failslab';
        let points = 0;
        for (const mode of Object.keys(MODES) as Mode[]) {
          const tally = runAll({ operation, options, point, mode });
          note(point, tally);
          points += tally.points;
          // With sizes for use, what a cache has in hand often does instead of a new slab or sheaf.
          if (mode === 'from then on' && needsPages && tally.points > 0) {
            assert.ok(tally.refused > 0, 'it never needed the memory that it asked for');
          }
        }
        const isBlock = /Pages|pages/.test(operation.name);
        if (needsPages && !(isBlock && point === 'failslab')) assert.ok(points > 0, 'it takes no memory');
      });
    }

    for (const operation of NEVER_FAIL) {
      test(`${operation.name}, never fails whatever ${point} does (${sizes})`, () => {
        for (const mode of Object.keys(MODES) as Mode[]) {
          const tally = runAll({ operation, options, point, mode });
          note(point, tally);
          assert.equal(tally.refused, 0);
        }
      });
    }
  }
}

test('the faults of all operations, are counted', () => {
  const lines = POINTS.map((point) => {
    const { points, refused } = total[point];
    return `${point.padEnd(15)}${String(points).padStart(6)} points of failure, ${refused} refused, the rest absorbed`;
  });
  console.log(['', 'table: fault points of every operation', ...lines, ''].join('\n'));
  for (const point of POINTS) assert.ok(total[point].points > 0 && total[point].refused > 0);
});
