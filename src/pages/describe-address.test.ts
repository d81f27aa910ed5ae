import assert from 'node:assert/strict';
import { whileLocked } from '../../tests/support/bare-heap.js';
import { heapTest, partsOf, type Stage } from '../../tests/support/stage.js';
import { zoneStart } from '../layout/heap-layout.js';
import { ZONE } from '../layout/zone-record.js';
import { PAGE_SHIFT, PAGE_WORDS } from '../words/units.js';
import { blockOf, describeAddress } from './describe-address.js';

const ROOMY = { tiny: { pages: 64 } };

const describeIn = (stage: Stage, address: number): string =>
  describeAddress(stage.words, stage.heap.geometry, address);

heapTest('describeAddress() names what is no address at all', (stage) => {
  for (const address of [-1, 0.5, Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]) {
    assert.equal(describeIn(stage, address), 'not an address (a positive integer word index)');
  }
  assert.equal(describeIn(stage, 0), 'no address: 0 means none');
});

heapTest("describeAddress() names the heap's end and its header", (stage) => {
  const { totalPages, firstPage } = stage.heap.geometry;
  const end = totalPages * PAGE_WORDS;
  for (const address of [end, end + 1, 2 ** 32, 2 ** 32 + firstPage * PAGE_WORDS]) {
    assert.equal(describeIn(stage, address), `beyond the heap's end (${end} words)`);
  }
  for (const address of [1, PAGE_WORDS, firstPage * PAGE_WORDS - 1]) {
    assert.equal(describeIn(stage, address), "in the heap's own header");
  }
});

heapTest(
  'describeAddress() names free blocks: in a zone, deferred, and on a list of a thread',
  (stage) => {
    const { pages } = partsOf(stage.heap);
    const block = pages.allocPages(4, 0);
    whileLocked(stage.words, zoneStart(stage.heap.geometry, 0) + ZONE.lock, () =>
      pages.freePagesNolock(block),
    );
    assert.equal(describeIn(stage, block + 5), `in a free block of 2^4 pages at ${block}`);
    pages.drain();
    assert.match(describeIn(stage, block + 5), /^in a free block of 2\^\d+ pages at \d+$/);
    const { heap } = stage.attach();
    const listed = partsOf(heap).pages.allocPages(1, 0);
    partsOf(heap).pages.freePages(listed);
    const expected = `in a free block of 2^1 pages at ${listed}, on the list of thread slot 1`;
    for (const address of [listed, listed + 1, listed + 2 * PAGE_WORDS - 1]) {
      assert.equal(describeIn(stage, address), expected);
    }
  },
  ROOMY,
);

heapTest(
  'describeAddress() tells the start of an allocated block from its inside',
  (stage) => {
    const block = stage.hold(stage.heap.allocPages(3));
    assert.equal(describeIn(stage, block), `an allocated block of 2^3 pages at ${block}`);
    for (const inside of [1, PAGE_WORDS, 8 * PAGE_WORDS - 1]) {
      assert.equal(describeIn(stage, block + inside), `inside an allocated block of 2^3 pages at ${block}`);
    }
  },
  ROOMY,
);

heapTest(
  'describeAddress() tells objects, their insides, and what lies behind the last object of a slab',
  (stage) => {
    const { heap } = stage;
    // 96 bytes are 24 words: no power of two, so that something is left over at the end of a slab.
    const object = stage.hold(heap.kmalloc(96));
    assert.equal(describeIn(stage, object), 'an object of 96 bytes');
    assert.equal(describeIn(stage, object + 23), `23 words inside the 96-byte object at ${object}`);
    const first = blockOf(stage.words, heap.geometry, object >>> PAGE_SHIFT) << PAGE_SHIFT;
    const end = Array.from({ length: 8 * PAGE_WORDS }, (_, i) => first + i).find((address) =>
      describeIn(stage, address).startsWith('behind'),
    );
    assert.ok(end !== undefined && (end - first) % 24 === 0);
    assert.equal(describeIn(stage, end), 'behind the last object of a slab of 96-byte objects');
    assert.equal(describeIn(stage, end - 24), 'an object of 96 bytes');
  },
  ROOMY,
);

heapTest(
  'blockOf() finds the slab of an object on any of its pages',
  (stage) => {
    const { heap } = stage;
    // Objects of 6144 bytes: slabs of several pages, and objects that cross their borders.
    const object = stage.hold(heap.kmalloc(6144));
    const first = blockOf(stage.words, heap.geometry, object >>> PAGE_SHIFT);
    assert.equal(blockOf(stage.words, heap.geometry, (object + 1535) >>> PAGE_SHIFT), first);
    assert.equal(describeIn(stage, object + 1535), `1535 words inside the 6144-byte object at ${object}`);
    assert.equal((object - (first << PAGE_SHIFT)) % 1536, 0);
  },
  ROOMY,
);
