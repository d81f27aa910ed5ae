import { AuditedHeap, BUSY, EMPTY } from '../../tests/support/audited-heap.js';
import { testCorruptions } from '../../tests/support/corruption.js';
import { CACHE, SHEAF_CACHE } from '../layout/cache-record.js';
import { DESCRIPTOR, LISTED } from '../layout/page-descriptor.js';
import { SHEAF } from '../layout/sheaf-record.js';
import { PAGE_SHIFT } from '../words/units.js';

const heap = new AuditedHeap();
/** Slabs on the partial list of cache BUSY, in its order; a slab of it that is not; the slab of cache EMPTY. */
const slabs = [heap.at(heap.cache(BUSY, CACHE.partialHead))];
for (let next = 1; next < 4; next++) slabs.push(heap.at(heap.descriptor(slabs[next - 1]!, DESCRIPTOR.next)));
const [first, second, third, last] = slabs as [number, number, number, number];
const full = heap.map.entries[0]! >>> PAGE_SHIFT;
const empty = heap.at(heap.cache(EMPTY, CACHE.partialHead));
/** An object on the freelist of the first slab, and one of the last slab: two of its freelist. */
const free = heap.at(heap.descriptor(first, DESCRIPTOR.freelist));
const lastFree = heap.at(heap.descriptor(last, DESCRIPTOR.freelist));
const lastNext = heap.at(lastFree);
/** A sheaf on the freelist of a slab of sheaves. */
const sheafSlab = heap.at(heap.cache(SHEAF_CACHE, CACHE.partialHead));
const freeSheaf = heap.at(heap.descriptor(sheafSlab, DESCRIPTOR.freelist));
const named = (page: number) => `the slab at page ${page} of cache ${BUSY}`;

testCorruptions(heap, [
  {
    what: 'a slab with a wrong number of objects',
    word: heap.descriptor(first, DESCRIPTOR.objects),
    value: 9,
    problems: [`${named(first)} counts 9 objects, a slab of the cache holds 8`],
  },
  {
    what: 'a slab with a wrong number of objects in use (page-descriptor:I4)',
    word: heap.descriptor(first, DESCRIPTOR.inUse),
    value: 6,
    problems: [`${named(first)} counts 6 objects in use, of 8 its freelist holds 1`],
  },
  {
    what: 'a slab whose freelist was lost',
    word: heap.descriptor(first, DESCRIPTOR.freelist),
    value: 0,
    problems: [
      `${named(first)} counts 7 objects in use, of 8 its freelist holds 0`,
      `${named(first)} is on the partial list of cache 4, and 0 of its objects are free`,
      'cache 4 counts 8 free objects, its freelists hold 7',
    ],
  },
  {
    what: 'a freelist that leads to an object of another slab',
    word: heap.descriptor(first, DESCRIPTOR.freelist),
    value: lastFree,
    problems: [`the freelist of ${named(first)} leads to address ${lastFree}, which is none of its objects`],
  },
  {
    what: 'a freelist that leads beside an object',
    word: heap.descriptor(first, DESCRIPTOR.freelist),
    value: free + 1,
    problems: [`the freelist of ${named(first)} leads to address ${free + 1}, which is none of its objects`],
  },
  {
    what: 'a freelist that leads out of the heap',
    word: free,
    value: -1,
    problems: [`the freelist of ${named(first)} leads to address -1, which is none of its objects`],
  },
  {
    what: 'a freelist that is a circle',
    word: lastNext,
    value: lastFree,
    problems: [`the freelist of ${named(last)} comes back to object ${lastFree}`],
  },
  {
    what: 'a slab with a free object that says it is not listed (cache-record:I2)',
    word: heap.descriptor(second, DESCRIPTOR.listed),
    value: 0,
    problems: [`${named(second)} has 0 for listed, and is on the partial list of cache 4`],
  },
  {
    what: 'a slab without a free object that says it is listed',
    word: heap.descriptor(full, DESCRIPTOR.listed),
    value: 1,
    problems: [`${named(full)} has 1 for listed, and is not on the partial list of cache 4`],
  },
  {
    what: 'a slab that is neither listed nor not',
    word: heap.descriptor(first, DESCRIPTOR.listed),
    value: 2,
    problems: [`${named(first)} has 2 for listed, which says nothing`],
  },
  {
    what: 'a slab that a thread has in hand',
    word: heap.descriptor(first, DESCRIPTOR.listed),
    value: LISTED.held + 1,
    problems: [`${named(first)} is in the hands of slot 1`],
  },
  {
    what: "a free sheaf that is somebody's",
    word: freeSheaf + SHEAF.holder,
    value: 3,
    problems: [`the free sheaf at ${freeSheaf} has 3 for holder, it is nobody's`],
  },
  {
    what: 'a free sheaf that says what it has room for',
    word: freeSheaf + SHEAF.capacity,
    value: 2,
    problems: [`the free sheaf at ${freeSheaf} has capacity 2, it has none`],
  },
  {
    what: 'slabs that are missing on the partial list',
    word: heap.descriptor(first, DESCRIPTOR.next),
    value: third,
    problems: [
      `page ${third} on the partial list of cache 4 has previous page ${second}, it follows page ${first}`,
      `${named(second)} has 1 for listed, and is not on the partial list of cache 4`,
      `${named(second)} is not on the partial list of cache 4, and 1 of its objects are free`,
      'cache 4 counts 4 slabs on its partial list, it holds 3',
    ],
  },
  {
    what: 'a partial list that leads to a slab of another cache',
    word: heap.cache(BUSY, CACHE.partialHead),
    value: empty,
    problems: [`the partial list of cache 4 leads to page ${empty}, which is a slab of cache 8`],
  },
  {
    what: 'a partial list that is a circle',
    word: heap.descriptor(third, DESCRIPTOR.next),
    value: first,
    problems: [`the partial list of cache 4 comes back to page ${first}`],
  },
  {
    what: 'a slab with a wrong previous link',
    word: heap.descriptor(third, DESCRIPTOR.previous),
    value: first,
    problems: [
      `page ${third} on the partial list of cache 4 has previous page ${first}, it follows page ${second}`,
    ],
  },
  {
    what: 'a wrong number of slabs',
    word: heap.cache(BUSY, CACHE.slabs),
    value: 7,
    problems: ['cache 4 counts 7 slabs, there are 6'],
  },
  {
    what: 'a wrong number of slabs on the partial list',
    word: heap.cache(BUSY, CACHE.partialSlabs),
    value: 0,
    problems: ['cache 4 counts 0 slabs on its partial list, it holds 4'],
  },
  {
    what: 'a wrong number of slabs without an object in use',
    word: heap.cache(EMPTY, CACHE.emptySlabs),
    value: 0,
    problems: ['cache 8 counts 0 empty slabs, its list holds 1'],
  },
]);
