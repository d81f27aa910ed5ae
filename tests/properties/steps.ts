/** Steps: random operations on a model that print what they do, so that a failure reads as a program. */
import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import { SEED } from '../threads/seed.js';

/** One operation on a model of type `M`. */
export type Step<M> = (model: M) => void;

/** Longer than any timer that a heap sets: one left behind by detach() shows itself as an error. */
const STRAY_TIMER_MILLIS = 50;
const MAX_STEPS = 250;
/** A failure is made small for so long; without one the runs take a few seconds. */
const LIMIT_MILLIS = 60_000;

/** A step that calls `act` with drawn values, `weight` times as likely as one of weight 1. */
export function stepOf<M, T extends unknown[]>(
  weight: number,
  name: string,
  values: fc.Arbitrary<T>,
  act: (model: M, ...values: T) => void,
): { weight: number; arbitrary: fc.Arbitrary<Step<M>> } {
  const arbitrary = values.map((given) => {
    const step: Step<M> = (model) => act(model, ...given);
    return Object.assign(step, {
      toString: () => `${name}(${given.map((value) => fc.stringify(value)).join(', ')})`,
    });
  });
  return { weight, arbitrary };
}

/** Calls `run` with lists of steps, `runs` times. */
export async function forAllSteps<M>(
  step: fc.Arbitrary<Step<M>>,
  runs: number,
  run: (steps: readonly Step<M>[]) => void,
): Promise<void> {
  const steps = fc.array(step, { minLength: 1, maxLength: MAX_STEPS, size: 'max' });
  fc.assert(fc.property(steps, run), {
    numRuns: runs,
    seed: SEED,
    interruptAfterTimeLimit: LIMIT_MILLIS,
    markInterruptAsFailure: true,
  });
  await setTimeout(STRAY_TIMER_MILLIS);
}
