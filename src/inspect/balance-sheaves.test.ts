import { AuditedHeap, BUSY, EMPTY, NAMED, WIDE } from '../../tests/support/audited-heap.js';
import { testCorruptions } from '../../tests/support/corruption.js';
import { CACHE } from '../layout/cache-record.js';
import { HEADER } from '../layout/heap-header.js';
import { DESCRIPTOR } from '../layout/page-descriptor.js';
import { SHEAF } from '../layout/sheaf-record.js';
import { CACHE_SLOT } from '../layout/thread-slot.js';

const heap = new AuditedHeap();
const inHand = (slot: number, place: number, cache = BUSY) => heap.at(heap.sheafPlace(slot, place, cache));
const main = inHand(0, CACHE_SLOT.main);
const spare = inHand(0, CACHE_SLOT.spare);
const rcu = inHand(0, CACHE_SLOT.rcu);
const wideMain = inHand(0, CACHE_SLOT.main, WIDE);
const full = heap.at(heap.cache(BUSY, CACHE.fullHead));
const lastFull = heap.at(full + SHEAF.next);
const empty = heap.at(heap.cache(BUSY, CACHE.emptyHead));
const lastEmpty = heap.at(empty + SHEAF.next);
const object = heap.at(main + SHEAF.objects);
/** Objects on the freelists of caches EMPTY and WIDE. */
const free = heap.at(heap.descriptor(heap.at(heap.cache(EMPTY, CACHE.partialHead)), DESCRIPTOR.freelist));
const wideFree = heap.at(heap.descriptor(heap.at(heap.cache(WIDE, CACHE.partialHead)), DESCRIPTOR.freelist));
const mainName = `the main sheaf of slot 0 for cache ${BUSY}`;
const fullName = `a sheaf on the full list of the barn of cache ${BUSY}`;
const emptyName = `a sheaf on the empty list of the barn of cache ${BUSY}`;

