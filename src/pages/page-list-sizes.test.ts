import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageListSizes } from './page-list-sizes.js';

const MEBIBYTE_PAGES = 256;

test('pageListSizes(), takes batches of one page in 4,096, up to 63, one less than a power of two', () => {
  const batches = [1, 16, 64, 256, 1024, 4096].map(
    (mebibytes) => pageListSizes(mebibytes * MEBIBYTE_PAGES, 64, 0).batch,
  );
  assert.deepEqual(batches, [1, 1, 3, 15, 63, 63]);
});

test('pageListSizes(), lets a thread keep four batches, and half as many threads as slots an eighth of the pages', () => {
  const pages = 256 * MEBIBYTE_PAGES;
  assert.deepEqual(pageListSizes(pages, 64, 0), { batch: 15, highMin: 60, highMax: 256 });
  assert.deepEqual(pageListSizes(pages, 4, 0), { batch: 15, highMin: 60, highMax: 4096 });
  assert.deepEqual(pageListSizes(pages, 1, 0), { batch: 15, highMin: 60, highMax: 8192 });
});

test('pageListSizes(), lets a thread always keep its share of the low mark, where that is more', () => {
  assert.deepEqual(pageListSizes(65_536, 4, 640), { batch: 15, highMin: 320, highMax: 4096 });
});

test('pageListSizes(), has bounds in their order for heaps of every size', () => {
  for (const pages of [1, 2, 3, 100, 4096, 5000, 1_000_000]) {
    for (const threads of [1, 2, 64, 255]) {
      const { batch, highMin, highMax } = pageListSizes(pages, threads, Math.floor(pages / 100));
      assert.ok(
        batch >= 1 && highMin >= 4 * batch && highMax >= highMin,
        `${pages} pages, ${threads} threads`,
      );
    }
  }
});
