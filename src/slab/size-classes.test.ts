import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_SLAB_ORDER } from '../layout/page-descriptor.js';
import { PAGE_WORDS } from '../words/units.js';
import {
  CLASS_BYTES,
  CLASS_OF_GRANULES,
  MAX_CLASS_BYTES,
  objectWordsFor,
  slabOrderFor,
} from './size-classes.js';

/** Part of a slab of this order that no object covers. */
function leftOver(objectWords: number, order: number): number {
  const slabWords = PAGE_WORDS << order;
  return (slabWords % objectWords) / slabWords;
}

test('CLASS_BYTES rises from 8 to MAX_CLASS_BYTES in multiples of 8', () => {
  assert.equal(CLASS_BYTES.length, 64);
  assert.equal(CLASS_BYTES[0], 8);
  assert.equal(CLASS_BYTES.at(-1), MAX_CLASS_BYTES);
  for (const [i, bytes] of CLASS_BYTES.entries()) {
    assert.equal(bytes % 8, 0);
    if (i > 0) assert.ok(bytes > CLASS_BYTES[i - 1]!);
  }
});

test('CLASS_OF_GRANULES gives every request from 1 to 8192 bytes the smallest class that holds it', () => {
  for (let bytes = 1; bytes <= MAX_CLASS_BYTES; bytes++) {
    const smallest = CLASS_BYTES.findIndex((classBytes) => classBytes >= bytes);
    assert.equal(CLASS_OF_GRANULES[(bytes + 7) >>> 3], smallest + 1);
  }
  assert.equal(CLASS_OF_GRANULES[0], 0);
});

test('a class wastes under 8 bytes up to 64, and under 1/9 of the object above, for every request', () => {
  for (let bytes = 1; bytes <= MAX_CLASS_BYTES; bytes++) {
    const object = CLASS_BYTES[CLASS_OF_GRANULES[(bytes + 7) >>> 3]! - 1]!;
    const waste = object - bytes;
    assert.ok(waste >= 0);
    if (bytes <= 64) assert.ok(waste < 8, `${bytes} bytes get ${object}`);
    else assert.ok(waste < object / 9, `${bytes} bytes get ${object}`);
  }
});

test('slabOrderFor() gives every object size a slab that holds one, of an order with thread lists', () => {
  for (let objectWords = 2; objectWords <= 2048; objectWords += 2) {
    const order = slabOrderFor(objectWords);
    assert.ok(order >= 0 && order <= MAX_SLAB_ORDER);
    assert.ok(PAGE_WORDS << order >= objectWords);
  }
});

test('slabOrderFor() takes the smallest order with 16 objects and 1/16 left over, else what leaves least over', () => {
  const isGood = (objectWords: number, order: number): boolean =>
    PAGE_WORDS << order >= 16 * objectWords && leftOver(objectWords, order) <= 1 / 16;
  const orders = [0, 1, 2, 3];
  for (let objectWords = 2; objectWords <= 2048; objectWords += 2) {
    const order = slabOrderFor(objectWords);
    const good = orders.find((candidate) => isGood(objectWords, candidate));
    if (good !== undefined) assert.equal(order, good, `${objectWords} words`);
    else {
      const fitting = orders.filter((candidate) => PAGE_WORDS << candidate >= objectWords);
      const least = Math.min(...fitting.map((candidate) => leftOver(objectWords, candidate)));
      const smallest = fitting.find((candidate) => leftOver(objectWords, candidate) === least);
      assert.equal(order, smallest, `${objectWords} words`);
    }
  }
});

test('slabOrderFor() leaves at most three sixteenths of a slab over for the classes of kmalloc', () => {
  for (const bytes of CLASS_BYTES) {
    const share = leftOver(bytes / 4, slabOrderFor(bytes / 4));
    assert.ok(share <= 3 / 16, `slabs of ${bytes}-byte objects leave ${share} over`);
  }
});

test('objectWordsFor() rounds bytes up to a multiple of 8 bytes', () => {
  assert.deepEqual([1, 7, 8, 9, 16, 17, 8192].map(objectWordsFor), [2, 2, 2, 4, 4, 6, 2048]);
});
