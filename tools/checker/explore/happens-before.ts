/**
 * HappensBefore: which step of an execution happens before which, by the words that they touch; and which
 * two could have come the other way round.
 *
 *     clocks[step][process]   how many steps of the process happen before the step, itself included
 *     word                    last step that wrote it, steps that read it since
 *
 *     wait for news of x, y      A changes x . . come . . B changes y       races: A and B, for     B . come . A
 *
 * I1  A step that waited for news depends on no change of a word: once it can come it can come before or after all
 *     others. It is ordered after a change only where that alone let it come.
 * I2  What let it come need not be what lets it come elsewhere. A later change of another of its words, which could
 *     have been first, races with that cause and with all that leads up to the cause: whatever follows the news may
 *     come before them. Only the first change of each word could have.
 * I3  News is of every word that the process has read, whether held code is held there or not.
 */
import type { Machine } from '../machine/machine.js';
import { QUEUES, READS, WRITES } from '../machine/operation.js';

const WIDTH = 32;
const NONE = -1;
/** Stands for all words together that the invariant reads. */
const LOOKED_AT = -1;

/** A step that waited for news of several words, and came by that of one of them. */
interface Arrival {
  /** The step that changed that word. */
  readonly cause: number;
  /** How many steps of each process happen before it whatever lets it come. */
  readonly before: Int32Array;
}

/** The steps on one word that a next one may depend on. */
interface Uses {
  write: number;
  readonly reads: number[];
  /** All steps that changed it, in their order. */
  readonly changes: number[];
  /** By process: the last step that read it. */
  readonly lastReads: number[];
  /** What the next change of it would have let come too: nobody has changed it since they read it. */
  readonly hopes: Arrival[];
}

export class HappensBefore {
  private readonly _lengthWords: number;
  private readonly _uses = new Map<number, Uses>();
  private readonly _process: number[] = [];
  private _clocks = new Int32Array(256 * WIDTH);
  private readonly _now = new Int32Array(WIDTH * WIDTH);
  private _laneClocks: Int32Array[][] = [];
  private _width = 1;
  private readonly _races: number[] = [];

  constructor(lengthWords: number) {
    this._lengthWords = lengthWords;
  }

  /** No step was taken; `machine` has just started its threads. */
  begin(machine: Machine): void {
    this._uses.clear();
    this._process.length = 0;
    this._now.fill(0, 0, this._width * WIDTH);
    this._laneClocks = [];
    this._noteStores(machine);
  }

  /**
   * Adds the step that `machine` has just taken as number `step`.
   * @returns the earlier steps that could have come after it; valid until the next call
   */
  add(machine: Machine, step: number, process: number): readonly number[] {
    this._width = Math.max(this._width, machine.processes());
    this._process[step] = process;
    this._races.length = 0;
    const { lastWord, lastEffect } = machine;
    const lane = process - machine.threads.length;
    if (lane >= 0) this._joinClock(process, this._laneClocks[lane]!.shift()!, 0);
    else if (machine.lastDrained) this._joinOwnLanes(machine, process);
    if (machine.lastJoined >= 0) this._joinClock(process, this._now, machine.lastJoined * WIDTH);
    if (machine.lastWasLate) this._afterAll(process);
    this._afterNews(process, machine);
    if ((lastEffect & (READS | WRITES)) !== 0) {
      const uses = this._use(process, step, lastWord, (lastEffect & WRITES) !== 0);
      if ((lastEffect & READS) !== 0 || isLatest(uses, process)) uses.lastReads[process] = step;
    }
    if (machine.performer.looksChanged) this._use(process, step, LOOKED_AT, true);
    if ((lastEffect & QUEUES) !== 0) this._use(process, step, lastWord + this._lengthWords, true);
    for (const word of machine.lastChanges()) this._noteChange(process, step, word);
    this._stamp(step, process);
    this._noteStores(machine);
    return this._races;
  }

  /** The processes that could begin, at `earlier`, an execution of all that does not depend on `earlier`, and `later`. */
  initials(earlier: number, later: number): number {
    const first = this._process[earlier]!;
    const ordinal = this._clocks[earlier * WIDTH + first]!;
    let seen = 0;
    let initials = 0;
    this._firsts.length = 0;
    for (let step = earlier + 1; step <= later; step++) {
      const at = step * WIDTH;
      if (step !== later && this._clocks[at + first]! >= ordinal) continue;
      const process = this._process[step]!;
      if ((seen & (1 << process)) !== 0) continue;
      seen |= 1 << process;
      if (!this._dependsOnFirsts(at)) initials |= 1 << process;
      this._firsts.push(process, this._clocks[at + process]!);
    }
    return initials;
  }

  private readonly _firsts: number[] = [];

  private _dependsOnFirsts(at: number): boolean {
    for (let i = 0; i < this._firsts.length; i += 2) {
      if (this._clocks[at + this._firsts[i]!]! >= this._firsts[i + 1]!) return true;
    }
    return false;
  }

