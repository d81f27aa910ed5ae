/**
 * Lull's `kmalloc` and `kfreeRcu` until every object can be used again; peers/defer-liburcu.c is its mirror.
 *
 * `heap.quiesce()` stands where the C program says rcu_quiescent_state(), and `synchronizeRcuSync()` where it
 * says rcu_barrier(). A round that leaves an object waiting is an error, not a fast round.
 */
import { Heap } from '../../src/index.js';
import { serveRounds } from '../subject.js';
import { DEFER_BATCH_OBJECTS, DEFER_OBJECT_BYTES } from '../workloads.js';

/** Words at the front of an object that belong to its RcuHead. */
const HEAD_WORDS = 2;

const heap = Heap.create();
const words = heap.words;

// Copies, which the engine folds into the loop; imported bindings it would load each time.
const BATCH = DEFER_BATCH_OBJECTS;
const BYTES = DEFER_OBJECT_BYTES;

function deferBatch(): void {
  for (let i = 0; i < BATCH; i++) {
    const object = heap.kmalloc(BYTES);
    words.storePlain((object + HEAD_WORDS) as typeof object, i);
    heap.kfreeRcu(object);
  }
}

await serveRounds((operations) => {
  const batches = Math.floor(operations / BATCH);
  const start = process.hrtime.bigint();
  for (let batch = 0; batch < batches; batch++) {
    deferBatch();
    heap.quiesce();
  }
  heap.synchronizeRcuSync();
  const nanos = Number(process.hrtime.bigint() - start);
  const waiting = heap.stats().objectsWaiting;
  if (waiting !== 0) throw new Error(`${waiting} objects still wait after synchronizeRcuSync()`);
  return nanos / (batches * BATCH);
});
