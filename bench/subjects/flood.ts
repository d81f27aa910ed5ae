/**
 * What a flood costs a thread that has nothing to do with it: the 99th percentile of its `allocPages`, in nanoseconds,
 * while another thread makes nolock allocations and kfreeRcu at full speed.
 *
 *     flood.js shared|apart
 *
 * One operation is one call, timed by itself: the reading of the clock is in it, which is little against the call of a
 * hundred that has to go to the zone. `apart` is the control: the other thread does the very same, but to a heap of
 * its own, so that it takes the same processor and the same caches, and no lock.
 */
import type { Heap } from '../../src/index.js';
import type { Address } from '../../src/words/units.js';
import { quantile } from '../statistics.js';
import { floodLoad, measureInCrowd } from './crowd.js';

const HELD = 256;

/** Fills `times` with the times of single calls, in milliseconds. */
function timer(heap: Heap): (times: Float64Array) => void {
  const held: Address[] = new Array(HELD);
  return (times) => {
    for (let first = 0; first < times.length; first += HELD) {
      for (let i = 0; i < HELD; i++) {
        const start = performance.now();
        held[i] = heap.allocPages(0);
        times[first + i] = performance.now() - start;
      }
      for (let i = 0; i < HELD; i++) heap.freePages(held[i]!);
      heap.quiesce();
    }
  };
}

function measure(heap: Heap) {
  const fill = timer(heap);
  return (operations: number) => {
    const times = new Float64Array(Math.ceil(operations / HELD) * HELD);
    fill(times);
    return quantile(Array.from(times), 0.99) * 1e6;
  };
}

await measureInCrowd(new URL(import.meta.url), {
  others: 1,
  isApart: process.argv[2] !== 'shared',
  measure,
  load: floodLoad,
});
