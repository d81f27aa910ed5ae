/** Heaps that are full: what is refused changes nothing, and what is given back can be had again, any number of times. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Address, Heap, type HeapOptions, OutOfMemoryError, TINY } from '../../src/index.js';
import { HEAD_OFFSET, Patterns } from '../threads/pattern.js';
import { mix } from '../threads/seed.js';

const ROUNDS = 12;
/** The last is a block of pages. */
const OBJECT_BYTES = [64, 1000, 16_384];
const SIZES: readonly (readonly [string, HeapOptions])[] = [
  ['default sizes, 40 pages', { pages: 40, maxCaches: 70, mapBucketsLog2: 2 }],
  ['TINY sizes, 80 pages', { ...TINY, pages: 80 }],
];

/** Calls `act` with 0, 1, ... until there is no memory. Returns how often that went well. */
function untilFull(act: (i: number) => void): number {
  for (let i = 0; ; i++) {
    try {
      act(i);
    } catch (error) {
      if (error instanceof OutOfMemoryError) return i;
      throw error;
    }
  }
}

/** Strings of many lengths, which tell round and key. */
function textOf(round: number, i: number): string {
  return `${round} ${i} ${'x'.repeat(mix(round, i) & 0x7f)}`;
}

for (const [sizes, options] of SIZES) {
  test(`SharedMap.set() fills the heap as far in the last round as in the first (${sizes})`, () => {
    const heap = Heap.create(options);
    const map = heap.map<string, string>('map');
    const filled: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const count = untilFull((i) => map.set(`key ${i}`, textOf(0, i)));
      filled.push(count);
      assert.equal(map.size, count);
      for (let i = 0; i < count; i++) assert.equal(map.get(`key ${i}`), textOf(0, i));
      assert.equal(map.get(`key ${count}`), undefined);
      map.clear();
      heap.synchronizeRcuSync();
      heap.shrink();
      const { problems, unreachable } = heap.balance();
      assert.deepEqual([problems, unreachable], [[], []]);
    }
    // The table keeps what it has grown to, and grows once more when a run of pages for its next segment happens to
    // be free: in a heap this small that may be a third of all. From then on nothing is lost.
    const settled = filled.slice(ROUNDS / 2);
    const rounds = `entries by round: ${filled.join(' ')}`;
    assert.ok(Math.min(...filled) > 0.6 * filled[0]!, rounds);
    assert.ok(Math.min(...settled) > 0.95 * Math.max(...settled), rounds);
    heap.detach();
  });

  test(`SharedMap.set() in place of values in a full heap leaves each key its old value or its new one (${sizes})`, () => {
    const heap = Heap.create(options);
    const map = heap.map<string, string>('map');
    const count = untilFull((i) => map.set(`key ${i}`, textOf(0, i)));
    const rounds = new Int32Array(count);
    let replaced = 0;
    for (let round = 1; round <= ROUNDS; round++) {
      for (let i = 0; i < count; i++) {
        try {
          map.set(`key ${i}`, textOf(round, i));
          rounds[i] = round;
          replaced++;
        } catch (error) {
          assert.ok(error instanceof OutOfMemoryError);
        }
        assert.equal(map.get(`key ${i}`), textOf(rounds[i]!, i));
      }
    }
    assert.equal(map.size, count);
    for (let i = 0; i < count; i++) assert.equal(map.get(`key ${i}`), textOf(rounds[i]!, i));
    assert.ok(replaced > 0, 'the old values are given back after a grace period, which set() waits for');
    heap.detach();
  });

  test(`kmalloc() in a full heap throws until something is freed, and says who holds what (${sizes})`, () => {
    const heap = Heap.create(options);
    const held: Address[] = [];
    untilFull(() => held.push(heap.kmalloc(700)));
    assert.throws(() => heap.kmalloc(700), {
      name: 'OutOfMemoryError',
      message: /of \d+ pages \d+ are free/,
    });
    const p = held.pop()!;
    heap.kfree(p);
    held.push(heap.kmalloc(700));
    heap.kfreeBulk(held);
    heap.shrink();
    assert.deepEqual(heap.balance().unreachable, []);
    heap.detach();
  });

  test(`kmalloc() gets for one size what was given back in another (${sizes})`, () => {
    const heap = Heap.create(options);
    const counts = OBJECT_BYTES.map(() => [] as number[]);
    for (let round = 0; round < 3; round++) {
      for (const [i, bytes] of OBJECT_BYTES.entries()) {
        const held: Address[] = [];
        counts[i]!.push(untilFull(() => held.push(heap.kmalloc(bytes))));
        heap.kfreeBulk(held);
      }
    }
    for (const [i, bytes] of OBJECT_BYTES.entries()) {
      const [first, ...later] = counts[i]!;
      assert.ok(Math.min(...later) > 0.7 * first!, `objects of ${bytes} bytes by round: ${counts[i]}`);
    }
    heap.detach();
  });

  test(`Heap.slabCache() of a heap with all caches made throws and keeps nothing of it (${sizes})`, () => {
    const heap = Heap.create(options);
    let made = 0;
    assert.throws(
      () => {
        for (; ; made++) heap.slabCache(`cache ${made}`, 8 + made);
      },
      { name: 'RangeError', message: /all \d+ caches made/ },
    );
    assert.ok(made > 0);
    assert.equal(heap.slabCache('cache 0', 8).objectBytes, 8);
    heap.shrink();
    assert.deepEqual(heap.balance().unreachable, []);
    heap.detach();
  });

  test(`an allocation that reclaims does not end the turn of another attachment (${sizes})`, () => {
    const reader = Heap.create(options);
    const writer = Heap.attach(reader.handle);
    const retirer = Heap.attach(reader.handle);
    const map = writer.map<string, string>('map');
    const patterns = new Patterns(reader.words);
    // From here on the reader holds addresses; the writer, whose map reclaims, holds none.
    const pieces = Array.from({ length: 8 }, () => reader.kmalloc(64));
    for (const p of pieces) patterns.write(p, 16, p);
    for (const p of pieces) retirer.kfreeRcu(p, HEAD_OFFSET);
    retirer.detach();
    untilFull((i) => map.set(`key ${i}`, textOf(0, i)));
    for (const p of pieces) assert.equal(patterns.problemAt(p), '');
    writer.detach();
    reader.detach();
  });

  test(`SharedMap.set() in a full heap inside turn() of another attachment throws OutOfMemoryError (${sizes})`, () => {
    const reader = Heap.create(options);
    const writer = Heap.attach(reader.handle);
    const map = writer.map<string, string>('map');
    reader.turn(() => assert.throws(() => untilFullOrError(map), OutOfMemoryError));
    assert.ok(map.size > 0);
    writer.detach();
    reader.detach();
  });
}

function untilFullOrError(map: { set(key: string, value: string): unknown }): never {
  for (let i = 0; ; i++) map.set(`key ${i}`, textOf(0, i));
}
