/**
 * explore: every execution of a model that its bounds allow, or samples of them, and what came of it.
 *
 *     none of the words interleaved --run--> two threads met at w, unordered --> again, with w interleaved ... through
 *
 * With faults each thread is killed before each of its operations, and each allocation fails, one run each.
 */
import type { FailureKind } from '../machine/failure.js';
import { type Fault, NO_FAULT } from '../machine/fault.js';
import { Machine } from '../machine/machine.js';
import type { Bounds, Model } from '../model.js';
import { Dpor } from './dpor.js';
import type { Exploration, Limits } from './exploration.js';
import { PreemptionBounded } from './preemption-bounded.js';
import { Sampler, type Sampling } from './sampling.js';

/** What failed, and the schedule that shows it. */
export interface Counterexample {
  readonly kind: FailureKind;
  readonly message: string;
  /** Replays it. */
  readonly schedule: string;
  /** Steps of the execution. */
  readonly steps: number;
}

export interface ExplorationResult {
  /** `incomplete`: nothing was found, but not all of the bound was explored. */
  readonly result: 'passed' | 'failed' | 'incomplete';
  readonly counterexample?: Counterexample;
  readonly executions: number;
  readonly states: number;
  readonly seconds: number;
  /** What was explored, in words. */
  readonly bound: string;
}

export interface ExploreOptions {
  /** On top of the model's own bounds. */
  readonly bounds?: Bounds;
  /** Samples instead of exploring. */
  readonly sampling?: Sampling;
  /** Called at the end of each execution that went well; `words` are read plainly. */
  readonly onFinal?: (machine: Machine) => void;
}

/** Most steps of an execution, unless a model says otherwise. */
export const DEFAULT_STEPS = 5000;
const DEFAULT_EXECUTIONS = 5_000_000;
const WARM_UPS = 30;

/** Explores `model`. Throws only where the model itself cannot be run. */
export function explore(model: Model, options: ExploreOptions = {}): ExplorationResult {
  const startedAt = performance.now();
  const bounds: Bounds = { ...model.bounds, ...options.bounds };
  const run = new Run(model, bounds, options);
  const result = run.all();
  return { ...result, seconds: (performance.now() - startedAt) / 1000, bound: boundInWords(bounds, options) };
}

/** What a set of bounds explores, in words. */
function boundInWords(bounds: Bounds, { sampling }: ExploreOptions = {}): string {
  const parts = [schedulesInWords(bounds, sampling)];
  if (bounds.storeBuffers === true) parts.push('store buffers');
  if (bounds.kills !== undefined) parts.push(`${bounds.kills.join(' or ')} killed anywhere`);
  const { timeouts = [] } = bounds;
  if (timeouts === true) parts.push('timeouts at any time');
  else if (timeouts.length > 0) parts.push(`timeouts of ${timeouts.join(' and ')} at any time`);
  if (bounds.failures === true) parts.push('each allocation failing');
  return parts.join(', ');
}

function schedulesInWords(bounds: Bounds, sampling: Sampling | undefined): string {
  if (sampling !== undefined) {
    const how = sampling.depth === undefined ? 'random' : `PCT of depth ${sampling.depth}`;
    return `${sampling.executions} ${how} schedules of seed ${sampling.seed}`;
  }
  const { preemptions } = bounds;
  if (preemptions === undefined) return 'every schedule';
  return `${preemptions} preemption${preemptions === 1 ? '' : 's'}`;
}

/** One call of explore(). */
class Run {
  private readonly _machine: Machine;
  private readonly _bounds: Bounds;
  private readonly _options: ExploreOptions;
  private readonly _limits: Limits;
  private _executions = 0;
  private _states = 0;
  /** Per thread: most operations, and most allocations, of any execution. */
  private readonly _operations: number[];
  private readonly _allocations: number[];

  constructor(model: Model, bounds: Bounds, options: ExploreOptions) {
    this._machine = new Machine(model, bounds);
    this._bounds = bounds;
    this._options = options;
    this._limits = {
      steps: bounds.steps ?? DEFAULT_STEPS,
      executions: bounds.executions ?? DEFAULT_EXECUTIONS,
    };
    this._operations = this._machine.threads.map(() => 0);
    this._allocations = this._machine.threads.map(() => 0);
  }

  all(): Omit<ExplorationResult, 'seconds' | 'bound'> {
    this._warmUp();
    const base = this._explore(NO_FAULT);
    if (base !== undefined) return base;
    for (const fault of this._faults()) {
      const ended = this._explore(fault);
      if (ended !== undefined) return ended;
    }
    return { result: 'passed', executions: this._executions, states: this._states };
  }

  /** A few executions by chance, which mostly find all words that must be interleaved. */
  private _warmUp(): void {
    const sampling = { seed: 1, executions: WARM_UPS };
    const sampler = new Sampler(this._machine, this._limits, () => this._measure(), sampling);
    sampler.run(NO_FAULT);
  }

  /** Explores all executions with one fault; undefined when all went well. */
  private _explore(fault: Fault): Omit<ExplorationResult, 'seconds' | 'bound'> | undefined {
    const { performer } = this._machine;
    for (;;) {
      performer.hasGrown = false;
      const exploration = this._exploration();
      const ending = exploration.run(fault);
      if (ending === 'grown') continue;
      this._executions += exploration.executions;
      this._states += exploration.states;
      const counts = { executions: this._executions, states: this._states };
      if (ending === 'failed')
        return { result: 'failed', counterexample: counterexampleOf(exploration), ...counts };
      if (ending === 'limit') return { result: 'incomplete', ...counts };
      return undefined;
    }
  }

  private _exploration(): Exploration {
    const onFinal = (machine: Machine): void => {
      this._measure();
      this._options.onFinal?.(machine);
    };
    const { sampling } = this._options;
    const limits = { ...this._limits, executions: this._limits.executions - this._executions };
    if (sampling !== undefined) return new Sampler(this._machine, limits, onFinal, sampling);
    const { preemptions } = this._bounds;
    if (preemptions === undefined) return new Dpor(this._machine, limits, onFinal);
    return new PreemptionBounded(this._machine, limits, onFinal, preemptions);
  }

  private _measure(): void {
    for (const { number, accesses, allocations } of this._machine.threads) {
      this._operations[number] = Math.max(this._operations[number]!, accesses);
      this._allocations[number] = Math.max(this._allocations[number]!, allocations);
    }
  }

  private _faults(): Fault[] {
    const faults: Fault[] = [];
    for (const name of this._bounds.kills ?? []) {
      const thread = this._machine.threads.findIndex((candidate) => candidate.name === name);
      if (thread < 0) throw new Error(`bounds.kills names thread '${name}', which the model does not have`);
      for (let after = 0; after < this._operations[thread]!; after++)
        faults.push({ kind: 'kill', thread, after });
    }
    if (this._bounds.failures !== true) return faults;
    for (const { number } of this._machine.threads) {
      for (let nth = 1; nth <= this._allocations[number]!; nth++)
        faults.push({ kind: 'fail', thread: number, nth });
    }
    return faults;
  }
}

function counterexampleOf(exploration: Exploration): Counterexample {
  const { kind, message } = exploration.failure!;
  return {
    ...{ kind, message },
    schedule: exploration.schedule.toString(),
    steps: exploration.schedule.steps(),
  };
}
