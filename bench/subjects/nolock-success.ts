/**
 * How many calls of the nolock kind are served while other threads allocate and free at full speed, in percent.
 *
 *     nolock-success.js pages|objects OTHERS MEBIBYTES
 *
 * One operation is one call. The measured thread takes 256 at a time, more than its own lists and sheaves hold, and
 * gives them back by ordinary frees, which keep no more than usual: frees of the nolock kind would leave all of it on
 * the lists, ready for the next calls. So it has to find the zone's lock free, or a barn's, again and again. The others
 * want the same locks: pages against pages, objects against objects. Memory is plenty, which a round makes sure of.
 * A heap of up to 64 MiB has one zone, a larger one more: where one is busy the next is tried.
 */
import type { Heap } from '../../src/index.js';
import type { Address } from '../../src/words/units.js';
import { objectSizes } from '../workloads.js';
import { measureInCrowd, objectLoad, pageLoad } from './crowd.js';

const HELD = 256;
const [asked, others, mebibytes] = process.argv.slice(2);
const isPages = asked === 'pages';

/** Calls HELD times, gives back what came, and returns how many calls were served. */
type Burst = () => number;

function pageBurst(heap: Heap): Burst {
  const held: Address[] = new Array(HELD);
  return () => {
    let served = 0;
    for (let i = 0; i < HELD; i++) {
      const page = heap.allocPagesNolock(0);
      if (page !== 0) held[served++] = page;
    }
    for (let i = 0; i < served; i++) heap.freePages(held[i]!);
    return served;
  };
}

function objectBurst(heap: Heap): Burst {
  const held: Address[] = new Array(HELD);
  const sizes = objectSizes();
  let next = 0;
  return () => {
    let served = 0;
    for (let i = 0; i < HELD; i++) {
      const object = heap.kmallocNolock(sizes[next]!);
      next = next + 1 === sizes.length ? 0 : next + 1;
      if (object !== 0) held[served++] = object;
    }
    for (let i = 0; i < served; i++) heap.kfree(held[i]!);
    return served;
  };
}

function requirePlenty(heap: Heap): void {
  const { free, total } = heap.stats().pages;
  if (free < total / 2) throw new Error(`only ${free} of ${total} pages are free; memory was to be plenty`);
}

function measure(heap: Heap) {
  const burst = isPages ? pageBurst(heap) : objectBurst(heap);
  return (operations: number) => {
    const bursts = Math.ceil(operations / HELD);
    let served = 0;
    for (let i = 0; i < bursts; i++) {
      served += burst();
      heap.quiesce();
    }
    return (100 * served) / (bursts * HELD);
  };
}

await measureInCrowd(new URL(import.meta.url), {
  others: Number(others),
  bytes: Number(mebibytes) * 2 ** 20,
  measure,
  load: isPages ? pageLoad : objectLoad,
  check: requirePlenty,
});
