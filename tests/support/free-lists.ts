/** A zone's free lists, read from the heap's words. */
import assert from 'node:assert/strict';
import { descriptorStart, zoneStart } from '../../src/layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageState } from '../../src/layout/page-descriptor.js';
import { FREE_AREA, FREE_AREA_WORDS, ZONE } from '../../src/layout/zone-record.js';
import { MAX_ORDER } from '../../src/words/units.js';
import type { BareHeap } from './bare-heap.js';

/** First pages of the free blocks by order, ascending. Asserts that every list is well linked and counted. */
export function freeListsOf({ words, geometry }: BareHeap, zone = 0): number[][] {
  const lists: number[][] = [];
  for (let order = 0; order <= MAX_ORDER; order++) {
    const area = zoneStart(geometry, zone) + ZONE.freeArea + order * FREE_AREA_WORDS;
    const pages: number[] = [];
    let previous = 0;
    for (let page = words.loadPlain(area + FREE_AREA.head); page !== 0; ) {
      const descriptor = descriptorStart(geometry, page);
      assert.equal(words.loadPlain(descriptor + DESCRIPTOR.state), pageState(PAGE_KIND.free, order, 0));
      assert.equal(words.loadPlain(descriptor + DESCRIPTOR.previous), previous);
      assert.equal(page % (1 << order), 0, `free block at page ${page} is not aligned to its order ${order}`);
      pages.push(page);
      assert.ok(pages.length <= geometry.totalPages, `the free list of order ${order} does not end`);
      previous = page;
      page = words.loadPlain(descriptor + DESCRIPTOR.next);
    }
    assert.equal(words.loadPlain(area + FREE_AREA.blocks), pages.length);
    lists.push(pages.sort((a, b) => a - b));
  }
  return lists;
}

/** Pages of all free blocks of a zone. */
export function countFree(lists: readonly (readonly number[])[]): number {
  return lists.reduce((sum, pages, order) => sum + (pages.length << order), 0);
}
