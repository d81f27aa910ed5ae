/**
 * Lull's deferred freeing until every object can be used again; peers/defer-liburcu.c is its mirror.
 *
 *     defer-lull.js kfreeRcu|call
 *
 * An object is allocated, one word of it written, its address published in a table of 1,024, and the object that was
 * there before retired: by `kfreeRcu`, or by `rcu.call` with a callback that frees it.
 *
 * `heap.quiesce()` stands where the C program says rcu_quiescent_state(), and `kfreeRcuBarrierSync()` where it
 * says rcu_barrier(). A round that leaves an object waiting is an error, not a fast round.
 */
import { Heap } from '../../src/index.js';
import type { Address } from '../../src/words/units.js';
import { serveRounds } from '../subject.js';
import { DEFER_BATCH_OBJECTS, DEFER_OBJECT_BYTES, DEFER_PUBLISHED } from '../workloads.js';

/** Words at the front of an object that belong to its RcuHead. */
const HEAD_WORDS = 2;

// Copies, which the engine folds into the loop; imported bindings it would load each time.
const BATCH = DEFER_BATCH_OBJECTS;
const BYTES = DEFER_OBJECT_BYTES;
const PUBLISHED = DEFER_PUBLISHED;

const heap = Heap.create();
const words = heap.words;
const table = heap.kmalloc(PUBLISHED * Int32Array.BYTES_PER_ELEMENT);
for (let i = 0; i < PUBLISHED; i++) words.store(table + i, heap.kmalloc(BYTES));

const freeing = heap.rcu.register('free', (head) => heap.kfree(head as Address));
const retire: (p: Address) => void =
  process.argv[2] === 'call' ? (p) => heap.rcu.call(p, freeing) : (p) => heap.kfreeRcu(p);

function replaceBatch(): void {
  for (let i = 0; i < BATCH; i++) {
    const object = heap.kmalloc(BYTES);
    words.storePlain(object + HEAD_WORDS, i);
    const place = table + (i % PUBLISHED);
    const old = words.loadPlain(place);
    words.store(place, object);
    retire(old as Address);
  }
}

await serveRounds((operations) => {
  const batches = Math.floor(operations / BATCH);
  const start = process.hrtime.bigint();
  for (let batch = 0; batch < batches; batch++) {
    replaceBatch();
    heap.quiesce();
  }
  heap.kfreeRcuBarrierSync();
  const nanos = Number(process.hrtime.bigint() - start);
  const { objectsWaiting, callbacksWaiting } = heap.stats();
  const waiting = objectsWaiting + callbacksWaiting;
  if (waiting !== 0) throw new Error(`${waiting} objects still wait after kfreeRcuBarrierSync()`);
  return nanos / (batches * BATCH);
});
