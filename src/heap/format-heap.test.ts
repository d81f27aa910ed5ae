import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertBalanced } from '../../tests/support/balanced.js';
import { formatBareHeap } from '../../tests/support/bare-heap.js';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { countFree, freeListsOf } from '../../tests/support/free-lists.js';
import { HEADER, readGeometry } from '../layout/heap-header.js';
import { planFrom } from './format-heap.js';
import { TINY } from './heap-options.js';

test('planFrom() rounds bytes up to whole pages', () => {
  const pagesOf = (bytes: number): number =>
    planFrom({ ...TINY, pages: undefined as never, bytes }, new FakeHost()).totalPages;
  assert.deepEqual([2 ** 20, 2 ** 20 + 1, 2 ** 20 + 4096].map(pagesOf), [256, 257, 257]);
});

test('planFrom() leaves exactly so many pages to hand out as `pages` asks for', () => {
  for (const pages of [1, 16, 100, 5000, 20_000]) {
    const { totalPages, firstPage } = planFrom({ pages }, new FakeHost());
    assert.equal(totalPages - firstPage, pages);
  }
});

test('planFrom() refuses a heap that its own records fill, and says what to change', () => {
  assert.throws(() => planFrom({ bytes: 4096 }, new FakeHost()), {
    name: 'RangeError',
    message:
      /^created a heap of 4096 bytes, which its own records fill \(\d+ pages\); ask for more `bytes`, or for fewer `threads` or `maxCaches`$/,
  });
  const isRefused = (pages: number): boolean => {
    try {
      planFrom({ bytes: pages * 4096 }, new FakeHost());
      return false;
    } catch {
      return true;
    }
  };
  const least = Array.from({ length: 200 }, (_, pages) => pages + 1).find((pages) => !isRefused(pages))!;
  const { totalPages, firstPage } = planFrom({ bytes: least * 4096 }, new FakeHost());
  assert.equal(totalPages - firstPage, 1);
});

test('planFrom() refuses pages that, with the records, do not fit 4 GiB, and states the range', () => {
  for (const pages of [2 ** 20, 2 ** 20 - 100]) {
    assert.throws(() => planFrom({ pages }, new FakeHost()), { name: 'RangeError', message: /pages/ });
  }
  assert.equal(planFrom({ bytes: 2 ** 32 }, new FakeHost()).totalPages, 2 ** 20);
});

test('planFrom() draws the hash seed of the host unless one is given', () => {
  const host = new FakeHost();
  const drawn = [planFrom(TINY, host), planFrom(TINY, host)].map(({ hashSeed0, hashSeed1 }) => [
    hashSeed0,
    hashSeed1,
  ]);
  assert.equal(new Set(drawn.flat()).size, 4);
  const { hashSeed0, hashSeed1 } = planFrom({ ...TINY, hashSeed: [5, -6] }, host);
  assert.deepEqual([hashSeed0, hashSeed1], [5, -6]);
});

const SIZES = [...CONFIGURATIONS, { label: 'two zones', options: { bytes: 72 * 2 ** 20 } }];

for (const { label, options } of SIZES) {
  test(`formatHeap() makes every page free, writes the geometry, and the books add up (${label})`, () => {
    const heap = formatBareHeap(options);
    const { words, geometry } = heap;
    const { pages } = assertBalanced(heap);
    assert.equal(pages.free, geometry.totalPages - geometry.firstPage);
    const zones = Array.from({ length: geometry.zones }, (_, zone) => countFree(freeListsOf(heap, zone)));
    assert.equal(
      zones.reduce((sum, free) => sum + free, 0),
      pages.free,
    );
    assert.ok(zones.every((free) => free > 0));
    assert.deepEqual(readGeometry(words), geometry);
    assert.equal(words.load(HEADER.gracePeriodSequence), geometry.firstSequence);
  });
}

test('planFrom() refuses a hashSeed that is not two 32-bit integers, and states what it is', () => {
  for (const hashSeed of [[1], [1, 2.5], 'seed', [1, 2 ** 31]]) {
    assert.throws(
      () => planFrom({ pages: 16, hashSeed: hashSeed as unknown as [number, number] }, new FakeHost()),
      {
        name: 'TypeError',
        message: /hashSeed: .*; it is an array of two 32-bit integers/,
      },
    );
  }
});
