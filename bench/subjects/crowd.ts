/**
 * Loads that a thread puts on a heap while another is measured, each in steps short enough to be ended soon.
 *
 * A step takes much more than a thread's own lists and sheaves hold, so that it keeps going to the zone and to the
 * barns, where the measured thread has to go as well.
 */
import type { Heap } from '../../src/index.js';
import type { Address } from '../../src/words/units.js';
import { objectSizes } from '../workloads.js';

/** Pages, or objects, that a step has in its hands at a time. */
const HELD = 512;
/** Objects that a step of the flood hands to kfreeRcu. */
const FLOODED = 512;
const FLOODED_BYTES = 64;

export type Load = () => void;

/** Pages of order 0, allocated and freed at full speed. */
export function pageLoad(heap: Heap): Load {
  const held: Address[] = new Array(HELD);
  return () => {
    for (let i = 0; i < HELD; i++) held[i] = heap.allocPages(0);
    for (let i = 0; i < HELD; i++) heap.freePages(held[i]!);
  };
}

/** Objects of 8 bytes to a page, allocated and freed at full speed. */
export function objectLoad(heap: Heap): Load {
  const held: Address[] = new Array(HELD);
  const sizes = objectSizes();
  let next = 0;
  return () => {
    for (let i = 0; i < HELD; i++) {
      held[i] = heap.kmalloc(sizes[next]!);
      next = next + 1 === sizes.length ? 0 : next + 1;
    }
    for (let i = 0; i < HELD; i++) heap.kfree(held[i]!);
  };
}

/** Allocations of the nolock kind, of pages and objects, and kfreeRcu, at full speed; what is refused is let be. */
export function floodLoad(heap: Heap): Load {
  const held: Address[] = new Array(HELD);
  return () => {
    for (let i = 0; i < HELD; i++) held[i] = heap.allocPagesNolock(0);
    for (let i = 0; i < HELD; i++) if (held[i] !== 0) heap.freePagesNolock(held[i]!);
    for (let i = 0; i < FLOODED; i++) {
      const object = heap.kmallocNolock(FLOODED_BYTES);
      if (object !== 0) heap.kfreeRcu(object);
    }
    heap.quiesce();
  };
}
