import assert from 'node:assert/strict';
import { heapTest, partsOf } from '../../tests/support/stage.js';
import { GFP_KERNEL } from '../pages/gfp.js';
import { OutOfMemoryError } from './heap-errors.js';
import { outOfMemory, reportHoldings, reportUse } from './use-report.js';

const SIZES = { all: { pages: 100, pageListHigh: 10, pageListBatch: 4, minFreePages: 0 } };

heapTest(
  'reportUse() counts pages that are free and kept, and threads',
  (stage) => {
    const { heap } = stage;
    assert.equal(reportUse(partsOf(heap)), 'of 100 pages 100 are free and 0 kept by 1 thread');
    stage.attach();
    const p = stage.hold(heap.allocPages(0));
    assert.equal(reportUse(partsOf(heap)), 'of 100 pages 96 are free and 3 kept by 2 threads');
    assert.ok(p > 0);
  },
  SIZES,
);

heapTest(
  'reportUse() counts what waits, and says where this turn holds it up',
  (stage) => {
    const { heap, host } = stage;
    const other = stage.attach();
    partsOf(other.heap).turn.pin();
    heap.kfreeRcu(heap.kmalloc(64));
    heap.kfreeRcu(heap.kmalloc(64));
    assert.match(
      reportUse(partsOf(heap)),
      /; 2 objects wait for a grace period, which this turn holds up: call quiesce\(\), or return to the event loop$/,
    );
    host.runMicrotasks();
    assert.match(reportUse(partsOf(heap)), /; 2 objects wait for a grace period$/);
    other.host.runMicrotasks();
    stage.settle();
    assert.doesNotMatch(reportUse(partsOf(heap)), /wait/);
  },
  SIZES,
);

heapTest(
  'reportUse() tells of the pages that are kept in reserve',
  (stage) => {
    assert.match(
      reportUse(partsOf(stage.heap)),
      /^of 100 pages 100 are free \(5 of them in reserve\) and 0 kept/,
    );
  },
  { all: { ...SIZES.all, minFreePages: 5 } },
);

heapTest(
  'reportHoldings() has a line for what was asked, each zone, each thread, the largest caches, and each mempool',
  (stage) => {
    const { heap } = stage;
    stage.attach('indexer');
    for (let i = 0; i < 4; i++) stage.hold(heap.slabCache('image tiles', 3000).alloc());
    heap.mempool('journal', 2, { bytes: 500 });
    const lines = reportHoldings(partsOf(heap), 5000, GFP_KERNEL).split('\n');
    assert.equal(lines[0], 'asked for: 5000 bytes, order 1, gfp GFP_KERNEL, in a worker');
    assert.match(lines[1]!, /^zone 0: 100 pages, free \d+, min 0, low 0, high 0, deferred frees 0$/);
    assert.match(lines[2]!, /^ {2}\d+\*4kB \d+\*8kB .*\*4096kB = \d+kB$/);
    assert.match(lines[3]!, /^thread 0 'main' \(this one\): \d+ pages? on lists, in a turn/);
    assert.match(lines[4]!, /^thread 1 'indexer': 0 pages on lists/);
    assert.match(lines[5]!, /^slab cache +pages +slabs +in use +objects$/);
    assert.match(lines[6]!, /^image tiles +\d+ +\d+ +4 +\d+$/);
    assert.equal(lines.at(-1), "mempool 'journal': 2 of 2 elements of 500 bytes");
    const columns = Math.max(...lines.map((line) => line.length));
    assert.ok(columns <= 130, `${columns} columns`);
  },
  SIZES,
);

heapTest(
  'reportUse() and reportHoldings() count callbacks beside the objects that wait',
  (stage) => {
    const { heap } = stage;
    const id = heap.rcu.register('f', () => {});
    const other = stage.attach();
    partsOf(other.heap).turn.pin();
    heap.rcu.call(stage.hold(heap.kmalloc(8)), id);
    stage.host.runMicrotasks();
    const thread = () => reportHoldings(partsOf(heap), 8, GFP_KERNEL).split('\n')[3];
    assert.match(reportUse(partsOf(heap)), /; 1 callback waits for a grace period$/);
    assert.match(thread()!, /pages? on lists, 1 callback waits for a grace period$/);
    heap.kfreeRcu(heap.kmalloc(8));
    stage.host.runMicrotasks();
    assert.match(reportUse(partsOf(heap)), /; 1 object and 1 callback wait for a grace period$/);
    stage.endTurns();
    stage.settle();
  },
  SIZES,
);

heapTest(
  'reportHoldings() counts the slabs and objects of each cache as slabinfo does, and in use what allocinfo does',
  (stage) => {
    const { heap } = stage;
    for (const bytes of [24, 64, 700]) for (let i = 0; i < 9; i++) stage.hold(heap.kmalloc(bytes));
    for (let i = 0; i < 7; i++) heap.kfreeRcu(heap.kmalloc(64));
    // The sheaf goes to the barn, less than full.
    stage.settle();
    const { slabinfo, allocinfo } = heap.stats();
    const rows = slabinfo.filter(({ num_slabs }) => num_slabs > 0);
    assert.ok(rows.length >= 3);
    const lines = reportHoldings(partsOf(heap), 8, GFP_KERNEL).split('\n');
    for (const { name, num_slabs, pagesperslab, num_objs } of rows) {
      const cells = lines.find((line) => line.startsWith(`${name} `))!.split(/ +/);
      const inUse = allocinfo.find(({ tag }) => tag === `slab:${name}`)?.calls ?? 0;
      assert.deepEqual(cells.slice(1).map(Number), [num_slabs * pagesperslab, num_slabs, inUse, num_objs]);
    }
    assert.equal(allocinfo.find(({ tag }) => tag === 'slab:kmalloc-64')?.calls, 9);
  },
  SIZES,
);

heapTest(
  'outOfMemory() says it in its first line, and the rest in lines that `report` has as well',
  (stage) => {
    const error = outOfMemory(partsOf(stage.heap), 4096, GFP_KERNEL);
    assert.ok(error instanceof OutOfMemoryError);
    const [first, ...rest] = error.message.split('\n');
    assert.equal(
      first,
      'no 4096 bytes are to be had: of 100 pages 100 are free and 0 kept by 1 thread. Free something, or create a larger heap.',
    );
    assert.equal(error.report, rest.join('\n'));
    assert.deepEqual(Object.keys(error).sort(), ['name', 'requestedBytes']);
    assert.equal(new OutOfMemoryError(8, 'it is full').report, '');
  },
  SIZES,
);
