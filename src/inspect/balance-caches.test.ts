import { AuditedHeap, BUSY, NAMED } from '../../tests/support/audited-heap.js';
import { testCorruptions } from '../../tests/support/corruption.js';
import { CACHE } from '../layout/cache-record.js';
import { HEADER } from '../layout/heap-header.js';

const heap = new AuditedHeap();
// Of a cache that is not sound nothing else is said, and what lies on its slabs is neither good nor bad.
testCorruptions(heap, [
  {
    what: 'objects of an odd number of words',
    word: heap.cache(BUSY, CACHE.objectWords),
    value: 7,
    problems: ['cache 4 has objects of 7 words, allowed are even numbers from 2 to 8192'],
  },
  {
    what: 'slabs of an order that slabs do not have',
    word: heap.cache(BUSY, CACHE.slabOrder),
    value: 4,
    problems: ['cache 4 has slabs of order 4, allowed are 0 to 3'],
  },
  {
    what: 'more objects on a slab than fit',
    word: heap.cache(BUSY, CACHE.slabObjects),
    value: 129,
    problems: ['cache 4 puts 129 objects on a slab, allowed are 1 to 8'],
  },
  {
    what: 'a sheaf capacity above that of the heap',
    word: heap.cache(BUSY, CACHE.sheafCapacity),
    value: 4,
    problems: ['cache 4 has sheaves of capacity 4, allowed are 1 to 3'],
  },
  {
    what: 'a link in the middle of the objects',
    word: heap.cache(BUSY, CACHE.linkOffset),
    value: 2,
    problems: ['cache 4 links its objects through word 2, allowed are 0 and 6'],
  },
  {
    what: 'a number of caches for which there is no room',
    word: HEADER.cachesUsed,
    value: 81,
    problems: ['the header counts 81 caches, there is room for 1 to 80'],
  },
  {
    what: 'a cache that is made and not counted',
    word: HEADER.cachesUsed,
    value: NAMED,
    problems: [
      'the header counts 65 caches, 66 are made',
      "slab cache 'c' is cache 65, named caches are 1 to 64",
    ],
  },
  {
    what: 'a cache that is counted and not made',
    word: HEADER.cachesUsed,
    value: NAMED + 2,
    problems: ['the header counts 67 caches, cache 66 is not made'],
  },
]);
