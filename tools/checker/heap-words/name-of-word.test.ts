import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TINY } from '../../../src/heap/heap-options.js';
import { CACHE } from '../../../src/layout/cache-record.js';
import { CALLBACK } from '../../../src/layout/callback-record.js';
import { constantWordIndex, type Geometry, HEADER } from '../../../src/layout/heap-header.js';
import { cacheStart, descriptorStart, slotStart, zoneStart } from '../../../src/layout/heap-layout.js';
import { BUCKET_LOCK, BUCKET_LOCK_WORDS, ENTRY, MAP } from '../../../src/layout/map-record.js';
import { NAME } from '../../../src/layout/name-record.js';
import { DESCRIPTOR, DESCRIPTOR_WORDS, PAGE_KIND, pageState } from '../../../src/layout/page-descriptor.js';
import { SHEAF } from '../../../src/layout/sheaf-record.js';
import {
  CACHE_SLOT,
  CACHE_SLOT_WORDS,
  CALLBACK_LIST,
  PAGE_LIST,
  SLOT,
} from '../../../src/layout/thread-slot.js';
import { FREE_AREA, FREE_AREA_WORDS, ZONE } from '../../../src/layout/zone-record.js';
import { Heap } from '../../../src/shared-heap.js';
import { PAGE_SHIFT, PAGE_WORDS } from '../../../src/words/units.js';
import type { Words } from '../../../src/words/words.js';
import { formatBareHeap } from '../../../tests/support/bare-heap.js';
import { FakeHost } from '../../../tests/support/fake-host.js';
import { partsOf } from '../../../tests/support/stage.js';
import { nameOfHeapWord } from './name-of-word.js';

const { words: WORDS, geometry: GEOMETRY } = formatBareHeap(TINY);

function name(index: number): string {
  return nameOfHeapWord(WORDS, GEOMETRY, index);
}

/** The names of all words of a heap. */
function allNames(words: Words, geometry: Geometry): string[] {
  return Array.from({ length: geometry.totalPages * PAGE_WORDS }, (_, i) =>
    nameOfHeapWord(words, geometry, i),
  );
}

test('nameOfHeapWord, gives every word of a heap a name of its own', () => {
  const names = allNames(WORDS, GEOMETRY);
  assert.equal(new Set(names).size, names.length);
  assert.ok(names.every((text) => text !== '' && !/undefined|NaN/.test(text)));
});

test('nameOfHeapWord, calls each field of the layout by its key', () => {
  const names = new Set(allNames(WORDS, GEOMETRY));
  const longer: Readonly<Record<string, string>> = {
    bootstrapSheaf: 'bootstrapSheaf count',
    name: 'name 0',
    callbacks: 'callbacks tail 3',
    heads: 'heads finished',
    pageLists: 'page list order 3 blocks',
    caches: `cache ${TINY.maxCaches - 1} rcu`,
    freeArea: 'order 10 blocks',
  };
  const records = {
    header: [...Object.keys(GEOMETRY), ...Object.keys(HEADER)],
    'slot 3': Object.keys(SLOT),
    'zone 0': Object.keys(ZONE),
    [`cache ${TINY.maxCaches - 1}`]: Object.keys(CACHE),
    [`page ${GEOMETRY.totalPages - 1}`]: Object.keys(DESCRIPTOR),
  };
  for (const [record, fields] of Object.entries(records)) {
    for (const field of fields) {
      const expected = `${record} ${longer[field] ?? field}`;
      assert.ok(names.has(expected), `no word is called ${expected}`);
    }
  }
});

