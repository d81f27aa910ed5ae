import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assertBalanced, assertUnchanged, snapshotOf } from '../../tests/support/balanced.js';
import { whileLocked } from '../../tests/support/bare-heap.js';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { heapTest, partsOf, plainHeapsOnly, Stage } from '../../tests/support/stage.js';
import { zoneStart } from '../layout/heap-layout.js';
import { MAX_LIST_ORDER, SLOT } from '../layout/thread-slot.js';
import { ZONE } from '../layout/zone-record.js';
import { LockTimeoutError } from '../locks/lock-errors.js';
import { Heap } from '../shared-heap.js';
import { type Address, MAX_ORDER, PAGE_WORDS } from '../words/units.js';
import { __GFP_ZERO, GFP_ATOMIC, GFP_KERNEL, GFP_NOLOCK, GFP_NOWAIT } from './gfp.js';
import type { PageAllocator } from './page-allocator.js';

plainHeapsOnly();

/** Room for one block of every order. */
const ROOMY = { all: { spinRounds: 10 }, tiny: { pages: 4000 } };
/** 200 pages in TINY, and locks that give up soon: nobody else runs. */
const SMALL = { all: { spinRounds: 10, minFreePages: 0, pageListFloor: 0 }, tiny: { pages: 200 } };

const pagesOf = (stage: Stage): PageAllocator => partsOf(stage.heap).pages;
const zoneLockOf = (stage: Stage): number => zoneStart(stage.heap.geometry, 0) + ZONE.lock;

function takeEverything(pages: PageAllocator): Address[] {
  const taken: Address[] = [];
  for (let p = pages.allocPages(0, GFP_NOWAIT); p !== 0; p = pages.allocPages(0, GFP_NOWAIT)) taken.push(p);
  return taken;
}

heapTest(
  'allocPages() returns a block aligned to its own size (page-descriptor:I2), all of it inside the heap',
  (stage) => {
    const { firstPage, totalPages } = stage.heap.geometry;
    for (let order = 0; order <= MAX_ORDER; order++) {
      const p = pagesOf(stage).allocPages(order, GFP_KERNEL);
      assert.equal(p % (PAGE_WORDS << order), 0);
      assert.ok(p >= firstPage * PAGE_WORDS && p + (PAGE_WORDS << order) <= totalPages * PAGE_WORDS);
      pagesOf(stage).freePages(p);
    }
  },
  ROOMY,
);

heapTest(
  'allocPages() with __GFP_ZERO returns zeroed pages, and no word beside them',
  (stage) => {
    const pages = pagesOf(stage);
    const all = takeEverything(pages);
    for (const p of all) stage.words.fillPlain(p, p + PAGE_WORDS, 0x5a5a5a5a);
    for (const p of all) pages.freePages(p);
    const kept = pages.allocPages(0, GFP_NOWAIT);
    for (const order of [0, 1, 3]) {
      const p = pages.allocPages(order, GFP_NOWAIT | __GFP_ZERO);
      for (let i = 0; i < PAGE_WORDS << order; i++) assert.equal(stage.words.loadPlain(p + i), 0);
      pages.freePages(p);
    }
    for (let i = 0; i < PAGE_WORDS; i++) assert.equal(stage.words.loadPlain(kept + i), 0x5a5a5a5a);
    pages.freePages(kept);
  },
  SMALL,
);

