/**
 * Dpor: every schedule that differs in what depends on what, once. Dynamic partial-order reduction with
 * source sets and sleep sets: where two steps of different processes on one word could have come the other
 * way round, the exploration goes back to before the first and lets the second's side begin.
 *
 *     depth          0        1        2     ...      one column a step of the execution that runs
 *     chosen         process that took the step
 *     backtrack      processes to try there, as bits
 *     sleep          processes that need not be tried there: tried already, and nothing since depends on them
 *     clock          which step of each process happens before the step
 *
 * Each execution begins at the beginning: held code can be run, not copied.
 *
 * I1  A step of a process is a read or a write of one word; two depend on each other when `conflict` says so. What
 *     lets a step come that waits for news is no conflict with it, and is told apart (`HappensBefore`).
 * I2  When the run is through, each class of equivalent executions was run to its end at least once.
 * I3  Where anybody can go on, that is tried before a sleeper's time comes (`Bounds.timeouts`). So it is seen what
 *     happens when all others have come to where only time helps, and it sleeps still; no race leads back there.
 *     Where only sleepers are left to try, the time of each is tried first.
 *
 * Follows Abdulla, Aronis, Jonsson and Sagonas, Optimal dynamic partial order reduction (2014), algorithm 1.
 */
import type { Fault } from '../machine/fault.js';
import { conflict } from '../machine/operation.js';
import { type Ending, Exploration, lowest, timeLast } from './exploration.js';
import { HappensBefore } from './happens-before.js';

export class Dpor extends Exploration {
  private readonly _chosen: number[] = [];
  private readonly _enabled: number[] = [];
  private readonly _backtrack: number[] = [];
  private readonly _sleep: number[] = [];
  private readonly _order = new HappensBefore(this.machine.lengthWords);

  run(fault: Fault): Ending {
    this._chosen.length = 0;
    this._sleep.length = 0;
    this._sleep.push(0);
    // Depth of the first step that the execution takes anew.
    let fresh = 0;
    for (;;) {
      const ending = this._execute(fault, fresh);
      if (ending !== undefined) return ending;
      fresh = this._goBack();
      if (fresh < 0) return 'through';
      if (this.hasReachedLimit()) return 'limit';
    }
  }

  /** Runs one execution: the chosen steps up to `fresh`, and on from there. */
  private _execute(fault: Fault, fresh: number): Ending | undefined {
    const { machine } = this;
    this.begin(fault);
    this._order.begin(machine);
    for (let depth = 0; ; depth++) {
      if (depth >= this.limits.steps) return this.endTooLong();
      const enabled = machine.enabled();
      if (enabled === 0) break;
      if (depth >= this._chosen.length && !this._open(depth, enabled)) {
        // Everything that could go on was tried from an equivalent state.
        return this.isOver();
      }
      const process = this._chosen[depth]!;
      if (depth + 1 >= this._sleep.length) this._sleep.push(0);
      const stillAsleep = depth >= fresh ? this._asleepAfter(depth, process) : this._sleep[depth + 1]!;
      // Who could only go on because time had passed may come by news instead, and earlier: that is to be seen.
      const wasQuiet = machine.readiness.isQuiet;
      this.take(process);
      if (depth >= fresh) {
        this.states++;
        this._sleep[depth + 1] = wasQuiet ? 0 : this._keepAsleep(stillAsleep);
      }
      const races = this._order.add(machine, depth, process);
      if (depth >= fresh) for (const earlier of races) this._reverse(earlier, depth);
    }
    if (!this.end()) return 'failed';
    return this.isOver();
  }

  /** Chooses the first process to try at a new depth. False when all that is enabled sleeps. */
  private _open(depth: number, enabled: number): boolean {
    const awake = enabled & ~this._sleep[depth]!;
    if (awake === 0) return false;
    const last = this._chosen[depth - 1];
    const timeouts = this.machine.readiness.timeouts();
    // To go on with the same thread makes the schedules that are easiest to read. I3: but not by its time.
    const goesOn = last !== undefined && (awake & ~timeouts & (1 << last)) !== 0;
    const process = goesOn ? last : timeLast(awake, timeouts);
    this._chosen[depth] = process;
    this._enabled[depth] = enabled;
    // Who goes on when time passes, or whose time comes first (I3), is not settled by what depends on what.
    const isTimely = this.machine.readiness.isQuiet || (timeouts & (1 << process)) !== 0;
    this._backtrack[depth] = isTimely ? awake : 1 << process;
    return true;
  }

  /** Candidates to sleep on after a step: noted before it, with what each would do next. */
  private _asleepAfter(depth: number, process: number): number {
    const asleep = this._sleep[depth]! & ~(1 << process);
    this._sleepers.length = 0;
    for (let bits = asleep; bits !== 0; bits &= bits - 1) {
      const q = lowest(bits);
      this._sleepers.push(q, this.machine.nextWord(q), this.machine.nextEffect(q));
    }
    return asleep;
  }

  private readonly _sleepers: number[] = [];

  /** Of those that slept before the last step, those that it does not concern. */
  private _keepAsleep(asleep: number): number {
    const { lastWord, lastEffect, performer } = this.machine;
    let kept = asleep;
    for (let i = 0; i < this._sleepers.length; i += 3) {
      const effect = this._sleepers[i + 2]!;
      const word = this._sleepers[i + 1]!;
      // What the invariant sees may depend on what each of the others does next.
      const depends = performer.looksChanged || (word === lastWord && conflict(effect, lastEffect));
      if (depends) kept &= ~(1 << this._sleepers[i]!);
    }
    return kept;
  }

  /** Sees to it that the step at `later` is also tried before the one at `earlier`. */
  private _reverse(earlier: number, later: number): void {
    const initials = this._order.initials(earlier, later);
    if ((initials & this._backtrack[earlier]!) !== 0) return;
    const possible = initials & this._enabled[earlier]!;
    const process = this._chosen[later]!;
    if (possible === 0) this._backtrack[earlier]! |= this._enabled[earlier]!;
    else this._backtrack[earlier]! |= (possible & (1 << process)) !== 0 ? 1 << process : possible & -possible;
  }

  /** Takes the deepest step back that has something else to try. Returns its depth; -1: nothing is left. */
  private _goBack(): number {
    for (let depth = this._chosen.length - 1; depth >= 0; depth--) {
      this._sleep[depth]! |= 1 << this._chosen[depth]!;
      const left = this._backtrack[depth]! & ~this._sleep[depth]!;
      this._chosen.length = depth;
      this._sleep.length = depth + 1;
      if (left === 0) continue;
      this._chosen.push(lowest(left));
      return depth;
    }
    return -1;
  }
}
