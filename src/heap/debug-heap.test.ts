/** A debug heap, seen from outside: what it catches, what it says, and that it otherwise is a heap like any other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeHost } from '../../tests/support/fake-host.js';
import { killEverywhere } from '../../tests/support/killed-heap.js';
import { partsOf } from '../../tests/support/stage.js';
import { MemoryCorruptionError } from '../pages/memory-corruption-error.js';
import { PageAllocator } from '../pages/page-allocator.js';
import { Heap } from '../shared-heap.js';
import { KfreeRcu } from '../slab/kfree-rcu.js';
import { Kmalloc } from '../slab/kmalloc.js';
import { type Address, NONE, PAGE_WORDS } from '../words/units.js';
import { AttachError } from './heap-errors.js';
import type { HeapOptions } from './heap-options.js';

const SIZE: HeapOptions = { bytes: 8 * 2 ** 20, threads: 4, debug: true, hashSeed: [1, 2] };

function makeHeap(options: HeapOptions = {}): { heap: Heap; host: FakeHost } {
  const host = new FakeHost();
  return { heap: Heap.create({ ...SIZE, ...options }, { host }), host };
}

/** What `fn` throws, which is a MemoryCorruptionError. */
function caught(fn: () => unknown): MemoryCorruptionError {
  try {
    fn();
  } catch (error) {
    assert.ok(error instanceof MemoryCorruptionError, String(error));
    return error;
  }
  throw new Error('nothing was thrown');
}

function assertSound(heap: Heap, held: Address[] = []): void {
  const { problems, unreachable } = heap.balance({ held });
  assert.deepEqual(problems, []);
  assert.deepEqual(unreachable, []);
}

/** Writes one byte, `offset` bytes from the start of the object. */
function writeByte(heap: Heap, p: Address, offset: number, value: number): void {
  const word = p + Math.floor(offset / 4);
  const shift = (((offset % 4) + 4) % 4) * 8;
  heap.words.storePlain(word, (heap.words.loadPlain(word) & ~(0xff << shift)) | (value << shift));
}

function allocateHere(heap: Heap, bytes: number): Address {
  return heap.kmalloc(bytes);
}

function freeHere(heap: Heap, p: Address): void {
  heap.kfree(p);
}

test('Heap.create, with debug fills fresh objects with 0x5a and freed ones with 0x6b and 0xa5', () => {
  const { heap } = makeHeap();
  const p = heap.kmalloc(12);
  assert.equal(heap.words.loadPlain(p) >>> 0, 0x5a5a5a5a);
  heap.kfree(p);
  assert.equal(heap.words.loadPlain(p) >>> 0, 0x6b6b6b6b);
  assert.equal(heap.words.loadPlain(p + 2) >>> 0, 0xa56b6b6b);
});

test('kfree, a second time says so, with the stacks of the allocation and of the first free', () => {
  const { heap } = makeHeap({ name: 'owner' });
  const p = allocateHere(heap, 40);
  freeHere(heap, p);
  const error = caught(() => heap.kfree(p));
  assert.equal(error.kind, 'double-free');
  assert.equal(error.address, p);
  assert.match(error.message, /it is free already/);
  assert.match(error.message, /allocated by slot 0 \(owner\)/);
  assert.match(error.allocStack, /allocateHere/);
  assert.match(error.freeStack, /freeHere/);
  assertSound(heap);
});

for (const [what, free] of [
  ['kfreeNolock', (heap: Heap, p: Address) => heap.kfreeNolock(p)],
  ['kfreeBulk', (heap: Heap, p: Address) => heap.kfreeBulk([p])],
  ['kfreeRcu', (heap: Heap, p: Address) => heap.kfreeRcu(p)],
] as const) {
  test(`${what}, of an object that is free or waits is a double free`, () => {
    const { heap, host } = makeHeap();
    const [p, q] = [heap.kmalloc(64), heap.kmalloc(64)];
    heap.kfree(p);
    assert.equal(caught(() => free(heap, p)).kind, 'double-free');
    heap.kfreeRcu(q);
    assert.match(caught(() => free(heap, q)).message, /waits for a grace period/);
    host.runMicrotasks();
    heap.synchronizeRcuSync();
    assertSound(heap);
  });
}

