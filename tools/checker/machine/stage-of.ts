/** What a model's setup() is given, and what its threads run in. */
import type { Words } from '../../../src/words/words.js';
import { type HeldCall, isHeld } from '../hold/runtime.js';
import type { ModelHost, Stage } from '../model.js';
import type { QuietHost } from './model-host.js';

/** A stage whose threads go by number. */
export interface NumberedStage {
  host(thread: number): QuietHost;
  awaitEnd(thread: number): boolean;
  shouldFail(): boolean;
}

/** A stage whose threads go by name. */
export function stageOf(
  words: Words,
  buffer: SharedArrayBuffer,
  threads: readonly string[],
  numbered: NumberedStage,
): Stage {
  const numberOf = (name: string): number => {
    const number = threads.indexOf(name);
    if (number >= 0) return number;
    throw new RangeError(`asked a model for its thread '${name}'; it has ${threads.join(', ')}`);
  };
  return {
    words,
    buffer,
    host: (name) => numbered.host(numberOf(name)) as unknown as ModelHost,
    awaitEnd: (name) => numbered.awaitEnd(numberOf(name)),
    shouldFail: () => numbered.shouldFail(),
  };
}

/** All that a thread does: its function, and then what that has left to be done when it returns. */
export function* bodyOf(run: (state: unknown) => void, state: unknown, host: QuietHost): HeldCall {
  const called = run(state) as unknown;
  if (isHeld(called)) yield* called;
  yield* host.runMicrotasks();
  return undefined;
}
