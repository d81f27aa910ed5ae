/**
 * The share of a heap of 1 GiB that nobody can have, in percent.
 *
 *     bookkeeping.js records|not-handed-out|debug-records
 *
 * One operation is one heap. `records` is what the heap's header, slots, zones and page descriptors take, and in a
 * debug heap the depot of stacks beside it; `not-handed-out` is what is left over when pages are allocated until none
 * is to be had: those records, and what the watermarks keep for reclaim. Nothing is written to the pages, so it costs no
 * memory.
 */
import { Heap, OutOfMemoryError } from '../../src/index.js';
import { MAX_ORDER, PAGE_BYTES } from '../../src/words/units.js';
import { serveRounds } from '../subject.js';

const HEAP_BYTES = 2 ** 30;
const share = (bytes: number) => (100 * bytes) / HEAP_BYTES;

/** Pages that can be had, the largest blocks first. */
function takeAll(heap: Heap): number {
  let pages = 0;
  for (let order = MAX_ORDER; order >= 0; order--) {
    try {
      for (;;) {
        heap.allocPages(order);
        pages += 1 << order;
      }
    } catch (error) {
      if (!(error instanceof OutOfMemoryError)) throw error;
    }
  }
  return pages;
}

const asked = process.argv[2];
await serveRounds(() => {
  const heap = Heap.create({ bytes: HEAP_BYTES, debug: asked === 'debug-records' });
  const { total, metadata } = heap.stats().pages;
  if (total * PAGE_BYTES !== HEAP_BYTES) throw new Error(`the heap has ${total} pages`);
  if (asked === 'not-handed-out') return share((total - takeAll(heap)) * PAGE_BYTES);
  const depot = asked === 'debug-records' ? heap.handle.debug!.depot.byteLength : 0;
  return share(metadata * PAGE_BYTES + depot);
});
