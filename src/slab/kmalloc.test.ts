import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertUnchanged, snapshotOf } from '../../tests/support/balanced.js';
import { whileLocked } from '../../tests/support/bare-heap.js';
import { cacheIndex, cacheWord, classOf, sheafAt } from '../../tests/support/cache-words.js';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { heapTest, partsOf, plainHeapsOnly, Stage } from '../../tests/support/stage.js';
import { zoneStart } from '../layout/heap-layout.js';
import { ZONE } from '../layout/zone-record.js';
import { LockTimeoutError } from '../locks/lock-errors.js';
import { blockOf } from '../pages/describe-address.js';
import { __GFP_ZERO, GFP_KERNEL, GFP_NOLOCK, GFP_NOWAIT } from '../pages/gfp.js';
import type { Address } from '../words/units.js';
import { PAGE_BYTES, PAGE_SHIFT, PAGE_WORDS } from '../words/units.js';
import { CLASS_BYTES, MAX_KMALLOC_BYTES } from './size-classes.js';

plainHeapsOnly();

/** Few pages in TINY, so that memory must be reclaimed on the way. */
const SMALL = { all: { spinRounds: 10 }, tiny: { pages: 64 } };
/** Room for the largest block. */
const ROOMY = { tiny: { pages: 3000 } };

const usableBytes = (stage: Stage, p: number): number => partsOf(stage.heap).kmalloc.usableWords(p) * 4;

heapTest(
  'kmalloc() returns a multiple of 8 bytes with room for every byte count from 1 to 8192',
  (stage) => {
    for (let bytes = 1; bytes <= 8192; bytes++) {
      const p = stage.heap.kmalloc(bytes);
      assert.ok(p > 0 && p % 2 === 0);
      assert.ok(usableBytes(stage, p) >= bytes);
      stage.heap.kfree(p);
    }
  },
  SMALL,
);

heapTest(
  'kmalloc() of a fraction of a byte has room for it',
  (stage) => {
    for (const bytes of [0.5, 8.5, 64.25, 4096.5]) {
      const p = stage.heap.kmalloc(bytes);
      assert.ok(usableBytes(stage, p) >= bytes, `${bytes} bytes got ${usableBytes(stage, p)}`);
      stage.heap.kfree(p);
    }
  },
  SMALL,
);

heapTest(
  'kmalloc() hands out objects that do not overlap, and what is written into them stays',
  (stage) => {
    const { heap, words } = stage;
    const objects: { p: Address; words: number }[] = [];
    const sizes = [8, 24, 64, 72, 96, 200, 256, 1000, 2048, 5000, 9000];
    for (let i = 0; i < 120; i++) {
      const bytes = sizes[(i * 7) % sizes.length]!;
      const p = stage.hold(heap.kmalloc(bytes));
      objects.push({ p, words: Math.ceil(bytes / 4) });
      words.fillPlain(p, p + Math.ceil(bytes / 4), i + 1);
      // Every third goes back at once, so that memory is handed out again among the living.
      if (i % 3 !== 2) continue;
      const [gone] = objects.splice((i * 5) % objects.length, 1);
      stage.held.delete(gone!.p);
      heap.kfree(gone!.p);
    }
    const owned = new Set<number>();
    for (const object of objects) {
      const mark = words.loadPlain(object.p);
      for (let i = 0; i < object.words; i++) {
        assert.equal(words.loadPlain(object.p + i), mark);
        assert.equal(owned.has(object.p + i), false, `word ${object.p + i} is in two objects`);
        owned.add(object.p + i);
      }
    }
    stage.balance();
    for (const { p } of objects) heap.kfree(p);
    stage.held.clear();
  },
  { tiny: { pages: 300 } },
);

heapTest(
  'kmalloc() with __GFP_ZERO zeroes the whole object, used before or not, and nothing beside it',
  (stage) => {
    const { heap, words } = stage;
    for (const bytes of [8, 60, 100, 1000, 8192, 8193, 20_000]) {
      const dirty = Array.from({ length: 6 }, () => heap.kmalloc(bytes));
      const objectWords = usableBytes(stage, dirty[0]!) / 4;
      for (const p of dirty) words.fillPlain(p, p + objectWords, -1);
      for (const p of dirty.slice(1)) heap.kfree(p);
      const clean = Array.from({ length: 8 }, () => heap.kmalloc(bytes, GFP_KERNEL | __GFP_ZERO));
      for (const p of clean) {
        for (let i = 0; i < objectWords; i++)
          assert.equal(words.loadPlain(p + i), 0, `word ${i} of ${bytes} bytes`);
      }
      for (let i = 0; i < objectWords; i++) assert.equal(words.loadPlain(dirty[0]! + i), -1);
      heap.kfreeBulk([dirty[0]!, ...clean]);
    }
  },
  { tiny: { pages: 300 } },
);