  private _use(process: number, step: number, word: number, writes: boolean): Uses {
    const uses = this._usesOf(word);
    if (writes && uses.reads.length > 0) {
      // The first look is for races with what was not known before; joining comes after all are found.
      for (const read of uses.reads) this._noteRace(process, read);
      for (const read of uses.reads) this._after(process, read, false);
      this._after(process, uses.write, false);
    } else {
      this._after(process, uses.write, true);
    }
    if (writes) {
      uses.write = step;
      uses.reads.length = 0;
    } else {
      uses.reads.push(step);
    }
    return uses;
  }

  private _usesOf(word: number): Uses {
    let uses = this._uses.get(word);
    if (uses === undefined) {
      uses = { write: NONE, reads: [], changes: [], lastReads: [], hopes: [] };
      this._uses.set(word, uses);
    }
    return uses;
  }

  /** Time has passed, which it does only when every process has come to where it is. */
  private _afterAll(process: number): void {
    for (let other = 0; other < this._width; other++) this._joinClock(process, this._now, other * WIDTH);
  }

  /**
   * `process` has waited for news. Where one word alone has changed since it read them, it comes after the first
   * change of that (I1). It is ordered after none where any of several did.
   */
  private _afterNews(process: number, { lastNews, lastHopes }: Machine): void {
    const cause = lastNews.length === 1 ? this._firstChange(process, lastNews[0]!) : NONE;
    if (cause === NONE) return;
    const row = process * WIDTH;
    const arrival = { cause, before: this._now.slice(row, row + WIDTH) };
    for (const word of lastHopes) this._usesOf(word).hopes.push(arrival);
    this._after(process, cause, false);
  }

  /** The step that first changed `word` since `process` read it. */
  private _firstChange(process: number, word: number): number {
    const uses = this._uses.get(word);
    const read = uses?.lastReads[process];
    if (uses === undefined || read === undefined) return NONE;
    return uses.changes.find((step) => step > read) ?? NONE;
  }

  /** The step of `process` changed `word`, where it was held or at once afterwards (I3). */
  private _noteChange(process: number, step: number, word: number): void {
    const uses = this._uses.get(word);
    if (uses === undefined) return;
    uses.changes.push(step);
    for (const arrival of uses.hopes) this._noteOtherCause(process, arrival);
    uses.hopes.length = 0;
  }

  /** The step that `process` now takes could have let another come, before what did and all that led to it (I2). */
  private _noteOtherCause(process: number, { cause, before }: Arrival): void {
    const row = process * WIDTH;
    for (let earlier = cause; earlier >= 0; earlier--) {
      if (!this._happens(earlier, this._clocks, cause * WIDTH)) continue;
      if (this._happens(earlier, before, 0) || this._happens(earlier, this._now, row)) continue;
      this._races.push(earlier);
    }
  }

  /** True when `step` is among those that the clock at `at` counts. */
  private _happens(step: number, clocks: Int32Array, at: number): boolean {
    const other = this._process[step]!;
    return clocks[at + other]! >= this._clocks[step * WIDTH + other]!;
  }

  /** `process` goes on after `step`, with which its own step may race. */
  private _after(process: number, step: number, mayRace: boolean): void {
    if (step === NONE) return;
    if (mayRace) this._noteRace(process, step);
    this._joinClock(process, this._clocks, step * WIDTH);
  }

  private _noteRace(process: number, step: number): void {
    if (this._process[step] === process) return;
    if (!this._happens(step, this._now, process * WIDTH)) this._races.push(step);
  }

  private _joinClock(process: number, clocks: Int32Array, at: number): void {
    const row = process * WIDTH;
    for (let p = 0; p < this._width; p++) {
      if (clocks[at + p]! > this._now[row + p]!) this._now[row + p] = clocks[at + p]!;
    }
  }

  /** An atomic operation of a thread comes after all its stores: they have reached memory. */
  private _joinOwnLanes(machine: Machine, thread: number): void {
    const { lanes } = machine.performer.buffers;
    for (let lane = 0; lane < lanes.length; lane++) {
      if (lanes[lane]!.thread !== thread) continue;
      this._joinClock(thread, this._now, (machine.threads.length + lane) * WIDTH);
    }
  }

  /** What was put into a lane by the last step drains after it. */
  private _noteStores({ performer: { buffers, filled } }: Machine): void {
    for (const lane of filled) {
      const { thread } = buffers.lanes[lane]!;
      this._laneClocks[lane] ??= [];
      this._laneClocks[lane].push(this._now.slice(thread * WIDTH, (thread + 1) * WIDTH));
    }
  }

  private _stamp(step: number, process: number): void {
    const row = process * WIDTH;
    this._now[row + process]!++;
    if ((step + 1) * WIDTH > this._clocks.length) {
      const longer = new Int32Array(this._clocks.length * 2);
      longer.set(this._clocks);
      this._clocks = longer;
    }
    for (let p = 0; p < this._width; p++) this._clocks[step * WIDTH + p] = this._now[row + p]!;
  }
}

/** True where a process has read a word, and nobody has changed it since. */
function isLatest({ lastReads, changes }: Uses, process: number): boolean {
  const read = lastReads[process];
  return read !== undefined && (changes.at(-1) ?? NONE) <= read;
}
