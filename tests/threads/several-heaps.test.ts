/** Several heaps in one thread, and several attachments of one thread to the same heap. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Address, Heap, type HeapOptions, TINY } from '../../src/index.js';
import { Patterns } from './pattern.js';
import { requireBalance, settle } from './rest.js';
import { SEED } from './seed.js';

const OBJECTS = 300;
const OBJECT_WORDS = 10;
const SIZES: readonly (readonly [string, HeapOptions])[] = [
  ['default sizes', { bytes: 4 * 2 ** 20 }],
  ['TINY sizes', { ...TINY, pages: 512 }],
];

for (const [sizes, options] of SIZES) {
  test(`two heaps of one thread share neither memory nor names (${sizes})`, async () => {
    const heaps = [Heap.create(options), Heap.create(options)] as const;
    const held = heaps.map((heap, number) => takeMany(heap, number));
    for (const [number, heap] of heaps.entries()) heap.map<string, number>('same name').set('number', number);
    for (const [number, heap] of heaps.entries()) {
      assert.equal(heap.map<string, number>('same name').get('number'), number);
      requirePatterns(heap, held[number]!);
      requireBalance(heap, held[number]!);
    }
    heaps[0].kfreeBulk(held[0]!);
    await settle(heaps[0]);
    heaps[0].detach();
    requirePatterns(heaps[1], held[1]!);
    heaps[1].kfreeBulk(held[1]!);
    requireBalance(heaps[1], []);
    heaps[1].detach();
  });

  test(`what one attachment of a thread took another can free, and may reuse (${sizes})`, async () => {
    const first = Heap.create(options);
    const second = Heap.attach(first.handle);
    const held = takeMany(first, 1);
    requirePatterns(second, held);
    for (const [i, p] of held.entries()) {
      if (i % 2 === 0) second.kfree(p);
      else second.kfreeRcu(p, 2);
    }
    first.detach();
    await settle(second);
    requireBalance(second, []);
    second.detach();
  });

  test(`kfreeRcu() of one attachment waits for the turn of another attachment of the thread (${sizes})`, () => {
    const reader = Heap.create(options);
    const writer = Heap.attach(reader.handle);
    const p = writer.kmalloc(OBJECT_WORDS * 4);
    new Patterns(writer.words).write(p, OBJECT_WORDS, SEED);
    reader.turn(() => {
      writer.kfreeRcu(p, 2);
      // More than one sheaf of them, and many chances for p to come back.
      for (let i = 0; i < OBJECTS; i++) {
        const other = writer.kmalloc(OBJECT_WORDS * 4);
        assert.notEqual(other, p);
        writer.kfreeRcu(other, 2);
        writer.quiesce();
      }
      assert.equal(new Patterns(reader.words).problemAt(p), '');
    });
    writer.synchronizeRcuSync();
    assert.equal(reader.stats().objectsWaiting, 0);
    writer.detach();
    reader.detach();
  });
}

test('synchronizeRcuSync() of one attachment leaves the turns of all, so that a thread never waits for itself', () => {
  const first = Heap.create({ bytes: 4 * 2 ** 20 });
  const second = Heap.attach(first.handle);
  first.kfree(first.kmalloc(8));
  second.kfree(second.kmalloc(8));
  const before = first.stats().gracePeriods;
  second.synchronizeRcuSync();
  assert.ok(first.stats().gracePeriods > before);
  second.detach();
  first.detach();
});

test('synchronizeRcu() of one attachment resolves though another of the thread was in a turn', async () => {
  const first = Heap.create({ bytes: 4 * 2 ** 20 });
  const second = Heap.attach(first.handle);
  second.kfree(second.kmalloc(8));
  await first.synchronizeRcu();
  second.detach();
  first.detach();
});

test('synchronizeRcuSync() inside turn() of another attachment throws instead of waiting for itself', () => {
  const first = Heap.create({ bytes: 4 * 2 ** 20 });
  const second = Heap.attach(first.handle);
  first.turn(() => assert.throws(() => second.synchronizeRcuSync(), /inside turn\(fn\)/));
  second.synchronizeRcuSync();
  second.detach();
  first.detach();
});

function takeMany(heap: Heap, number: number): Address[] {
  const patterns = new Patterns(heap.words);
  return Array.from({ length: OBJECTS }, (_, i) => {
    const p = heap.kmalloc(OBJECT_WORDS * 4);
    patterns.write(p, OBJECT_WORDS, SEED ^ (number << 16) ^ i);
    return p;
  });
}

function requirePatterns(heap: Heap, held: readonly Address[]): void {
  const patterns = new Patterns(heap.words);
  for (const p of held) assert.equal(patterns.problemAt(p), '');
}
