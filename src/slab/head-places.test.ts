import assert from 'node:assert/strict';
import { heapTest, partsOf, plainHeapsOnly, type Stage } from '../../tests/support/stage.js';
import { CACHE_SLOT, CACHE_SLOT_WORDS, RCU_HEAD_WORDS, SLOT } from '../layout/thread-slot.js';
import { PAGE_WORDS } from '../words/units.js';
import { PlainHeadPlaces } from './head-places.js';

// Debug heaps have shells round their objects: debug-head-places.test.ts.
plainHeapsOnly();

const BYTES = 64;
const WORDS = BYTES / 4;
const SIZES = { tiny: { pages: 64 } };

function placesOf({ heap, words }: Stage): PlainHeadPlaces {
  return new PlainHeadPlaces(words, heap.geometry, partsOf(heap).kmalloc);
}

function assertRefused(places: PlainHeadPlaces, head: unknown, what: RegExp): void {
  assert.throws(
    () => places.admit(head as number),
    (error: Error) => error instanceof RangeError && what.test(error.message),
    `${String(head)}: ${what}`,
  );
}

heapTest(
  'admit() takes an RcuHead at every word of an object where both of its words lie inside',
  (stage) => {
    const places = placesOf(stage);
    const objects = [0, 1].map(() => stage.hold(stage.heap.kmalloc(BYTES)));
    for (const p of objects) {
      for (let at = 0; at <= WORDS - RCU_HEAD_WORDS; at++) assert.equal(places.admit(p + at), p + at);
      assertRefused(
        places,
        p + WORDS - 1,
        new RegExp(
          `is 15 words inside the 64-byte object at ${p}.*the one at ${p} has room for it at word 0 to 14$`,
        ),
      );
    }
  },
  SIZES,
);

heapTest(
  'admit() takes an RcuHead anywhere in a block of pages, also beyond word 4096 and over its pages',
  (stage) => {
    const places = placesOf(stage);
    const block = stage.hold(stage.heap.allocPages(3));
    const words = PAGE_WORDS << 3;
    for (const at of [0, 1, PAGE_WORDS - 1, PAGE_WORDS, 4095, 4096, words - 2]) {
      assert.equal(places.admit(block + at), block + at);
    }
    assertRefused(places, block + words - 1, /has room for it at word 0 to 8190$/);
  },
  SIZES,
);

heapTest(
  'admit() takes an RcuHead on the second page of a slab',
  (stage) => {
    const places = placesOf(stage);
    const objects = [0, 1].map(() => stage.hold(stage.heap.kmalloc(4096)));
    for (const p of objects) assert.equal(places.admit(p + PAGE_WORDS - 2), p + PAGE_WORDS - 2);
  },
  SIZES,
);

heapTest(
  'admit() takes none of the last word of an object that is charged to a group',
  (stage) => {
    const places = placesOf(stage);
    const group = stage.heap.group('g');
    const p = group.kmalloc(BYTES - 8);
    assert.equal(places.admit(p + WORDS - 4), p + WORDS - 4);
    const room = partsOf(stage.heap).kmalloc.usableWords(p);
    assertRefused(places, p + room - 1, /two words must lie inside/);
    stage.heap.kfree(p);
    group.close();
  },
  { tiny: { pages: 256, maxCaches: 160 } },
);

heapTest(
  'admit() refuses what is no place for an RcuHead, and says what it is',
  (stage) => {
    const places = placesOf(stage);
    const { heap, words } = stage;
    const { firstPage, totalPages } = heap.geometry;
    const p = stage.hold(heap.kmalloc(BYTES));
    const freed = heap.allocPages(4);
    heap.freePages(freed);
    const { start } = partsOf(heap).membership;
    const id = partsOf(heap).kmalloc.cacheOf(p);
    const sheaf = words.loadPlain(start + SLOT.caches + id * CACHE_SLOT_WORDS + CACHE_SLOT.main);
    const cases: [unknown, RegExp][] = [
      [0, /at 0, which is no address/],
      [-4, /at -4, which is not an address/],
      [p + 0.5, /which is not an address/],
      [Number.NaN, /at NaN, which is not an address/],
      ['7', /at 7, which is not an address/],
      [undefined, /at undefined, which is not an address/],
      [p + 2 ** 32, /beyond the heap's end/],
      [firstPage * PAGE_WORDS - 1, /in the heap's own header/],
      [totalPages * PAGE_WORDS, /beyond the heap's end/],
      [freed + 5, /in a free block/],
      [sheaf + 4, /RcuHead at \d+, which is .* object/],
    ];
    const range = new RegExp(`at ${firstPage * PAGE_WORDS} to ${totalPages * PAGE_WORDS - 2}`);
    for (const [head, what] of cases) {
      assertRefused(places, head, what);
      assertRefused(places, head, range);
    }
  },
  SIZES,
);

heapTest(
  'admit() refuses what lies behind the last object of a slab',
  (stage) => {
    const places = placesOf(stage);
    const p = stage.hold(stage.heap.kmalloc(48));
    const end = (Math.floor(p / PAGE_WORDS) + 1) * PAGE_WORDS;
    assertRefused(places, end - 2, /behind the last object of a slab of 48-byte objects/);
  },
  { all: { maxSlabObjects: 8 }, ...SIZES },
);
