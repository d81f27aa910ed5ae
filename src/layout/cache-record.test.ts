import { test } from 'node:test';
import { assertFieldsApart, assertLinesApart } from '../../tests/support/record-fields.js';
import { CACHE, CACHE_WORDS } from './cache-record.js';

test('CACHE gives every field a word of its own', () => {
  assertFieldsApart(CACHE, CACHE_WORDS);
});

test('CACHE puts the constants, the slabs and the barn on lines of their own', () => {
  assertLinesApart(
    [CACHE.objectWords, CACHE.slabOrder, CACHE.slabObjects, CACHE.sheafCapacity, CACHE.linkOffset],
    [CACHE.listLock, CACHE.partialHead, CACHE.partialSlabs, CACHE.slabs, CACHE.emptySlabs],
    [CACHE.barnLock, CACHE.fullHead, CACHE.fullSheaves, CACHE.emptyHead, CACHE.emptySheaves],
  );
});
