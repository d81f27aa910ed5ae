/**
 * Page map: a heap as one byte a page, for pictures. Other threads go on while it is read, so a block that
 * changes hands meanwhile may show as either.
 */
import { readGeometry } from '../layout/heap-header.js';
import { descriptorStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageKind, pageOrder, pageTail } from '../layout/page-descriptor.js';
import { MAX_ORDER } from '../words/units.js';
import type { Words } from '../words/words.js';

/** What a byte says of its page; `other` only where a block changed while it was read. */
export const PAGE_USE = {
  metadata: 0,
  free: 1,
  threadList: 2,
  allocated: 3,
  slab: 4,
  deferred: 5,
  other: 6,
} as const;

/** Reads what each page is used for. Any thread, any context: it neither waits nor fails. */
export function readPageMap(words: Words): Uint8Array {
  const geometry = readGeometry(words);
  const uses = new Uint8Array(geometry.totalPages).fill(PAGE_USE.other, geometry.firstPage);
  let page = geometry.firstPage;
  while (page < geometry.totalPages) {
    const state = words.loadPlain(descriptorStart(geometry, page) + DESCRIPTOR.state);
    const kind = pageKind(state);
    const order = Math.min(pageOrder(state), MAX_ORDER);
    const isStart = kind !== PAGE_KIND.tail && kind <= PAGE_KIND.deferred && pageTail(state) === 0;
    const end = isStart ? Math.min(page + (1 << order), geometry.totalPages) : page + 1;
    // The kinds of blocks and the uses of pages have the same numbers.
    if (isStart) uses.fill(kind, page, end);
    page = end;
  }
  return uses;
}
