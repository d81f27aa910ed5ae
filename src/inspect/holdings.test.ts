import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditedHeap, BUSY, SHEAF_CAPACITY } from '../../tests/support/audited-heap.js';
import { heapTest, partsOf } from '../../tests/support/stage.js';
import { CACHE } from '../layout/cache-record.js';
import { MEMPOOL } from '../layout/mempool-record.js';
import { SHEAF } from '../layout/sheaf-record.js';
import { CACHE_SLOT } from '../layout/thread-slot.js';
import { balance } from './balance.js';
import { largestCaches } from './largest-caches.js';
import { readMempools } from './mempools.js';
import { readStatistics } from './statistics.js';
import { readThreadHoldings } from './thread-holdings.js';

const SIZES = { all: { minFreePages: 0, pages: 200 } };

heapTest(
  'largestCaches(), names the caches with most pages first, and sums up the rest',
  (stage) => {
    const { heap } = stage;
    assert.deepEqual(largestCaches(heap.words, heap.geometry, 3), {
      largest: [],
      others: { caches: 0, pages: 0 },
    });
    const big = heap.slabCache('big things', 4000);
    for (let i = 0; i < 12; i++) stage.hold(big.alloc());
    for (const bytes of [8, 64, 512]) stage.hold(heap.kmalloc(bytes));
    const { largest, others } = largestCaches(heap.words, heap.geometry, 1);
    assert.equal(largest.length, 1);
    const [first] = largest;
    assert.equal(first!.name, 'big things');
    assert.equal(first!.inUse, 12);
    assert.ok(first!.objects >= 12 && first!.pages >= 12 && first!.slabs <= first!.pages);
    assert.ok(others.caches >= 3 && others.pages >= 3);
    const all = largestCaches(heap.words, heap.geometry, 1000);
    assert.equal(all.others.caches, 0);
    const pages = all.largest.reduce((sum, cache) => sum + cache.pages, 0);
    assert.equal(pages, first!.pages + others.pages);
  },
  SIZES,
);

test('largestCaches(), counts what slabinfo counts, and in use what an audit finds in use', () => {
  const heap = new AuditedHeap();
  const { objects } = heap.audit();
  const { slabinfo } = readStatistics(heap.words);
  const { largest, others } = largestCaches(heap.words, heap.geometry, 1000);
  assert.equal(others.caches, 0);
  const rows = slabinfo.filter(({ num_slabs }) => num_slabs > 0);
  assert.equal(largest.length, rows.length);
  for (const { id, name, pages, slabs, objects: all, inUse } of largest) {
    const row = slabinfo[id]!;
    assert.deepEqual(
      [name, pages, slabs, all],
      [row.name, row.num_slabs * row.pagesperslab, row.num_slabs, row.num_objs],
    );
    const { live, waiting } = objects.byCache.find((cache) => cache.id === id)!;
    assert.equal(inUse, live + waiting, name);
  }
});

test('largestCaches(), takes a sheaf of the barn for as full as it is, and leaves out what a sheaf in hand keeps', () => {
  const heap = new AuditedHeap();
  const inUse = () =>
    largestCaches(heap.words, heap.geometry, 1000).largest.find(({ id }) => id === BUSY)!.inUse;
  const before = inUse();
  heap.words.storePlain(heap.at(heap.cache(BUSY, CACHE.fullHead)) + SHEAF.count, 1);
  assert.equal(inUse(), before + SHEAF_CAPACITY - 1);
  const main = heap.sheafPlace(0, CACHE_SLOT.main);
  assert.ok(heap.at(heap.at(main) + SHEAF.count) > 0);
  heap.words.storePlain(heap.sheafPlace(0, CACHE_SLOT.inHand), heap.at(main));
  heap.words.storePlain(main, 0);
  assert.equal(inUse(), before + SHEAF_CAPACITY - 1);
});

test('readThreadHoldings(), adds up to the counters of the statistics', () => {
  const heap = new AuditedHeap();
  const { threads, pages } = readStatistics(heap.words);
  const holdings = readThreadHoldings(heap.words, heap.geometry);
  assert.deepEqual(
    holdings.map(({ listPages, objectsWaiting, callbacksWaiting, ...thread }) => thread),
    threads,
  );
  assert.equal(
    holdings.reduce((sum, { listPages }) => sum + listPages, 0),
    pages.threadLists,
  );
});

heapTest(
  'readThreadHoldings(), tells what each thread keeps and has waiting, and who is in a turn',
  (stage) => {
    const { heap, host } = stage;
    const other = stage.attach('other');
    partsOf(other.heap).turn.pin();
    heap.kfreeRcu(heap.kmalloc(64));
    host.runMicrotasks();
    const [first, second] = readThreadHoldings(heap.words, heap.geometry);
    assert.deepEqual([first!.slot, first!.objectsWaiting, first!.inTurn], [0, 1, false]);
    assert.deepEqual(
      [second!.slot, second!.name, second!.objectsWaiting, second!.inTurn],
      [1, 'other', 0, true],
    );
    assert.equal(first!.listPages + second!.listPages, heap.stats().pages.threadLists);
    stage.endTurns();
    stage.settle();
  },
  SIZES,
);

heapTest(
  'readMempools(), tells what each pool keeps',
  (stage) => {
    const { heap } = stage;
    assert.deepEqual(readMempools(heap.words, heap.geometry), []);
    heap.mempool('small', 3, { bytes: 100 });
    const pages = heap.mempool('pages', 2, { order: 1 });
    heap.mempool('things', 1, { cache: heap.slabCache('things', 24) });
    const all = readMempools(heap.words, heap.geometry);
    assert.deepEqual(
      all.map(({ name, elements, minimum }) => [name, elements, minimum]),
      [
        ['small', 3, 3],
        ['pages', 2, 2],
        ['things', 1, 1],
      ],
    );
    assert.deepEqual(
      all.map(({ what }) => what.replace(/\d+/, 'n')),
      ['n bytes', 'order n', 'cache n'],
    );
    assert.equal(pages.elements, 2);
  },
  SIZES,
);

heapTest(
  'balance(), finds a mempool whose record contradicts itself',
  (stage) => {
    const { heap } = stage;
    const pool = heap.mempool('pool', 2, { bytes: 64 });
    const p = stage.hold(pool.alloc());
    const record = partsOf(heap).registry.list()[0]!.target;
    const { words } = heap;
    const problemsWith = (word: number, value: number): readonly string[] => {
      const was = words.loadPlain(record + word);
      words.storePlain(record + word, value);
      const { problems } = balance(words, { held: [p] });
      words.storePlain(record + word, was);
      return problems;
    };
    stage.endTurns();
    assert.deepEqual(problemsWith(MEMPOOL.lock, 0), []);
    assert.match(problemsWith(MEMPOOL.lock, 257)[0]!, /the lock of mempool 'pool' is held by slot 0/);
    assert.match(problemsWith(MEMPOOL.elements, 3)[0]!, /mempool 'pool' has 3 elements, it has room for 2/);
    assert.match(problemsWith(MEMPOOL.minimum, 0)[0]!, /mempool 'pool' keeps 0 elements/);
    assert.match(
      problemsWith(MEMPOOL.kind, 9)[0]!,
      /elements of kind 9 and size 64, of which there are none/,
    );
    assert.match(problemsWith(MEMPOOL.objects, 12)[0]!, /element 0 of mempool 'pool' is address 12/);
    assert.match(
      problemsWith(MEMPOOL.deferred, 12)[0]!,
      /a deferred element of mempool 'pool' is address 12/,
    );
  },
  SIZES,
);
