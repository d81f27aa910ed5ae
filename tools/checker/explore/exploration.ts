/** What the ways of exploring have in common: a run over one machine and one fault, counted. */
import type { Failure } from '../machine/failure.js';
import type { Fault } from '../machine/fault.js';
import type { Machine } from '../machine/machine.js';
import { Schedule } from './schedule.js';

/** Why a run ended: it is through, has failed, has found a word to interleave, or may go no further. */
export type Ending = 'through' | 'failed' | 'grown' | 'limit';

/** Limits of a run. */
export interface Limits {
  /** Most steps of an execution. */
  readonly steps: number;
  /** Most executions of all runs together. */
  readonly executions: number;
}

/** Told of each execution that came to its end. */
export type OnFinal = (machine: Machine) => void;

export abstract class Exploration {
  executions = 0;
  /** Steps taken in states not reached before. */
  states = 0;
  failure: Failure | undefined;
  readonly schedule: Schedule;
  protected readonly machine: Machine;
  protected readonly limits: Limits;
  private readonly _onFinal: OnFinal | undefined;

  constructor(machine: Machine, limits: Limits, onFinal: OnFinal | undefined) {
    this.machine = machine;
    this.limits = limits;
    this.schedule = new Schedule(machine);
    this._onFinal = onFinal;
  }

  /** Explores all that its way of exploring covers, with one fault. */
  abstract run(fault: Fault): Ending;

  protected begin(fault: Fault): void {
    this.machine.begin(fault);
    this.machine.start();
    this.schedule.begin(fault);
    this.machine.checkInvariant();
  }

  protected take(process: number): void {
    this.machine.step(process);
    this.schedule.note(process);
    this.machine.checkInvariant();
  }

  /** Ends an execution in which nothing is enabled. False when it failed. */
  protected end(): boolean {
    this.executions++;
    const failure = this.machine.verdict();
    if (failure === undefined) {
      this._onFinal?.(this.machine);
      return true;
    }
    this.failure = failure;
    return false;
  }

  /** Ends an execution that has become too long. */
  protected endTooLong(): 'failed' {
    this.executions++;
    const { steps } = this.limits;
    this.failure = {
      kind: 'livelock',
      message: `livelock: not at its end after ${steps} steps. Raise bounds.steps if it is only long`,
    };
    return 'failed';
  }

  /** Whether the run must end now, after an execution that was well: a word more is to be interleaved. */
  protected isOver(): Ending | undefined {
    return this.machine.performer.hasGrown ? 'grown' : undefined;
  }

  /** True when no further execution may be begun. */
  protected hasReachedLimit(): boolean {
    return this.executions >= this.limits.executions;
  }
}

/** The lowest process of `enabled`: of those that go on, where there are any, else of those that time out. */
export function timeLast(enabled: number, timeouts: number): number {
  return lowest((enabled & ~timeouts) === 0 ? enabled : enabled & ~timeouts);
}

/** Number of the lowest bit that is set. */
export function lowest(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
