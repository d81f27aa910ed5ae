import assert from 'node:assert/strict';
import { heapTest, partsOf } from '../../tests/support/stage.js';
import { MEMPOOL } from '../layout/mempool-record.js';
import { balance } from './balance.js';
import { largestCaches } from './largest-caches.js';
import { readMempools } from './mempools.js';
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
    assert.deepEqual(readMempools(heap.words), []);
    heap.mempool('small', 3, { bytes: 100 });
    const pages = heap.mempool('pages', 2, { order: 1 });
    heap.mempool('things', 1, { cache: heap.slabCache('things', 24) });
    const all = readMempools(heap.words);
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