heapTest(
  'allocPages() of what is no order throws a RangeError that states 0..10, and changes nothing',
  (stage) => {
    const before = snapshotOf(stage.words);
    for (const order of [11, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      const expected = {
        name: 'RangeError',
        message: `allocated pages of order ${order}; an order is an integer in 0..10 (2^order pages of 4 KiB)`,
      };
      assert.throws(() => pagesOf(stage).allocPages(order, GFP_KERNEL), expected);
      assert.throws(() => pagesOf(stage).allocPagesNolock(order), expected);
    }
    assertUnchanged(stage.words, before);
  },
);

heapTest(
  'allocPages() hands out every page once, then 0; freed, they are all there again',
  (stage) => {
    const pages = pagesOf(stage);
    const { firstPage, totalPages } = stage.heap.geometry;
    for (let round = 0; round < 2; round++) {
      const all = takeEverything(pages);
      assert.equal(new Set(all).size, totalPages - firstPage);
      assert.equal(pages.allocPages(0, GFP_ATOMIC), 0);
      assert.equal(pages.allocPagesNolock(0), 0);
      for (const p of all) pages.freePages(p);
    }
    pages.drain();
    assert.equal(stage.stats().pages.free, totalPages - firstPage);
  },
  SMALL,
);

heapTest(
  'pagesAllocated and pagesFreed count pages, not blocks',
  (stage) => {
    const { membership, words } = partsOf(stage.heap);
    const counts = () =>
      [SLOT.pagesAllocated, SLOT.pagesFreed].map((word) => words.load(membership.start + word));
    const blocks = [0, 2, 4].map((order) => pagesOf(stage).allocPages(order, GFP_KERNEL));
    assert.deepEqual(counts(), [1 + 4 + 16, 0]);
    pagesOf(stage).freePages(blocks[1]!);
    pagesOf(stage).freePagesNolock(blocks[2]!);
    assert.deepEqual(counts(), [21, 20]);
    pagesOf(stage).freePages(blocks[0]!);
  },
  SMALL,
);

/** What freePages() is told of a wrong address, and what it must answer. */
function refusals(stage: Stage): [p: number, what: string][] {
  const pages = pagesOf(stage);
  const { words, geometry } = partsOf(stage.heap);
  const object = stage.hold(stage.heap.kmalloc(64));
  const allocated = stage.hold(pages.allocPages(2, GFP_KERNEL));
  const listed = pages.allocPages(0, GFP_KERNEL);
  pages.freePages(listed);
  const freed = pages.allocPages(4, GFP_KERNEL);
  pages.freePages(freed);
  const deferred = pages.allocPages(4, GFP_KERNEL);
  whileLocked(words, zoneLockOf(stage), () => pages.freePagesNolock(deferred));
  const end = geometry.totalPages * PAGE_WORDS;
  return [
    [0, 'no address: 0 means none'],
    [Number.NaN, 'not an address (a positive integer word index)'],
    [-PAGE_WORDS, 'not an address (a positive integer word index)'],
    [allocated + 0.5, 'not an address (a positive integer word index)'],
    [end, `beyond the heap's end (${end} words)`],
    [2 ** 40, `beyond the heap's end (${end} words)`],
    [PAGE_WORDS, "in the heap's own header"],
    [(geometry.firstPage - 1) * PAGE_WORDS, "in the heap's own header"],
    [allocated + 8, `inside an allocated block of 2^2 pages at ${allocated}`],
    [allocated + PAGE_WORDS, `inside an allocated block of 2^2 pages at ${allocated}`],
    [listed, `in a free block of 2^0 pages at ${listed}, on the list of thread slot 0`],
    [deferred, `in a free block of 2^4 pages at ${deferred}`],
    [object, 'an object of 64 bytes'],
  ];
}

for (const name of ['freePages', 'freePagesNolock'] as const) {
  heapTest(
    `${name}() of anything but an allocated block throws a RangeError that says what it is, and changes nothing`,
    (stage) => {
      const wrong = refusals(stage);
      const before = snapshotOf(stage.words);
      for (const [p, what] of wrong) {
        assert.throws(() => pagesOf(stage)[name](p), {
          name: 'RangeError',
          message: `freed pages at address ${p}, which is ${what}; pass an address that allocPages() returned, once`,
        });
      }
      assertUnchanged(stage.words, before);
    },
    SMALL,
  );

  heapTest(
    `${name}() a second time throws a RangeError that says the block is free`,
    (stage) => {
      for (const order of [0, 3, 4]) {
        const p = pagesOf(stage).allocPages(order, GFP_KERNEL);
        pagesOf(stage)[name](p);
        assert.throws(() => pagesOf(stage)[name](p), {
          name: 'RangeError',
          message: /which is in a free block of 2\^/,
        });
      }
    },
    SMALL,
  );
}

heapTest(
  'freePages() keeps blocks of orders 0 to 3 on the list of this thread, and gives larger ones to the zone',
  (stage) => {
    const pages = pagesOf(stage);
    for (let order = 0; order <= 5; order++) {
      pages.drain();
      const p = pages.allocPages(order, GFP_KERNEL);
      pages.freePages(p);
      const { threadLists } = stage.stats().pages;
      assert.equal(threadLists >= 1 << order, order <= MAX_LIST_ORDER, `order ${order}`);
    }
  },
  { all: { pageListHigh: 50 }, tiny: { pages: 200 } },
);

heapTest(
  'freePages() leaves no more than pageListHigh pages on the lists',
  (stage) => {
    const pages = pagesOf(stage);
    const { pageListHighMax: pageListHigh } = stage.heap.geometry;
    const blocks = Array.from({ length: 30 }, (_, i) => pages.allocPages(i % 4, GFP_KERNEL));
    for (const p of blocks) {
      pages.freePages(p);
      assert.ok(stage.stats().pages.threadLists <= pageListHigh);
    }
  },
  SMALL,
);

heapTest(
  'freePagesNolock() may leave more on the lists than pageListHigh; the next freePages() trims',
  (stage) => {
    const pages = pagesOf(stage);
    const { pageListHighMax: pageListHigh } = stage.heap.geometry;
    const blocks = Array.from({ length: pageListHigh + 2 }, () => pages.allocPages(0, GFP_KERNEL));
    const last = blocks.pop()!;
    pages.drain();
    whileLocked(stage.words, zoneLockOf(stage), () => {
      for (const p of blocks) pages.freePagesNolock(p);
    });
    assert.equal(stage.stats().pages.threadLists, pageListHigh + 1);
    pages.freePages(last);
    assert.ok(stage.stats().pages.threadLists <= pageListHigh);
  },
  { all: { spinRounds: 10, pageListHigh: 10, pageListBatch: 4, pageListFloor: 0 }, tiny: { pages: 200 } },
);

heapTest(
  'allocPagesNolock() with the zone busy returns 0 at once, where allocPages() would spin',
  (stage) => {
    const pages = pagesOf(stage);
    let pauses = 0;
    stage.words.pause = () => pauses++;
    whileLocked(stage.words, zoneLockOf(stage), () => {
      for (let order = 0; order <= 5; order++) {
        const before = snapshotOf(stage.words);
        assert.equal(pages.allocPages(order, GFP_NOLOCK), 0);
        assertUnchanged(stage.words, before);
        assert.equal(pages.allocPagesNolock(order), 0);
      }
      const refused = partsOf(stage.heap).membership.start + SLOT.nolockPagesRefused;
      assert.equal(stage.words.load(refused), 6);
      stage.words.store(refused, 0);
      assert.equal(pauses, 0);
      assert.throws(() => pages.allocPages(4, GFP_ATOMIC), LockTimeoutError);
      assert.throws(() => pages.allocPages(4, GFP_NOWAIT), LockTimeoutError);
      assert.ok(pauses > 0);
    });
  },
  SMALL,
);

heapTest(
  'allocPagesNolock() with the zone busy still has the pages of this thread',
  (stage) => {
    const pages = pagesOf(stage);
    const p = pages.allocPages(1, GFP_KERNEL);
    pages.freePages(p);
    whileLocked(stage.words, zoneLockOf(stage), () => {
      assert.equal(pages.allocPagesNolock(1), p);
      pages.freePagesNolock(p);
      assert.equal(pages.allocPages(1, GFP_NOWAIT), p);
    });
    pages.freePages(p);
  },
  { all: { spinRounds: 10, pageListHigh: 10, pageListBatch: 4, pageListFloor: 0 }, tiny: { pages: 200 } },
);

heapTest(
  'freePagesNolock() with the zone busy defers a large block, which the next allocation finds',
  (stage) => {
    const pages = pagesOf(stage);
    const deferred = zoneStart(stage.heap.geometry, 0) + ZONE.deferred;
    const { free } = stage.stats().pages;
    const p = pages.allocPages(5, GFP_KERNEL);
    whileLocked(stage.words, zoneLockOf(stage), () => {
      pages.freePagesNolock(p);
      assert.equal(stage.words.load(deferred), p / PAGE_WORDS);
      assert.throws(() => pages.freePagesNolock(p), /which is in a free block of 2\^5/);
    });
    assert.equal(assertBalanced(stage.heap).pages.deferred, 32);
    assert.equal(pages.allocPages(5, GFP_NOWAIT), p);
    assert.equal(stage.words.load(deferred), 0);
    pages.freePages(p);
    assert.equal(stage.stats().pages.free, free);
  },
  SMALL,
);

heapTest(
  'a thread that comes back into its own lists goes to the zone, and nothing is lost',
  (stage) => {
    const pages = pagesOf(stage);
    const { words, membership } = partsOf(stage.heap);
    const before = pages.allocPages(0, GFP_KERNEL);
    words.store(membership.start + SLOT.pagesAcquired, 1);
    const inside = pages.allocPages(0, GFP_KERNEL);
    assert.notEqual(inside, 0);
    const { threadLists } = stage.stats().pages;
    pages.freePages(before);
    pages.freePagesNolock(inside);
    assert.equal(stage.stats().pages.threadLists, threadLists);
    words.store(membership.start + SLOT.pagesAcquired, 0);
  },
  SMALL,
);

heapTest(
  'drain() gives back what this thread keeps and what the zones have deferred',
  (stage) => {
    const pages = pagesOf(stage);
    const { firstPage, totalPages } = stage.heap.geometry;
    const [small, large] = [pages.allocPages(0, GFP_KERNEL), pages.allocPages(4, GFP_KERNEL)];
    pages.freePages(small);
    assert.ok(stage.stats().pages.threadLists > 0);
    pages.drain();
    assert.equal(stage.stats().pages.free, totalPages - firstPage - 16);
    whileLocked(stage.words, zoneLockOf(stage), () => pages.freePagesNolock(large));
    pages.drain();
    assert.equal(stage.stats().pages.free, totalPages - firstPage);
  },
  SMALL,
);

for (const configuration of CONFIGURATIONS) {
  test(`PageFault decides by order which allocations fail; a refusal changes nothing (${configuration.label})`, () => {
    const asked: number[] = [];
    const stage = new Stage(configuration, SMALL, {
      shouldFail: (order) => {
        asked.push(order);
        return order === 2;
      },
    });
    const before = snapshotOf(stage.words);
    assert.equal(pagesOf(stage).allocPages(2, GFP_KERNEL), 0);
    assertUnchanged(stage.words, before);
    stage.hold(pagesOf(stage).allocPages(1, GFP_KERNEL));
    assert.deepEqual(asked, [2, 1]);
    stage.balance();
  });

  test(`two threads that take and free blocks never share a page, and nothing is lost (${configuration.label})`, () => {
    const steps = fc.array(
      fc.record({
        thread: fc.nat(1),
        order: fc.nat(4),
        nolock: fc.boolean(),
        free: fc.option(fc.nat(1000)),
        busy: fc.boolean(),
      }),
      { maxLength: 100, size: 'max' },
    );
    fc.assert(
      fc.property(steps, (run) => {
        const stage = new Stage(configuration, { tiny: { pages: 120 } });
        const threads = [pagesOf(stage), partsOf(stage.attach().heap).pages];
        const blocks: { p: Address; order: number }[] = [];
        const owned = new Set<number>();
        for (const { thread, order, nolock, free, busy } of run) {
          const pages = threads[thread]!;
          const within = <T>(fn: () => T): T =>
            nolock && busy ? whileLocked(stage.words, zoneLockOf(stage), fn) : fn();
          if (free !== null && blocks.length > 0) {
            const [block] = blocks.splice(free % blocks.length, 1);
            for (let i = 0; i < 1 << block!.order; i++) owned.delete(block!.p / PAGE_WORDS + i);
            stage.held.delete(block!.p);
            within(() => (nolock ? pages.freePagesNolock(block!.p) : pages.freePages(block!.p)));
            continue;
          }
          const p = within(() => pages.allocPages(order, nolock ? GFP_NOLOCK : GFP_NOWAIT));
          if (p === 0) continue;
          blocks.push({ p, order });
          stage.hold(p);
          for (let i = 0; i < 1 << order; i++) {
            assert.equal(
              owned.has(p / PAGE_WORDS + i),
              false,
              `page ${p / PAGE_WORDS + i} was handed out twice`,
            );
            owned.add(p / PAGE_WORDS + i);
          }
        }
        assert.equal(stage.balance().pages.allocated, owned.size);
        for (const { p } of blocks) threads[0]!.freePages(p);
        for (const pages of threads) pages.drain();
        assert.equal(stage.stats().pages.inUse + stage.stats().pages.threadLists, 0);
      }),
      { numRuns: 25 },
    );
  });
}

test('allocPages() takes from the home zone of its slot, and from the others when that is empty', () => {
  const host = new FakeHost();
  const heap = Heap.create({ bytes: 72 * 2 ** 20 }, { host });
  const { zonePages, zones } = heap.geometry;
  assert.equal(zones, 2);
  const zoneOf = (p: number): number => Math.floor(p / PAGE_WORDS / zonePages);
  const other = Heap.attach(heap.handle, {}, { host: new FakeHost() });
  const take = (from: Heap, order: number): Address => partsOf(from).pages.allocPages(order, GFP_NOWAIT);
  const held: Address[] = [];
  for (const [from, home] of [
    [heap, 0],
    [other, 1],
  ] as const) {
    for (const order of [0, 3, 8]) {
      const p = take(from, order);
      assert.equal(zoneOf(p), home);
      held.push(p);
    }
  }
  const large: Address[] = [];
  for (let p = take(other, MAX_ORDER); p !== 0; p = take(other, MAX_ORDER)) large.push(p);
  const order = large.map(zoneOf);
  assert.ok(order.includes(0) && order.includes(1));
  assert.deepEqual(order, [...order].sort().reverse());
  for (const p of [...large, ...held]) partsOf(heap).pages.freePages(p);
  partsOf(heap).pages.drain();
  partsOf(other).pages.drain();
  assertBalanced(heap);
});
