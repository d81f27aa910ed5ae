import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditedHeap } from '../../tests/support/audited-heap.js';
import { makeStillHeap } from '../../tests/support/still-heap.js';
import { SLOT } from '../layout/thread-slot.js';
import { ZONE } from '../layout/zone-record.js';
import { formatZoneinfo, freePagesOf, readZoneinfo } from './zoneinfo.js';

const ALPHA = { slot: 0, name: 'alpha' };

test('readZoneinfo() agrees with an audit on free pages, and with the heap on its size', () => {
  const heap = new AuditedHeap();
  const zoneinfo = readZoneinfo(heap.words, heap.geometry, []);
  const { pages } = heap.audit();
  assert.equal(freePagesOf(zoneinfo), pages.free);
  const [zone] = zoneinfo.zones;
  assert.deepEqual([zone!.spanned, zone!.managed], [pages.total, pages.total - pages.metadata]);
  assert.deepEqual([zone!.start_pfn, zone!.nr_deferred], [pages.metadata, 2]);
});

test('readZoneinfo() gives each zone its marks', () => {
  const { words, geometry } = makeStillHeap({ bytes: 256 * 2 ** 20, threads: 1 });
  const { zones } = readZoneinfo(words, geometry, []);
  assert.equal(zones.length, 4);
  for (const { min, low, high, managed, free } of zones) {
    assert.ok(0 < min && min < low && low < high && high < managed, `${min} ${low} ${high} ${managed}`);
    assert.equal(free, managed);
  }
  assert.equal(
    zones.reduce((sum, { spanned }) => sum + spanned, 0),
    geometry.totalPages,
  );
});

test('readZoneinfo() lists the page list of each thread', () => {
  const heap = new AuditedHeap();
  const { pageListBatch, pageListHighMin, pageListHighMax } = heap.geometry;
  heap.words.storePlain(heap.slot(0, SLOT.listHigh), pageListHighMax + 77);
  const [pageset, ...others] = readZoneinfo(heap.words, heap.geometry, [ALPHA]).pagesets;
  assert.deepEqual(others, []);
  assert.deepEqual(pageset, {
    cpu: 0,
    thread: 'alpha',
    count: heap.at(heap.slot(0, SLOT.listPages)),
    high: pageListHighMax,
    batch: pageListBatch,
    high_min: pageListHighMin,
    high_max: pageListHighMax,
  });
});

test('readZoneinfo() counts no more pages than a zone has', () => {
  const heap = new AuditedHeap();
  const { totalPages, firstPage } = heap.geometry;
  const read = (pages: number): number => {
    heap.words.storePlain(heap.zone(ZONE.freePages), pages);
    return freePagesOf(readZoneinfo(heap.words, heap.geometry, []));
  };
  assert.deepEqual([-1, 5, 2 ** 30].map(read), [0, 5, totalPages - firstPage]);
});

test('formatZoneinfo() prints zones as the kernel does, then the pagesets', () => {
  const zone = {
    ...{ zone: 0, free: 3840, min: 40, low: 50, high: 60, spanned: 4095, present: 4095, managed: 3998 },
    ...{ below_high: 1, nr_deferred: 7, start_pfn: 97 },
  };
  const pageset = { cpu: 1, thread: 'worker', count: 3, high: 31, batch: 3, high_min: 12, high_max: 31 };
  assert.equal(
    formatZoneinfo({ zones: [zone], pagesets: [pageset] }),
    `Node 0, zone        0
  pages free     3840
        min      40
        low      50
        high     60
        spanned  4095
        present  4095
        managed  3998
      nr_free_pages 3840
      nr_deferred  7
  below_high:          1
  start_pfn:           97
Node 0, pagesets
    cpu: 1 (worker)
              count:    3
              high:     31
              batch:    3
              high_min: 12
              high_max: 31
`,
  );
});