test('nameOfHeapWord, names words of the header, slots, zones, caches, snapshots and descriptors', () => {
  const slot1 = slotStart(GEOMETRY, 1);
  const cacheInSlot = slot1 + SLOT.caches + 3 * CACHE_SLOT_WORDS;
  const free3 = zoneStart(GEOMETRY, 0) + ZONE.freeArea + 3 * FREE_AREA_WORDS;
  const cases: readonly (readonly [index: number, expected: string])[] = [
    [constantWordIndex('zonePages'), 'header zonePages'],
    [HEADER.gracePeriodSequence, 'header gracePeriodSequence'],
    [HEADER.bootstrapSheaf + SHEAF.capacity, 'header bootstrapSheaf capacity'],
    [slot1 + SLOT.turn, 'slot 1 turn'],
    [slot1 + SLOT.name + 2, 'slot 1 name 2'],
    [slot1 + SLOT.callbacks + CALLBACK_LIST.tails + 1, 'slot 1 callbacks tail 1'],
    [slot1 + SLOT.callbacks + CALLBACK_LIST.finished, 'slot 1 callbacks finished'],
    [slot1 + SLOT.heads + CALLBACK_LIST.queued, 'slot 1 heads queued'],
    [slot1 + SLOT.pageLists + 2 * 2 + PAGE_LIST.head, 'slot 1 page list order 2 head'],
    [cacheInSlot + CACHE_SLOT.main, 'slot 1 cache 3 main'],
    [zoneStart(GEOMETRY, 0) + ZONE.lock, 'zone 0 lock'],
    [free3 + FREE_AREA.head, 'zone 0 order 3 head'],
    [cacheStart(GEOMETRY, 5) + CACHE.barnLock, 'cache 5 barnLock'],
    [GEOMETRY.turnSnapshotsStart + 2, 'turn snapshot of slot 2'],
    [descriptorStart(GEOMETRY, 17) + DESCRIPTOR.next, 'page 17 next'],
    [descriptorStart(GEOMETRY, 17) + DESCRIPTOR_WORDS - 1, 'page 17 group'],
    [GEOMETRY.firstPage * PAGE_WORDS + 13, `page ${GEOMETRY.firstPage} + 13`],
  ];
  for (const [index, expected] of cases) assert.equal(name(index), expected);
});

test('nameOfHeapWord, calls what is no word of the heap by its number', () => {
  for (const index of [-1, 0.5, GEOMETRY.totalPages * PAGE_WORDS, Number.NaN]) {
    assert.equal(name(index), `word ${index}`);
  }
});

test('nameOfHeapWord, names objects and sheaves by their slab', () => {
  const heap = Heap.create({ ...TINY, pages: 64 }, { host: new FakeHost() });
  const { words, geometry } = heap;
  const p = heap.kmalloc(32);
  heap.kfree(p);
  const page = p >>> PAGE_SHIFT;
  const slot = (p % PAGE_WORDS) / 8;
  assert.equal(nameOfHeapWord(words, geometry, p + 2), `object of cache 4 at page ${page} slot ${slot} + 2`);
  const behind = page * PAGE_WORDS + TINY.maxSlabObjects * 8;
  assert.equal(nameOfHeapWord(words, geometry, behind), `page ${page} + ${behind % PAGE_WORDS}`);

  const start = partsOf(heap).membership.start;
  const sheaf = words.loadPlain(start + SLOT.caches + 4 * CACHE_SLOT_WORDS + CACHE_SLOT.main);
  const place = `sheaf at page ${sheaf >>> PAGE_SHIFT} slot ${(sheaf % PAGE_WORDS) / 64}`;
  assert.equal(nameOfHeapWord(words, geometry, sheaf + SHEAF.count), `${place} count`);
  assert.equal(nameOfHeapWord(words, geometry, sheaf + SHEAF.objects + 1), `${place} object 1`);
});

test('nameOfHeapWord, names an object on the second page of its slab', () => {
  const heap = Heap.create({ ...TINY, pages: 64 }, { host: new FakeHost() });
  const objects = [heap.kmalloc(4096), heap.kmalloc(4096)];
  const low = Math.min(...objects);
  const high = Math.max(...objects);
  const page = low >>> PAGE_SHIFT;
  assert.equal(high, low + PAGE_WORDS, 'the two objects of one slab');
  assert.match(
    nameOfHeapWord(heap.words, heap.geometry, high + 5),
    new RegExp(`^object of cache \\d+ at page ${page} slot 1 \\+ 5$`),
  );
});