heapTest(
  'kmalloc() after kfree() hands the same object out again',
  (stage) => {
    const p = stage.heap.kmalloc(64);
    stage.heap.kfree(p);
    assert.equal(stage.heap.kmalloc(64), p);
    stage.heap.kfree(p);
  },
  SMALL,
);

heapTest(
  'kmalloc() of more than 8192 bytes takes a block of pages, the smallest that fits',
  (stage) => {
    const { free, threadLists } = stage.stats().pages;
    for (const [bytes, order] of [
      [8193, 2],
      [16_384, 2],
      [16_385, 3],
      [2 ** 20, 8],
      [MAX_KMALLOC_BYTES, 10],
    ] as const) {
      const p = stage.heap.kmalloc(bytes);
      assert.equal(p % (PAGE_WORDS << order), 0);
      assert.equal(usableBytes(stage, p), PAGE_BYTES << order);
      assert.equal(stage.stats().pages.inUse, 1 << order);
      stage.heap.kfree(p);
    }
    const after = stage.stats().pages;
    assert.equal(after.free + after.threadLists, free + threadLists);
  },
  ROOMY,
);

heapTest(
  'kmalloc() of what is no size throws a RangeError that states it and the range, and changes nothing',
  (stage) => {
    stage.heap.kfree(stage.heap.kmalloc(8));
    const before = snapshotOf(stage.words);
    const sizes = [
      0,
      -1,
      -8,
      -(2 ** 32) + 8,
      Number.NaN,
      MAX_KMALLOC_BYTES + 1,
      2 ** 32,
      2 ** 32 + 8,
      Number.POSITIVE_INFINITY,
    ];
    for (const bytes of sizes) {
      assert.throws(() => stage.heap.kmalloc(bytes), {
        name: 'RangeError',
        message: `allocated ${bytes} bytes; an allocation is a number of bytes above 0, up to 4194304`,
      });
    }
    assertUnchanged(stage.words, before);
  },
  SMALL,
);

heapTest(
  'kmalloc() without the right to wait returns 0 when nothing is to be had',
  (stage) => {
    const taken: Address[] = [];
    for (let p = stage.heap.kmalloc(4096, GFP_NOWAIT); p !== 0; p = stage.heap.kmalloc(4096, GFP_NOWAIT))
      taken.push(p);
    assert.ok(taken.length > 8);
    assert.equal(stage.heap.kmalloc(4096, GFP_NOLOCK), 0);
    assert.equal(stage.heap.kmalloc(4096, GFP_NOWAIT | __GFP_ZERO), 0);
    stage.heap.kfreeBulk(taken);
  },
  SMALL,
);

interface Wrong {
  readonly p: number;
  readonly what: string;
}

/** Addresses that are no object, each with what it is. */
function wrongAddresses(stage: Stage): Wrong[] {
  const { heap, words } = stage;
  const { geometry, pages } = partsOf(heap);
  // 96-byte objects leave something over at the end of a slab.
  const object = stage.hold(heap.kmalloc(96));
  const block = stage.hold(heap.allocPages(1));
  const free = heap.allocPages(4);
  heap.freePages(free);
  const listed = pages.allocPages(0, GFP_NOWAIT);
  pages.freePages(listed);
  const first = blockOf(words, geometry, object >>> PAGE_SHIFT) << PAGE_SHIFT;
  const behind = first + 24 * cacheWord(heap, classOf(96), 'slabObjects');
  const end = geometry.totalPages * PAGE_WORDS;
  return [
    { p: 0, what: 'no address: 0 means none' },
    { p: Number.NaN, what: 'not an address (a positive integer word index)' },
    { p: -1, what: 'not an address (a positive integer word index)' },
    { p: -(2 ** 32) + object, what: 'not an address (a positive integer word index)' },
    { p: object + 0.5, what: 'not an address (a positive integer word index)' },
    { p: block + 0.5, what: 'not an address (a positive integer word index)' },
    { p: end, what: `beyond the heap's end (${end} words)` },
    { p: 2 ** 32 + object, what: `beyond the heap's end (${end} words)` },
    { p: 2 ** 32 + block, what: `beyond the heap's end (${end} words)` },
    { p: 1, what: "in the heap's own header" },
    { p: (geometry.firstPage - 1) * PAGE_WORDS, what: "in the heap's own header" },
    { p: listed, what: `in a free block of 2^0 pages at ${listed}, on the list of thread slot 0` },
    { p: block + 2, what: `inside an allocated block of 2^1 pages at ${block}` },
    { p: block + PAGE_WORDS, what: `inside an allocated block of 2^1 pages at ${block}` },
    { p: object + 1, what: `1 word inside the 96-byte object at ${object}` },
    { p: object + 2, what: `2 words inside the 96-byte object at ${object}` },
    { p: object + 23, what: `23 words inside the 96-byte object at ${object}` },
    { p: behind, what: 'behind the last object of a slab of 96-byte objects' },
  ];
}

