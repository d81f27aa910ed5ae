/** Held calls, as the engine meets them: what a held function returns runs when it is iterated, not before. */
import { isHeld } from '../hold/runtime.js';

/** A held call that was not run yet. */
export type HeldCall = Generator<unknown, unknown, unknown>;

/** True for what a held function returns before it has run, and for a step. */
export function isHeldCall(value: unknown): value is HeldCall {
  return isHeld(value);
}

/** Runs what may be a held call without ever holding it, and returns its result. */
export function runToEnd(called: unknown, where: string): unknown {
  if (!isHeldCall(called)) return called;
  const { done, value } = called.next();
  if (done === true) return value;
  throw new Error(`${where} was held: only the threads of a model may be`);
}
