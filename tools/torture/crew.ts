/**
 * The crew of a torture run, seen from main: which worker sits on which seat, who is killed, and what is done about the dead.
 *
 *     running --kill--> ended --reaped, by main or by undertakers--> settled --> the next one runs
 *
 * Main reaps most of the dead: heap.watch() does. Some it leaves to undertakers, workers that join the heap for nothing else,
 * most of which are killed in that as well.
 */
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { HeapHandle } from '../../src/index.js';
import { tryAfterNews } from './after-news.js';
import { Burial } from './burial.js';
import { type Control, RUN, SEAT } from './control.js';
import { Deaths } from './deaths.js';
import { HANG_MILLIS } from './findings.js';
import { chooseFault, TERMINATE } from './kill-choice.js';
import type { Random } from './random.js';
import type { Main, Scenario } from './scenario.js';
import { settleHands } from './scenarios/objects.js';
import type { TortureOptions } from './torture-options.js';
import type { FromWorker, WorkerBriefing } from './torture-worker.js';

const WATCH_MILLIS = 500;
/** A worker that is to stop at an access it does not come to is terminated. */
const FAULT_MILLIS = 1000;
/** One worker in so many runs the code as it is shipped, and cannot be stopped at an access. */
const UNBROKEN = 4;
/** One kill in so many may hit a worker that has not begun yet. */
const EARLY = 10;
/** Of the dead, one in so many is left to undertakers. */
const FOR_UNDERTAKERS = 8;
const LEAVE_MILLIS = 30_000;
/** Many workers load on few processors. */
const LOADING_MILLIS = 60_000;
const MAP_MILLIS = 3000;

interface Seat {
  readonly number: number;
  worker: Worker | undefined;
  /** It can be stopped at an access. */
  isBreakable: boolean;
  stay: number;
  /** It was told to die, or is being buried. */
  isDying: boolean;
  heartbeat: number;
  beatMillis: number;
  /** Settles when its last worker was reaped. */
  burial: Promise<void>;
}

export interface CrewOptions {
  readonly main: Main;
  readonly scenarios: readonly Scenario[];
  readonly shared: readonly (readonly number[])[];
  /** Names of operations, in the order of the workers' lists. */
  readonly operations: readonly string[];
  readonly options: TortureOptions;
  readonly random: Random;
}

export class TortureCrew {
  readonly deaths: Deaths;
  private readonly _burial: Burial;
  private readonly _main: Main;
  private readonly _given: CrewOptions;
  private readonly _control: Control;
  private readonly _handle: HeapHandle;
  private readonly _seats: Seat[];
  private _isStopping = false;
  private readonly _watch: NodeJS.Timeout;

  constructor(given: CrewOptions) {
    this._given = given;
    this._main = given.main;
    this._control = given.main.control;
    this._handle = given.main.heap.handle;
    this.deaths = new Deaths(given.main, given.operations);
    this._burial = new Burial(given.main, this.deaths, given.random);
    this._seats = Array.from({ length: given.main.seats }, (_, number) => ({
      number,
      worker: undefined,
      isBreakable: false,
      stay: 0,
      isDying: false,
      heartbeat: 0,
      beatMillis: 0,
      burial: Promise.resolve(),
    }));
    for (const seat of this._seats) this._fill(seat);
    this._watch = setInterval(() => this._look(), WATCH_MILLIS);
  }

  /** Kills and lets others die until the time is up, or `isCancelled`. */
  async torture(millis: number, isCancelled: () => boolean): Promise<void> {
    const { kill } = this._given.options;
    await this._untilReady(isCancelled);
    const begin = performance.now();
    let nextMap = begin + MAP_MILLIS;
    while (performance.now() < begin + millis && !isCancelled()) {
      // Exponential, so that two kills come close together as well.
      const pause = kill > 0 ? -Math.log(1 - this._given.random.next() / 2 ** 32) * (1000 / kill) : 100;
      await setTimeout(Math.min(pause, 1000, begin + millis - performance.now()));
      if (kill > 0) this._kill();
      if (performance.now() < nextMap) continue;
      nextMap += MAP_MILLIS;
      this._control.setRun(RUN.maps, this._control.run(RUN.maps) + 1);
    }
  }

  /** Has all leave, and waits until they have: whoever does not is terminated, and counts as hanging. */
  async stop(): Promise<void> {
    this._isStopping = true;
    this._control.setRun(RUN.stop, 1);
    const all = Promise.all(this._seats.map((seat) => this._untilEmpty(seat)));
    const timer = new AbortController();
    await Promise.race([all, setTimeout(LEAVE_MILLIS, undefined, { signal: timer.signal }).catch(() => {})]);
    timer.abort();
    for (const seat of this._seats) {
      if (seat.worker !== undefined) {
        this._noteHang(seat, 'did not leave');
        await seat.worker.terminate();
      }
      await this._untilEmpty(seat);
    }
    clearInterval(this._watch);
  }

  /** Ends all at once, whatever they do. */
  async abandon(): Promise<void> {
    this._isStopping = true;
    clearInterval(this._watch);
    await Promise.all(this._seats.map(async ({ worker }) => worker?.terminate()));
  }

  /** Waits until every worker has joined. One that cannot is found out by the watchdog. */
  private async _untilReady(isCancelled: () => boolean): Promise<void> {
    const limit = performance.now() + HANG_MILLIS;
    const isReady = ({ number }: Seat) => this._control.of(number, SEAT.isReady) === 1;
    while (!this._seats.every(isReady) && performance.now() < limit && !isCancelled()) await setTimeout(5);
  }

