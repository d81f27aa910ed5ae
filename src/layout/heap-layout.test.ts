import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SHAPE } from '../../tests/support/shapes.js';
import { LINE_WORDS, MAX_ORDER, PAGE_BYTES, PAGE_WORDS } from '../words/units.js';
import { CACHE_WORDS } from './cache-record.js';
import { type Geometry, HEADER_WORDS, LAYOUT_VERSION, MAGIC_0, MAGIC_1 } from './heap-header.js';
import {
  cacheStart,
  descriptorStart,
  planHeap,
  type Shape,
  slotStart,
  totalPagesFor,
  zoneStart,
} from './heap-layout.js';
import { DESCRIPTOR_WORDS } from './page-descriptor.js';
import { CACHE_SLOT_WORDS, SLOT } from './thread-slot.js';
import { ZONE_WORDS } from './zone-record.js';

const MEBIBYTE = 2 ** 20;
const BLOCK_PAGES = 2 ** MAX_ORDER;

const shapes: fc.Arbitrary<Shape> = fc.record({
  ...Object.fromEntries(Object.entries(SHAPE).map(([name, value]) => [name, fc.constant(value)])),
  totalPages: fc.oneof(fc.integer({ min: 256, max: 5000 }), fc.integer({ min: 5000, max: 2 ** 20 })),
  slots: fc.integer({ min: 1, max: 255 }),
  maxCaches: fc.integer({ min: 66, max: 1024 }),
}) as unknown as fc.Arbitrary<Shape>;

/** Every region as [first word, word behind the last], in the order of the picture. */
function regionsOf(geometry: Geometry): [number, number][] {
  const slots = slotStart(geometry, geometry.slots - 1) + geometry.slotWords;
  const zones = zoneStart(geometry, geometry.zones - 1) + ZONE_WORDS;
  const caches = cacheStart(geometry, geometry.maxCaches - 1) + CACHE_WORDS;
  const descriptors = descriptorStart(geometry, geometry.totalPages - 1) + DESCRIPTOR_WORDS;
  return [
    [0, HEADER_WORDS],
    [slotStart(geometry, 0), slots],
    [zoneStart(geometry, 0), zones],
    [cacheStart(geometry, 0), caches],
    [geometry.turnSnapshotsStart, geometry.turnSnapshotsStart + geometry.slots],
    [descriptorStart(geometry, 0), descriptors],
    [geometry.firstPage * PAGE_WORDS, geometry.totalPages * PAGE_WORDS],
  ];
}

test('planHeap() cuts regions that do not overlap, each on a line of its own', () => {
  fc.assert(
    fc.property(shapes, (shape) => {
      const regions = regionsOf(planHeap(shape));
      for (const [i, [start]] of regions.entries()) {
        assert.equal(start % LINE_WORDS, 0, `region ${i} starts at word ${start}`);
        if (i > 0) assert.ok(start >= regions[i - 1]![1], `region ${i} starts inside region ${i - 1}`);
      }
    }),
  );
});

test('planHeap() gives the first page that no record reaches into, and wastes less than a page', () => {
  fc.assert(
    fc.property(shapes, (shape) => {
      const geometry = planHeap(shape);
      const recordsEnd = descriptorStart(geometry, geometry.totalPages - 1) + DESCRIPTOR_WORDS;
      const free = geometry.firstPage * PAGE_WORDS - recordsEnd;
      assert.ok(free >= 0 && free < PAGE_WORDS, `${free} words lie between the records and the first page`);
    }),
  );
});

test('planHeap() gives each slot whole lines, with a place for every cache', () => {
  fc.assert(
    fc.property(shapes, (shape) => {
      const { slotWords, maxCaches } = planHeap(shape);
      assert.equal(slotWords % LINE_WORDS, 0);
      assert.ok(SLOT.caches + maxCaches * CACHE_SLOT_WORDS <= slotWords);
    }),
  );
});

test('planHeap() cuts zones at multiples of the largest block that cover every page', () => {
  fc.assert(
    fc.property(shapes, (shape) => {
      const { zones, zonePages, totalPages, firstPage } = planHeap(shape);
      assert.equal(zonePages % BLOCK_PAGES, 0);
      assert.ok(zones * zonePages >= totalPages, 'the zones end before the heap does');
      assert.ok((zones - 1) * zonePages < totalPages, 'the last zone has no page');
      assert.ok(firstPage < zonePages || zones === 1, 'the records fill the first zone');
    }),
  );
});

test('planHeap() makes one zone up to 64 MiB, one more for each 64 MiB begun, and 8 at most', () => {
  const zonesAt = (bytes: number): number => planHeap({ ...SHAPE, totalPages: bytes / PAGE_BYTES }).zones;
  const sizes = [1, 8, 63, 64].map((mebibytes) => mebibytes * MEBIBYTE);
  assert.deepEqual(sizes.map(zonesAt), [1, 1, 1, 1]);
  assert.equal(zonesAt(64 * MEBIBYTE + PAGE_BYTES), 2);
  assert.deepEqual(
    [128, 129, 256, 512].map((mebibytes) => zonesAt(mebibytes * MEBIBYTE)),
    [2, 3, 4, 8],
  );
  assert.deepEqual(
    [1024, 4096].map((mebibytes) => zonesAt(mebibytes * MEBIBYTE)),
    [8, 8],
  );
});

test('planHeap() copies the shape through and signs the heap', () => {
  const geometry = planHeap(SHAPE);
  for (const [name, value] of Object.entries(SHAPE)) assert.equal(geometry[name as keyof Shape], value, name);
  assert.deepEqual([geometry.magic0, geometry.magic1, geometry.version], [MAGIC_0, MAGIC_1, LAYOUT_VERSION]);
});

test('planHeap() keeps every address of a 4 GiB heap below 2^30', () => {
  const geometry = planHeap({ ...SHAPE, totalPages: 2 ** 20, slots: 255, maxCaches: 1024 });
  assert.equal(geometry.totalPages * PAGE_WORDS, 2 ** 30);
  assert.ok(geometry.firstPage < geometry.zonePages);
});

test('totalPagesFor() leaves exactly so many pages to hand out', () => {
  fc.assert(
    fc.property(shapes, fc.integer({ min: 1, max: 200_000 }), ({ totalPages: _, ...shape }, pages) => {
      const totalPages = totalPagesFor(pages, shape);
      assert.equal(totalPages - planHeap({ ...shape, totalPages }).firstPage, pages);
    }),
  );
});

test('totalPagesFor() is exact for every number from 1 to 5000', () => {
  for (let pages = 1; pages <= 5000; pages++) {
    const totalPages = totalPagesFor(pages, SHAPE);
    assert.equal(totalPages - planHeap({ ...SHAPE, totalPages }).firstPage, pages);
  }
});
