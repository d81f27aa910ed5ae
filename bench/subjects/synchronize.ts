/**
 * What waiting for a grace period takes.
 *
 *     synchronize.js idle|busy normal|expedited
 *
 * One operation is one call of `synchronizeRcuSync()`, or of its expedited form.
 *
 *     idle    three other threads are attached, and in no turn: the mean of the calls, in microseconds
 *     busy    another thread makes one turn of a millisecond after another, and each call is made in the middle of one:
 *             the 99th percentile, in milliseconds
 */
import type { Heap } from '../../src/index.js';
import { slotStart } from '../../src/layout/heap-layout.js';
import { SLOT, TURN_OPEN } from '../../src/layout/thread-slot.js';
import { quantile } from '../statistics.js';
import { nanosPerOperation } from '../subject.js';
import { measureInCrowd, turnLoad } from './crowd.js';

const IDLE_THREADS = 3;
/** The parent, the measured thread, and the one beside it. */
const THREADS = 3;
/** Between two looks at whether a turn is open. */
const LOOK_MILLIS = 0.05;
const [others, form] = process.argv.slice(2);

function callOf(heap: Heap): () => void {
  if (form === 'expedited') return () => heap.synchronizeRcuExpeditedSync();
  return () => heap.synchronizeRcuSync();
}

/** The value of a round, which has to see at least as many grace periods as calls: each needs one of its own. */
function checked(heap: Heap, calls: number, measure: () => number): number {
  const before = heap.stats().gracePeriods;
  const value = measure();
  const ended = heap.stats().gracePeriods - before;
  if (ended < calls) throw new Error(`${calls} waits, and ${ended} grace periods`);
  return value;
}

/** Microseconds a call. */
function meanOf(heap: Heap) {
  const call = callOf(heap);
  const nanosOf = (operations: number) =>
    nanosPerOperation(operations, () => {
      for (let i = 0; i < operations; i++) call();
    });
  return (operations: number) => checked(heap, operations, () => nanosOf(operations) / 1000);
}

/** Returns when some thread is in a turn: else a call would find the machine busy, and nobody to wait for. */
function meetTurn({ words, geometry }: Heap, sleeper: Int32Array): void {
  const isOpen = (slot: number) => (words.load(slotStart(geometry, slot) + SLOT.turn) & TURN_OPEN) !== 0;
  for (;;) {
    for (let slot = 0; slot < THREADS; slot++) if (isOpen(slot)) return;
    Atomics.wait(sleeper, 0, 0, LOOK_MILLIS);
  }
}

/** The 99th percentile of the calls, in milliseconds. */
function slowestOf(heap: Heap) {
  const call = callOf(heap);
  const sleeper = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const millis = () => {
    meetTurn(heap, sleeper);
    const start = performance.now();
    call();
    return performance.now() - start;
  };
  return (operations: number) =>
    checked(heap, operations, () => quantile(Array.from({ length: operations }, millis), 0.99));
}

await measureInCrowd(
  new URL(import.meta.url),
  others === 'idle'
    ? { others: IDLE_THREADS, measure: meanOf }
    : { others: 1, measure: slowestOf, load: turnLoad },
);
