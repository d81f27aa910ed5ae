/**
 * A thread that is measured, the crowd of threads round it, and the loads that these put on the heap meanwhile, in
 * steps short enough to be ended soon.
 *
 * A step takes much more than a thread's own lists and sheaves hold, so that it keeps going to the zone and to the
 * barns, where the measured thread has to go as well.
 */
import { isMainThread } from 'node:worker_threads';
import { Heap, type HeapHandle } from '../../src/index.js';
import type { Address } from '../../src/words/units.js';
import { serveRounds } from '../subject.js';
import { Team, type Work, workInTeam } from '../team.js';
import { objectSizes } from '../workloads.js';

/** Pages, or objects, that a step has in its hands at a time. */
const HELD = 512;
/** Objects that a step of the flood hands to kfreeRcu. */
const FLOODED = 512;
const FLOODED_BYTES = 64;
/** How long a turn of turnLoad() takes. */
const TURN_MILLIS = 1;

/** One step of a load. */
export type Load = () => void;

/** What a subject of this kind has of its own. */
export interface Crowd {
  /** How many threads there are beside the measured one. */
  readonly others: number;
  /** Each of the others has a heap of its own: it takes the same processor and the same caches, and no lock. */
  readonly isApart?: boolean;
  /** Of the heap; by default what a heap has. */
  readonly bytes?: number;
  /** Called once, in the measured thread. Returns what does a round, and finds its value. */
  measure(heap: Heap): (operations: number) => number;
  /** Called once in each of the other threads; unless given, they are attached and idle. */
  load?(heap: Heap): Load;
  /** Called after each round; throws where it was not the round that it was meant to be. */
  check?(heap: Heap): void;
}

interface Member {
  readonly handle: HeapHandle;
  readonly isMeasured: boolean;
}

/**
 * Serves rounds in the main thread, and takes part in them in the others: all that a subject's module does.
 *
 * @param script the module that calls this
 */
export async function measureInCrowd(script: URL, crowd: Crowd): Promise<void> {
  if (isMainThread) await serve(script, crowd);
  else workInTeam<Member, number>((member) => prepare(member, crowd));
}

async function serve(script: URL, { others, bytes, check }: Crowd): Promise<void> {
  const heap = Heap.create({ name: 'parent', ...(bytes === undefined ? {} : { bytes }) });
  const inputs = Array.from({ length: 1 + others }, (_, i) => ({ handle: heap.handle, isMeasured: i === 0 }));
  const team = new Team<Member, number>(script, inputs);
  await serveRounds(async (operations) => {
    const [measured] = await team.round(operations);
    check?.(heap);
    return measured!.result;
  });
  // First: who has left takes nothing over from threads that are terminated in the middle of something.
  heap.detach();
  await team.stop();
}

function prepare({ handle, isMeasured }: Member, crowd: Crowd): Work<number> {
  if (isMeasured) return crowd.measure(Heap.attach(handle, { name: 'measured' }));
  const name = 'other';
  const heap = crowd.isApart === true ? Heap.create({ name }) : Heap.attach(handle, { name });
  const load = crowd.load?.(heap);
  return (_, isOver) => {
    while (load !== undefined && !isOver()) load();
    return 0;
  };
}

/** Pages of order 0, allocated and freed at full speed. */
export function pageLoad(heap: Heap): Load {
  const held: Address[] = new Array(HELD);
  return () => {
    for (let i = 0; i < HELD; i++) held[i] = heap.allocPages(0);
    for (let i = 0; i < HELD; i++) heap.freePages(held[i]!);
    heap.quiesce();
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
    heap.quiesce();
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

/** One turn of a millisecond after another: what others wait for, a grace period takes about as long. */
export function turnLoad(heap: Heap): Load {
  const spin = () => {
    const end = performance.now() + TURN_MILLIS;
    while (performance.now() < end);
  };
  return () => heap.turn(spin);
}
