import assert from 'node:assert/strict';
import { heapTest, partsOf } from '../../tests/support/stage.js';
import { reportUse } from './use-report.js';

const SIZES = { all: { pages: 100, pageListHigh: 10, pageListBatch: 4 } };

heapTest(
  'reportUse() counts pages that are free and kept, and threads',
  (stage) => {
    const { heap } = stage;
    assert.equal(reportUse(partsOf(heap)), 'of 100 pages 100 are free and 0 kept by 1 threads');
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