for (const [where, offset] of [
  ['the byte behind an object of 13 bytes', 13],
  ['the last byte of its last word', 15],
  ['the byte in front of it', -1],
  ['4 bytes in front of it', -4],
  ['28 bytes in front of it, in the shell itself', -28],
] as const) {
  test(`kfree, finds a write to ${where}, and never hands the object out again`, () => {
    const { heap } = makeHeap();
    const p = heap.kmalloc(13);
    writeByte(heap, p, offset, 0x41);
    const error = caught(() => heap.kfree(p));
    assert.equal(error.kind, 'out-of-bounds');
    assert.equal(error.address, p);
    if (offset >= -4) assert.equal(error.offset, offset);
    for (let i = 0; i < 500; i++) assert.notEqual(heap.kmalloc(13), p);
    assert.equal(heap.balance().quarantinedObjects, 1);
  });
}

test('kfree, finds a write that jumped over the red zone into the shell of the next object', () => {
  const { heap } = makeHeap();
  const objects = Array.from({ length: 8 }, () => heap.kmalloc(13)).sort((a, b) => a - b);
  writeByte(heap, objects[3]!, 44, 0x41);
  heap.kfree(objects[3]!);
  const error = caught(() => heap.kfree(objects[4]!));
  assert.equal(error.kind, 'out-of-bounds');
  assert.match(error.message, /what lies in front of it was overwritten/);
});

test('kmalloc, finds a write into a freed object: where, what, and both stacks', () => {
  const { heap } = makeHeap();
  const p = allocateHere(heap, 100);
  freeHere(heap, p);
  writeByte(heap, p, 57, 0x41);
  const error = caught(() => heap.kmalloc(100));
  assert.equal(error.kind, 'write-after-free');
  assert.equal(error.offset, 57);
  assert.match(error.message, /from byte 57 on: 41 6b 6b/);
  assert.match(error.allocStack, /allocateHere/);
  assert.match(error.freeStack, /freeHere/);
  assert.notEqual(heap.kmalloc(100), p);
  assert.equal(heap.balance().quarantinedObjects, 1);
});

test('kfreeRcu, leaves the object readable until the grace period is over, then poisons it', () => {
  const { heap, host } = makeHeap();
  const p = heap.kmalloc(24);
  heap.words.storePlain(p + 1, 77);
  heap.kfreeRcu(p);
  assert.equal(heap.words.loadPlain(p + 1), 77);
  host.runMicrotasks();
  heap.synchronizeRcuSync();
  assert.equal(heap.words.loadPlain(p + 1) >>> 0, 0x6b6b6b6b);
  assertSound(heap);
});

test('kfreeRcu, with the head anywhere in the object works where no memory is to be had for a sheaf', () => {
  const { heap, host } = makeHeap({ pointerPageSource: 'none' });
  const objects = [8, 24, 100, 1000].map((bytes) => heap.kmalloc(bytes));
  heap.kfreeRcu(objects[0]!);
  heap.kfreeRcu(objects[1]!, 4);
  heap.kfreeRcu(objects[2]!, 23);
  heap.kfreeRcu(objects[3]!, 200);
  assert.throws(() => heap.kfreeRcu(heap.kmalloc(24), 5), RangeError);
  host.runMicrotasks();
  heap.synchronizeRcuSync();
  assert.equal(heap.stats().objectsWaiting, 0);
  assert.deepEqual(heap.balance().problems, []);
});

test('kfreeRcu, of a block of pages makes every other free of it a double free until the grace period is over', () => {
  const { heap, host } = makeHeap();
  const p = heap.kmalloc(10_000);
  heap.words.storePlain(p + 7, 77);
  heap.kfreeRcu(p);
  const frees = [heap.kfree, heap.kfreeNolock, heap.kfreeRcu, heap.freePages, heap.freePagesNolock];
  for (const free of frees) {
    const error = caught(() => free.call(heap, p));
    assert.equal(error.kind, 'double-free');
    assert.match(error.message, /waits for a grace period/);
    assert.equal(heap.words.loadPlain(p + 7), 77);
  }
  host.runMicrotasks();
  heap.synchronizeRcuSync();
  assert.throws(() => heap.kfree(p), /which is in a free block/);
  assert.equal(heap.stats().freedThroughSheaf, 1);
  assertSound(heap);
});

