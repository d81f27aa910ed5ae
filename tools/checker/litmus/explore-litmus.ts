/**
 * Explores a litmus test as far as a budget goes.
 *
 *     every schedule --too many--> those with 2, 1 preemptions --states of the specification missing?--> samples
 *
 * What was reached was reached, in whichever part: the final states of all of them count. A bounded exploration
 * may miss some; which there could be, a search of the specification says, where it is small enough.
 */
import { type ExplorationResult, type ExploreOptions, explore } from '../explore/explore.js';
import type { Model } from '../model.js';
import { enumerateFinals } from './enumerate-finals.js';
import { FinalStates } from './final-states.js';
import { loadLitmusModel } from './held-litmus.js';
import { LitmusSyntaxError } from './litmus-error.js';
import { planLitmusMemory } from './litmus-memory.js';
import type { LitmusState, RcuKind } from './litmus-model.js';
import type { LitmusTest } from './syntax.js';

export interface LitmusOptions {
  /** True: the result lists every final state. */
  readonly states?: boolean;
  /** True: plain stores lie in store buffers. */
  readonly weak?: boolean;
  /** Executions after which the exploration is bounded, and bounded more; by default `budgetsFor()` the test. */
  readonly budget?: number;
  /** Bounds the exploration from the start. */
  readonly preemptions?: number;
  readonly rcu?: RcuKind;
}

/** What came of a test. */
export interface Explored {
  readonly finals: FinalStates;
  /** True where an execution came to a point from which nobody could go on. */
  readonly isStuck: boolean;
  readonly executions: number;
  readonly seconds: number;
  /** What was explored, where that is not every schedule. */
  readonly bound: string | undefined;
}

/** Lull's own code failed under a test. */
export class LitmusFailure extends Error {
  override readonly name = 'LitmusFailure';
}

/** How far one test goes. */
export interface LitmusBudgets {
  /** Most executions: of every schedule, and then of each bound. */
  readonly unbounded: number;
  readonly bounded: number;
  /** Most states of the specification to look at. */
  readonly specification: number;
}

/** Preemptions to go on with when the budget is spent, one after the other. */
const BOUNDS = [2, 1];
/** Samples for states that a bounded exploration has missed: rounds of so many executions. */
const SAMPLE_ROUNDS = 25;
const SAMPLES = 2000;

/**
 * What a test of so many processes may cost: some 15 seconds. With more processes an execution takes longer, and it
 * is less likely that all of them fit, so that what is spent on trying is lost.
 */
export function budgetsFor(processes: number): LitmusBudgets {
  if (processes <= 4) return { unbounded: 200_000, bounded: 40_000, specification: 150_000 };
  if (processes === 5) return { unbounded: 60_000, bounded: 20_000, specification: 150_000 };
  if (processes === 6) return { unbounded: 30_000, bounded: 8000, specification: 350_000 };
  return { unbounded: 15_000, bounded: 5000, specification: 100_000 };
}

/** Explores a test. Throws LitmusSyntaxError where a process accesses what is no address. */
export async function exploreTest(test: LitmusTest, options: LitmusOptions = {}): Promise<Explored> {
  const litmusModel = await loadLitmusModel();
  const exploration = new LitmusExploration(test, litmusModel(test, options.rcu ?? 'lull'), options);
  exploration.run();
  return exploration;
}

class LitmusExploration implements Explored {
  readonly finals: FinalStates;
  isStuck = false;
  executions = 0;
  seconds = 0;
  bound: string | undefined;
  private readonly _test: LitmusTest;
  private readonly _model: Model;
  private readonly _options: LitmusOptions;
  private readonly _cellsStart: number;
  private readonly _budgets: LitmusBudgets;

