/**
 * How much longer a slow call of the nolock kind takes than a usual one: the 99.9th percentile over the median, while
 * another thread allocates and frees at full speed.
 *
 *     nolock-time.js pages-nolock|objects-nolock|pages|objects
 *
 * One operation is one call. A page comes zeroed, which takes ten times as long as reading the clock, so each call is
 * timed by itself. One for an object takes about as long as reading the clock, so 16 of them are timed together: a slow
 * one among them shows, but as a sixteenth of what it was. Nothing is left out; what the machine itself takes from a
 * thread is in there, and the same loop over ordinary calls says how much that is. Frees are not timed, and ordinary,
 * for the reason given in nolock-success.ts.
 */
import { __GFP_ZERO, GFP_KERNEL, type Heap } from '../../src/index.js';
import type { Address } from '../../src/words/units.js';
import { quantile } from '../statistics.js';
import { objectSizes } from '../workloads.js';
import { measureInCrowd, objectLoad, pageLoad } from './crowd.js';

/** As pages of the nolock kind come. */
const ZEROED = GFP_KERNEL | __GFP_ZERO;
const HELD = 256;
const kind = process.argv[2];
const isPages = kind === 'pages' || kind === 'pages-nolock';
/** Calls that are timed together. */
const CALLS = isPages ? 1 : 16;
const BATCHES = HELD / CALLS;

/** An allocation, its free, and how it is called: the loop below is one for all, and sees only one of them. */
interface Calls {
  alloc(size: number): Address;
  free(address: Address): void;
}

function callsOf(heap: Heap): Calls {
  switch (kind) {
    case 'pages-nolock':
      return { alloc: () => heap.allocPagesNolock(0), free: (p) => heap.freePages(p) };
    case 'objects-nolock':
      return { alloc: (size) => heap.kmallocNolock(size), free: (p) => heap.kfree(p) };
    case 'pages':
      return { alloc: () => heap.allocPages(0, ZEROED), free: (p) => heap.freePages(p) };
    case 'objects':
      return { alloc: (size) => heap.kmalloc(size), free: (p) => heap.kfree(p) };
    default:
      throw new Error(`asked for ${kind}; there is pages-nolock, objects-nolock, pages and objects`);
  }
}

/** Fills `times` with the times of its batches, in milliseconds. */
function timer(heap: Heap): (times: Float64Array) => void {
  const calls = callsOf(heap);
  const sizes = objectSizes();
  const held: Address[] = new Array(HELD);
  let next = 0;
  return (times) => {
    for (let first = 0; first < times.length; first += BATCHES) {
      for (let batch = 0; batch < BATCHES; batch++) {
        const start = performance.now();
        for (let i = 0; i < CALLS; i++) held[batch * CALLS + i] = calls.alloc(sizes[next + i]!);
        times[first + batch] = performance.now() - start;
        next = next + CALLS === sizes.length ? 0 : next + CALLS;
      }
      for (let i = 0; i < HELD; i++) if (held[i] !== 0) calls.free(held[i]!);
      heap.quiesce();
    }
  };
}

function measure(heap: Heap) {
  const fill = timer(heap);
  return (operations: number) => {
    const times = new Float64Array(Math.ceil(operations / HELD) * BATCHES);
    fill(times);
    const sorted = Array.from(times);
    return quantile(sorted, 0.999) / quantile(sorted, 0.5);
  };
}

await measureInCrowd(new URL(import.meta.url), {
  others: 1,
  measure,
  load: isPages ? pageLoad : objectLoad,
});