testCorruptions(heap, [
  {
    what: "a main sheaf in the heap's own words",
    word: heap.sheafPlace(0, CACHE_SLOT.main),
    value: 77,
    problems: [`${mainName} is address 77, which is inside one of the heap's own pages`],
  },
  {
    what: 'a main sheaf beyond the end of the heap',
    word: heap.sheafPlace(0, CACHE_SLOT.main),
    value: heap.words.lengthWords,
    problems: [`${mainName} is address ${heap.words.lengthWords}, which is beyond the heap's end`],
  },
  {
    what: 'a main sheaf that is an object of another cache',
    word: heap.sheafPlace(0, CACHE_SLOT.main),
    value: heap.wide,
    problems: [`${mainName} is address ${heap.wide}, which is an object of cache ${WIDE} in use`],
  },
  {
    what: 'no main sheaf where not even the bootstrap sheaf stands',
    word: heap.sheafPlace(1, CACHE_SLOT.main, EMPTY),
    value: 0,
    problems: [`slot 1 has 0 for a main or rcu sheaf of cache ${EMPTY}, not the bootstrap sheaf`],
  },
  {
    what: 'a bootstrap sheaf in the place of a spare',
    word: heap.sheafPlace(1, CACHE_SLOT.spare, EMPTY),
    value: HEADER.bootstrapSheaf,
    problems: [
      `the spare sheaf of slot 1 for cache ${EMPTY} is address ${HEADER.bootstrapSheaf}, which is the bootstrap sheaf`,
    ],
  },
  {
    what: "a sheaf that says it is another thread's (sheaf-record:I2)",
    word: main + SHEAF.holder,
    value: 2,
    problems: [`${mainName} at ${main} has 2 for holder, it is 1`],
  },
  {
    what: "a sheaf in the barn that says it is somebody's",
    word: full + SHEAF.holder,
    value: 2,
    problems: [`${fullName} at ${full} has 2 for holder, it is 0`],
  },
  {
    what: 'a sheaf that stands in two places',
    word: heap.sheafPlace(0, CACHE_SLOT.spare),
    value: main,
    problems: [`the spare sheaf of slot 0 for cache 4 is sheaf ${main}, which is ${mainName} as well`],
  },
  {
    what: 'a sheaf of a cache that is not made',
    word: heap.sheafPlace(0, CACHE_SLOT.main, NAMED + 1),
    value: spare,
    problems: [
      `slot 0 has sheaves ${spare}, 0, ${HEADER.bootstrapSheaf} and 0 for cache 66, and can have none`,
    ],
  },
  {
    what: 'a sheaf of the cache of sheaves',
    word: heap.sheafPlace(1, CACHE_SLOT.spare, 0),
    value: 5,
    problems: [
      `slot 1 has sheaves ${HEADER.bootstrapSheaf}, 5, ${HEADER.bootstrapSheaf} and 0 for cache 0, and can have none`,
    ],
  },
  {
    what: 'what is no sheaf for blocks of pages',
    word: heap.sheafPlace(1, CACHE_SLOT.rcu, 0),
    value: 5,
    problems: [
      "the rcu sheaf of slot 1 for blocks of pages is address 5, which is inside one of the heap's own pages",
    ],
  },
  {
    what: 'a sheaf that names another cache',
    word: main + SHEAF.cache,
    value: EMPTY,
    problems: [`${mainName} at ${main} names cache ${EMPTY}`],
  },
  {
    what: 'a sheaf with another capacity than those of its cache',
    word: main + SHEAF.capacity,
    value: 50,
    problems: [`${mainName} at ${main} has capacity 50, sheaves of cache ${BUSY} have 3`],
  },
  {
    what: 'a sheaf that holds more than it has room for',
    word: wideMain + SHEAF.count,
    value: 4,
    problems: [
      `the main sheaf of slot 0 for cache ${WIDE} at ${wideMain} counts 4 objects, it has room for 3`,
    ],
  },
  {
    what: 'a sheaf that holds less than nothing',
    word: wideMain + SHEAF.count,
    value: -1,
    problems: [
      `the main sheaf of slot 0 for cache ${WIDE} at ${wideMain} counts -1 objects, it has room for 3`,
    ],
  },
  {
    what: 'an object that a sheaf holds twice',
    word: spare + SHEAF.objects,
    value: heap.at(spare + SHEAF.objects + 1),
    problems: [
      `the spare sheaf of slot 0 for cache 4 at ${spare} holds address ${heap.at(spare + SHEAF.objects + 1)}, which is an object of cache 4 in a sheaf`,
    ],
  },
  {
    what: 'an object that two sheaves hold',
    word: full + SHEAF.objects,
    value: object,
    problems: [`${fullName} at ${full} holds address ${object}, which is an object of cache 4 in a sheaf`],
  },
  {
    what: "an object in a sheaf and on its slab's freelist",
    word: wideMain + SHEAF.objects,
    value: wideFree,
    problems: [
      `the main sheaf of slot 0 for cache ${WIDE} at ${wideMain} holds address ${wideFree}, which is an object of cache ${WIDE} on its slab's freelist`,
    ],
  },
  {
    what: 'a free object of another cache in a sheaf',
    word: main + SHEAF.objects,
    value: free,
    problems: [
      `${mainName} at ${main} holds address ${free}, which is an object of cache 8 on its slab's freelist`,
    ],
  },
  {
    what: 'an address in a sheaf that is beside an object',
    word: main + SHEAF.objects,
    value: object + 1,
    problems: [
      `${mainName} at ${main} holds address ${object + 1}, which is inside a slab of cache 4, and not where an object starts`,
    ],
  },
  {
    what: 'an rcu sheaf without an object',
    word: rcu + SHEAF.count,
    value: 0,
    problems: [`the rcu sheaf of slot 0 for cache 4 at ${rcu} holds no object`],
  },
  {
    what: 'a full sheaf in a barn that holds nothing (cache-record:I1)',
    word: full + SHEAF.count,
    value: 0,
    problems: [`${fullName} at ${full} holds 0 objects`],
  },
  {
    what: 'an empty sheaf in a barn that holds something',
    word: empty + SHEAF.count,
    value: 1,
    problems: [
      `${emptyName} at ${empty} holds address 0, which is no address`,
      `${emptyName} at ${empty} holds 1 objects`,
    ],
  },
  {
    what: 'a wrong number of full sheaves in a barn',
    word: heap.cache(BUSY, CACHE.fullSheaves),
    value: 1,
    problems: [`the barn of cache ${BUSY} counts 1 full sheaves, its list holds 2`],
  },
  {
    what: 'a wrong number of empty sheaves in a barn',
    word: heap.cache(BUSY, CACHE.emptySheaves),
    value: 0,
    problems: [`the barn of cache ${BUSY} counts 0 empty sheaves, its list holds 2`],
  },
  {
    what: 'a barn that holds more sheaves than it may',
    word: lastFull + SHEAF.next,
    value: empty,
    problems: [
      `${fullName} at ${empty} holds 0 objects`,
      `${fullName} at ${lastEmpty} holds 0 objects`,
      `the barn of cache ${BUSY} counts 2 full sheaves, its list holds 4`,
      `the barn of cache ${BUSY} holds 4 full sheaves, allowed are 2`,
      `${emptyName} is sheaf ${empty}, which is ${fullName} as well`,
    ],
  },
  {
    what: 'a list of sheaves that is a circle',
    word: lastEmpty + SHEAF.next,
    value: empty,
    problems: [`${emptyName} is sheaf ${empty}, which is ${emptyName} as well`],
  },
]);