test('kfreeRcu, refuses a head in the red zone, and the object stays in use', () => {
  const { heap } = makeHeap();
  const [p, block] = [heap.kmalloc(24), heap.kmalloc(10_000)];
  for (const [held, head] of [
    [p, 5],
    [block, 2499],
  ] as const) {
    assert.throws(() => heap.kfreeRcu(held, head), RangeError);
    // As collections call it: without looking at the head first.
    assert.throws(() => partsOf(heap).kfreeRcu.post(held, head), /an offset in 0\.\.(4|2498)/);
    heap.kfree(held);
  }
  assertSound(heap);
});

test('freePages, of an object says which one, as its user knows it', () => {
  const { heap } = makeHeap();
  const p = heap.kmalloc(64);
  assert.throws(
    () => heap.freePages(p),
    new RegExp(`freed pages at address ${p}, which is an object of \\d+ bytes`),
  );
  assert.throws(
    () => heap.freePages((p + 2) as Address),
    new RegExp(`2 words inside the \\d+-byte object at ${p};`),
  );
  assert.throws(
    () => heap.freePages((p - 2) as Address),
    new RegExp(`2 words in front of the \\d+-byte object at ${p};`),
  );
});

test('checkObjects, finds a damaged object in use and one that is free, and nothing in a sound heap', () => {
  const { heap } = makeHeap();
  const [p, q] = [heap.kmalloc(30), heap.kmalloc(30)];
  heap.kfree(q);
  assert.deepEqual(heap.checkObjects(), []);
  writeByte(heap, p, 30, 1);
  writeByte(heap, q, 2, 1);
  const found = heap.checkObjects();
  assert.deepEqual(new Set(found.map(({ kind }) => kind)), new Set(['out-of-bounds', 'write-after-free']));
  assert.deepEqual(new Set(found.map(({ address }) => address)), new Set([p, q]));
});

test('kfree, of an address that is no object is refused as in any heap, and nothing changes', () => {
  const { heap } = makeHeap();
  const p = heap.kmalloc(64);
  for (const wrong of [p + 1, p - 8, p + 16, 5, 2 ** 31, Number.NaN, -3, 1.5]) {
    assert.throws(() => heap.kfree(wrong as Address), RangeError, String(wrong));
  }
  heap.kfree(p);
  assertSound(heap);
});

test('kmalloc, of whole pages has a red zone behind what was asked for', () => {
  const { heap } = makeHeap();
  const p = heap.kmalloc(10_000);
  assert.equal(p % PAGE_WORDS, 0);
  writeByte(heap, p, 10_000, 7);
  const error = caught(() => heap.kfree(p));
  assert.equal(error.kind, 'out-of-bounds');
  assert.equal(error.offset, 10_000);
});

test('allocPages, finds a write into a page that was free, and gives fresh pages no old bytes', () => {
  const { heap } = makeHeap();
  const p = heap.allocPages(0);
  assert.equal(heap.words.loadPlain(p) >>> 0, 0x5a5a5a5a);
  heap.freePages(p);
  assert.equal(heap.words.loadPlain(p) >>> 0, 0xaaaaaaaa);
  writeByte(heap, p, 1000, 1);
  const error = caught(() => heap.allocPages(0));
  assert.equal(error.kind, 'write-after-free');
  assert.equal(error.address, p);
  assert.equal(error.offset, 1000);
});

test('allocPagesNolock, gives zeroed pages in a debug heap as well', () => {
  const { heap } = makeHeap();
  const p = heap.allocPagesNolock(1);
  assert.notEqual(p, NONE);
  for (let i = 0; i < 2 * PAGE_WORDS; i++) assert.equal(heap.words.loadPlain(p + i), 0);
  heap.freePagesNolock(p);
});

test('slabCache, objects have shells, up to the largest', () => {
  const { heap } = makeHeap();
  for (const bytes of [8, 40, 8192]) {
    const cache = heap.slabCache(`of ${bytes}`, bytes);
    assert.equal(cache.objectBytes, bytes);
    const p = cache.alloc();
    writeByte(heap, p, bytes, 9);
    assert.equal(caught(() => cache.free(p)).offset, bytes);
    const q = cache.alloc();
    cache.free(q);
    assert.equal(caught(() => cache.free(q)).kind, 'double-free');
  }
});

