/** How a worker is to end: chosen at random, or aimed. */
import { AIMS, type Aim } from './aims.js';
import type { Random } from './random.js';
import { aimFault, FAULT } from './worker-faults.js';

/** Stands for worker.terminate(), which needs no doing of the worker's. */
export const TERMINATE = 0;

const MOST_ACCESSES = 600;
const MOST_ACCESSES_INSIDE = 30;
/** Where kills are aimed at something, one in so many is not. */
const UNAIMED = 8;
/** Of so many ends: by terminate(), at an access, at an access in a critical section; the rest by themselves. */
const ENDS = 20;
const TERMINATED = 8;
const STOPPED = 4;
const AIMED = 6;

/** TERMINATE, or what the worker's fault word is to hold. @param aims of those one; of all where there is none */
export function chooseFault(random: Random, aims: readonly Aim[]): number {
  if (aims.length > 0 && !random.oneIn(UNAIMED)) return aimAt(random, random.of(aims));
  const way = random.below(ENDS);
  if (way < TERMINATED) return TERMINATE;
  if (way < TERMINATED + STOPPED) return 1 + random.below(MOST_ACCESSES);
  if (way < TERMINATED + STOPPED + AIMED) return aimAt(random, random.of<Aim>(AIMS));
  return random.of([FAULT.exit, FAULT.throw, FAULT.exitInside]);
}

function aimAt(random: Random, aim: Aim): number {
  return aimFault(aim, 1 + random.below(MOST_ACCESSES_INSIDE));
}
