/**
 * A flood of deferred frees on a heap of 64 MiB: objects are allocated, written and retired in a tight loop, with a
 * quiescent state after every 1,000, more of them than the heap could hold many times over.
 *
 *     rcu-flood.js alone|beside rate|steady|waiting|peak
 *
 * One operation is one object. `beside` has another thread that makes one turn of a millisecond after another, so that
 * grace periods take as long. A round in which an allocation fails is an error.
 *
 *     rate      objects a second
 *     steady    objects a second in the last tenth of the round, over those in the first
 *     waiting   objects that wait, over the most that may (WaitingBound), looked at after every quiescent state; the
 *               largest of these shares
 *     peak      the most that waited at any of these looks, in MiB
 */

import type { Heap } from '../../src/index.js';
import { readCounters } from '../../src/inspect/statistics.js';
import { MAX_SHEAF_CAPACITY } from '../../src/layout/sheaf-record.js';
import { nanosPerOperation } from '../subject.js';
import { measureInCrowd, turnLoad } from './crowd.js';
import { WaitingBound } from './waiting-bound.js';

const MEBIBYTE = 2 ** 20;
const HEAP_MEBIBYTES = 64;
const OBJECT_BYTES = 64;
/** Words at the front of an object that belong to its RcuHead. */
const HEAD_WORDS = 2;
const OBJECTS_A_TURN = 1000;
const [others, figure] = process.argv.slice(2);

/** Allocates and retires as many as go before a quiescent state. */
function turnOf(heap: Heap): () => void {
  const { words } = heap;
  return () => {
    for (let i = 0; i < OBJECTS_A_TURN; i++) {
      const object = heap.kmalloc(OBJECT_BYTES);
      words.storePlain(object + HEAD_WORDS, i);
      heap.kfreeRcu(object);
    }
  };
}

/** Objects a second. */
function rateOf(turns: number, turn: () => void): number {
  const nanos = nanosPerOperation(turns * OBJECTS_A_TURN, () => {
    for (let i = 0; i < turns; i++) turn();
  });
  return 1e9 / nanos;
}

function steadinessOf(turns: number, turn: () => void): number {
  const tenth = Math.ceil(turns / 10);
  const first = rateOf(tenth, turn);
  rateOf(turns - 2 * tenth, turn);
  return rateOf(tenth, turn) / first;
}

/** What waits after every quiescent state: the largest share of the bound, and the most bytes. */
function whatWaits(heap: Heap, turns: number, turn: () => void): { share: number; mebibytes: number } {
  const { words, geometry } = heap;
  const bound = new WaitingBound(MAX_SHEAF_CAPACITY);
  let share = 0;
  let most = 0;
  for (let i = 1; i <= turns; i++) {
    turn();
    // Before the quiescent state, which frees what these grace periods have let go, or more.
    const allowed = bound.after(i * OBJECTS_A_TURN, readCounters(words, geometry).gracePeriods);
    heap.quiesce();
    const { objectsWaiting } = readCounters(words, geometry);
    share = Math.max(share, objectsWaiting / allowed);
    most = Math.max(most, objectsWaiting);
  }
  return { share, mebibytes: (most * OBJECT_BYTES) / MEBIBYTE };
}

/** Frees what the round has left. */
function settle(heap: Heap): void {
  heap.synchronizeRcuSync();
  const waiting = heap.stats().objectsWaiting;
  if (waiting !== 0) throw new Error(`${waiting} objects still wait after synchronizeRcuSync()`);
}

function figureOf(heap: Heap, turns: number, turn: () => void): number {
  const turnAndQuiesce = () => {
    turn();
    heap.quiesce();
  };
  switch (figure) {
    case 'rate':
      return rateOf(turns, turnAndQuiesce);
    case 'steady':
      return steadinessOf(turns, turnAndQuiesce);
    case 'waiting':
      return whatWaits(heap, turns, turn).share;
    case 'peak':
      return whatWaits(heap, turns, turn).mebibytes;
    default:
      throw new Error(`asked for ${figure}; there is rate, steady, waiting and peak`);
  }
}

function measure(heap: Heap) {
  const turn = turnOf(heap);
  return (operations: number) => {
    const value = figureOf(heap, Math.ceil(operations / OBJECTS_A_TURN), turn);
    settle(heap);
    return value;
  };
}

await measureInCrowd(new URL(import.meta.url), {
  bytes: HEAP_MEBIBYTES * MEBIBYTE,
  measure,
  ...(others === 'alone' ? { others: 0 } : { others: 1, load: turnLoad }),
});
