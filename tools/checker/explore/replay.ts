/** Replay: one execution, as a schedule string tells it. */
import type { Failure } from '../machine/failure.js';
import type { Machine } from '../machine/machine.js';
import type { Trace } from '../machine/performer.js';
import { timeLast } from './exploration.js';
import { letter, type ParsedSchedule } from './schedule.js';

/** What a replay came to. */
export interface Replayed {
  readonly failure: Failure | undefined;
  readonly traces: readonly Trace[];
}

/** Runs the execution that `schedule` tells, then whatever is left in order. The machine must be a new one. */
export function replay(machine: Machine, schedule: ParsedSchedule, mostSteps: number): Replayed {
  const { performer, threads } = machine;
  performer.traces = [];
  for (const word of schedule.buffered) performer.visible[word] = 1;
  machine.begin(schedule.fault);
  for (const thread of threads) thread.holdAfter = 0;
  machine.start();
  for (const leg of schedule.legs) {
    const thread = threads[leg.thread];
    if (thread === undefined) {
      throw new Error(
        `replayed a schedule of thread ${letter(leg.thread)} on a model of ${threads.length} threads: it is of another model`,
      );
    }
    if (leg.kind === 'run') runUntil(machine, leg.thread, leg.until, mostSteps);
    else drain(machine, leg.thread, leg.word);
  }
  for (const thread of threads) thread.holdAfter = Number.MAX_SAFE_INTEGER;
  for (let step = 0; step < mostSteps; step++) {
    const enabled = machine.enabled();
    if (enabled === 0) return { failure: machine.verdict(), traces: performer.traces };
    machine.step(timeLast(enabled, machine.readiness.timeouts()));
    machine.checkInvariant();
  }
  const message = `livelock: not at its end after ${mostSteps} steps. Raise bounds.steps if it is only long`;
  return { failure: { kind: 'livelock', message }, traces: performer.traces };
}

function runUntil(machine: Machine, number: number, until: number, mostSteps: number): void {
  const thread = machine.threads[number]!;
  for (let step = 0; step < mostSteps && thread.accesses < until && !thread.isOver(); step++) {
    if (machine.performer.failure !== undefined) return;
    machine.enabled();
    thread.holdAfter = until;
    machine.step(number);
    machine.checkInvariant();
  }
}

function drain(machine: Machine, thread: number, word: number): void {
  const { lanes } = machine.performer.buffers;
  const lane = lanes.findIndex((candidate) => candidate.thread === thread && candidate.word === word);
  if (lane < 0 || lanes[lane]!.values.length === 0) {
    throw new Error(
      `replayed a schedule in which a store to word ${word} drains that was never made: the code has changed`,
    );
  }
  machine.step(machine.threads.length + lane);
  machine.checkInvariant();
}
