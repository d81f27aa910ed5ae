import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditedHeap, NAMED } from '../../tests/support/audited-heap.js';
import { HEADER } from '../layout/heap-header.js';
import { NAME } from '../layout/name-record.js';
import { readCacheNames } from './cache-names.js';

const namesOf = ({ words, geometry }: AuditedHeap): string[] => readCacheNames(words, geometry, NAMED + 1);

test('readCacheNames() names the classes by their bytes, whole KiB as k', () => {
  const names = namesOf(new AuditedHeap());
  assert.deepEqual(
    [0, 1, 8, 9, 32, 40, 64, NAMED].map((id) => names[id]),
    [...['sheaf', 'kmalloc-8', 'kmalloc-64', 'kmalloc-72', 'kmalloc-512', 'kmalloc-1k', 'kmalloc-8k', 'c']],
  );
  assert.equal(new Set(names).size, names.length);
});

test('readCacheNames() tells caches of objects that are charged to groups from the others', () => {
  const heap = new AuditedHeap();
  heap.words.storePlain(HEADER.accountedCaches, 3);
  const names = namesOf(heap);
  assert.deepEqual(names.slice(2, 4), ['kmalloc-16', 'kmalloc-cg-16']);
  assert.equal(names[NAMED], 'c');
});

test('readCacheNames() gives up a list of names that leads out of the heap or in a circle', () => {
  const heap = new AuditedHeap();
  const [cacheName] = heap.names;
  for (const next of [-1, 7, heap.words.lengthWords, cacheName]) {
    heap.words.storePlain(cacheName + NAME.next, next);
    assert.equal(namesOf(heap)[NAMED], 'c');
  }
  heap.words.storePlain(HEADER.registryHead, heap.words.lengthWords - 2);
  assert.equal(namesOf(heap)[NAMED], 'kmalloc-40');
});

test('readCacheNames() cuts a name that would not end in the heap', () => {
  const heap = new AuditedHeap();
  const [cacheName] = heap.names;
  for (const bytes of [-1, 2 ** 30]) {
    heap.words.storePlain(cacheName + NAME.nameBytes, bytes);
    assert.ok(namesOf(heap)[NAMED]!.length <= 1024);
  }
});