test('nameOfHeapWord, names the words of a map and of its entries', () => {
  const heap = Heap.create({ ...TINY, pages: 64 }, { host: new FakeHost() });
  const { words, geometry } = heap;
  const map = heap.map<string, number>('m');
  const call = (index: number) => nameOfHeapWord(words, geometry, index);
  const record = words.loadPlain(HEADER.registryHead);
  const root = words.loadPlain(record + NAME.target);
  const locks = words.loadPlain(root + MAP.locks);
  const first = words.loadPlain(root + MAP.segments);
  const entriesBefore = new Set(allNames(words, geometry).filter((text) => text.startsWith('entry of')));
  assert.equal(entriesBefore.size, 0);
  map.set('key', 1);
  assert.equal(call(record + NAME.target), "name 'm' target");
  assert.equal(call(root + MAP.growLock), "map 'm' growLock");
  assert.equal(call(root + MAP.segments + 1), "map 'm' segment 1");
  assert.equal(call(first), "map 'm' segment 0 word");
  assert.equal(call(locks + BUCKET_LOCK_WORDS + BUCKET_LOCK.entries), "map 'm' bucket lock 1 entries");
  const entry = allNames(words, geometry).findIndex((text) => text.startsWith("entry of map 'm' at page"));
  assert.match(call(entry + ENTRY.next), / slot \d+ next$/);
  assert.match(call(entry + ENTRY.rcuHead), / rcuHead next$/);
  assert.match(call(entry + ENTRY.key + 1), / content 1$/);
});

test('nameOfHeapWord, names the words of a registered callback', () => {
  const heap = Heap.create({ ...TINY, pages: 64 }, { host: new FakeHost() });
  const { words, geometry } = heap;
  heap.rcu.register('f', () => {});
  const callback = words.loadPlain(words.loadPlain(HEADER.registryHead) + NAME.target);
  const names = [CALLBACK.id, CALLBACK.slots + 1, CALLBACK.orphans].map((at) =>
    nameOfHeapWord(words, geometry, callback + at),
  );
  assert.deepEqual(names, ["callback 'f' id", "callback 'f' slots 1", "callback 'f' orphans"]);
});

test('nameOfHeapWord, names every word of a heap whose records are overwritten', () => {
  const { words, geometry } = formatBareHeap(TINY);
  const page = geometry.firstPage;
  const inPage = page * PAGE_WORDS + 7;
  const state = descriptorStart(geometry, page) + DESCRIPTOR.state;
  const rubbish = [
    -1,
    0x7fffffff,
    pageState(PAGE_KIND.slab, 0, 70),
    pageState(PAGE_KIND.slab, 0, 4, 7),
    inPage,
  ];
  for (const value of rubbish) {
    words.storePlain(state, value);
    words.storePlain(HEADER.registryHead, value);
    words.storePlain(inPage, value);
    assert.equal(typeof nameOfHeapWord(words, geometry, inPage), 'string');
  }
});

test('nameOfHeapWord, ends on a list of names and a list of entries that come back to themselves', () => {
  const heap = Heap.create({ ...TINY, pages: 64 }, { host: new FakeHost() });
  const { words, geometry } = heap;
  heap.map<string, number>('m').set('key', 1);
  const p = heap.kmalloc(64);
  const record = words.loadPlain(HEADER.registryHead);
  const segment0 = words.loadPlain(words.loadPlain(record + NAME.target) + MAP.segments);
  words.storePlain(record + NAME.next, record);
  words.storePlain(segment0, segment0 | 0x80000000);
  assert.match(nameOfHeapWord(words, geometry, p), /^object of cache 8 at /);
});