  private async _untilEmpty(seat: Seat): Promise<void> {
    while (seat.worker !== undefined) await setTimeout(5);
    await seat.burial;
  }

  private _fill(seat: Seat): void {
    const { random } = this._given;
    this._control.set(seat.number, SEAT.fault, 0);
    this._control.set(seat.number, SEAT.operation, 0);
    for (const word of [SEAT.isReady, SEAT.isLoaded]) this._control.set(seat.number, word, 0);
    seat.isBreakable = !random.oneIn(UNBROKEN);
    const worker = this._start(seat.number, seat.stay++, false, seat.isBreakable);
    seat.worker = worker;
    seat.isDying = false;
    seat.beatMillis = performance.now();
    const threadId = worker.threadId;
    worker.prependListener('exit', (code) => {
      this._requireLoaded(seat.number, code);
      const slots = this.deaths.note(seat.number, threadId);
      if (slots.length === 0 && !this._isStopping) this.deaths.exits++;
      const isForOthers = slots.length > 0 && !this._isStopping && random.oneIn(FOR_UNDERTAKERS);
      if (isForOthers) this._burial.keepFromMain(threadId);
      seat.worker = undefined;
      seat.burial = this._bury(seat, slots, isForOthers);
    });
  }

  private _start(seat: number, stay: number, isUndertaker: boolean, isBreakable: boolean): Worker {
    const { options, shared } = this._given;
    const briefing: WorkerBriefing = {
      handle: this._handle,
      control: this._control.buffer,
      seats: this._main.seats,
      seat,
      isUndertaker,
      stay,
      seed: options.seed,
      scenarios: options.scenarios,
      shared,
      isBreakable,
      oom: options.oom,
      stall: options.stall,
      skips: options.skips,
    };
    const worker = new Worker(new URL('./torture-worker.js', import.meta.url), { workerData: briefing });
    worker.on('message', ({ text }: FromWorker) => this._main.findings.problem(text));
    worker.on('error', (error) => {
      if (!error.message.startsWith('torture:')) this._main.findings.problem(`a worker failed: ${error}`);
    });
    return worker;
  }

  /** Who cannot even begin is no news of the heap's: the process may be out of threads, or of open files. */
  private _requireLoaded(seat: number, code: number): void {
    if (this._isStopping || this._control.of(seat, SEAT.isLoaded) === 1) return;
    this._main.findings.problem(`a worker ended with code ${code} before it had begun`);
  }

  /** Ends one of those that run, in one of several ways. */
  private _kill(): void {
    const { random } = this._given;
    // Now and then one that is about to join.
    const isEarly = random.oneIn(EARLY);
    const running = this._seats.filter(
      ({ number, worker, isDying }) =>
        worker !== undefined &&
        !isDying &&
        this._control.of(number, isEarly ? SEAT.isLoaded : SEAT.isReady) === 1,
    );
    if (running.length === 0 || this._isStopping) return;
    const seat = random.of(running);
    const worker = seat.worker!;
    seat.isDying = true;
    const fault = chooseFault(random, this._given.options.aims);
    const isDeaf = this._control.of(seat.number, SEAT.isReady) === 0 || (fault > 0 && !seat.isBreakable);
    if (fault === TERMINATE || isDeaf) void worker.terminate();
    else {
      this._control.set(seat.number, SEAT.fault, fault);
      void this._endLater(seat, worker);
    }
  }

  /** A worker that does not come to the access which it is to stop at, as it sleeps. */
  private async _endLater(seat: Seat, worker: Worker): Promise<void> {
    await setTimeout(FAULT_MILLIS);
    if (seat.worker === worker) await worker.terminate();
  }

  private async _bury(seat: Seat, slots: readonly number[], isForOthers: boolean): Promise<void> {
    const start = (place: number, number: number) => this._start(place, number, true, true);
    const dead = isForOthers ? await this._burial.byUndertakers(seat.number, slots, start) : slots;
    // After the heap's own listener.
    await setTimeout(0);
    if (await this._burial.isOver(dead)) {
      await this._attempt('what a dead worker had in its hands', () => settleHands(this._main, seat.number));
      for (const [i, scenario] of this._given.scenarios.entries()) {
        await this._attempt(`${scenario.name}: what a dead worker had`, () =>
          scenario.settle?.(this._main, this._given.shared[i]!, seat.number),
        );
      }
    }
    if (!this._isStopping) this._fill(seat);
  }

  /** @param act may be done again where a lock was not to be had */
  private async _attempt(what: string, act: () => void): Promise<void> {
    try {
      await tryAfterNews(act);
    } catch (error) {
      this._main.findings.problem(`${what}: ${(error as Error).message}`);
    }
  }

  /** Watchdog. */
  private _look(): void {
    const now = performance.now();
    for (const seat of this._seats) {
      const beat = this._control.of(seat.number, SEAT.heartbeat);
      if (seat.worker === undefined || beat !== seat.heartbeat) seat.beatMillis = now;
      seat.heartbeat = beat;
      const limit = this._control.of(seat.number, SEAT.isLoaded) === 1 ? HANG_MILLIS : LOADING_MILLIS;
      if (now - seat.beatMillis < limit) continue;
      this._noteHang(seat, `did nothing for ${limit / 1000} s`);
      seat.beatMillis = now;
      void seat.worker!.terminate();
    }
  }

  private _noteHang(seat: Seat, what: string): void {
    this._main.findings.hangs++;
    this._main.findings.problem(`seat ${seat.number} ${what}, in: ${this.deaths.operationOf(seat.number)}`);
  }
}
