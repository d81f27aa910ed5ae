import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  alignUp,
  LINE_WORDS,
  MAX_HEAP_BYTES,
  MAX_ORDER,
  orderFor,
  PAGE_BYTES,
  PAGE_SHIFT,
  PAGE_WORDS,
  wordsFor,
} from './units.js';

test('PAGE_SHIFT turns an address into the number of its page', () => {
  assert.equal(1 << PAGE_SHIFT, PAGE_WORDS);
  assert.equal((3 * PAGE_WORDS) >>> PAGE_SHIFT, 3);
  assert.equal((4 * PAGE_WORDS - 1) >>> PAGE_SHIFT, 3);
  assert.equal(PAGE_WORDS * 4, PAGE_BYTES);
});

test('MAX_HEAP_BYTES keeps every word index below 2^30', () => {
  assert.equal(MAX_HEAP_BYTES / 4, 2 ** 30);
});

test('wordsFor() rounds bytes up to words', () => {
  assert.deepEqual([0, 1, 3, 4, 5, 8, 9].map(wordsFor), [0, 1, 1, 1, 2, 2, 3]);
  assert.equal(wordsFor(PAGE_BYTES << MAX_ORDER), PAGE_WORDS << MAX_ORDER);
});

test('alignUp() returns the smallest multiple that is not below the value', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 40), fc.integer({ min: 0, max: 20 }), (value, log2) => {
      const unit = 2 ** log2;
      const aligned = alignUp(value, unit);
      assert.equal(aligned % unit, 0);
      assert.ok(aligned >= value && aligned - value < unit);
    }),
  );
});

test('orderFor() returns the smallest order that holds so many pages, for every number up to 2^11', () => {
  for (let pages = 0; pages <= 2048; pages++) {
    const order = orderFor(pages);
    assert.ok(1 << order >= pages, `${pages} pages do not fit order ${order}`);
    assert.ok(order === 0 || 1 << (order - 1) < pages, `${pages} pages fit order ${order - 1}`);
  }
});

test('LINE_WORDS is a 64-byte line', () => {
  assert.equal(LINE_WORDS * 4, 64);
});