test('owners, sums what is in use by where it was allocated', () => {
  const { heap } = makeHeap();
  const objects = Array.from({ length: 7 }, () => allocateHere(heap, 1000));
  const owner = heap.owners().find(({ stack }) => stack.includes('allocateHere'));
  assert.deepEqual([owner?.objects, owner?.bytes], [7, 7000]);
  heap.kfreeBulk(objects);
  assert.equal(
    heap.owners().some(({ stack }) => stack.includes('allocateHere')),
    false,
  );
});

test('Heap.attach, gives a debug heap its hooks in every thread, and names the thread in reports', () => {
  const { heap } = makeHeap();
  const other = Heap.attach(heap.handle, { name: 'helper' }, { host: new FakeHost() });
  const p = heap.kmalloc(20);
  other.kfree(p);
  const error = caught(() => heap.kfree(p));
  assert.match(error.message, /freed by slot 1 \(helper\)/);
  const { debug, ...bare } = heap.handle;
  assert.ok(debug);
  assert.throws(() => Heap.attach(bare, {}, { host: new FakeHost() }), AttachError);
  other.detach();
  assertSound(heap);
});

test('Heap.create, with debug and validate has both', () => {
  const { heap } = makeHeap({ validate: { onReport: 'throw' } });
  const map = heap.map<string, number>('m');
  for (let i = 0; i < 100; i++) map.set(`key ${i}`, i);
  for (let i = 0; i < 100; i += 2) map.delete(`key ${i}`);
  assert.equal(map.size, 50);
  const p = heap.kmalloc(16);
  heap.kfree(p);
  assert.equal(caught(() => heap.kfree(p)).kind, 'double-free');
});

test('Heap.map, works in a debug heap, and its memory is sound', () => {
  const { heap, host } = makeHeap();
  const map = heap.map<string, string | { i: number }>('m');
  for (let i = 0; i < 2000; i++) map.set(`key ${i % 300}`, i % 3 === 0 ? 'x'.repeat(i) : { i });
  for (let i = 0; i < 300; i += 2) map.delete(`key ${i}`);
  host.runMicrotasks();
  heap.synchronizeRcuSync();
  assert.deepEqual(heap.checkObjects(), []);
  assertSound(heap);
});

test('HeapOptions.debug, turns on the hooks that are named, and refuses others', () => {
  const { heap } = makeHeap({ debug: { fillFree: true } });
  const p = heap.kmalloc(13);
  heap.kfree(p);
  assert.doesNotThrow(() => heap.kfree(heap.kmalloc(13)));
  assert.throws(
    () => makeHeap({ debug: { redzones: true } as never }),
    /debug\.redzones; the hooks are poison/,
  );
  assert.throws(() => makeHeap({ debug: { poison: 1 } as never }), TypeError);
  assert.throws(() => makeHeap({ debug: 'all' as never }), TypeError);
  assert.throws(
    () => makeHeap({ debug: false }).heap.owners(),
    /create it with Heap.create\(\{ debug: true \}\)/,
  );
});

test('Heap.create, without debug and fault injection has the plain parts, which know of neither', () => {
  const { kmalloc, kfreeRcu, pages } = partsOf(makeHeap({ debug: false, validate: false }).heap);
  assert.deepEqual(
    [kmalloc.constructor, kfreeRcu.constructor, pages.constructor],
    [Kmalloc, KfreeRcu, PageAllocator],
  );
});

test('LULL_DEBUG, makes heaps debug heaps unless they say otherwise', () => {
  const host = new FakeHost();
  host.variables.set('LULL_DEBUG', '1');
  const { debug: _, ...plain } = SIZE;
  assert.equal(Heap.create(plain, { host }).geometry.debugHooks, 31);
  assert.equal(Heap.create({ ...plain, debug: false }, { host }).geometry.debugHooks, 0);
  host.variables.set('LULL_DEBUG', 'yes');
  assert.throws(() => Heap.create(plain, { host }), /LULL_DEBUG=yes/);
});

test('checkObjects() finds nothing wrong with an object whose thread has died in allocating it, or in freeing it', () => {
  const again = (heap: Heap) => heap.kfree(heap.kmalloc(40));
  killEverywhere({
    options: { pages: 64, threads: 3, debug: true },
    prepare: (_stays, stops) => again(stops),
    act: again,
    userObjects: 1,
    check: (stays) => assert.deepEqual(stays.checkObjects(), []),
  });
});
