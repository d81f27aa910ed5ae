/**
 * What main can have become of a worker, by one word.
 *
 *     below 0   a way of ending that its own code chooses (FAULT)
 *     above 0   the access that it stops at; from AIM_STEP on, that after it has taken what is aimed at:
 *               (place in AIMS + 1) * AIM_STEP + accesses
 */
import { AIMS, type Aim } from './aims.js';

export const FAULT = {
  /** process.exit() between two operations. */
  exit: -1,
  /** An error that nobody catches. */
  throw: -2,
  /** process.exit() in a function that Lull calls in the middle of an operation. */
  exitInside: -3,
} as const;

/** A map in whose update() a worker exits. */
export const EXIT_MAP = 'torture exit';

const AIM_STEP = 1 << 16;

export function aimFault(aim: Aim, accesses: number): number {
  return (AIMS.indexOf(aim) + 1) * AIM_STEP + accesses;
}

/** The accesses of a fault above 0, and what it is aimed at. */
export function readFault(fault: number): { aim: Aim | undefined; accesses: number } {
  return { aim: AIMS[Math.floor(fault / AIM_STEP) - 1], accesses: fault % AIM_STEP };
}
