/**
 * What is done about a dead thread's slots: main reaps them, or undertakers do, who may be killed in it.
 *
 *     undertaker joins -> reaps who is dead -> is killed? -> the next one ->  ..  -> main does what is left
 */
import { setTimeout } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { markDead } from '../../src/threads/liveness.js';
import { SEAT } from './control.js';
import { isOfTheDead } from './dead-thread.js';
import type { Deaths } from './deaths.js';
import { HANG_MILLIS } from './findings.js';
import type { Random } from './random.js';
import type { Main } from './scenario.js';

const REAP_MILLIS = 5000;
/** Where one slot was stuck already. */
const SHORT_REAP_MILLIS = 250;
const MOST_UNDERTAKERS = 4;
const MOST_ACCESSES = 6000;
/** One undertaker in so many lives. */
const SPARED = 3;

export class Burial {
  private readonly _main: Main;
  private readonly _deaths: Deaths;
  private readonly _random: Random;
  private readonly _hangMillis: number;
  private _anyStuck = false;

  constructor(main: Main, deaths: Deaths, random: Random, hangMillis = HANG_MILLIS) {
    this._main = main;
    this._deaths = deaths;
    this._random = random;
    this._hangMillis = hangMillis;
  }

  /** Marks a thread dead before the heap does: then main does not reap it. */
  keepFromMain(threadId: number): void {
    const { words, geometry } = this._main.heap;
    markDead(words, geometry, threadId + 1);
  }

  /**
   * Has undertakers reap. Returns all slots, those of undertakers that were killed as well.
   *
   * @param start starts the n-th undertaker
   */
  async byUndertakers(
    seat: number,
    slots: readonly number[],
    start: (seat: number, number: number) => Worker,
  ): Promise<readonly number[]> {
    const { control, seats } = this._main;
    const place = seats + seat;
    const dead = [...slots];
    for (let i = 0; i < MOST_UNDERTAKERS; i++) {
      control.set(place, SEAT.fault, this._random.oneIn(SPARED) ? 0 : 1 + this._random.below(MOST_ACCESSES));
      const worker = start(place, i);
      const { threadId } = worker;
      const ended = new Promise<void>((resolve) => {
        worker.prependListener('exit', () => {
          dead.push(...this._deaths.note(place, threadId));
          this.keepFromMain(threadId);
          resolve();
        });
      });
      await this._untilEnded(worker, ended);
      if (!dead.some((slot) => this._isOfTheDead(slot))) return dead;
    }
    for (const slot of dead) this._reap(slot);
    return dead;
  }

  /** Waits until none of the slots is of a dead thread any more; false where that takes too long. */
  async isOver(slots: readonly number[]): Promise<boolean> {
    const limit = performance.now() + (this._anyStuck ? SHORT_REAP_MILLIS : REAP_MILLIS);
    while (slots.some((slot) => this._isOfTheDead(slot))) {
      if (performance.now() > limit) {
        this._anyStuck = true;
        this._main.findings.problem(`slot ${slots.join(', ')} of a dead worker was not reaped`);
        return false;
      }
      await setTimeout(1);
    }
    this._deaths.reaps += slots.length;
    return true;
  }

  /** An undertaker that does not end by itself is terminated, and counts as hanging. */
  private async _untilEnded(worker: Worker, ended: Promise<void>): Promise<void> {
    const timer = new AbortController();
    const limit = setTimeout(this._hangMillis, true, { signal: timer.signal }).catch(() => {});
    const isLate = await Promise.race([ended, limit]);
    timer.abort();
    if (isLate !== true) return;
    const { findings } = this._main;
    findings.hangs++;
    findings.problem(`an undertaker did not end within ${this._hangMillis / 1000} s`);
    await worker.terminate();
    await ended;
  }

  private _reap(slot: number): void {
    if (!this._isOfTheDead(slot)) return;
    try {
      this._main.heap.reap(slot);
    } catch (error) {
      // Another thread may have been faster.
      if (this._isOfTheDead(slot))
        this._main.findings.problem(`heap.reap(${slot}): ${(error as Error).message}`);
    }
  }

  private _isOfTheDead(slot: number): boolean {
    const { words, geometry } = this._main.heap;
    return isOfTheDead(words, geometry, slot);
  }
}