  constructor(test: LitmusTest, model: Model<LitmusState>, options: LitmusOptions) {
    this._test = test;
    this._model = model as Model;
    this._options = options;
    this._cellsStart = planLitmusMemory(test).cellsStart;
    const budgets = budgetsFor(test.processes.length);
    const { budget = budgets.unbounded } = options;
    this._budgets = { ...budgets, unbounded: budget, bounded: Math.min(budget, budgets.bounded) };
    this.finals = new FinalStates(test);
  }

  run(): void {
    const { preemptions } = this._options;
    let { result, bound } = this._explore(preemptions === undefined ? {} : { preemptions });
    if (preemptions !== undefined) this.bound = bound;
    for (const fewer of BOUNDS) {
      if (result !== 'incomplete') break;
      ({ result, bound } = this._explore({ preemptions: fewer, executions: this._budgets.bounded }));
      this.bound = result === 'incomplete' ? `${bound}, incomplete` : bound;
    }
    if (this.bound !== undefined && !this.isStuck && this._options.weak !== true) this._sample();
  }

  /** Looks for the states that the specification allows and the exploration has missed. */
  private _sample(): void {
    const allowed = enumerateFinals(this._test, this._budgets.specification)?.finals.lines();
    const executions = SAMPLES;
    for (let seed = 1; seed <= SAMPLE_ROUNDS && this._missing(allowed) > 0; seed++) {
      const before = this.finals.size;
      const sampling = { seed, executions };
      const { result } = this._explore({}, seed % 2 === 0 ? { ...sampling, depth: 4 } : sampling);
      if (result === 'failed') return;
      if (allowed === undefined && this.finals.size === before) return;
    }
    const missing = this._missing(allowed);
    if (allowed !== undefined && missing > 0) {
      this.bound += `, ${missing} allowed state${missing === 1 ? '' : 's'} not reached`;
    }
  }

  /** How many of the allowed states were not reached; 1 where it is not known which are allowed. */
  private _missing(allowed: readonly string[] | undefined): number {
    if (allowed === undefined) return 1;
    if (allowed.length <= this.finals.size) return 0;
    const reached = new Set(this.finals.lines());
    return allowed.filter((line) => !reached.has(line)).length;
  }

  private _explore(
    bounds: ExploreOptions['bounds'],
    sampling?: ExploreOptions['sampling'],
  ): ExplorationResult {
    const { weak = false } = this._options;
    const exploration = explore(this._model, {
      bounds: { races: 'explored', storeBuffers: weak, executions: this._budgets.unbounded, ...bounds },
      ...(sampling === undefined ? {} : { sampling }),
      onFinal: ({ state, words }) => {
        this.finals.note((state as LitmusState).processes, words, this._cellsStart);
      },
    });
    this.executions += exploration.executions;
    this.seconds += exploration.seconds;
    if (isDeadlock(exploration, this._test)) this.isStuck = true;
    return exploration;
  }
}

/** Whether an exploration ended because nobody can go on. Throws for every other failure. */
function isDeadlock({ counterexample }: ExplorationResult, test: LitmusTest): boolean {
  if (counterexample === undefined) return false;
  const { kind, message, schedule } = counterexample;
  if (kind === 'deadlock' || kind === 'livelock' || message.includes('SelfDeadlockError')) return true;
  const address = /AddressError: line (\d+): (.*?)( \(at .*)?$/.exec(message);
  if (address !== null) throw new LitmusSyntaxError(Number(address[1]), address[2]!);
  if (message.includes('UnbalancedSectionError')) throw unbalanced(message, test);
  throw new LitmusFailure(`${message} (schedule ${schedule})`);
}

/** Says it with the line of the first end of a section in the process that failed. */
function unbalanced(message: string, { processes }: LitmusTest): LitmusSyntaxError {
  const name = /thread (P\d+):/.exec(message)?.[1];
  const process = processes.find((candidate) => candidate.name === name);
  const end = process?.code.find(({ operation }) => operation === 'readUnlock');
  const reason = `${name ?? 'a process'} ends a read-side critical section that it has not begun`;
  return new LitmusSyntaxError(end?.line ?? 1, reason);
}