const FREE_CALLS = [
  ['kfree()', (stage: Stage, p: number) => stage.heap.kfree(p as Address)],
  ['kfreeBulk()', (stage: Stage, p: number) => stage.heap.kfreeBulk([p as Address])],
  ['kfreeRcu()', (stage: Stage, p: number) => stage.heap.kfreeRcu(p as Address)],
] as const;

for (const [name, call] of FREE_CALLS) {
  heapTest(
    `${name} of what is no object throws a RangeError that says what it is, and changes nothing (kmalloc:I1)`,
    (stage) => {
      // A thread that has freed no object of the cache yet looks at its addresses in another way.
      for (const isMet of [false, true]) {
        if (isMet) stage.heap.kfree(stage.heap.kmalloc(96));
        stage.hold(stage.heap.kmalloc(96));
        const wrong = wrongAddresses(stage);
        const before = snapshotOf(stage.words);
        for (const { p, what } of wrong) {
          assert.throws(() => call(stage, p), {
            name: 'RangeError',
            message: `freed address ${p}, which is ${what}; pass an address that kmalloc() returned, once`,
          });
        }
        assertUnchanged(stage.words, before);
      }
    },
    SMALL,
  );

  heapTest(
    `${name} of a page on the list of slot 1 throws a RangeError, though this thread knows the objects of cache 1`,
    (stage) => {
      const other = stage.attach().heap;
      stage.heap.kfree(stage.heap.kmalloc(8));
      // One object out, so that the sheaf has room for a wrong one.
      stage.hold(stage.heap.kmalloc(8));
      assert.equal(classOf(8), partsOf(other).membership.slot);
      const page = other.allocPages(0);
      other.freePages(page);
      for (const p of [page, page + 2]) {
        assert.throws(() => call(stage, p), {
          name: 'RangeError',
          message: /which is in a free block of 2\^0 pages at \d+, on the list of thread slot 1;/,
        });
      }
    },
    SMALL,
  );

  heapTest(
    `${name} of a free block of pages throws a RangeError that says so, and changes nothing`,
    (stage) => {
      const p = stage.heap.kmalloc(70_000);
      stage.heap.kfree(p);
      const before = snapshotOf(stage.words);
      assert.throws(() => call(stage, p), { name: 'RangeError', message: /which is in a free block of 2\^/ });
      assertUnchanged(stage.words, before);
    },
    SMALL,
  );

  heapTest(
    `${name} of one of the heap's own sheaves throws a RangeError, and changes nothing`,
    (stage) => {
      stage.hold(stage.heap.kmalloc(64));
      const sheaf = sheafAt(stage.heap, classOf(64), 'main');
      const before = snapshotOf(stage.words);
      assert.throws(() => call(stage, sheaf), RangeError);
      assertUnchanged(stage.words, before);
    },
    SMALL,
  );
}

heapTest(
  'kfree() knows the start of every object of every class from every other word of its slab',
  (stage) => {
    const { kmalloc } = partsOf(stage.heap);
    const { stackTraceLimit } = Error;
    // Hundreds of thousands of errors, of which nobody reads the stack.
    Error.stackTraceLimit = 0;
    for (const [i, bytes] of CLASS_BYTES.entries()) {
      const id = i + 1;
      const p = stage.heap.kmalloc(bytes);
      const objectWords = bytes / 4;
      const first = blockOf(stage.words, stage.heap.geometry, p >>> PAGE_SHIFT) << PAGE_SHIFT;
      const slabWords = PAGE_WORDS << cacheWord(stage.heap, id, 'slabOrder');
      const end = objectWords * cacheWord(stage.heap, id, 'slabObjects');
      // A prime step where objects are small, every word where a slab has few objects.
      const step = stage.isTiny && slabWords > 2048 ? 3 : 1;
      for (let offset = 0; offset < slabWords; offset += step) {
        const isObject = offset % objectWords === 0 && offset < end;
        if (isObject) assert.equal(kmalloc.cacheOf(first + offset), id);
        else assert.throws(() => kmalloc.cacheOf(first + offset), RangeError);
      }
      stage.heap.kfree(p);
    }
    Error.stackTraceLimit = stackTraceLimit;
  },
  SMALL,
);

