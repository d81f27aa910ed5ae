/** What an address is, in words a developer understands: for errors about addresses that should be something else. */

import { CACHE } from '../layout/cache-record.js';
import type { Geometry } from '../layout/heap-header.js';
import { cacheStart, descriptorStart } from '../layout/heap-layout.js';
import {
  DESCRIPTOR,
  PAGE_KIND,
  pageKind,
  pageOrder,
  pageOwner,
  pageTail,
} from '../layout/page-descriptor.js';
import { SHELL_WORDS, shellHeadWords } from '../layout/shell-record.js';
import { counted } from '../words/counted.js';
import { BYTES_PER_WORD, MAX_ORDER, PAGE_SHIFT, PAGE_WORDS } from '../words/units.js';
import type { Words } from '../words/words.js';

/** The first page of the block that holds `page`, by walking down from the largest order (page-descriptor:I3). */
export function blockOf(words: Words, geometry: Geometry, page: number): number {
  for (let order = MAX_ORDER; order >= 0; order--) {
    const first = page & ~((1 << order) - 1);
    if (first < geometry.firstPage) continue;
    const state = words.loadPlain(descriptorStart(geometry, first) + DESCRIPTOR.state);
    if (pageKind(state) !== PAGE_KIND.tail && pageTail(state) === 0 && pageOrder(state) >= order)
      return first;
  }
  return page;
}

/** Says what `address` is: not of this heap, heap metadata, free, a block of pages, an object, or inside one. */
export function describeAddress(words: Words, geometry: Geometry, address: number): string {
  if (!Number.isInteger(address) || address < 0) return 'not an address (a positive integer word index)';
  if (address === 0) return 'no address: 0 means none';
  const page = address >>> PAGE_SHIFT;
  if (address >= geometry.totalPages * PAGE_WORDS) {
    return `beyond the heap's end (${geometry.totalPages * PAGE_WORDS} words)`;
  }
  if (page < geometry.firstPage) return "in the heap's own header";
  const first = blockOf(words, geometry, page);
  const state = words.loadPlain(descriptorStart(geometry, first) + DESCRIPTOR.state);
  const block = `block of 2^${pageOrder(state)} pages at ${first << PAGE_SHIFT}`;
  switch (pageKind(state)) {
    case PAGE_KIND.free:
    case PAGE_KIND.deferred:
      return `in a free ${block}`;
    case PAGE_KIND.threadList:
      return `in a free ${block}, on the list of thread slot ${pageOwner(state)}`;
    case PAGE_KIND.allocated:
      return address === first << PAGE_SHIFT ? `an allocated ${block}` : `inside an allocated ${block}`;
    case PAGE_KIND.slab:
      return describeSlabAddress(words, geometry, address, first, pageOwner(state));
    default:
      return 'in no block';
  }
}

function describeSlabAddress(
  words: Words,
  geometry: Geometry,
  address: number,
  first: number,
  cache: number,
): string {
  const record = cacheStart(geometry, cache);
  const objectWords = words.loadPlain(record + CACHE.objectWords);
  const offset = address - (first << PAGE_SHIFT);
  // Users know objects by what lies inside their shells.
  const head = shellHeadWords(geometry, PAGE_KIND.slab, cache);
  const userWords = words.loadPlain(record + CACHE.linkOffset) || objectWords;
  const bytes = (userWords - (head === 0 ? 0 : SHELL_WORDS)) * BYTES_PER_WORD;
  if (offset >= objectWords * words.loadPlain(record + CACHE.slabObjects)) {
    return `behind the last object of a slab of ${bytes}-byte objects`;
  }
  const inside = (offset % objectWords) - head;
  if (inside === 0) return `an object of ${bytes} bytes`;
  const object = `the ${bytes}-byte object at ${address - inside}`;
  return besideStart(inside, object);
}

/** Where a word is that lies `offset` words from the start of an object, which it does not start at. */
export function besideStart(offset: number, object: string): string {
  return offset < 0
    ? `${counted(-offset, 'word')} in front of ${object}`
    : `${counted(offset, 'word')} inside ${object}`;
}
