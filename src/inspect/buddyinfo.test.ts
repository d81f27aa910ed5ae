import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditedHeap } from '../../tests/support/audited-heap.js';
import { makeStillHeap } from '../../tests/support/still-heap.js';
import { FREE_AREA, FREE_AREA_WORDS, ZONE } from '../layout/zone-record.js';
import { formatBuddyinfo, readBuddyinfo } from './buddyinfo.js';

test('readBuddyinfo() counts blocks whose pages are those that an audit finds free', () => {
  const heap = new AuditedHeap();
  const [zone, ...others] = readBuddyinfo(heap.words, heap.geometry);
  assert.deepEqual(others, []);
  const pages = zone!.nr_free.reduce((sum, blocks, order) => sum + (blocks << order), 0);
  assert.equal(pages, heap.audit().pages.free);
  assert.equal(zone!.nr_free.length, 11);
});

test('readBuddyinfo() lists every zone', () => {
  const { words, geometry } = makeStillHeap({ bytes: 256 * 2 ** 20, threads: 1 });
  const zones = readBuddyinfo(words, geometry);
  assert.deepEqual(
    zones.map(({ zone }) => zone),
    [0, 1, 2, 3],
  );
  for (const { nr_free } of zones.slice(1)) assert.deepEqual(nr_free, [...new Array(10).fill(0), 16]);
});

test('readBuddyinfo() counts no more blocks than a zone has room for', () => {
  const heap = new AuditedHeap();
  const { words, geometry } = heap;
  for (const [order, blocks] of [-3, 2 ** 30].entries()) {
    words.storePlain(heap.zone(ZONE.freeArea + order * FREE_AREA_WORDS + FREE_AREA.blocks), blocks);
  }
  assert.deepEqual(readBuddyinfo(words, geometry)[0]!.nr_free.slice(0, 2), [0, geometry.zonePages / 2]);
});

test('formatBuddyinfo() prints the columns of the kernel', () => {
  const zones = [
    { zone: 0, nr_free: [0, 12, 345678, 0, 0, 0, 0, 0, 0, 1, 3] },
    { zone: 1, nr_free: new Array(11).fill(4071) },
  ];
  const [first, second] = formatBuddyinfo(zones).split('\n');
  // Copied from a machine, the zone's name but for.
  const copied =
    'Node 0, zone   Normal   4071   1414    659    536    341    192    570    387    396    212    283 ';
  assert.equal(
    first,
    'Node 0, zone        0      0     12 345678      0      0      0      0      0      0      1      3 ',
  );
  assert.deepEqual([first!.length, second!.length], [copied.length, copied.length]);
});