heapTest(
  'kfreeBulk() frees every address of an array or typed array',
  (stage) => {
    const { heap } = stage;
    heap.kfreeBulk([]);
    const objects = Array.from({ length: 20 }, (_, i) => heap.kmalloc(8 * (i + 1)));
    heap.kfreeBulk(Int32Array.from(objects.slice(0, 10)) as unknown as ArrayLike<Address>);
    heap.kfreeBulk(objects.slice(10));
  },
  SMALL,
);

heapTest(
  'kfreeBulk() stops at the first address that is refused, which its error names',
  (stage) => {
    const { heap } = stage;
    const [a, b, c] = [heap.kmalloc(64), heap.kmalloc(64), stage.hold(heap.kmalloc(64))];
    assert.throws(() => heap.kfreeBulk([a, b, (c + 2) as Address, c]), {
      name: 'RangeError',
      message: new RegExp(`^freed address ${c + 2}, which is 2 words inside the 64-byte object at ${c};`),
    });
    stage.balance();
  },
  SMALL,
);

heapTest(
  'kmalloc() with GFP_NOLOCK and every lock busy has what is in the sheaf, and else 0 at once',
  (stage) => {
    const { heap, words } = stage;
    const id = classOf(64);
    const p = heap.kmalloc(64);
    heap.kfree(p);
    let pauses = 0;
    words.pause = () => pauses++;
    const locks = [
      cacheIndex(heap, id, 'listLock'),
      cacheIndex(heap, id, 'barnLock'),
      cacheIndex(heap, 0, 'listLock'),
      zoneStart(heap.geometry, 0) + ZONE.lock,
    ];
    const taken: Address[] = [];
    const lockAll = (fn: () => void): void =>
      locks.reduceRight((inner: () => void, lock) => () => whileLocked(words, lock, inner), fn)();
    lockAll(() => {
      for (let q = heap.kmalloc(64, GFP_NOLOCK); q !== 0; q = heap.kmalloc(64, GFP_NOLOCK)) taken.push(q);
      assert.equal(heap.kmalloc(64, GFP_NOLOCK | __GFP_ZERO), 0);
      assert.equal(heap.kmalloc(640, GFP_NOLOCK), 0);
      assert.equal(heap.kmalloc(64_000, GFP_NOLOCK), 0);
      assert.equal(pauses, 0);
      assert.throws(() => heap.kmalloc(64, GFP_NOWAIT), LockTimeoutError);
    });
    assert.ok(taken.includes(p));
    heap.kfreeBulk(taken);
  },
  SMALL,
);

for (const configuration of CONFIGURATIONS) {
  test(`kmalloc() with GFP_NOLOCK never spins, though locks become busy on its way (${configuration.label})`, () => {
    let onPage = (): void => {};
    const sizes = { all: { spinRounds: 10, pageListHigh: 4, pageListBatch: 2 }, tiny: { pages: 64 } };
    const stage = new Stage(configuration, sizes, {
      shouldFail: () => {
        onPage();
        return false;
      },
    });
    const { heap, words } = stage;
    const id = classOf(64);
    const blocks = Array.from({ length: 8 }, () => heap.allocPages(0));
    partsOf(heap).pages.drain();
    // More on the lists than pageListHigh: an ordinary free would trim them now, and spin for the zone.
    for (const p of blocks) heap.freePagesNolock(p);
    const locks = [cacheIndex(heap, id, 'listLock'), zoneStart(heap.geometry, 0) + ZONE.lock];
    let asked = 0;
    onPage = () => {
      // While the page for the objects comes, another thread takes the locks.
      if (++asked === 1) for (const lock of locks) words.store(lock, 0x109);
    };
    const p = heap.kmalloc(64, GFP_NOLOCK);
    for (const lock of locks) words.store(lock, 0);
    assert.equal(asked, 1);
    assert.equal(p, 0);
    stage.endTurns();
    stage.balance();
  });
}
