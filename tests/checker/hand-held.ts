/**
 * Models whose threads are held by hand: generators that do what the transformation makes of a call, so that
 * the engine is tested without it.
 *
 *     const seen = yield* at(words.load(X));      what held code has for   const seen = words.load(X);
 */
import assert from 'node:assert/strict';
import type { ExploreOptions } from '../../tools/checker/explore/explore.js';
import { type ExplorationResult, explore } from '../../tools/checker/explore/explore.js';
import { type Replayed, replay } from '../../tools/checker/explore/replay.js';
import { parseSchedule } from '../../tools/checker/explore/schedule.js';
import { type Fault, NO_FAULT } from '../../tools/checker/machine/fault.js';
import { Machine } from '../../tools/checker/machine/machine.js';
import { Step } from '../../tools/checker/machine/step.js';
import {
  type Bounds,
  type Model,
  type ModelDefinition,
  model,
  type Stage,
} from '../../tools/checker/model.js';

const MOST_STEPS = 20_000;

/** Runs one operation of a thread, which may be held before it. */
export function* at<T>(called: T): Generator<unknown, T, unknown> {
  return (called as unknown) instanceof Step ? ((yield* called as unknown as Step<T>) as T) : called;
}

/** A thread of a model held by hand. */
export type Body = (stage: Stage) => Generator<unknown, void, unknown>;

/** A model of such threads, whose state is the stage itself. */
export function modelOf(
  threads: Readonly<Record<string, Body>>,
  rest: Partial<ModelDefinition<Stage>> = {},
): Model {
  return model({
    name: 'held by hand',
    setup: (stage) => stage,
    threads: threads as unknown as Record<string, (stage: Stage) => void>,
    ...rest,
  }) as Model;
}

/** A machine at the start of an execution, in which a thread is held before what it does to words of `visible`. */
export function started(
  subject: Model,
  visible: readonly number[] | 'all' = [],
  fault: Fault = NO_FAULT,
): Machine {
  const machine = new Machine(subject, subject.bounds ?? {});
  for (const word of visible === 'all' ? range(0, machine.lengthWords) : visible) {
    machine.performer.visible[word] = 1;
    machine.performer.noteWait(word);
  }
  machine.performer.hasGrown = false;
  machine.begin(fault);
  machine.start();
  return machine;
}

/** Steps whatever is enabled, the lowest first, until nothing is. */
export function runOut(machine: Machine): void {
  for (let step = 0; step < MOST_STEPS; step++) {
    const enabled = machine.enabled();
    if (enabled === 0) return;
    machine.step(31 - Math.clz32(enabled & -enabled));
  }
  assert.fail(`still going on after ${MOST_STEPS} steps`);
}

/** What the words hold at the end of each execution, sorted; the exploration passes. */
export function finalsOf(
  subject: Model,
  words: readonly number[],
  options: ExploreOptions = {},
): { finals: string[]; executions: number } {
  const finals = new Set<string>();
  const result = explore(subject, {
    ...options,
    onFinal: (machine) => finals.add(words.map((word) => machine.words.loadPlain(word)).join()),
  });
  assert.equal(result.result, 'passed', JSON.stringify(result));
  return { finals: [...finals].sort(), executions: result.executions };
}

/** The counterexample of a model that must fail, run again on a new machine. */
export function replayed(
  subject: Model,
  { counterexample }: ExplorationResult,
  bounds: Bounds = {},
): Replayed {
  assert.ok(counterexample !== undefined, 'nothing was found');
  const machine = new Machine(subject, { ...subject.bounds, ...bounds });
  return replay(machine, parseSchedule(counterexample.schedule), MOST_STEPS);
}

/** Whole numbers from `from` on. */
export function range(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}
