/**
 * PreemptionBounded: every schedule with at most so many preemptions: switches away from a thread that could
 * have gone on. Most bugs need two (Musuvathi and Qadeer, Iterative context bounding, 2007).
 *
 * A state that was reached before, with the same thread running and no fewer preemptions left, is not gone on
 * from again. States are told apart by 49 bits of hash of memory, of what each thread has seen, and of what
 * waits: two that differ are taken for one with a probability of about 1 in 1,000 in a million states.
 */
import type { Fault } from '../machine/fault.js';
import type { Machine } from '../machine/machine.js';
import { type Ending, Exploration, type Limits, lowest, type OnFinal, timeLast } from './exploration.js';

const NOBODY = -1;

export class PreemptionBounded extends Exploration {
  private readonly _preemptions: number;
  private readonly _chosen: number[] = [];
  /** Processes still to try at a depth, as bits. */
  private readonly _left: number[] = [];
  /** Preemptions used before a depth. */
  private readonly _used: number[] = [];
  /** Fewest preemptions that a state was reached with. */
  private readonly _reached = new Map<number, number>();

  constructor(machine: Machine, limits: Limits, onFinal: OnFinal | undefined, preemptions: number) {
    super(machine, limits, onFinal);
    this._preemptions = preemptions;
  }

  run(fault: Fault): Ending {
    this._chosen.length = 0;
    this._left.length = 0;
    this._used.length = 0;
    this._reached.clear();
    for (;;) {
      const ending = this._execute(fault);
      if (ending !== undefined) return ending;
      if (!this._goBack()) return 'through';
      if (this.hasReachedLimit()) return 'limit';
    }
  }

  private _execute(fault: Fault): Ending | undefined {
    const { machine } = this;
    this.begin(fault);
    for (let depth = 0; ; depth++) {
      if (depth >= this.limits.steps) return this.endTooLong();
      const enabled = machine.enabled();
      if (enabled === 0) break;
      if (depth >= this._chosen.length) {
        if (this._wasReached(depth)) return this.isOver();
        this._open(depth, enabled);
        this.states++;
      }
      this._count(depth, enabled);
      this.take(this._chosen[depth]!);
    }
    if (!this.end()) return 'failed';
    return this.isOver();
  }

  /** Notes the state at a new depth; true when it was reached before at no greater cost. */
  private _wasReached(depth: number): boolean {
    const used = this._used[depth] ?? 0;
    const key = this.machine.stateHash() * 16 + ((this._runningAt(depth) + 1) & 15);
    const before = this._reached.get(key);
    if (before !== undefined && before <= used) return true;
    this._reached.set(key, used);
    return false;
  }

  private _open(depth: number, enabled: number): void {
    const running = this._runningAt(depth);
    const goesOn = this._canGoOn(running, enabled);
    const first = goesOn ? running : timeLast(enabled, this.machine.readiness.timeouts());
    this._chosen[depth] = first;
    this._left[depth] = this._affordable(depth, enabled, running, goesOn) & ~(1 << first);
  }

  /** The processes that may be switched to at a depth. */
  private _affordable(depth: number, enabled: number, running: number, goesOn: boolean): number {
    const used = this._used[depth] ?? 0;
    if (!goesOn || used < this._preemptions) return enabled;
    // A store that drains interrupts nobody.
    const lanes = enabled & ~((1 << this.machine.threads.length) - 1);
    return lanes | (1 << running);
  }

  /** Notes what the step at `depth` costs. */
  private _count(depth: number, enabled: number): void {
    const used = depth === 0 ? 0 : this._used[depth]!;
    this._used[depth] = used;
    const running = this._runningAt(depth);
    const process = this._chosen[depth]!;
    const switches = process !== running && this._canGoOn(running, enabled);
    this._used[depth + 1] = used + (switches && !this.machine.isLane(process) ? 1 : 0);
  }

  /** True where to switch away from `running` interrupts it: who sleeps is not, though its time may come. */
  private _canGoOn(running: number, enabled: number): boolean {
    return running !== NOBODY && (enabled & ~this.machine.readiness.timeouts() & (1 << running)) !== 0;
  }

  /** The thread that took the last step before `depth`. */
  private _runningAt(depth: number): number {
    for (let before = depth - 1; before >= 0; before--) {
      const process = this._chosen[before]!;
      if (!this.machine.isLane(process)) return process;
    }
    return NOBODY;
  }

  private _goBack(): boolean {
    for (let depth = this._chosen.length - 1; depth >= 0; depth--) {
      const left = this._left[depth]!;
      this._chosen.length = depth;
      this._used.length = depth + 1;
      if (left === 0) continue;
      this._chosen.push(lowest(left));
      this._left[depth] = left & (left - 1);
      return true;
    }
    return false;
  }
}
