/**
 * Sampling: executions by chance, for models too large to exhaust.
 *
 *     random   every step by a throw of dice among what is enabled
 *     pct      threads by random priorities, lowered at d - 1 random steps: finds a bug of depth d in n threads
 *              and k steps with a probability of at least 1 / (n k^(d-1)) an execution
 *
 * Follows Burckhardt, Kothari, Musuvathi and Nagarakatte, A randomized scheduler with probabilistic guarantees
 * of finding bugs (2010). The same seed gives the same executions.
 */
import type { Fault } from '../machine/fault.js';
import type { Machine } from '../machine/machine.js';
import { type Ending, Exploration, type Limits, lowest, type OnFinal } from './exploration.js';

/** How to sample. */
export interface Sampling {
  readonly seed: number;
  readonly executions: number;
  /** Depth of the bugs to look for with PCT; absent: plain random. */
  readonly depth?: number;
}

/** Processes are numbered by the bits of a word. */
const WIDTH = 32;

export class Sampler extends Exploration {
  private readonly _sampling: Sampling;
  private readonly _dice: Dice;
  private readonly _priorities: number[] = [];
  private readonly _changes = new Map<number, number>();
  /** Most steps of an execution so far. */
  private _longest = 16;

  constructor(machine: Machine, limits: Limits, onFinal: OnFinal | undefined, sampling: Sampling) {
    super(machine, limits, onFinal);
    this._sampling = sampling;
    this._dice = new Dice(sampling.seed);
  }

  run(fault: Fault): Ending {
    for (let execution = 0; execution < this._sampling.executions; execution++) {
      const ending = this._execute(fault);
      if (ending !== undefined) return ending;
    }
    return 'through';
  }

  private _execute(fault: Fault): Ending | undefined {
    this.begin(fault);
    this._deal();
    for (let depth = 0; ; depth++) {
      if (depth >= this.limits.steps) return this.endTooLong();
      const enabled = this.machine.enabled();
      if (enabled === 0) {
        this._longest = Math.max(this._longest, depth);
        break;
      }
      this.states++;
      this.take(this._sampling.depth === undefined ? this._any(enabled) : this._first(enabled, depth));
    }
    if (!this.end()) return 'failed';
    const { hasGrown } = this.machine.performer;
    // A word more to interleave only makes the executions that follow better.
    this.machine.performer.hasGrown = false;
    const ending = this.isOver();
    this.machine.performer.hasGrown = hasGrown;
    return ending;
  }

  private _any(enabled: number): number {
    let bits = enabled;
    for (let skip = this._dice.below(count(enabled)); skip > 0; skip--) bits &= bits - 1;
    return lowest(bits);
  }

  /** Deals priorities, and the steps at which one falls. */
  private _deal(): void {
    const { depth } = this._sampling;
    if (depth === undefined) return;
    this._priorities.length = 0;
    this._changes.clear();
    for (let change = 1; change < depth; change++) this._changes.set(this._dice.below(this._longest), change);
  }

  /** The enabled process with the highest priority; at a change point the one that runs falls behind all. */
  private _first(enabled: number, depth: number): number {
    const timeouts = this.machine.readiness.timeouts();
    const best = this._best(enabled, timeouts);
    const change = this._changes.get(depth);
    if (change === undefined) return best;
    this._priorities[best + timerOf(best, timeouts)] = -change;
    return this._best(enabled, timeouts);
  }

  private _best(enabled: number, timeouts: number): number {
    let best = lowest(enabled);
    let highest = Number.NEGATIVE_INFINITY;
    for (let bits = enabled; bits !== 0; bits &= bits - 1) {
      const process = lowest(bits);
      const place = process + timerOf(process, timeouts);
      this._priorities[place] ??= this._dice.below(1 << 20) + 1;
      if (this._priorities[place]! <= highest) continue;
      best = process;
      highest = this._priorities[place]!;
    }
    return best;
  }
}

/** A thread's time has a priority of its own: else who goes before all others would time out before all others. */
function timerOf(process: number, timeouts: number): number {
  return (timeouts & (1 << process)) === 0 ? 0 : WIDTH;
}

function count(bits: number): number {
  let set = 0;
  for (let left = bits; left !== 0; left &= left - 1) set++;
  return set;
}

/** Xorshift: random enough for schedules, and the same for the same seed. */
export class Dice {
  private _state: number;

  constructor(seed: number) {
    this._state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  }

  /** A whole number in 0..limit - 1. */
  below(limit: number): number {
    let x = this._state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this._state = x;
    return (x >>> 0) % limit;
  }
}
